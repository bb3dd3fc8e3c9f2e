"""StartFaceLivenessSession over a real socket: what a client gets, how its session ends, and what is refused."""

import socket
import time
from collections.abc import Callable

import cv2
import numpy as np
import pytest

from tests import streams
from tests.live import Live
from tests.locked import Locked
from tests.streams import Signer, Stream

pytest.importorskip("av", reason="mien[video] is not installed")


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return streams.recorded(tmp_path_factory.mktemp("film") / "film.webm")


def test_a_session_is_streamed_judged_and_answered(live: Live, film: bytes) -> None:
    client = live.client()
    session_id = streams.created(client, AuditImagesLimit=2)
    named = {"user-agent": "aws-sdk-js/3 AmplifyReact"}
    with streams.stream(streams.host(live), session_id, members=named) as stream:
        assert client.get_face_liveness_session_results(SessionId=session_id)["Status"] == "IN_PROGRESS"
        streams.played(stream, film)
        (last,) = stream.rest()
        assert (last.type, last.name) == ("event", "DisconnectionEvent")
        assert abs(last.payload["TimestampMillis"] / 1000 - time.time()) < 60
        assert stream.socket.close_code == 1000
    results = client.get_face_liveness_session_results(SessionId=session_id)
    assert (results["Status"], results["Challenge"]["Version"]) == ("SUCCEEDED", "2.0.0")
    assert results["Confidence"] < 50  # it is a photograph
    assert results["Metadata"]["SDKType"] == named["user-agent"]
    for image in (results["ReferenceImage"], *results["AuditImages"]):
        picture = cv2.imdecode(np.frombuffer(image["Bytes"], np.uint8), cv2.IMREAD_COLOR)
        assert picture is not None
        assert picture.shape == (240, 320, 3)
        assert 0.1 < image["BoundingBox"]["Width"] < 1
    assert len(results["AuditImages"]) == 2


def test_with_keys_address_and_messages_must_be_signed(locked: Locked, film: bytes) -> None:
    key = locked.key("streams")
    client = locked.client(key)
    session_id = streams.created(client)
    address = streams.host(locked.server)
    with streams.stream(address, session_id) as stream:
        assert [each.name for each in stream.rest()] == ["MissingAuthenticationTokenException"]
    with streams.stream(address, session_id, Signer(key.id, "wrong")) as stream:
        (refused,) = stream.rest()
        assert (refused.type, refused.name) == ("error", "InvalidSignatureException")
    with streams.stream(address, session_id, Signer(key.id, key.secret, region="Some_Where")) as stream:
        (refused,) = stream.rest()
        assert "valid region" in refused.payload  # by which Amplify's component knows this error
    with streams.stream(address, session_id, Signer(key.id, key.secret)) as stream:
        streams.played(stream, film)
        assert [each.name for each in stream.rest()] == ["DisconnectionEvent"]
    assert client.get_face_liveness_session_results(SessionId=session_id)["Status"] == "SUCCEEDED"


def unsigned(stream: Stream, _: bytes) -> None:
    stream.socket.send(streams.video(b"a"))


def repeated(stream: Stream, _: bytes) -> None:
    assert stream.signer is not None
    message = stream.signer.envelope(streams.video(b"a"))
    stream.socket.send(message)
    stream.socket.send(message)


def signed_by_another(stream: Stream, _: bytes) -> None:
    assert stream.signer is not None
    stream.signer.secret = "wrong"
    stream.send(streams.video(b"a"))


@pytest.mark.parametrize("wrong", [unsigned, repeated, signed_by_another])
def test_a_message_that_is_not_signed_in_its_place_ends_the_session(
    locked: Locked, wrong: Callable[[Stream, bytes], None]
) -> None:
    key = locked.key(f"streams-{wrong.__name__}")
    client = locked.client(key)
    session_id = streams.created(client)
    with streams.stream(streams.host(locked.server), session_id, Signer(key.id, key.secret)) as stream:
        streams.begun(stream)
        wrong(stream, b"")
        assert [each.name for each in stream.rest()] == ["InvalidSignatureException"]
    assert streams.ended(client, session_id)["Status"] == "FAILED"


def test_a_key_may_do_what_it_was_given_for_its_own_sessions(locked: Locked) -> None:
    owner, other = locked.key("owner"), locked.key("other", account="123456789012")
    none = locked.key("none", operations=("CreateFaceLivenessSession",))
    session_id = streams.created(locked.client(owner))
    for key, name in ((other, "SessionNotFoundException"), (none, "AccessDeniedException")):
        with streams.stream(streams.host(locked.server), session_id, Signer(key.id, key.secret)) as stream:
            assert [each.name for each in stream.rest()] == [name]
    only = locked.key("only", operations=("StartFaceLivenessSession",))
    with streams.stream(streams.host(locked.server), session_id, Signer(only.id, only.secret)) as stream:
        streams.begun(stream)


