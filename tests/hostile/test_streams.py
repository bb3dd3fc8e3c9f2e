"""Streams of liveness sessions under attack: others are served meanwhile, and every session comes to an end."""

import json
import os
import secrets
import struct
from collections.abc import Iterator
from functools import partial

import pytest

from tests import live as servers
from tests import streams
from tests.hostile import attack
from tests.hostile.attack import Peer, Target
from tests.locked import Key, Locked
from tests.streams import SOCKET, Signer

pytest.importorskip("av", reason="mien[video] is not installed")

PLACES = 2


@pytest.fixture(scope="module")
def attacked(packs: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Locked]:
    """A server that takes few films at a time, and stops soon."""
    flags = ("--liveness-streams", str(PLACES), "--stop-timeout", "1")
    server = servers.serve(packs, tmp_path_factory.mktemp("attacked") / "data", *flags)
    try:
        yield Locked(server)
    finally:
        if server.process.poll() is None:
            server.stop()


def frame(code: int, data: bytes) -> bytes:
    """A frame of a client, whose mask is zero."""
    length = len(data)
    sized = bytes([128 | length]) if length < 126 else b"\xfe" + struct.pack(">H", length)
    sized = sized if length < 65536 else b"\xff" + struct.pack(">Q", length)
    return bytes([128 | code]) + sized + bytes(4) + data


async def handshake(peer: Peer, target: Target, session: str, signer: Signer | None) -> None:
    host = f"{target.host}:{target.port}"
    members = {"session-id": session, "video-width": "320", "video-height": "240", "challenge-versions": streams.BOTH}
    address = signer.address(host, SOCKET, members) if signer else f"{SOCKET}?session-id={session}"
    await peer.send(
        f"GET {address} HTTP/1.1\r\nHost: {host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n".encode()
    )


async def unsigned_streams(target: Target) -> None:
    async with target.connection() as peer:
        await handshake(peer, target, streams.SESSION, None)
        await peer.send(frame(2, bytes(60_000)) * 10)
        while await peer.answer():
            pass


async def frames_without_end(target: Target, key: Key, sessions: list[str]) -> None:
    """Pings whose answers it does not read, and then a message in parts of a byte."""
    async with target.connection() as peer:
        await handshake(peer, target, secrets.choice(sessions), Signer(key.id, key.secret))
        await peer.send(frame(9, bytes(125)) * 3000 + b"\x02\x81\0\0\0\0a" + b"\x00\x81\0\0\0\0a" * 200_000)
        await peer.answer()


def test_streams_that_are_not_signed_cost_nothing(attacked: Locked) -> None:
    attack.run(attacked, unsigned_streams).hold()


def test_frames_without_end_take_neither_memory_nor_time(attacked: Locked) -> None:
    key = attacked.key("frames")
    sessions = [streams.created(attacked.client(key)) for _ in range(64)]
    attack.run(attacked, partial(frames_without_end, key=key, sessions=sessions)).hold()


def test_one_key_does_not_take_every_place(attacked: Locked) -> None:
    greedy, other = attacked.key("greedy"), attacked.key("other")
    host = streams.host(attacked.server)
    sessions = [streams.created(attacked.client(greedy)) for _ in range(2)]
    with (
        streams.stream(host, sessions[0], Signer(greedy.id, greedy.secret)) as first,
        streams.stream(host, sessions[1], Signer(greedy.id, greedy.secret)) as second,
        streams.stream(host, streams.created(attacked.client(other)), Signer(other.id, other.secret)) as third,
    ):
        for stream in (first, second, third):
            streams.begun(stream)  # without a film a stream holds no place
        first.send(streams.video(b"a"))
        first.send(streams.event("ClientSessionInformationEvent", {"Challenge": {}}))
        second.send(streams.video(b"a"))
        assert [each.name for each in second.rest()] == ["ThrottlingException"]
        third.send(streams.video(b"a"))
        third.send(streams.video(b""))
        assert [each.name for each in third.rest()] == ["ValidationException"]  # it is no film, but it had a place


def test_a_server_that_stops_ends_its_streams_and_logs_nothing_of_them(attacked: Locked) -> None:
    key = attacked.key("last")
    secret_film = os.urandom(64)
    session = streams.created(attacked.client(key))
    with streams.stream(streams.host(attacked.server), session, Signer(key.id, key.secret)) as stream:
        streams.begun(stream)
        stream.send(streams.video(secret_film))
        attacked.server.process.terminate()
        assert [each.name for each in stream.rest()] == ["ServiceUnavailableException"]
    assert attacked.server.process.wait(20) == 0
    lines = attacked.server.log.read_text()
    told = [json.loads(line) for line in lines.splitlines() if '"StartFaceLivenessSession"' in line]
    assert told[-1]["code"] == "ThrottlingException"
    assert told[-1]["key"] == "last"
    assert "traceback" not in lines
    assert all(session not in line for line in lines.splitlines())
