"""Films in a program without a server: who is in them, when, and by which name."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from mien import Faces
from mien.errors import FilmError, SetupError
from mien.library.films import joined
from tests import photos
from tests.video.stories import crossing, minute

pytest.importorskip("av", reason="mien[video] is not installed")


@pytest.fixture(scope="module")
def faces(packs: str) -> Iterator[Faces]:
    with Faces(packs=packs, threads=2) as opened:
        yield opened


def test_a_minute_names_each_person_once(faces: Faces, people: Path, tmp_path: Path) -> None:
    """The photographs in the gallery are others than those in the film."""
    film = minute(tmp_path / "minute.mp4", people)
    with faces.gallery() as gallery:
        gallery.add(people / "obama3.jpg", "Barack Obama")
        gallery.add(photos.astronaut().data, "Eileen Collins")
        seen = gallery.watch(film)
    first, second = seen[:2]
    (third,) = [each for each in seen if each.stretches[0][0] == 40_000]
    assert (first.name, second.name, third.name) == ("Barack Obama", None, None)
    assert first.similarity > 90
    assert [(each.stretches[0][0], each.stretches[-1]) for each in (first, second)] == [
        (0, (48_000, 59_500)),
        (12_000, (50_000, 59_500)),
    ]
    assert len(second.stretches) <= 3  # behind the other for a while
    assert third.stretches == [(40_000, 47_500)]
    assert all(each.name is None and each.samples < 20 for each in seen[3:])  # who else is in the photograph


def test_a_film_without_a_gallery(faces: Faces, tmp_path: Path) -> None:
    film = crossing(tmp_path / "story.mp4")
    found = [(each.at_ms, len(each.faces)) for each in faces.watch(film, 1000, attributes="smile")]
    assert found == [(0, 1), (1000, 1), (2000, 1), (3000, 1), (4000, 2), (5000, 2), (6000, 1), (7000, 2),
                     (8000, 0), (9000, 0), (10_000, 0), (11_000, 1)]  # fmt: skip
    with faces.gallery() as gallery:
        gallery.add(photos.hopper().data, "Grace Hopper")
        hopper, other = gallery.watch(film)
        assert (hopper.name, hopper.stretches, other.name) == (
            "Grace Hopper",
            [(0, 2500), (4000, 7500), (11_000, 11_500)],
            None,
        )
        assert other.stretches[0][0] == 3000


def test_what_is_no_film(faces: Faces, tmp_path: Path) -> None:
    (tmp_path / "words.mp4").write_text("no film")
    with pytest.raises(FilmError, match="no film"):
        faces.watch(tmp_path / "words.mp4")
    with pytest.raises(SetupError, match="is none of them"):
        list(faces.watch(crossing(tmp_path / "story.mp4"), attributes="charm"))


def test_stretches_that_are_near_are_one() -> None:
    assert joined([(0, 0), (1000, 1000), (500, 500), (3000, 3000), (4600, 4600)], 1500) == [
        (0, 1000),
        (3000, 3000),
        (4600, 4600),
    ]


def test_films_need_a_package_and_nothing_else_does() -> None:
    """A program that opens no film loads nothing of FFmpeg; one that does without it is told what to install."""
    script = (
        "import sys; from pathlib import Path\n"
        "from mien import Faces\n"
        "from mien.video.film import open_film\n"
        "assert not any(name.split('.')[0] in ('av', 'websockets') for name in sys.modules)\n"
        "sys.modules['av'] = None\n"
        "try: open_film(Path(sys.executable))\n"
        "except Exception as error: print(type(error).__name__, error)\n"
    )
    said = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert said == "SetupError Films need the package av: pip install 'mien[video]'.\n"
