"""Finds the sidecar of a photograph, and writes the people into it, atomically and only if that changes it."""

import stat
from collections.abc import Callable, Sequence
from pathlib import Path

from mien.sorting import regions
from mien.sorting.journal import Seen
from mien.sorting.regions import Named
from mien.sorting.tree import XmpError
from mien.sorting.xmp import Packet
from mien.system import leftovers
from mien.transfer.photographs import UnreadableError, read

SUFFIX = ".xmp"
_BEGIN, _END = b"<x:xmpmeta", b"</x:xmpmeta>"


def beside(photograph: Path) -> Path:
    """Returns the sidecar's path: PHOTO.EXT.xmp, or PHOTO.xmp where only that exists and no other file shares it."""
    long, short = Path(f"{photograph}{SUFFIX}"), photograph.with_suffix(SUFFIX)
    if long.exists() or not short.exists() or _shared(photograph, short):
        return long
    return short


def like(source: Path, photograph: Path, other: Path) -> Path:
    """Returns the path of a sidecar of another photograph that is named as this sidecar of a photograph is."""
    is_long = source.name == f"{photograph.name}{SUFFIX}"
    return Path(f"{other}{SUFFIX}") if is_long else other.with_suffix(SUFFIX)


def write(place: Path, photograph: Callable[[], bytes], size: tuple[int, int], people: Sequence[Named]) -> bool:
    """Writes people into a sidecar, which is made if it is missing and there are any.

    Args:
        place: the sidecar.
        photograph: returns the photograph's bytes; a new sidecar takes over the regions and keywords within them.
        size: columns and rows of the picture as stored.
        people: the named faces.

    Returns:
        Whether it was changed.

    Raises:
        XmpError: the sidecar that is there is no XMP, or not of this picture; it is left as it is.
        OSError: it cannot be read or written.
    """
    place = place.resolve()  # a link stays one
    is_new = not place.exists()
    if is_new and not people:
        return False
    try:
        packet = _within(photograph()) if is_new else Packet(_read(place))
        before = packet.bytes()
        regions.write(packet, *size, people)
        data = packet.bytes()
    except XmpError as error:
        raise XmpError(f"its sidecar {place.name} was left as it is: {error}") from None
    if data == before and not is_new:
        return False
    leftovers.write(place, data, mode=0o666 if is_new else stat.S_IMODE(place.stat().st_mode))
    return True


def write_seen(seen: Seen, place: Path) -> bool:
    """Writes the people that were seen in a photograph into a sidecar (see `write`).

    Raises:
        UnreadableError: the photograph cannot be read.
    """
    people = [Named(face.name, regions.stored(face.box, seen.orientation)) for face in seen.faces if face.user]
    return write(place, lambda: read(seen.path), seen.size, people)


def retract(place: Path) -> None:
    """Removes a sidecar that says nothing but what mien wrote."""
    try:
        packet = Packet(_read(place))
        regions.write(packet, 1, 1, ())
    except XmpError:
        return
    if packet.is_empty():
        place.unlink()


def _within(photograph: bytes) -> Packet:
    """Returns the regions and keywords of the packet inside a photograph, which programs hide behind a sidecar's."""
    begin = photograph.find(_BEGIN)
    end = photograph.find(_END, begin)
    if begin < 0 or end < 0:
        return Packet()
    try:
        inner = Packet(photograph[begin : end + len(_END)])
    except XmpError:
        return Packet()
    regions.keep_people(inner)
    return inner


def _read(path: Path) -> bytes:
    try:
        return read(path)
    except UnreadableError as error:  # a pipe, for one, which may never end
        raise XmpError(str(error)) from None


def _shared(photograph: Path, short: Path) -> bool:
    """Returns whether PHOTO.xmp may belong to another file, such as the raw picture of the same exposure."""
    return any(
        each.stem == photograph.stem and each.name not in (photograph.name, short.name)
        for each in photograph.parent.iterdir()
        if each.suffix.lower() != SUFFIX
    )
