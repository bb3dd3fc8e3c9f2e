"""Sidecars on disk: which one, written whole or not at all, and what is inside the photograph is taken over."""

import os
import stat
from pathlib import Path

import pytest

from mien.sorting import sidecar
from mien.sorting.regions import KEYWORDS, Named
from mien.sorting.tree import XmpError
from mien.sorting.xmp import Packet
from tests.sorting.test_regions import DIGIKAM, names

ANNA = Named("Анна Müller", (0.3, 0.4, 0.1, 0.2))
SIZE = (4000, 3000)


def write(place: Path, *people: Named, photograph: bytes = b"") -> bool:
    return sidecar.write(place, lambda: photograph, SIZE, people)


@pytest.mark.parametrize(
    ("there", "expected"),
    [
        ([], "img.jpg.xmp"),
        (["img.jpg.xmp"], "img.jpg.xmp"),
        (["img.xmp"], "img.xmp"),
        (["img.xmp", "img.jpg.xmp"], "img.jpg.xmp"),
        (["img.xmp", "img.CR2"], "img.jpg.xmp"),  # the sidecar is the raw picture's
        (["img.xmp", "img.heic.xmp", "other.CR2"], "img.xmp"),
    ],
)
def test_the_sidecar_that_is_there_is_used(tmp_path: Path, there: list[str], expected: str) -> None:
    for name in ("img.jpg", *there):
        (tmp_path / name).write_bytes(b"")
    assert sidecar.beside(tmp_path / "img.jpg") == tmp_path / expected


def test_a_sidecar_of_another_photograph_is_named_alike() -> None:
    one, other = Path("a/img.jpg"), Path("b/img (2).jpg")
    assert sidecar.like(Path("a/img.jpg.xmp"), one, other) == Path("b/img (2).jpg.xmp")
    assert sidecar.like(Path("a/img.xmp"), one, other) == Path("b/img (2).xmp")


def test_nothing_is_written_for_nobody(tmp_path: Path) -> None:
    assert not write(tmp_path / "a.jpg.xmp")
    assert list(tmp_path.iterdir()) == []


def test_people_inside_the_photograph_are_taken_over(tmp_path: Path) -> None:
    place, inside = tmp_path / "a.jpg.xmp", DIGIKAM[DIGIKAM.index(b"<x:xmpmeta") :]
    assert write(place, ANNA, photograph=b"\xff\xd8\xff\xe1http://ns.adobe.com/xap/1.0/\0" + inside + b"\xff\xd9")
    text = place.read_text()
    assert "Opa" in text
    assert "Rating" not in text
    assert Packet(place.read_bytes()).words(KEYWORDS[3][0]) == ["Places/Sea", "People/Анна Müller"]
    assert names(place.read_bytes()) == [ANNA.name]


@pytest.mark.parametrize("inside", [b"<x:xmpmeta", b"<x:xmpmeta></x:xmpmeta>", b"</x:xmpmeta><x:xmpmeta>"])
def test_a_damaged_packet_inside_the_photograph_is_passed_over(tmp_path: Path, inside: bytes) -> None:
    assert write(tmp_path / "a.jpg.xmp", ANNA, photograph=inside)
    assert names((tmp_path / "a.jpg.xmp").read_bytes()) == [ANNA.name]


def test_a_sidecar_that_would_not_change_is_not_touched(tmp_path: Path) -> None:
    place = tmp_path / "a.jpg.xmp"
    assert write(place, ANNA)
    before = place.stat()
    assert not write(place, ANNA)
    assert (place.stat().st_ino, place.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_permissions_and_links_stay(tmp_path: Path) -> None:
    real, link = tmp_path / "real.xmp", tmp_path / "a.jpg.xmp"
    real.write_bytes(DIGIKAM)
    real.chmod(0o640)
    link.symlink_to(real)
    assert write(link, ANNA)
    assert link.is_symlink()
    assert stat.S_IMODE(real.stat().st_mode) == 0o640
    assert names(real.read_bytes()) == [ANNA.name]


def test_a_sidecar_is_written_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = tmp_path / "a.jpg.xmp"
    place.write_bytes(DIGIKAM)

    def fails(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", fails)
    with pytest.raises(OSError, match="No space"):
        write(place, ANNA)
    assert place.read_bytes() == DIGIKAM
    assert [path.name for path in tmp_path.iterdir()] == [place.name]


@pytest.mark.parametrize("data", [b"", b"<broken", b'<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>', b"\0" * 100])
def test_what_is_no_xmp_is_left_as_it_is(tmp_path: Path, data: bytes) -> None:
    place = tmp_path / "a.jpg.xmp"
    place.write_bytes(data)
    with pytest.raises(XmpError, match=r"its sidecar a\.jpg\.xmp was left as it is"):
        write(place, ANNA)
    assert place.read_bytes() == data


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.jpg.xmp")
    with pytest.raises(XmpError, match="not a regular file"):
        write(tmp_path / "a.jpg.xmp", ANNA)


def test_only_a_sidecar_of_nothing_else_is_retracted(tmp_path: Path) -> None:
    mine, shared = tmp_path / "mine.xmp", tmp_path / "shared.xmp"
    write(mine, ANNA)
    shared.write_bytes(DIGIKAM)
    write(shared, ANNA)
    before = shared.read_bytes()
    for place in (mine, shared, tmp_path / "none.xmp"):
        sidecar.retract(place)
    assert not mine.exists()
    assert shared.read_bytes() == before
