"""Streams that are cut, slow, too large or no streams at all: the session fails, and the server stays as it was."""

import asyncio
import socket
import struct
import sys
from collections.abc import Callable, MutableMapping
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest

from mien.errors import RequestTimeoutError, ValidationError
from mien.liveness import challenge as challenges
from mien.operations.context import Caller
from mien.operations.liveness.streamed_session import LiveSession
from mien.serving.budget import Budget
from mien.wire import inbox
from mien.wire.body import ClientGoneError
from mien.wire.eventstream import MOST_MESSAGE
from mien.wire.inbox import Inbox
from mien.wire.stream import Streams
from tests import streams
from tests.live import Live
from tests.streams import SOCKET, Stream
from tests.video import films

pytest.importorskip("av", reason="mien[video] is not installed")


def hung_up(stream: Stream) -> None:
    stream.socket.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    stream.socket.socket.close()


def closed(stream: Stream) -> None:
    stream.socket.close(4001)  # as Amplify's component does when the face does not fit in time


def text(stream: Stream) -> None:
    stream.socket.send("a")
    assert list(stream.rest()) == []
    assert stream.socket.close_code == 1003


def large(stream: Stream) -> None:
    stream.socket.send(bytes(MOST_MESSAGE + 1))
    assert list(stream.rest()) == []
    assert stream.socket.close_code == 1009


def damaged(stream: Stream) -> None:
    stream.socket.send(streams.video(b"a")[:-1] + b"\0")
    assert [each.name for each in stream.rest()] == ["ValidationException"]


def unknown(stream: Stream) -> None:
    stream.send(streams.event("AudioEvent", {}))
    assert [each.name for each in stream.rest()] == ["ValidationException"]


def no_film(stream: Stream) -> None:
    stream.send(streams.video(b"no film"))
    stream.send(streams.video(b""))
    (refused,) = stream.rest()
    assert refused.name == "ValidationException"
    assert "video cannot be read" in refused.payload["Message"]


def empty(stream: Stream) -> None:
    stream.send(streams.video(b""))
    assert [each.name for each in stream.rest()] == ["ValidationException"]


@pytest.mark.parametrize("wrong", [hung_up, closed, text, large, damaged, unknown, no_film, empty])
def test_whatever_ends_a_stream_too_early_makes_its_session_fail(live: Live, wrong: Callable[[Stream], None]) -> None:
    client = live.client()
    session_id = streams.created(client)
    with streams.stream(streams.host(live), session_id) as stream:
        streams.begun(stream)
        stream.send(streams.video(b"the beginning")) if wrong not in {no_film, empty} else None
        wrong(stream)
    assert streams.ended(client, session_id)["Status"] == "FAILED"


def test_a_film_without_a_face_is_told_so(live: Live, tmp_path: Path) -> None:
    client = live.client()
    session_id = streams.created(client)
    gray = films.write(tmp_path / "a.webm", [np.full((240, 320, 3), 90, np.uint8)] * 3, codec="libvpx")
    with streams.stream(streams.host(live), session_id) as stream:
        streams.played(stream, gray.read_bytes())
        (refused,) = stream.rest()
        assert "shows no face" in refused.payload["Message"]
    assert streams.ended(client, session_id)["Status"] == "FAILED"


@pytest.mark.parametrize(
    ("method", "headers", "status"),
    [
        ("GET", {}, 426),
        ("GET", {"Connection": "Upgrade", "Upgrade": "h2c"}, 426),
        ("GET", {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13"}, 400),
        ("GET", {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
                 "Sec-WebSocket-Key": "YQ=="}, 400),
        ("GET", {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "8",
                 "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA=="}, 400),
        ("POST", {}, 403),
    ],
)  # fmt: skip
def test_what_asks_for_no_websocket_gets_none(live: Live, method: str, headers: dict[str, str], status: int) -> None:
    assert live.send(method, SOCKET, None, headers).status == status


def test_pages_of_other_sites_open_no_stream_while_there_is_no_key(live: Live) -> None:
    asked = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
             "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA=="}  # fmt: skip
    assert live.send("GET", SOCKET, None, asked | {"Origin": "https://example.com"}).status == 403


class Line:
    """A client that sends parts, each after some seconds."""

    def __init__(self, *parts: tuple[float, bytes | None]) -> None:
        self._parts = list(parts)

    async def receive(self) -> bytes | None:
        if not self._parts:
            await asyncio.Event().wait()
        seconds, part = self._parts.pop(0)
        await asyncio.sleep(seconds)
        return part


def arrived(*parts: tuple[float, bytes | None]) -> LiveSession:
    challenge = challenges.make("FaceMovementChallenge", "1.0.0", 320, 240, Random(1))
    session = LiveSession(None, Caller(), "a", challenge, 0)  # type: ignore[arg-type]  # nothing is stored
    asyncio.run(Inbox(Line(*parts), session, None, lambda: None).film())  # type: ignore[arg-type]
    return session


def test_a_film_that_does_not_arrive_in_time_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inbox, "PAUSE", 0.05)
    monkeypatch.setattr(inbox, "LONGEST", 0.5)
    start, end = streams.video(b"a"), streams.video(b"")
    assert arrived((0.2, start), (0.01, end)).film == b"a"  # before the film a client may wait for its user
    with pytest.raises(RequestTimeoutError):
        arrived((0, start), (0.2, end))
    with pytest.raises(RequestTimeoutError):
        arrived()
    with pytest.raises(RequestTimeoutError):
        arrived(*[(0.04, start)] * 20, (0, end))  # without a pause, and without end
    monkeypatch.setattr(inbox, "FILM", 0.1)
    with pytest.raises(RequestTimeoutError):
        arrived(*[(0.04, start)] * 5, (0, end))


def test_a_stream_that_ends_before_its_film_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ClientGoneError):
        arrived((0, streams.video(b"a")), (0, None))
    monkeypatch.setattr(inbox, "MOST_RECEIVED", 1000)
    with pytest.raises(ValidationError, match="1000 bytes"):
        arrived(*[(0.0, streams.video(b"a" * 100))] * 10)


def test_many_messages_in_one_part_and_one_in_many_are_the_same() -> None:
    data = b"".join(map(streams.video, (b"a", b"b", b"", b"behind the end")))
    assert arrived((0, data)).film == b"ab"
    assert arrived(*((0, data[at : at + 1]) for at in range(len(data)))).film == b"ab"


def test_without_the_packages_a_client_is_told_which(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "websockets.server", None)
    sent: list[dict[str, Any]] = []

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(dict(message))

    async def receive() -> dict[str, Any]:
        raise AssertionError("nothing is read")

    answered = Streams(None, None, None, Budget(1), ())  # type: ignore[arg-type]  # none of them is asked
    asyncio.run(answered.answer({"path": SOCKET, "method": "GET"}, {}, receive, send, "a"))
    assert sent[0]["status"] == 500
    assert b"pip install 'mien[video]'" in sent[1]["body"]
