"""An album of real photographs to sort, and a data directory that knows some of the people in them."""

import io
from pathlib import Path

from PIL import Image

from mien.face.types import Box
from tests import photos
from tests.commands.people import mien, variants

GRACE = "Грейс Hopper: 2?"  # neither an id of the API nor the name of a folder on Windows

UNDO = {  # what stores an upright picture so that an EXIF orientation turns it upright again
    1: None, 2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180, 4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_90, 7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}  # fmt: skip


def turned(orientation: int) -> bytes:
    """Grace Hopper's photograph, stored so that this EXIF orientation turns it upright."""
    undo = UNDO[orientation]
    image = Image.fromarray(photos.hopper().pixels)
    exif, file = Image.Exif(), io.BytesIO()
    exif[0x112] = orientation
    (image if undo is None else image.transpose(undo)).save(file, "JPEG", quality=95, exif=exif)
    return file.getvalue()


def face_in_stored(orientation: int) -> tuple[Box, int, int]:
    """Where the face lies in that file's stored pixels, found by marking it in the upright picture; and its size."""
    upright = photos.hopper()
    height, width = upright.pixels.shape[:2]
    mark = Image.new("L", (width, height))
    face = upright.face
    mark.paste(255, (round(face.x1), round(face.y1), round(face.x2), round(face.y2)))
    undo = UNDO[orientation]
    there = mark if undo is None else mark.transpose(undo)
    box = there.getbbox()
    assert box is not None
    return Box(*box), there.width, there.height


def album(place: Path) -> Path:
    """Photographs of two people, together and apart, one without a face, a damaged one, and other files."""
    hopper, astronaut = variants("hopper", 3), variants("astronaut", 2)
    for name, data in {
        "2024/img.jpg": hopper[1], "2025/img.jpg": hopper[2], "both.jpg": photos.pair(), "turned.jpg": turned(6),
        "space/one.jpg": astronaut[0], "space/two.jpg": astronaut[1], "sea.jpg": photos.nobody(),
        "cut.jpg": photos.hopper().data[:400], "notes.txt": b"no photograph", "Thumbs.db": b"\xd0\xcf\x11\xe0" * 20,
        "film.mp4": b"\0\0\0\x18ftypisom\0\0\2\0isomiso2" + bytes(100),
    }.items():  # fmt: skip
        path = place / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return place


def knowing(place: Path, packs: str, *where: object) -> None:
    """Imports Grace Hopper into the collection `fam` of a data directory, by the flags `where`."""
    people = place / "people"
    (people / GRACE).mkdir(parents=True)
    (people / GRACE / "grace.jpg").write_bytes(variants("hopper", 1)[0])
    mien("import", people, "--collection", "fam", *where, MIEN_PACKS=packs)
