"""Decodes a user's TOML into a struct: bounded in size, with finite numbers and printable text only."""

import math
from pathlib import Path
from typing import Any, TypeVar

import msgspec

MOST_BYTES = 1 << 17  # of a file; mien's own manifests have 5 KB
MOST_DOTS = 200  # in a line: tomllib's memory and time are quadratic in the parts of a dotted key
MOST_LETTERS = 2000  # of a value or a key
MOST_NUMBER = 1 << 53  # up to here a float holds every integer
T = TypeVar("T")


def read(path: Path) -> bytes:
    """Reads a file.

    Raises:
        OSError: it cannot be read, is not a file, or is larger than MOST_BYTES.
    """
    if not path.is_file():
        path.stat()  # raises if it does not exist
        raise OSError(0, "it is not a file")
    with path.open("rb") as file:
        text = file.read(MOST_BYTES + 1)
    if len(text) > MOST_BYTES:
        raise OSError(0, f"it is larger than {MOST_BYTES >> 10} KiB")
    return text


def decode(text: bytes, kind: type[T]) -> T:
    """Decodes a file's text.

    Raises:
        ValueError: it is not TOML, not of this kind, or holds NaN, an infinity or unprintable text.
    """
    if len(text) > MOST_BYTES or any(line.count(b".") > MOST_DOTS for line in text.splitlines()):
        raise ValueError(f"it is larger than {MOST_BYTES >> 10} KiB, or has a line of more than {MOST_DOTS} dots")
    try:
        found = msgspec.toml.decode(text)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    _check(found)
    return msgspec.convert(found, kind)


def _check(value: Any) -> None:
    """Refuses values that no manifest has; tomllib's own recursion is deeper, so the depth is already bounded."""
    if isinstance(value, dict):
        for name, each in value.items():
            _check(name)
            _check(each)
    elif isinstance(value, list):
        for each in value:
            _check(each)
    elif isinstance(value, int) and abs(value) > MOST_NUMBER:
        raise ValueError("a number has too many digits")
    elif isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"{value} is not a number that a pack may have")
    elif isinstance(value, str) and (len(value) > MOST_LETTERS or not value.isprintable()):
        raise ValueError(f"a text has letters that cannot be printed, or more than {MOST_LETTERS} of them")
