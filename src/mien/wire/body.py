"""The body of a request, read in bounds: no byte before there is room for all, none beyond the limit, none too late."""

import asyncio

from mien.errors import RequestTimeoutError
from mien.wire.answer import Headers, Receive

MOST_BODY = 16 * 1024 * 1024  # bytes; reference 1.1
MOST_DROPPED = 64 * 1024 * 1024  # bytes of a body that is too long that are read before the connection is closed
PATIENCE = 5.0  # seconds that a body may be behind its least rate: a network's hiccup


class BodyTooLargeError(Exception):
    """The body is longer than MOST_BODY."""


class ClientGoneError(Exception):
    """The client hung up before it was answered."""


def room(headers: Headers) -> int:
    """How many bytes a body may take up: what it announces, or the most where it announces nothing or too much."""
    announced = headers.get("content-length", "")
    if not announced.isdigit():
        return MOST_BODY if "transfer-encoding" in headers else 0
    return int(announced) if int(announced) <= MOST_BODY else 0  # what is too long is read and dropped


async def read(headers: Headers, receive: Receive, rate: float) -> bytearray:
    """The whole body, never more than MOST_BODY of it.

    A body that is too long is read on and dropped for a while, since a client that is still sending would meet a
    closed connection instead of the answer; one that asked first whether to send (`Expect`) is answered at once.

    Args:
        headers: of the request.
        receive: gives the next part.
        rate: bytes a second that must come, but for PATIENCE.

    Raises:
        BodyTooLargeError: it is longer than MOST_BODY.
        ClientGoneError: the client hung up.
        RequestTimeoutError: it came more slowly than `rate`.
    """
    announced = headers.get("content-length", "0")
    too_long = announced.isdigit() and int(announced) > MOST_BODY
    if too_long and "expect" in headers:
        raise BodyTooLargeError
    body, received, more = bytearray(), 0, True
    due = asyncio.get_running_loop().time() + PATIENCE
    try:
        async with asyncio.timeout_at(due) as limit:
            while more and received <= MOST_DROPPED:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise ClientGoneError
                chunk, more = message.get("body", b""), message.get("more_body", False)
                received += len(chunk)
                too_long = too_long or received > MOST_BODY
                if too_long:
                    body.clear()
                else:
                    body += chunk
                limit.reschedule(due + received / rate)
    except TimeoutError:
        raise RequestTimeoutError from None
    if too_long:
        raise BodyTooLargeError
    return body
