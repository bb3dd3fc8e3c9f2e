"""`mien watch` on films, as a user runs it: people, times and names, or JSON."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests import photos
from tests.commands.people import mien
from tests.video.stories import crossing

pytest.importorskip("av", reason="mien[video] is not installed")


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return crossing(tmp_path_factory.mktemp("film") / "story.mp4")


def test_it_says_who_is_in_a_film_and_when(packs: str, film: Path, tmp_path: Path) -> None:
    (tmp_path / "Grace Hopper").mkdir()
    (tmp_path / "Grace Hopper" / "one.jpg").write_bytes(photos.hopper().data)
    store: Any = {"MIEN_PACKS": packs, "MIEN_DATA": str(tmp_path / "data")}
    mien("import", tmp_path, "--collection", "family", **store)
    said = mien("watch", film, "--collection", "family", **store).stdout.splitlines()
    assert said[0] == f"{film}: 2 people"
    assert said[1].split("  ")[1:2] == ["Grace Hopper"]
    assert said[1].endswith("0:00.0–0:02.5, 0:04.0–0:07.5, 0:11.0–0:11.5")
    assert said[2].split()[:3] == ["unknown", "1", "–"]


def test_json_has_times_in_milliseconds(packs: str, film: Path, tmp_path: Path) -> None:
    (tmp_path / "words.mp4").write_text("no film")
    run = mien("watch", film, tmp_path / "words.mp4", "--json", "--every", "1000", code=1, MIEN_PACKS=packs)
    answer = json.loads(run.stdout)
    assert (answer["File"], answer["Film"]["duration_ms"]) == (str(film), 12_000)
    assert answer["People"][0]["Seen"][0] == {"From": 0, "To": 7000}
    assert all("Name" not in each for each in answer["People"])
    assert f"mien: {tmp_path / 'words.mp4'}: The film is damaged or cut off" in run.stderr
