"""`mien sort`, as a user runs it: real photographs into folders by person, names known or not."""

import csv
import hashlib
import json
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.commands.albums import GRACE, album, knowing
from tests.commands.people import answer, mien
from tests.live import environment, interruptible

FOLDER = "Грейс Hopper_ 2_"
NAMED = {
    f"{FOLDER}/both.jpg", f"{FOLDER}/img.jpg", f"{FOLDER}/img (2).jpg", f"{FOLDER}/turned.jpg",
    "Unknown 1/both.jpg", "Unknown 1/one.jpg", "Unknown 1/two.jpg", "No clear face/sea.jpg",
}  # fmt: skip
UNNAMED = {name.replace(FOLDER, "Unknown 1") if FOLDER in name else name.replace("1/", "2/") for name in NAMED}


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return album(tmp_path_factory.mktemp("album"))


@pytest.fixture(scope="module")
def data(packs: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("known")
    knowing(place, packs, "--data", place / "data")
    return place / "data"


def tree(folder: Path) -> set[str]:
    return {
        str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file() and not path.name.startswith(".")
    }


def digests(folder: Path) -> dict[str, tuple[str, int]]:
    return {
        str(path): (hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_mtime_ns)
        for path in folder.rglob("*") if path.is_file()
    }  # fmt: skip


def test_known_and_unknown_people_get_folders(packs: str, pictures: Path, data: Path, tmp_path: Path) -> None:
    before, into, report = digests(pictures), tmp_path / "sorted", tmp_path / "why.csv"
    known = ("--collection", "fam", "--data", data)
    planned = answer("sort", pictures, "--into", into, *known, "--dry-run", code=1, MIEN_PACKS=packs)
    assert not into.exists()
    ran = mien("sort", pictures, "--into", into, *known, "--xmp", "--report", report, code=1, MIEN_PACKS=packs)
    assert {name for name in tree(into) if not name.endswith(".xmp")} == NAMED
    assert digests(pictures) == before
    assert planned["folders"] == {FOLDER: 4, "Unknown 1": 3, "No clear face": 1}
    assert planned["made"] == len(NAMED)
    assert "cut.jpg: The photograph is damaged or cut short" in ran.stderr
    for kind in ("texts", "videos"):
        assert f"{kind} (1)" in ran.stderr
    assert "8 photographs in 3 folders; 8 files were made; 1 failed." in ran.stdout
    with report.open() as file:
        assert [row["image"] for row in csv.DictReader(file)] == [str(pictures / "cut.jpg")]
    sidecar = (into / FOLDER / "both.jpg.xmp").read_text()
    assert f"<mwg-rs:Name>{GRACE}</mwg-rs:Name>" in sidecar
    again = answer("sort", pictures, "--into", into, *known, code=1, MIEN_PACKS=packs)
    assert (again["made"], again["left_over"], again["folders"]) == (0, 0, planned["folders"])


def test_without_names_people_are_told_apart(packs: str, pictures: Path, tmp_path: Path) -> None:
    into = tmp_path / "sorted"
    mien("sort", pictures, "--into", into, "--by", "symlink", code=1, MIEN_PACKS=packs)
    assert tree(into) == UNNAMED
    assert all(path.is_symlink() for path in into.rglob("*.jpg"))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_an_interrupted_run_continues(packs: str, pictures: Path, tmp_path: Path, number: signal.Signals) -> None:
    into = tmp_path / "sorted"
    arguments = ("sort", pictures, "--into", into, "--jobs", 1, "--json")
    process = subprocess.Popen(
        interruptible(*map(str, arguments)), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env=environment(MIEN_PACKS=packs),
    )  # fmt: skip
    log = into / ".mien-sort.db-wal"
    until = time.monotonic() + 120
    while not (log.exists() and log.stat().st_size > 60_000) and process.poll() is None:
        assert time.monotonic() < until
        time.sleep(0.01)
    process.send_signal(number)
    _, said = process.communicate(timeout=60)
    assert process.returncode == (128 + number if number is signal.SIGINT else -number)
    assert "Traceback" not in said
    if number is signal.SIGINT:
        assert "the same command continues" in said
    assert tree(into) <= UNNAMED
    done = json.loads(mien(*arguments, code=1, MIEN_PACKS=packs).stdout)
    assert done["earlier"] > 0
    assert tree(into) == UNNAMED


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["sort", "nowhere", "--into", "out"], 1, "nowhere is not a folder"),
        (["sort", ".", "--into", "."], 1, "another folder"),
        (["sort", "."], 2, "--into"),
        (["sort", ".", "--into", "out", "--by", "magic"], 2, "invalid choice"),
        (["sort", ".", "--into", "out", "--unknown-from", "0"], 2, "1 or more"),
        (["sort", ".", "--into", "out", "--endpoint", "http://localhost:1"], 1, "--collection"),
        (["sort", ".", "--into", "out", "--collection", "fam", "--data", "nowhere"], 1, "There is no store"),
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_said_in_a_sentence(
    packs: str, tmp_path: Path, arguments: list[str], code: int, words: str
) -> None:
    assert words in mien(*arguments, code=code, folder=tmp_path, MIEN_PACKS=packs).stderr


def test_the_folder_sorted_into_may_lie_in_the_one_that_is_sorted(packs: str, tmp_path: Path) -> None:
    album(tmp_path)
    for made in (8, 0):
        done = answer("sort", tmp_path, "--into", tmp_path / "sorted", code=1, MIEN_PACKS=packs)
        assert (done["photographs"], done["made"]) == (8, made)
