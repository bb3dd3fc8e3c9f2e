"""A client of StartFaceLivenessSession that speaks the protocol by itself: presigned address, signed event stream.

It shares nothing with mien: signatures are made here from their specification, and messages are read by botocore.
"""

import base64
import hashlib
import hmac
import json
import struct
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote
from zlib import crc32

import cv2
import numpy as np
from botocore.eventstream import EventStreamBuffer
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from tests import photos
from tests.live import Live
from tests.video import films

SOCKET = "/start-face-liveness-session-websocket"
BOTH = "FaceMovementAndLightChallenge_2.0.0,FaceMovementChallenge_1.0.0"
SESSION = "11111111-2222-3333-4444-555555555555"


@dataclass(frozen=True)
class Event:
    """A message of the server: "event", "exception" or "error"; its name; and its payload as JSON, or its text."""

    type: str
    name: str
    payload: Any


@dataclass
class Signer:
    """Signs an address, and then each message over the one before it."""

    access_key: str = "any"
    secret: str = "any"
    region: str = "us-east-1"
    service: str = "rekognition"
    expires: int = 60
    moment: datetime = field(default_factory=lambda: datetime.now(UTC))
    prior: str = ""

    def address(self, host: str, path: str, members: Mapping[str, str]) -> str:
        """The presigned path and query."""
        scope = f"{self.moment:%Y%m%d}/{self.region}/{self.service}/aws4_request"
        query = dict(members) | {
            "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
            "X-Amz-Credential": f"{self.access_key}/{scope}",
            "X-Amz-Date": f"{self.moment:%Y%m%dT%H%M%SZ}",
            "X-Amz-Expires": str(self.expires),
            "X-Amz-SignedHeaders": "host",
        }
        text = "&".join(f"{quote(name, safe='-_.~')}={quote(query[name], safe='-_.~')}" for name in sorted(query))
        empty = hashlib.sha256(b"").hexdigest()
        canonical = f"GET\n{path}\n{text}\nhost:{host}\n\nhost\n{empty}"
        self.prior = self._sign(
            f"AWS4-HMAC-SHA256\n{self.moment:%Y%m%dT%H%M%SZ}\n{scope}\n{_digest(canonical)}", self.moment
        )
        return f"{path}?{text}&X-Amz-Signature={self.prior}"

    def envelope(self, message: bytes, moment: datetime | None = None) -> bytes:
        """A message in its signed envelope."""
        now = moment or datetime.now(UTC)
        date = b"\x05:date\x08" + struct.pack(">q", int(now.timestamp() * 1000))
        scope = f"{now:%Y%m%d}/{self.region}/{self.service}/aws4_request"
        stamped = f"AWS4-HMAC-SHA256-PAYLOAD\n{now:%Y%m%dT%H%M%SZ}\n{scope}"
        text = f"{stamped}\n{self.prior}\n{_digest(date)}\n{_digest(message)}"
        self.prior = self._sign(text, now)
        return packed(date + b"\x10:chunk-signature\x06\x00\x20" + bytes.fromhex(self.prior), message)

    def _sign(self, text: str, moment: datetime) -> str:
        key = f"AWS4{self.secret}".encode()
        for part in (f"{moment:%Y%m%d}", self.region, self.service, "aws4_request"):
            key = hmac.digest(key, part.encode(), "sha256")
        return hmac.digest(key, text.encode(), "sha256").hex()


def packed(headers: bytes, payload: bytes) -> bytes:
    """A message of the event stream."""
    prelude = struct.pack(">II", 16 + len(headers) + len(payload), len(headers))
    message = prelude + struct.pack(">I", crc32(prelude)) + headers + payload
    return message + struct.pack(">I", crc32(message))


def event(name: str, payload: Any) -> bytes:
    """An event as the client sends it."""
    named = {":event-type": name, ":message-type": "event", ":content-type": "application/json"}
    headers = b"".join(
        bytes([len(key)]) + key.encode() + b"\x07" + struct.pack(">H", len(value)) + value.encode()
        for key, value in named.items()
    )
    return packed(headers, json.dumps(payload).encode())


def video(chunk: bytes) -> bytes:
    """A part of the film; an empty one ends it."""
    text = base64.b64encode(chunk).decode()
    return event("VideoEvent", {"VideoChunk": text, "TimestampMillis": int(time.time() * 1000)})


