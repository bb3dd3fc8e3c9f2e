"""Heads without end, before it is known who calls."""

import asyncio

from tests.hostile import attack
from tests.hostile.attack import Target
from tests.locked import Locked

BEGIN = b"POST / HTTP/1.1\r\nHost: localhost\r\n"


async def slow_head(target: Target) -> None:
    async with target.connection() as peer:
        for byte in BEGIN * 100:
            await peer.send(bytes([byte]))
            await asyncio.sleep(0.01)


def test_a_head_that_comes_a_byte_at_a_time(attacked: Locked) -> None:
    attack.run(attacked, slow_head).hold()
