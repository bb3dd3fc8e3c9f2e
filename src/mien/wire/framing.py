"""Finds the end of a request's body: after the announced length, or after the last chunk.

httptools parses both, but it cannot stop behind a request that is not answered yet, cannot ignore an Upgrade, and calls
back for each chunk, however small.
"""

import re
from typing import Protocol

from mien.errors import HeadTooLargeError, MalformedRequestError
from mien.wire.head import MOST_FIELDS, MOST_HEAD, Head

AT_A_TIME = 256 * 1024  # bytes of a body that are read at a time
CHUNKS_AT_A_TIME = 1024  # bytes where chunks begin: benchmarks/README.md, "What speaks HTTP"
UPGRADED_AT_A_TIME = 4 * 1024  # bytes of another protocol, whose frames are parsed on the event loop
SIZE = 20  # bytes of a chunk's size line that do not count as extensions
_SIZE = re.compile(rb"([0-9A-Fa-f]{1,16})(?:;[^\x00-\x08\x0a-\x1f\x7f]*)?")
_TRAILER = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+:[^\x00-\x08\x0a-\x1f\x7f]*")


class Body(Protocol):
    """The rest of a body, as its framing determines it."""

    @property
    def done(self) -> bool:
        """Whether the body is complete."""

    @property
    def next(self) -> int:
        """The number of bytes to read next, at most."""

    def take(self, data: memoryview) -> tuple[bytes, memoryview]:
        """Splits data into a part of the body and the bytes behind the body."""


class Length:
    """A body of announced length."""

    __slots__ = ("_left",)

    def __init__(self, length: int) -> None:
        self._left = length

    @property
    def done(self) -> bool:
        """Whether the body is complete."""
        return not self._left

    @property
    def next(self) -> int:
        """The number of bytes to read next, none of them behind the body."""
        return min(self._left, AT_A_TIME)

    def take(self, data: memoryview) -> tuple[bytes, memoryview]:
        """Splits data into a part of the body and the bytes behind the body."""
        part, rest = data[: self._left], data[self._left :]
        self._left -= len(part)
        return bytes(part), rest


class Chunks:
    """A body in chunks (RFC 9112, 7.1). Extensions and trailers are ignored and count towards the head's limits.

    Args:
        spare: bytes that extensions and trailers may take.
        fields: how many trailers there may be.
    """

    __slots__ = ("_between", "_fields", "_left", "_line", "_spare", "_trailing", "done")

    def __init__(self, spare: int, fields: int) -> None:
        self.done = False
        self._spare = spare
        self._fields = fields
        self._left = 0  # bytes of the current chunk
        self._between = b""  # bytes that must precede the next size
        self._line = b""  # the beginning of an incomplete line
        self._trailing = False

    @property
    def next(self) -> int:
        """The number of bytes to read next."""
        return min(max(self._left, CHUNKS_AT_A_TIME), AT_A_TIME)

    def take(self, data: memoryview) -> tuple[bytes, memoryview]:
        """Splits data into a part of the body and the bytes behind the body.

        Raises:
            HeadTooLargeError: extensions and trailers exceed the head's limits.
            MalformedRequestError: the data is not in chunks.
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
            self._take_trailer(text[at:end]) if self._trailing else self._take_size(text[at:end])
            at = end + 2
        self._line = b"" if self.done else text[at:]
        if len(self._line) > self._spare + SIZE:
            raise HeadTooLargeError
        return b"".join(parts), memoryview(text)[at:] if self.done else memoryview(b"")

    def _take_size(self, line: bytes) -> None:
        found = _SIZE.fullmatch(line, len(self._between))
        if found is None or not line.startswith(self._between):
            raise MalformedRequestError("its chunks must each begin with their size")
        self._spend(len(line) - SIZE)
        self._left = int(found[1], 16)
        self._trailing = not self._left
        self._between = b"" if self._trailing else b"\r\n"

    def _take_trailer(self, line: bytes) -> None:
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


class Endless:
    """What follows the head of a request that was upgraded to another protocol."""

    __slots__ = ()
    done = False
    next = UPGRADED_AT_A_TIME

    def take(self, data: memoryview) -> tuple[bytes, memoryview]:
        """Returns all data as a part."""
        return bytes(data), data[:0]


def body(head: Head, size: int) -> Body | None:
    """Returns the framing of a request's body; None if it has no body.

    Args:
        head: of the request.
        size: bytes of the head.

    Raises:
        MalformedRequestError: the body has neither a length nor plain chunks.
    """
    fields = dict(head.fields)
    if b"transfer-encoding" in fields:
        codings = [value.strip().lower() for name, value in head.fields if name == b"transfer-encoding"]
        if codings != [b"chunked"] or head.version == "1.0":
            raise MalformedRequestError("Transfer-Encoding may be chunked and nothing else, in HTTP/1.1")
        return Chunks(MOST_HEAD - size, MOST_FIELDS - len(head.fields))
    length = fields.get(b"content-length", b"0").strip()
    if not length.isdigit():  # which httptools refuses first
        raise MalformedRequestError("Content-Length must be a number")
    return Length(int(length)) if int(length) else None
