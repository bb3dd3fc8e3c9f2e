"""Pipelined requests, and answers that are not read."""

import asyncio
from functools import partial

import pytest

from tests.hostile import attack
from tests.hostile.attack import Attack, Target
from tests.live import JSON
from tests.locked import Locked

UNSIGNED = (
    b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: %b\r\nX-Amz-Target: RekognitionService.ListCollections\r\n"
    b"Content-Length: 2\r\n\r\n{}" % JSON.encode()
)
HEALTH = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
LARGE = UNSIGNED.replace(b"Content-Length: 2\r\n\r\n{}", b"Content-Length: 900000\r\n\r\n" + b" " * 900_000)


async def unread(target: Target, begin: bytes, part: bytes) -> None:
    """Sends requests without end and never reads. Seen: 658,000 in 66 MB made the server take 1.8 GB."""
    block = part * (65536 // len(part))
    async with target.connection() as peer:
        peer.writer.transport.pause_reading()  # type: ignore[attr-defined]
        await peer.send(begin)
        while True:
            await peer.send(block)


async def read(target: Target, part: bytes) -> None:
    """Sends requests without end and reads every answer."""
    block = part * (65536 // len(part))
    async with target.connection() as peer:

        async def reading() -> None:
            while await peer.answer(1 << 20):
                pass

        task = asyncio.create_task(reading())
        try:
            while not task.done():
                await peer.send(block)
        finally:
            task.cancel()


@pytest.mark.parametrize(
    "what",
    [
        partial(unread, begin=b"", part=HEALTH),
        partial(unread, begin=b"", part=UNSIGNED),
        partial(unread, begin=b"", part=b"GET /console/main.js HTTP/1.1\r\nHost: localhost\r\n\r\n"),
        partial(unread, begin=b"", part=b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n"),
        partial(unread, begin=b"", part=b"GET / HTTP/1.1\r\n\r\n"),
        partial(read, part=HEALTH),
        partial(read, part=UNSIGNED),
    ],
    ids=["/healthz", "unsigned", "files", "metrics", "no API calls", "/healthz, read", "unsigned, read"],
)
def test_requests_without_end(attacked: Locked, what: Attack) -> None:
    attack.run(attacked, what).hold()


def test_requests_behind_a_large_one(attacked: Locked) -> None:
    attack.run(attacked, partial(unread, begin=LARGE, part=HEALTH)).hold()
