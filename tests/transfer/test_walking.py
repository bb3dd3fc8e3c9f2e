"""A folder is walked to its end: what cannot be read or is left out is named, and nothing is followed in a circle."""

import os
import subprocess
from pathlib import Path

import pytest

from mien.transfer.walking import Skipped, files

LEFT_OUT = ("@eaDir", "#recycle", "__MACOSX", "lost+found", "$RECYCLE.BIN", "System Volume Information", "a.lrdata")
PROGRAMS = "folders of computers and programs"


def made(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"1")


def walked(folder: Path) -> tuple[list[str], dict[str, str]]:
    found = list(files(folder))
    skipped = {os.path.relpath(each.name, folder): each.kind for each in found if isinstance(each, Skipped)}
    return [str(each.relative_to(folder)) for each in found if isinstance(each, Path)], skipped


def test_folders_that_are_no_album_are_left_out_wherever_they_are(tmp_path: Path) -> None:
    made(tmp_path, "a.jpg", "b/c.jpg", ".thumbnails/x.jpg", "b/.hidden.jpg", *(f"b/{name}/x.jpg" for name in LEFT_OUT))
    made(tmp_path, "@EADIR/b/x.jpg")
    names, skipped = walked(tmp_path)
    assert names == ["a.jpg", "b/c.jpg"]
    assert skipped == dict.fromkeys(["@EADIR", *(f"b/{name}" for name in LEFT_OUT)], PROGRAMS)


def test_links_are_not_followed_in_a_circle(tmp_path: Path) -> None:
    made(tmp_path, "a.jpg", "b/c.jpg")
    (tmp_path / "itself").symlink_to("itself")
    (tmp_path / "b" / "one").symlink_to("two")
    (tmp_path / "b" / "two").symlink_to("one")
    (tmp_path / "gone").symlink_to("nowhere")
    (tmp_path / "up").symlink_to(tmp_path)
    (tmp_path / "z.jpg").symlink_to(tmp_path / "a.jpg")
    os.mkfifo(tmp_path / "pipe.jpg")
    names, skipped = walked(tmp_path)
    assert names == ["a.jpg", "b/c.jpg", "z.jpg"]
    assert skipped == {
        "b/one": "links that lead nowhere", "b/two": "links that lead nowhere", "itself": "links that lead nowhere",
        "gone": "links that lead nowhere", "up": "links to folders", "pipe.jpg": "pipes and devices",
    }  # fmt: skip


def test_a_folder_that_cannot_be_read_is_named_and_the_rest_is_walked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made(tmp_path, "a/1.jpg", "b/1.jpg", "c/1.jpg")
    scan = os.scandir

    def refused(folder: Path) -> object:
        if Path(folder).name == "b":  # root reads any folder, so that a mode does not do
            raise PermissionError(13, "Permission denied")
        return scan(folder)

    monkeypatch.setattr(os, "scandir", refused)
    found = list(files(tmp_path))
    assert found == [
        tmp_path / "a/1.jpg",
        Skipped(str(tmp_path / "b"), "folders", "The folder cannot be read: Permission denied."),
        tmp_path / "c/1.jpg",
    ]


def test_folders_may_be_deep(tmp_path: Path) -> None:
    place = tmp_path
    for _ in range(1500):
        place = place / "d"
        try:
            place.mkdir()
        except OSError:  # a path has an end
            break
    (place.parent / "x.jpg").write_bytes(b"1")
    try:
        assert [each.name for each in files(tmp_path) if isinstance(each, Path)] == ["x.jpg"]
    finally:
        subprocess.run(["rm", "-rf", tmp_path / "d"], check=True)  # deeper than pytest's own clearing goes
