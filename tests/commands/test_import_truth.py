"""`mien import` tells the truth: its numbers are the collection's, its reasons sentences, and no file ends it."""

import json
import os
import shutil
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from mien import naming
from mien.operations.context import ACCOUNT
from mien.store import open as stores
from tests import live as servers
from tests import photos
from tests.commands.people import answer, folder, mien, tally, variants
from tests.commands.test_import import held, rows
from tests.live import Live

LONG = "สมเด็จพระเจ้าบรมวงศ์เธอ " * 3 + "จบ"
NAMES = ("Анна", "Иван", "Al Gore", "Al:20Gore", "สมชาย", "محمد", "👩‍👧", "Zoe\u0308", LONG)


@pytest.fixture(scope="module")
def server(packs: str, tmp_path_factory: pytest.TempPathFactory) -> Any:
    running = servers.serve(packs, tmp_path_factory.mktemp("served"))
    yield running
    running.stop()


def described(server: Live, collection: str) -> tuple[int, int]:
    found = server.client().describe_collection(CollectionId=collection)
    return found["FaceCount"], found["UserCount"]


def test_every_name_is_a_user_and_is_shown_again(packs: str, tmp_path: Path) -> None:
    images = variants("astronaut", len(NAMES))
    for name, image in zip(NAMES, images, strict=True):
        (tmp_path / "people" / name).mkdir(parents=True)
        (tmp_path / "people" / name / "я.jpg").write_bytes(image)
    data, report = tmp_path / "data", tmp_path / "report.csv"
    done = answer("import", tmp_path / "people", "--collection", "crew", "--data", data, "--report", report,
                  MIEN_PACKS=packs)  # fmt: skip
    assert done == tally(photographs=9, faces=9, users=9, added=9)
    assert held(data, "crew")["users"] == {naming.written(name): 1 for name in NAMES}
    with closing((store := stores.open_store("", str(data))).database):
        found = store.collections.find(ACCOUNT, "crew")
        assert found is not None
        beside = {user.display_name for user in store.users.page(found.key, 0, 100)}
    assert beside == {LONG, None}
    (tmp_path / "probe.jpg").write_bytes(images[0])
    drawn = ("--draw", tmp_path / "drawn.png")
    ran = mien("search", tmp_path / "probe.jpg", "--collection", "crew", "--data", data, *drawn, MIEN_PACKS=packs)
    assert {line[7:] for line in ran.stdout.splitlines()} == {*NAMES} - {"Zoe\u0308"} | {"Zoë"}
    assert (tmp_path / "drawn.png").stat().st_size > 0
    assert rows(report) == []


def test_a_folder_with_everything_that_is_no_photograph(server: Live, tmp_path: Path) -> None:
    """The numbers are those of DescribeCollection, and what is at fault is told in sentences, in every run."""
    people = folder(tmp_path / "people")
    hopper = people / "Grace Hopper" / "000.jpg"
    for name in ("@eaDir", "#recycle", "__MACOSX", "lost+found", ".thumbnails"):
        (people / name / "Eve").mkdir(parents=True)
        shutil.copy(hopper, people / name / "Eve")
    (people / "Astronautin" / "clip.mov").write_bytes(b"\0\0\0\x14ftypqt  \0\0\0\0qt  ")
    (people / "Thumbs.db").write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600))
    (people / "empty.jpg").write_bytes(b"")
    (people / "loop").symlink_to("loop")
    (people / "cut.jpg").write_bytes(hopper.read_bytes()[:3000])
    (people / "bad\nname").mkdir()
    shutil.copy(hopper, people / "bad\nname" / "a.jpg")
    (people / "tiny.jpg").write_bytes(photos.jpeg(photos.hopper().pixels[:60, :60]))
    os.link(hopper, people / "Grace Hopper" / "again.jpg")
    report = tmp_path / "report.csv"
    into = ("import", people, "--collection", "truth", "--endpoint", server.address, "--data", tmp_path, "--report",
            report)  # fmt: skip
    first = answer(*into, code=1)
    faces, users = described(server, "truth")
    left_out = {
        "empty files": 1, "folders of computers and programs": 4, "links that lead nowhere": 1, "texts": 1,
        "thumbnails and databases of file managers": 1, "videos": 1,
    }  # fmt: skip
    assert first == tally(photographs=9, faces=faces, users=users, added=5, refused=2, failed=2, left_out=left_out)
    assert (faces, users) == (5, 2)
    said = {Path(row["image"]).name: row["reasons"] for row in rows(report)}
    assert said == {
        "gray.jpg": "No face was found.",
        "tiny.jpg": "A side of the photograph has fewer than 80 pixels.",
        "cut.jpg": "The photograph is damaged or cut short.",
        "a.jpg": "The name has a line break or another control character; write it without. The first folder names "
        "the person.",
    }
    assert answer(*into, code=1) == first | {"earlier": 7, "added": 0}
    assert {Path(row["image"]).name: row["reasons"] for row in rows(report)} == said


