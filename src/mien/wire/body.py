"""Reads the body of a request into reserved memory, within a limit of size and at a least rate."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from mien.errors import BodyTooLargeError, RequestTimeoutError
from mien.wire.answer import Receive

MOST_BODY = 16 * 1024 * 1024  # bytes, if the operation takes an image; reference 1.1
MOST_PLAIN = 1024 * 1024  # bytes, if it takes none: 4,096 face ids are 160 kB
SMALL = 64 * 1024  # bytes that are read without a reservation
MOST_DISCARDED = 64 * 1024 * 1024  # bytes of a body that is too large, read before the connection is closed
GRACE = 5.0  # seconds that a body may lag behind its least rate


class ClientGoneError(Exception):
    """The client hung up before it was answered."""


async def read(
    headers: Mapping[str, str], receive: Receive, rate: float, most: int, reserve: Callable[[int], Awaitable[None]]
) -> bytearray:
    """Returns the complete body.

    Of a body that is too large, the rest is read and discarded for a while, since a client that is still sending would
    meet a closed connection instead of the answer. If the client sent `Expect`, it is answered at once.

    Args:
        headers: of the request.
        receive: returns the next message of ASGI.
        rate: the least bytes a second, after GRACE.
        most: bytes that the body may have.
        reserve: waits until memory for that many bytes is reserved; called once, before more than SMALL are held.

    Raises:
        BodyTooLargeError: the body exceeds `most`.
        ApiError: `reserve` raises it, or the framing of the body is malformed.
        ClientGoneError: the client hung up.
        RequestTimeoutError: the body arrives more slowly than `rate`.
    """
    held = _Buffer(headers.get("content-length", ""), most, reserve)
    if held.too_long and "expect" in headers:
        raise BodyTooLargeError
    await held.reserve(0)
    due, more = asyncio.get_running_loop().time() + GRACE, True
    try:
        async with asyncio.timeout_at(due) as limit:
            while more and held.received <= MOST_DISCARDED:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise message.get("error") or ClientGoneError
                part, more = message.get("body", b""), message.get("more_body", False)
                if held.must_reserve(len(part)):
                    limit.reschedule(None)  # waiting for memory does not count against the client
                    due += await held.reserve(len(part))
                held.add(part)
                limit.reschedule(due + held.received / rate)
    except TimeoutError:
        raise RequestTimeoutError from None
    if held.too_long:
        raise BodyTooLargeError
    return held.body


class _Buffer:
    """The part of a body that has arrived."""

    def __init__(self, announced: str, most: int, reserve: Callable[[int], Awaitable[None]]) -> None:
        self._announced = int(announced[:19]) if announced.isascii() and announced.isdigit() else None
        self._most = most
        self._reserve = reserve
        self._body = bytearray()
        self._is_reserved = False
        self.received = 0

    @property
    def too_long(self) -> bool:
        return max(self.received, self._announced or 0) > self._most

    @property
    def body(self) -> bytearray:
        del self._body[self.received :]
        return self._body

    def must_reserve(self, more: int) -> bool:
        """Returns whether memory must be reserved before `more` bytes are added."""
        return not (self._is_reserved or self.too_long) and max(self.received + more, self._announced or 0) > SMALL

    async def reserve(self, more: int) -> float:
        """Waits until memory for the complete body is reserved, if it must be; returns the seconds waited."""
        if not self.must_reserve(more):
            return 0.0
        began, size = asyncio.get_running_loop().time(), self._announced or self._most
        await self._reserve(size)
        self._is_reserved = True
        complete = bytearray(size)  # at once, since growing step by step would fragment the heap
        complete[: self.received] = self._body
        self._body = complete
        return asyncio.get_running_loop().time() - began

    def add(self, part: bytes) -> None:
        """Adds a part; discards everything once the body is too large."""
        start, self.received = self.received, self.received + len(part)
        if self.too_long:
            self._body = bytearray()
        else:
            self._body[start : self.received] = part
