"""How a camera was held: the orientation in EXIF, and the turns that make a picture upright.

EXIF is a TIFF directory (JEITA CP-3451). Nothing else turns a picture: programs that turn the pixels often leave an
older orientation in the XMP, in texts of a PNG, or in a sidecar.
"""

import struct

import numpy as np

from mien.face.types import Pixels

ORDERS = {b"II*\0": "<", b"MM\0*": ">"}  # how a TIFF begins → the order of its bytes
_ORIENTATION, _SHORT, _ENTRY = 0x0112, 3, 12  # the tag, its type, and the bytes of an entry

# For each orientation: how many quarter turns counter-clockwise, and whether to mirror left and right before.
_UPRIGHT = {2: (0, True), 3: (2, False), 4: (2, True), 5: (1, True), 6: (3, False), 7: (3, True), 8: (1, False)}


def of_exif(tiff: bytes) -> int:
    """Returns the orientation, 1–8, that a TIFF directory names; 1 if none can be read."""
    order = ORDERS.get(tiff[:4])
    if order is None:
        return 1
    try:
        (first,) = struct.unpack_from(f"{order}I", tiff, 4)
        (count,) = struct.unpack_from(f"{order}H", tiff, first)
        for place in range(first + 2, min(first + 2 + count * _ENTRY, len(tiff)), _ENTRY):
            tag, kind, _, value = struct.unpack_from(f"{order}HHIH", tiff, place)
            if tag == _ORIENTATION:
                return value if kind == _SHORT and 1 <= value <= 8 else 1
    except struct.error:  # it ends too soon
        return 1
    return 1


def upright(pixels: Pixels, orientation: int) -> Pixels:
    """Returns the upright picture of one stored in an orientation."""
    turns, mirrored = _UPRIGHT.get(orientation, (0, False))
    return np.ascontiguousarray(np.rot90(pixels[:, ::-1] if mirrored else pixels, turns))