def test_bystanders_are_no_fault_and_are_not_in_the_report(packs: str, tmp_path: Path) -> None:
    people, report = tmp_path / "people", tmp_path / "report.csv"
    (people / "Astronautin").mkdir(parents=True)
    (people / "Astronautin" / "pair.jpg").write_bytes(photos.pair())
    into = ("import", people, "--collection", "c", "--data", tmp_path / "data", "--report", report)
    assert answer(*into, MIEN_PACKS=packs) == tally(photographs=1, faces=1, users=1, added=1, bystanders=1)
    assert rows(report) == []
    assert answer(*into, MIEN_PACKS=packs)["bystanders"] == 1


def test_a_stranger_is_not_joined_to_a_new_user_unasked(packs: str, tmp_path: Path) -> None:
    people, data, report = tmp_path / "people", tmp_path / "data", tmp_path / "report.csv"
    (people / "Grace Hopper").mkdir(parents=True)
    for name, image in zip("abc", (variants("astronaut", 1) + variants("hopper", 2)), strict=True):
        (people / "Grace Hopper" / f"{name}.jpg").write_bytes(image)  # the stranger comes first
    into = ("import", people, "--collection", "c", "--data", data, "--report", report)
    first = answer(*into, MIEN_PACKS=packs)
    assert first == tally(photographs=3, faces=3, users=1, added=3, unlike=1)
    assert held(data, "c")["users"] == {"Grace:20Hopper": 2}
    (row,) = rows(report)
    assert (Path(row["image"]).name, row["user"]) == ("a.jpg", "Grace Hopper")
    assert row["reasons"] == "The face is unlike the others of this user; it is in the collection without a user."
    asked = mien(*into, MIEN_PACKS=packs).stdout
    assert "1 face unlike the others of the same user" in asked
    assert "--user-match-threshold 0" in asked
    trusted = answer(*into, "--user-match-threshold", "0", MIEN_PACKS=packs)
    assert trusted == tally(photographs=3, faces=3, users=1)
    assert held(data, "c")["users"] == {"Grace:20Hopper": 3}


def test_another_pack_ends_it_even_if_all_is_done(packs: str, tmp_path: Path) -> None:
    people, into = folder(tmp_path / "people", each=1), ("--collection", "c", "--data", tmp_path / "data")
    assert answer("import", people, *into, MIEN_PACKS=packs)["added"] == 2
    for run in ((), ("--again",)):
        refused = mien("import", people, *into, "--pack", "dlib", *run, code=1, MIEN_PACKS=packs)
        assert "whose embeddings cannot be compared" in refused.stderr


def test_after_a_reindex_that_left_photographs_behind_they_are_imported_again(packs: str, tmp_path: Path) -> None:
    people, data = folder(tmp_path / "people"), tmp_path / "data"
    into = ("--collection", "c", "--data", data)
    assert answer("import", people, *into, MIEN_PACKS=packs)["faces"] == 4
    kept = (people / "Astronautin" / "000.jpg").read_bytes()
    (people / "Astronautin" / "000.jpg").write_bytes(kept[:3000])
    moved = mien("reindex", *into, "--images", people, "--pack", "dlib", "--allow-missing", "--json", MIEN_PACKS=packs)
    assert {**json.loads(moved.stdout), "missing": []} == {"faces": 3, "missing": [], "switched": True, "failed": 1}
    assert "000.jpg: The photograph is damaged" in moved.stderr
    (people / "Astronautin" / "000.jpg").write_bytes(kept)
    done = answer("import", people, *into, "--pack", "dlib", MIEN_PACKS=packs)
    assert done == tally(photographs=5, faces=4, users=2, added=1, refused=1, left_out={"texts": 1})
