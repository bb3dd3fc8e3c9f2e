"""Where the body of a request ends: after the length it announces, or after the last of its chunks.

httptools has a parser for both. It can neither stop behind a request whose answer is awaited, nor pass over an Upgrade
that is not followed, and its callbacks for chunks of one byte cost more than what they carry; so bodies are cut here.
"""

import re
from typing import Protocol

from mien.errors import HeadTooLargeError, MalformedRequestError
from mien.wire.head import MOST_FIELDS, MOST_HEAD, Request

AT_A_TIME = 256 * 1024  # bytes of a body that are read at a time
CHUNKS_AT_A_TIME = 1024  # bytes where chunks begin; of one byte each they hold the loop for a quarter of a millisecond
SIZE = 20  # bytes of a chunk's first line without its extensions
_SIZE = re.compile(rb"([0-9A-Fa-f]{1,16})(?:;[^\x00-\x08\x0a-\x1f\x7f]*)?")
_TRAILER = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+:[^\x00-\x08\x0a-\x1f\x7f]*")


class Body(Protocol):
    """What is to come of a body."""

    @property
    def done(self) -> bool:
        """Whether it is whole."""

    @property
    def next(self) -> int:
        """How many bytes to read next, at most."""

    def take(self, data: memoryview) -> tuple[bytes, memoryview]:
        """Returns what comes of the body and what comes behind it."""


class Length:
    """A body of announced length."""

    __slots__ = ("_left",)

    def __init__(self, length: int) -> None:
        self._left = length

    @property
    def done(self) -> bool:
        """Whether it is whole."""
        return not self._left

    @property
    def next(self) -> int:
        """How many bytes to read next, none of what follows among them."""
        return min(self._left, AT_A_TIME)

    def take(self, data: memoryview) -> tuple[bytes, memoryview]:
        """Returns what comes of the body and what comes behind it."""
        part, rest = data[: self._left], data[self._left :]
        self._left -= len(part)
        return bytes(part), rest


class Chunks:
    """A body in chunks (RFC 9112, 7.1). Extensions and trailers are passed over; what they may take is the head's.

    Args:
        spare: bytes that extensions and trailers may have.
        fields: trailers that there may be.
    """

    __slots__ = ("_between", "_fields", "_left", "_line", "_spare", "_trailing", "done")

    def __init__(self, spare: int, fields: int) -> None:
        self.done = False
        self._spare = spare
        self._fields = fields
        self._left = 0  # bytes of the chunk that has begun
        self._between = b""  # what must stand before the next size
        self._line = b""  # the beginning of a line whose end is to come
        self._trailing = False

    @property
    def next(self) -> int:
        """How many bytes to read next."""
        return min(max(self._left, CHUNKS_AT_A_TIME), AT_A_TIME)

    def take(self, data: memoryview) -> tuple[bytes, memoryview]:
        """Returns what comes of the body and what comes behind it.

        Raises:
            HeadTooLargeError: extensions and trailers are more than they may.
            MalformedRequestError: they are not chunks.
        """
        text, at, parts = self._line + data, 0, []
        while not self.done:
            if self._left:
                parts.append(text[at : at + self._left])
                at += len(parts[-1])
                self._left -= len(parts[-1])
            end = -1 if self._left else text.find(b"\r\n", at + len(self._between))
            if end < 0:
                break
            self._trailer(text[at:end]) if self._trailing else self._size(text[at:end])
            at = end + 2
        self._line = b"" if self.done else text[at:]
        if len(self._line) > self._spare + SIZE:
            raise HeadTooLargeError
        return b"".join(parts), memoryview(text)[at:] if self.done else memoryview(b"")

    def _size(self, line: bytes) -> None:
        found = _SIZE.fullmatch(line, len(self._between))
        if found is None or not line.startswith(self._between):
            raise MalformedRequestError("its chunks must each begin with their size")
        self._spend(len(line) - SIZE)
        self._left = int(found[1], 16)
        self._trailing = not self._left
        self._between = b"" if self._trailing else b"\r\n"

    def _trailer(self, line: bytes) -> None:
        if not line:
            self.done = True
            return
        if not _TRAILER.fullmatch(line):
            raise MalformedRequestError("its trailers must be NAME: VALUE")
        self._fields -= 1
        self._spend(len(line) + 2)

    def _spend(self, more: int) -> None:
        self._spare -= max(0, more)
        if self._spare < 0 or self._fields < 0:
            raise HeadTooLargeError


def body(request: Request, head: int) -> Body | None:
    """How a request's body ends; None when it has none.

    Args:
        request: what its head says.
        head: bytes of the head.

    Raises:
        MalformedRequestError: it is neither of known length nor in plain chunks.
    """
    fields = dict(request.fields)
    if b"transfer-encoding" in fields:
        codings = [value.strip().lower() for name, value in request.fields if name == b"transfer-encoding"]
        if codings != [b"chunked"] or request.version == "1.0":
            raise MalformedRequestError("Transfer-Encoding may be chunked and nothing else, in HTTP/1.1")
        return Chunks(MOST_HEAD - head, MOST_FIELDS - len(request.fields))
    length = fields.get(b"content-length", b"0").strip()
    if not length.isdigit():  # httptools has refused it already
        raise MalformedRequestError("Content-Length must be a number")
    return Length(int(length)) if int(length) else None