def told(challenge: str, **members: Any) -> bytes:
    """What the client says that it did."""
    return event("ClientSessionInformationEvent", {"Challenge": {challenge: {"ChallengeId": SESSION} | members}})


def message(data: bytes) -> Event:
    """A message of the server."""
    buffer = EventStreamBuffer()
    buffer.add_data(data)
    (found,) = list(buffer)
    kind = found.headers[":message-type"]
    if kind == "error":
        return Event(kind, found.headers[":error-code"], found.headers[":error-message"])
    return Event(kind, found.headers[f":{kind}-type"], json.loads(found.payload))


@dataclass
class Stream:
    """An open stream."""

    socket: ClientConnection
    signer: Signer | None

    def send(self, message: bytes) -> None:
        self.socket.send(self.signer.envelope(message) if self.signer else message)

    def next(self, timeout: float = 30) -> Event | None:
        """The server's next message; None once it has closed."""
        try:
            data = self.socket.recv(timeout, decode=False)
        except ConnectionClosed:
            return None
        return message(data)

    def rest(self) -> Iterator[Event]:
        """What else the server sends until it closes."""
        while (found := self.next()) is not None:
            yield found


@contextmanager
def stream(
    host: str, session_id: str = SESSION, signer: Signer | None = None, members: Mapping[str, str] | None = None
) -> Iterator[Stream]:
    """Opens a stream; a signer of None signs neither address nor messages."""
    given = {"session-id": session_id, "challenge-versions": BOTH, "video-width": "320", "video-height": "240"}
    given |= members or {}
    plain = "&".join(f"{name}={quote(value)}" for name, value in given.items())
    path = signer.address(host, SOCKET, given) if signer else f"{SOCKET}?{plain}"
    with connect(f"ws://{host}{path}", compression=None, max_size=None) as socket:
        yield Stream(socket, signer)


def host(live: Live) -> str:
    return f"{live.host}:{live.port}"


def created(client: Any, **settings: Any) -> str:
    """The id of a new session."""
    return str(client.create_face_liveness_session(**({"Settings": settings} if settings else {}))["SessionId"])


def ended(client: Any, session_id: str) -> dict[str, Any]:
    """The session's results, once it is no longer in progress."""
    end = time.monotonic() + 20
    while True:
        results: dict[str, Any] = client.get_face_liveness_session_results(SessionId=session_id)
        if results["Status"] != "IN_PROGRESS" or time.monotonic() > end:
            return results
        time.sleep(0.02)


def begun(stream: Stream) -> str:
    """Reads the challenge; returns its kind."""
    first, second = stream.next(), stream.next()
    assert first is not None
    assert second is not None
    assert (first.name, second.name) == ("ChallengeEvent", "ServerSessionInformationEvent")
    (kind,) = second.payload["SessionInformation"]["Challenge"]
    return str(kind)


def played(stream: Stream, film: bytes) -> None:
    """Sends what Amplify's component sends, in its order."""
    kind, now = begun(stream), int(time.time() * 1000)
    box = {"Width": 0.3, "Height": 0.5, "Left": 0.3, "Top": 0.3}
    initial = {"BoundingBox": box, "InitialFaceDetectedTimestamp": now}
    stream.send(told(kind, VideoStartTimestamp=now, InitialFace=initial))
    for at in range(0, len(film), 20_000):
        stream.send(video(film[at : at + 20_000]))
    stream.send(told(kind, VideoEndTimestamp=now + 1500))
    stream.send(video(b""))


def recorded(path: Path) -> bytes:
    """A photograph that comes nearer for a second and a half, as a browser records it: WebM with VP8."""
    photograph = cv2.resize(photos.hopper().pixels[:, :, ::-1], (240, 320))

    def pictures() -> Iterator[np.ndarray[Any, Any]]:
        for step in range(15):
            scale = 0.6 + 0.4 * step / 15
            placed = np.array([[scale, 0, 160 - 120 * scale], [0, scale, 120 - 140 * scale]])
            yield np.asarray(cv2.warpAffine(photograph, placed, (320, 240)), np.uint8)

    return films.write(path, pictures(), codec="libvpx", deadline="realtime").read_bytes()


def _digest(data: str | bytes) -> str:
    return hashlib.sha256(data.encode() if isinstance(data, str) else data).hexdigest()
