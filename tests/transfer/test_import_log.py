"""The log of an import: finished photographs are found again, changed ones are not; a torn line costs only itself."""

from contextlib import closing
from pathlib import Path

import pytest

from mien.errors import SetupError
from mien.transfer.csv_report import Refused
from mien.transfer.import_log import ImportLog
from mien.transfer.photographs import Photograph, of_folder

JPEG = b"\xff\xd8\xff"  # as a photograph begins
FACE = Refused((0.1, 0.2, 0.3, 0.4), ["LOW_SHARPNESS"])


def photograph(name: str, version: str = "1 2", user: str | None = None) -> Photograph:
    return Photograph(name, user, "a.jpg", version, lambda: b"")


def test_what_is_done_is_found_in_the_next_run(tmp_path: Path) -> None:
    with closing(ImportLog(tmp_path, "one")) as log:
        assert log.find(photograph("a")) is None
        log.add(photograph("a"), [])
        log.add(photograph("b"), [FACE, Refused(None, ["NO_FACE"])])
    with closing(ImportLog(tmp_path, "one")) as log:
        assert log.find(photograph("a")) == []
        assert log.find(photograph("b")) == [FACE, Refused(None, ["NO_FACE"])]
        assert log.find(photograph("a", "1 3")) is None  # it changed
        assert log.find(photograph("a", user="somebody")) is None
    with closing(ImportLog(tmp_path, "another")) as log:
        assert log.find(photograph("a")) is None


def test_a_line_cut_short_costs_that_line_alone(tmp_path: Path) -> None:
    with closing(ImportLog(tmp_path, "one")) as log:
        for number in range(3000):  # more than it first has room for
            log.add(photograph(str(number)), [])
    (file,) = tmp_path.glob("*.done")
    file.write_bytes(file.read_bytes()[:-8])
    with closing(ImportLog(tmp_path, "one")) as log:
        assert log.find(photograph("2999")) is None
        assert all(log.find(photograph(str(number))) == [] for number in range(2999))
        log.add(photograph("2999"), [FACE])
    with closing(ImportLog(tmp_path, "one")) as log:
        assert log.find(photograph("2999")) == [FACE]


def test_it_names_nobody(tmp_path: Path) -> None:
    with closing(ImportLog(tmp_path, "one")) as log:
        log.add(photograph("Grace Hopper/1.jpg", user="Grace:20Hopper"), [FACE])
    (file,) = tmp_path.glob("*.done")
    assert b"Hopper" not in file.read_bytes()
    assert file.stat().st_mode & 0o077 == 0


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SetupError, match="cannot be written"):
        ImportLog(tmp_path / "file", "one")


def test_a_folder_is_walked_in_the_same_order_without_what_is_hidden(tmp_path: Path) -> None:
    for name in ("b/2.jpg", "b/deep/1.jpg", "a.jpg", ".hidden/x.jpg", "b/.x.jpg", "c d/é.png"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(JPEG)
    (tmp_path / "loop").symlink_to(tmp_path)
    source = of_folder(tmp_path)
    walked = [(each.user, each.external_image_id, each.read()) for each in source.photographs()]
    assert walked == [
        (None, "a.jpg", JPEG), ("b", "2.jpg", JPEG), ("b", "1.jpg", JPEG), ("c:20d", ":C3:A9.png", JPEG),
    ]  # fmt: skip
    assert [each.version for each in source.photographs()] == [each.version for each in source.photographs()]
