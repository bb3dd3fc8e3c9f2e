"""The decoding process's side of what it says to `film.py` and is told, on standard input and output."""

import io
import os
import select
import sys
from typing import Any

from mien.video import messages


class AskedFile(io.RawIOBase):
    """The film's bytes, asked for from `film.py`.

    Args:
        size: of the film; None where it can only be read on.
    """

    def __init__(self, size: int | None) -> None:
        self._size, self._place = size, 0

    def readable(self) -> bool:
        """Returns True."""
        return True

    def seekable(self) -> bool:
        """Returns whether the film can be read where it is needed."""
        return self._size is not None

    def readinto(self, buffer: Any) -> int:
        """Asks for as many bytes as fit, and returns how many came."""
        send(messages.message(messages.WANTS, messages.READ.pack(self._place if self.seekable() else -1, len(buffer))))
        data = received(messages.BYTES)
        buffer[: len(data)] = data
        self._place += len(data)
        return len(data)

    def seek(self, offset: int, whence: int = 0) -> int:
        """Sets the place of the next bytes, and returns it."""
        if self._size is None:
            raise io.UnsupportedOperation("seek")
        self._place = max(0, offset + (0, self._place, self._size)[whence])
        return self._place

    def tell(self) -> int:
        """Returns the place of the next bytes."""
        return self._place


def received(kind: bytes) -> bytes:
    """Returns the payload of the next message, which must be of this kind."""
    got, length = messages.HEAD.unpack(_read(messages.HEAD.size))
    if got != kind:
        sys.exit(1)
    return _read(length)


def _read(length: int) -> bytes:
    """Reads standard input without a buffer, so that `asked_for` sees what is there."""
    parts, missing = [], length
    while missing:
        part = os.read(0, missing)
        if not part:
            sys.exit(0)  # nobody waits for the film any more
        parts.append(part)
        missing -= len(part)
    return b"".join(parts)


def asked_for() -> bool:
    """Returns whether a frame is waited for; a camera's frames are dropped meanwhile."""
    if not select.select([0], [], [], 0)[0]:
        return False
    received(messages.NEXT)
    return True


def send(*parts: Any) -> None:
    """Sends the parts of a message."""
    for part in parts:
        sys.stdout.buffer.write(part)
    sys.stdout.buffer.flush()
