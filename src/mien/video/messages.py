"""The messages between `film.py` and the process that decodes its film: a kind, a length, and as many bytes."""

import json
import struct
from typing import Any

HEAD = struct.Struct("<cQ")
FRAME = struct.Struct("<qIIIi")  # milliseconds, rows, columns, bytes of a row, how it lies; its pixels follow
READ = struct.Struct("<qq")  # offset, or -1 for what comes next, and bytes wanted

# from the process
METADATA, FRAMES_FOLLOW, WANTS, ALIVE, END, FAILED = b"M", b"F", b"R", b"T", b"E", b"X"
# to it
BYTES, START, NEXT = b"B", b"S", b"N"


def message(kind: bytes, payload: bytes = b"") -> bytes:
    """Returns a message as it is sent."""
    return HEAD.pack(kind, len(payload)) + payload


def written(kind: bytes, **members: Any) -> bytes:
    """Returns a message whose payload is JSON."""
    return message(kind, json.dumps(members).encode())
