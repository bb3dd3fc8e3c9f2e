"""Heads without end, before authentication."""

import asyncio
from functools import partial

import pytest

from tests.hostile import attack
from tests.hostile.attack import Attack, Target, endless
from tests.locked import Locked

BEGIN = b"POST / HTTP/1.1\r\nHost: localhost\r\n"


async def byte_by_byte(target: Target, head: bytes, pause: float) -> None:
    async with target.connection() as peer:
        for byte in head:
            await peer.send(bytes([byte]))
            await asyncio.sleep(pause)
        await peer.answer()


async def small_packets(target: Target) -> None:
    """Sends a header without end in pieces, each in a separate read."""
    async with target.connection() as peer:
        await peer.send(BEGIN + b"x: ")
        while not peer.reader.at_eof():
            await peer.send(b"a" * 100)
            await asyncio.sleep(0)


async def full_heads(target: Target) -> None:
    """Sends the largest permitted heads, which never end."""
    async with target.connection() as peer:
        await peer.send(BEGIN + b"x: " + b"a" * (65536 - len(BEGIN) - 10))
        await peer.answer()


@pytest.mark.parametrize(
    "what",
    [
        # 127 MB of these made the server hold 3.0 GB within 15 s
        partial(endless, begin=BEGIN, part=b"x:\r\n"),
        # each part was appended to a copy of all before it: everyone waited 11 to 26 s
        partial(endless, begin=BEGIN + b"x: ", part=b"a"),
        partial(endless, begin=BEGIN, part=b"a"),
        partial(endless, begin=b"GET /", part=b"a"),
        partial(endless, begin=b"", part=b"A"),
        partial(endless, begin=BEGIN + b"x: a\r\n", part=b" a\r\n"),
        partial(endless, begin=b"", part=b"\r\n"),
        partial(endless, begin=b"", part=b"\x00"),
    ],
    ids=["tiny headers", "one value", "one name", "one target", "one method", "continuations", "empty lines", "zeros"],
)
def test_a_head_without_end(attacked: Locked, what: Attack) -> None:
    attack.run(attacked, what).hold()


@pytest.mark.parametrize(
    "what",
    [partial(byte_by_byte, head=BEGIN * 100, pause=0.01), partial(byte_by_byte, head=BEGIN * 4000, pause=0)],
    ids=["slowly", "as fast as it can"],
)
def test_a_head_that_comes_a_byte_at_a_time(attacked: Locked, what: Attack) -> None:
    attack.run(attacked, what).hold()


def test_a_header_in_small_packets(attacked: Locked) -> None:
    attack.run(attacked, small_packets).hold()


def test_many_connections_with_heads_as_large_as_they_may_be(attacked: Locked) -> None:
    report = attack.run(attacked, full_heads, connections=400)
    report.hold()
    assert (report.most - report.before) / 400 < 73_000  # times the 2,048 connections that there may be: 150 MB
