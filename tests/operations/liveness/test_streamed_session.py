"""A streamed session: which challenge it gets, what it takes of its client, and what it refuses."""

import base64
import json
from random import Random
from typing import Any

import msgspec
import pytest

from mien.errors import ValidationError
from mien.liveness import challenge as challenges
from mien.liveness.challenge import KINDS, LIGHT, MOVEMENT
from mien.liveness.told import Shown, Told
from mien.operations.context import Caller
from mien.operations.liveness import liveness_events as events
from mien.operations.liveness import streamed_session
from mien.operations.liveness.streamed_session import LiveSession, chosen
from mien.store.tables.liveness_sessions import ChallengePreference as Preference

EVERY = [f"{kind}_{version}" for kind, versions in KINDS.items() for version in versions]


@pytest.mark.parametrize(
    ("offered", "preferred", "kind", "version"),
    [
        (EVERY, [], LIGHT, "2.0.0"),
        ([f"{LIGHT}_1.0.0", f"{MOVEMENT}_1.0.0"], [], LIGHT, "1.0.0"),
        ([f" {MOVEMENT}_1.0.0 "], [], MOVEMENT, "1.0.0"),
        (["Another_9.0.0", f"{MOVEMENT}_1.0.0"], [], MOVEMENT, "1.0.0"),
        (EVERY, [Preference(MOVEMENT), Preference(LIGHT)], MOVEMENT, "1.0.0"),
        (EVERY, [Preference(LIGHT, "1.0.0", "1.9.9")], LIGHT, "1.0.0"),
        (EVERY, [Preference(LIGHT, "1.0.1")], LIGHT, "2.0.0"),
        ([f"{LIGHT}_2.0.0"], [Preference(MOVEMENT), Preference(LIGHT)], LIGHT, "2.0.0"),
    ],
)
def test_a_challenge_fits_session_and_client(
    offered: list[str], preferred: list[Preference], kind: str, version: str
) -> None:
    assert chosen(offered, preferred) == (kind, version)


@pytest.mark.parametrize(
    ("offered", "preferred"),
    [([], []), (["FaceMovementChallenge"], []), ([f"{LIGHT}_3.0.0"], []), ([f"{LIGHT}_2.0.0"], [Preference(MOVEMENT)]),
     (EVERY, [Preference(LIGHT, "2.0.1")])],
)  # fmt: skip
def test_a_client_without_such_a_challenge_is_told_what_there_is(
    offered: list[str], preferred: list[Preference]
) -> None:
    with pytest.raises(ValidationError, match=f"{LIGHT}_2.0.0"):
        chosen(offered, preferred)


def session(kind: str = LIGHT) -> LiveSession:
    challenge = challenges.make(kind, KINDS[kind][-1], 640, 480, Random(1))
    return LiveSession(None, Caller(), "a", challenge, 0)  # type: ignore[arg-type]  # nothing is stored


def chunk(data: bytes) -> bytes:
    return json.dumps({"VideoChunk": base64.b64encode(data).decode(), "TimestampMillis": 1}).encode()


def test_an_empty_chunk_ends_the_film() -> None:
    opened = session()
    for data in (b"a", b"bc"):
        opened.take("VideoEvent", chunk(data))
        assert not opened.complete
    opened.take("VideoEvent", chunk(b""))
    assert opened.complete
    assert opened.film == b"abc"


@pytest.mark.parametrize(
    ("kind", "payload"),
    [
        ("VideoEvent", b""), ("VideoEvent", b"{"), ("VideoEvent", b"[]"), ("VideoEvent", b'{"VideoChunk":1}'),
        ("VideoEvent", b'{"VideoChunk":"a"}'), ("VideoEvent", b"\xff"), ("VideoEvent", b"[" * 100_000),
        ("AudioEvent", b"{}"), ("", b"{}"), ("ClientSessionInformationEvent", b"{}"),
        ("ClientSessionInformationEvent", b'{"Challenge":{"FaceMovementChallenge":{"VideoStartTimestamp":"x"}}}'),
        ("ClientSessionInformationEvent", b'{"Challenge":{"FaceMovementChallenge":{"VideoStartTimestamp":1e999}}}'),
        ("ClientSessionInformationEvent", b'{"Challenge":{"FaceMovementChallenge":{"VideoStartTimestamp":-1e308}}}'),
        ("ClientSessionInformationEvent", b'{"Challenge":{"FaceMovementChallenge":{"VideoEndTimestamp":1e308}}}'),
    ],
)  # fmt: skip
def test_events_that_cannot_be_read_are_refused(kind: str, payload: bytes) -> None:
    with pytest.raises(ValidationError):
        session().take(kind, payload)


