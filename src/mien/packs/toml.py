"""TOML that somebody else wrote, read into a struct: bounded, its numbers finite, its words fit to be printed."""

import math
from pathlib import Path
from typing import Any, TypeVar

import msgspec

MOST_BYTES = 1 << 17  # of a file; mien's own manifests have 5 KB
MOST_DOTS = 200  # of a line: tomllib needs memory and time by the square of a dotted key's parts
MOST_LETTERS = 2000  # of a value, or of a key
MOST_NUMBER = 1 << 53  # what a float counts to
T = TypeVar("T")


def read(path: Path) -> bytes:
    """Read a file.

    Raises:
        OSError: it cannot be read, is not a file, or is larger than MOST_BYTES.
    """
    if not path.is_file():
        path.stat()  # says that it is not there, where it is not
        raise OSError(0, "it is not a file")
    with path.open("rb") as file:
        text = file.read(MOST_BYTES + 1)
    if len(text) > MOST_BYTES:
        raise OSError(0, f"it is larger than {MOST_BYTES >> 10} KiB")
    return text


def decode(text: bytes, kind: type[T]) -> T:
    """Decode a file's text.

    Raises:
        ValueError: it is not TOML, not of this kind, or holds NaN, an infinity or letters that cannot be printed.
    """
    if len(text) > MOST_BYTES or any(line.count(b".") > MOST_DOTS for line in text.splitlines()):
        raise ValueError(f"it is larger than {MOST_BYTES >> 10} KiB, or has a line of more than {MOST_DOTS} dots")
    try:
        found = msgspec.toml.decode(text)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    _hold(found)
    return msgspec.convert(found, kind)


def _hold(value: Any) -> None:
    """Refuse what no manifest has: tomllib recurses deeper than this, so the depth is known to be bounded."""
    if isinstance(value, dict):
        for name, each in value.items():
            _hold(name)
            _hold(each)
    elif isinstance(value, list):
        for each in value:
            _hold(each)
    elif isinstance(value, int) and abs(value) > MOST_NUMBER:
        raise ValueError("a number has too many digits")
    elif isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"{value} is not a number that a pack may have")
    elif isinstance(value, str) and (len(value) > MOST_LETTERS or not value.isprintable()):
        raise ValueError(f"a text has letters that cannot be printed, or more than {MOST_LETTERS} of them")
