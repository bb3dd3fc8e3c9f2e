"""The body of a request, read in bounds: no byte before there is room for all, none beyond the limit, none too late."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from mien.errors import BodyTooLargeError, RequestTimeoutError
from mien.wire.answer import Receive

MOST_BODY = 16 * 1024 * 1024  # bytes where an image may be; reference 1.1
MOST_PLAIN = 1024 * 1024  # bytes where none may be: 4,096 face ids are 160 kB
SMALL = 64 * 1024  # bytes that need no room, being as many as a connection's reader takes ahead anyway
MOST_DROPPED = 64 * 1024 * 1024  # bytes of a body that is too long that are read before the connection is closed
PATIENCE = 5.0  # seconds that a body may be behind its least rate: a network's hiccup


class ClientGoneError(Exception):
    """The client hung up before it was answered."""


async def read(
    headers: Mapping[str, str], receive: Receive, rate: float, most: int, room: Callable[[int], Awaitable[None]]
) -> bytearray:
    """The whole body, never more than `most` of it.

    A body that is too long is read on and dropped for a while, since a client that is still sending would meet a
    closed connection instead of the answer; one that asked first whether to send (`Expect`) is answered at once.

    Args:
        headers: of the request.
        receive: gives the next part.
        rate: bytes a second that must come, but for PATIENCE.
        most: bytes that it may have.
        room: waits until there is room for so many bytes; asked once, before more than SMALL are held.

    Raises:
        BodyTooLargeError: it is longer than `most`.
        ApiError: what `room` raises.
        ClientGoneError: the client hung up.
        RequestTimeoutError: it came more slowly than `rate`.
    """
    held = _Held(headers.get("content-length", ""), most, room)
    if held.too_long and "expect" in headers:
        raise BodyTooLargeError
    await held.make_room(0)
    due, more = asyncio.get_running_loop().time() + PATIENCE, True
    try:
        async with asyncio.timeout_at(due) as limit:
            while more and held.received <= MOST_DROPPED:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise ClientGoneError
                part, more = message.get("body", b""), message.get("more_body", False)
                if held.lacks_room(len(part)):
                    limit.reschedule(None)  # the client is not to blame for how long that takes
                    due += await held.make_room(len(part))
                held.add(part)
                limit.reschedule(due + held.received / rate)
    except TimeoutError:
        raise RequestTimeoutError from None
    if held.too_long:
        raise BodyTooLargeError
    return held.body


class _Held:
    """What there is of a body."""

    def __init__(self, announced: str, most: int, room: Callable[[int], Awaitable[None]]) -> None:
        self._announced = int(announced[:19]) if announced.isascii() and announced.isdigit() else None
        self._most = most
        self._room = room
        self._body = bytearray()
        self._has_room = False
        self.received = 0

    @property
    def too_long(self) -> bool:
        return max(self.received, self._announced or 0) > self._most

    @property
    def body(self) -> bytearray:
        del self._body[self.received :]
        return self._body

    def lacks_room(self, more: int) -> bool:
        """Whether there has to be room before so many bytes are added."""
        return not (self._has_room or self.too_long) and max(self.received + more, self._announced or 0) > SMALL

    async def make_room(self, more: int) -> float:
        """Wait until there is room for the whole, where there has to be; the seconds that it took."""
        if not self.lacks_room(more):
            return 0.0
        began, size = asyncio.get_running_loop().time(), self._announced or self._most
        await self._room(size)
        self._has_room = True
        whole = bytearray(size)  # at once: grown by and by it would leave holes in the heap
        whole[: self.received] = self._body
        self._body = whole
        return asyncio.get_running_loop().time() - began

    def add(self, part: bytes) -> None:
        """Add a part, or drop all where that is too much."""
        start, self.received = self.received, self.received + len(part)
        if self.too_long:
            self._body = bytearray()
        else:
            self._body[start : self.received] = part