def test_a_film_is_bounded_in_bytes_and_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    opened = session()
    for _ in range(10):
        opened.take("VideoEvent", chunk(bytes(2**20)))
    with pytest.raises(ValidationError, match="10 MB"):
        opened.take("VideoEvent", chunk(b"a"))
    monkeypatch.setattr(streamed_session, "MOST_CHUNKS", 3)
    opened = session()
    for _ in range(3):
        opened.take("VideoEvent", chunk(b"a"))
    with pytest.raises(ValidationError, match="3 parts"):
        opened.take("VideoEvent", chunk(b"a"))


def told(*parts: dict[str, Any]) -> Told:
    opened = session()
    for part in parts:
        opened.take(
            "ClientSessionInformationEvent", json.dumps({"Challenge": {LIGHT: {"ChallengeId": "a"} | part}}).encode()
        )
    return opened.told


def test_what_a_client_tells_in_several_events_is_put_together() -> None:
    box = {"Width": 0.5, "Height": 0.25, "Left": 0.25, "Top": 0.5}
    color = {"CurrentColor": {"RGB": [0, 0, 0]}, "SequenceNumber": 0, "CurrentColorStartTimestamp": 1700000000001}
    other = {"CurrentColor": {"RGB": [255, 1, 2]}, "SequenceNumber": 1, "CurrentColorStartTimestamp": 1700000000002.7}
    found = told(
        {"VideoStartTimestamp": 1, "InitialFace": {"BoundingBox": box, "InitialFaceDetectedTimestamp": 2}},
        {"ColorDisplayed": color},
        {"ColorDisplayed": other},
        {"VideoEndTimestamp": 9, "TargetFace": {
            "BoundingBox": box, "FaceDetectedInTargetPositionStartTimestamp": 3,
            "FaceDetectedInTargetPositionEndTimestamp": 4,
        }},
    )  # fmt: skip
    place = (160, 240, 480, 360)
    assert (found.video_start_ms, found.video_end_ms, found.initial_ms, found.initial_face) == (1, 9, 2, place)
    assert (found.target_start_ms, found.target_end_ms, found.target_face) == (3, 4, place)
    assert found.colors == (Shown(0, 0, 0, 0, 1700000000001), Shown(1, 255, 1, 2, 1700000000002))
    assert found.asked_ms is not None


def test_a_client_cannot_tell_without_end() -> None:
    with pytest.raises(ValidationError, match=str(events.MOST_TOLD)):
        told(*[{}] * (events.MOST_TOLD + 1))


@pytest.mark.parametrize("kind", [LIGHT, MOVEMENT])
def test_the_client_gets_all_that_it_refuses_to_be_without(kind: str) -> None:
    opened = session(kind)
    (first, named), (second, payload) = opened.opening()
    assert (first, second) == ("ChallengeEvent", "ServerSessionInformationEvent")
    assert msgspec.json.decode(named) == {"Type": kind, "Version": KINDS[kind][-1]}
    challenge = msgspec.json.decode(payload)["SessionInformation"]["Challenge"][kind]
    config = challenge["ChallengeConfig"]
    assert all(config[name] for name in ("FaceDistanceThreshold", "FaceDistanceThresholdMin", "OvalHeightWidthRatio"))
    assert set(challenge["OvalParameters"]) == {"Width", "Height", "CenterX", "CenterY"}
    assert ("ColorSequences" in challenge) == (kind == LIGHT)
    for color in challenge.get("ColorSequences", []):
        assert set(color) == {"FreshnessColor", "DownscrollDuration", "FlatDisplayDuration"}
        assert len(color["FreshnessColor"]["RGB"]) == 3