def test_a_session_is_begun_once(live: Live) -> None:
    session_id = streams.created(live.client())
    with streams.stream(streams.host(live), session_id) as stream:
        streams.begun(stream)
        with streams.stream(streams.host(live), session_id) as second:
            (refused,) = second.rest()
            assert (refused.type, refused.name) == ("exception", "ValidationException")
            assert refused.payload["Message"] == "The session has expired, or was used before."


@pytest.mark.parametrize(
    ("members", "name"),
    [
        ({"session-id": "a"}, "ValidationException"),
        ({"video-width": "0"}, "ValidationException"),
        ({"video-height": "9999"}, "ValidationException"),
        ({"video-height": "1e3"}, "ValidationException"),
        ({"challenge-versions": "FaceMovementChallenge_7.0.0"}, "ValidationException"),
        ({"challenge-versions": ""}, "ValidationException"),
        ({"session-id": streams.SESSION}, "SessionNotFoundException"),
    ],
)
def test_what_no_session_can_begin_with(live: Live, members: dict[str, str], name: str) -> None:
    session_id = streams.created(live.client())
    with streams.stream(streams.host(live), session_id, members=members) as stream:
        assert [each.name for each in stream.rest()] == [name]
    assert live.client().get_face_liveness_session_results(SessionId=session_id)["Status"] == "CREATED"


class Plain:
    """A stream over plain HTTP/1.1, as AWS's client has it under Node: chunks both ways."""

    def __init__(self, live: Live, session_id: str) -> None:
        self.raw = socket.create_connection((live.host, live.port), timeout=30)
        self.answer = self.raw.makefile("rb")
        named = {"session-id": session_id, "video-width": "320", "video-height": "240",
                 "challenge-versions": streams.BOTH}  # fmt: skip
        fields = "".join(f"x-amz-rekognition-streaming-liveness-{name}: {value}\r\n" for name, value in named.items())
        head = f"POST /start-face-liveness-session HTTP/1.1\r\nHost: localhost\r\n{fields}"
        self.raw.sendall(f"{head}Transfer-Encoding: chunked\r\n\r\n".encode())

    def send(self, message: bytes) -> None:
        self.raw.sendall(b"%x\r\n%b\r\n" % (len(message), message))

    def head(self) -> bytes:
        lines = b""
        while not lines.endswith(b"\r\n\r\n"):
            lines += self.answer.readline()
        return lines

    def next(self) -> str:
        """The name of the next event; empty at the end of the answer, and "cut" if it just ends."""
        size = self.answer.readline()
        if not size:
            return "cut"
        part = self.answer.read(int(size, 16) + 2)[:-2]
        return str(streams.message(part).name) if part else ""


def test_over_plain_http_body_and_answer_flow_at_the_same_time(live: Live, film: bytes) -> None:
    session_id = streams.created(live.client())
    stream = Plain(live, session_id)
    head = stream.head().lower()
    assert head.startswith(b"http/1.1 200 ")
    assert b"content-type: application/vnd.amazon.eventstream\r\n" in head
    assert [stream.next(), stream.next()] == ["ChallengeEvent", "ServerSessionInformationEvent"]
    for message in (streams.video(film[:1000]), streams.video(film[1000:]), streams.video(b"")):
        stream.send(message)
    assert [stream.next(), stream.next()] == ["DisconnectionEvent", ""]
    assert stream.answer.read() == b""
    assert live.client().get_face_liveness_session_results(SessionId=session_id)["Status"] == "SUCCEEDED"


def test_over_plain_http_a_refusal_is_an_answer_and_a_broken_body_cuts_it(live: Live) -> None:
    stream = Plain(live, streams.SESSION)
    assert stream.head().startswith(b"HTTP/1.1 400 ")
    assert b"SessionNotFoundException" in stream.answer.read()
    session_id = streams.created(live.client())
    stream = Plain(live, session_id)
    stream.head()
    assert [stream.next(), stream.next()] == ["ChallengeEvent", "ServerSessionInformationEvent"]
    stream.raw.sendall(b"no chunk\r\n")
    assert stream.next() == "cut"
    assert streams.ended(live.client(), session_id)["Status"] == "FAILED"
