"""Cameras for tests: servers of a stream, over RTSP with H.264 as cameras speak it, and over HTTP as MJPEG."""

import base64
import random
import re
import socket
import struct
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from fractions import Fraction
from types import TracebackType

import av
import numpy as np
from numpy.typing import NDArray

from tests import photos

Picture = NDArray[np.uint8]
CLOCK = 90_000  # ticks a second of video in RTP


def noisy(pictures: Sequence[Picture], count: int, seed: int = 0) -> list[Picture]:
    """So many pictures, the given ones in turns, each with a little noise of its own, as a sensor has it."""
    random_numbers = np.random.default_rng(seed)
    found = []
    for number in range(count):
        picture = pictures[number * len(pictures) // count].astype(np.int16)
        noise = random_numbers.integers(-4, 5, picture.shape, np.int16)
        found.append(np.clip(picture + noise, 0, 255).astype(np.uint8))
    return found


def encoded(pictures: Sequence[Picture], rate: int = 10) -> list[bytes]:
    """RGB pictures of one size as the access units of an H.264 stream, each second beginning with a key frame."""
    context = av.CodecContext.create("libx264", "w")
    assert isinstance(context, av.VideoCodecContext)
    context.height, context.width = pictures[0].shape[:2]
    context.pix_fmt, context.framerate, context.time_base = "yuv420p", Fraction(rate), Fraction(1, rate)
    context.gop_size = rate
    context.options = {"preset": "ultrafast", "tune": "zerolatency", "crf": "18", "x264-params": "scenecut=0"}
    packets = []
    for number, picture in enumerate(pictures):
        frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
        frame.pts = number
        packets += context.encode(frame)
    return [bytes(each) for each in [*packets, *context.encode(None)]]


def jpegs(pictures: Sequence[Picture]) -> list[bytes]:
    return [photos.jpeg(each, quality=90) for each in pictures]


@dataclass
class Stream:
    """A server that sends its units again and again, at its own speed, to everybody who connects.

    Attributes:
        units: what is sent: access units, or JPEG files; others are sent from their beginning.
        rate: of them, a second.
        password: that clients must send, for the user "viewer".
        damage: share of the packets in which bytes are changed.
        stalled: while set, nothing is sent and every connection stays open.
        jump: seconds added to the stream's clock from now on.
    """

    units: list[bytes]
    rate: int = 10
    password: str = ""
    damage: float = 0.0
    stalled: threading.Event = field(default_factory=threading.Event)
    jump: float = 0.0
    clients: int = 0
    port: int = 0

    @property
    def address(self) -> str:
        raise NotImplementedError

    def __enter__(self) -> "Stream":
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()

    def start(self) -> None:
        """Listens, on the port that it had before if there was one."""
        self._random = random.Random(1)
        self._ended, self._open = threading.Event(), list[socket.socket]()
        self._server = socket.create_server(("127.0.0.1", self.port), reuse_port=False)
        self.port = self._server.getsockname()[1]
        self._accepting = threading.Thread(target=self._accept, daemon=True)
        self._accepting.start()

    def kill(self) -> None:
        """Stops at once, as a camera that loses its power."""
        self._ended.set()
        for each in (self._server, *self._open):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()
        self._accepting.join(10)

    def serve(self, client: socket.socket) -> None:
        raise NotImplementedError

    def ticks(self) -> Iterator[tuple[float, bytes]]:
        """The stream's clock, and the unit that is due."""
        due, number, first, shown = time.monotonic(), 0, 0, self.units
        while not self._ended.is_set():
            if self.stalled.is_set():
                due = time.monotonic() + 1 / self.rate
                time.sleep(1 / self.rate)
                continue
            if shown is not self.units:
                shown, first = self.units, number
            yield number / self.rate + self.jump, shown[(number - first) % len(shown)]
            number, due = number + 1, due + 1 / self.rate
            time.sleep(max(0.0, due - time.monotonic()))

    def damaged(self, data: bytes) -> bytes:
        if self.damage and self._random.random() < self.damage:
            changed = bytearray(data)
            for _ in range(max(1, len(data) // 40)):
                changed[self._random.randrange(len(changed))] = self._random.randrange(256)
            return bytes(changed)
        return data

    def allowed(self, head: str) -> bool:
        wanted = base64.b64encode(f"viewer:{self.password}".encode()).decode()
        return not self.password or f"Basic {wanted}" in head

    def _accept(self) -> None:
        while not self._ended.is_set():
            try:
                client, _ = self._server.accept()
            except OSError:
                return
            self._open.append(client)
            threading.Thread(target=self._served, args=(client,), daemon=True).start()

    def _served(self, client: socket.socket) -> None:
        self.clients += 1
        try:
            self.serve(client)
        except OSError:
            pass
        finally:
            client.close()


class HttpStream(Stream):
    """MJPEG over HTTP, as web cameras send it."""

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}/video?user=viewer&pwd=hidden"

    def serve(self, client: socket.socket) -> None:
        head = read_head(client)
        if not self.allowed(head):
            client.sendall(b'HTTP/1.0 401 No\r\nWWW-Authenticate: Basic realm="cam"\r\n\r\n')
            return
        client.sendall(b"HTTP/1.0 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=cut\r\n\r\n")
        for _, sound in self.ticks():
            unit = self.damaged(sound)
            part = f"--cut\r\nContent-Type: image/jpeg\r\nContent-Length: {len(unit)}\r\n\r\n"
            client.sendall(part.encode() + unit + b"\r\n")


class RtspStream(Stream):
    """H.264 in RTP inside the connection of RTSP (RFC 2326, RFC 6184)."""

    @property
    def address(self) -> str:
        user = f"viewer:{self.password}@" if self.password else ""
        return f"rtsp://{user}127.0.0.1:{self.port}/secret-path"

    def serve(self, client: socket.socket) -> None:
        while head := read_head(client):
            method, sequence = head.split()[0], re.search(r"CSeq: *(\d+)", head, re.IGNORECASE)
            assert sequence
            answer, more, body = "200 OK", "", ""
            if method != "OPTIONS" and not self.allowed(head):
                answer, more = "401 Unauthorized", 'WWW-Authenticate: Basic realm="cam"\r\n'
            elif method == "DESCRIBE":
                body = (
                    "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=cam\r\nt=0 0\r\nm=video 0 RTP/AVP 96\r\n"
                    f"a=rtpmap:96 H264/{CLOCK}\r\na=fmtp:96 packetization-mode=1\r\na=control:track1\r\n"
                )
                more = f"Content-Type: application/sdp\r\nContent-Length: {len(body)}\r\n"
            elif method == "SETUP":
                more = "Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\nSession: 7\r\n"
            elif method == "PLAY":
                more = "Session: 7\r\n"
            client.sendall(f"RTSP/1.0 {answer}\r\nCSeq: {sequence[1]}\r\n{more}\r\n{body}".encode())
            if method == "PLAY" and answer.startswith("200"):
                self._play(client)
                return

    def _play(self, client: socket.socket) -> None:
        sequence = 0
        for clock, unit in self.ticks():
            parts = [part for nal in re.split(rb"\x00\x00\x00?\x01", unit) if nal for part in fragments(nal)]
            for number, part in enumerate(parts):
                last = 0x80 if number == len(parts) - 1 else 0
                stamp = int(clock * CLOCK) & 0xFFFFFFFF
                packet = struct.pack("!BBHII", 0x80, last | 96, sequence & 0xFFFF, stamp, 7) + self.damaged(part)
                client.sendall(struct.pack("!cBH", b"$", 0, len(packet)) + packet)
                sequence += 1


def fragments(nal: bytes, most: int = 1400) -> Iterator[bytes]:
    """A NAL unit as payloads of RTP: whole, or as FU-A."""
    if len(nal) <= most:
        yield nal
        return
    head, rest = nal[0], nal[1:]
    for start in range(0, len(rest), most):
        first, last = start == 0, start + most >= len(rest)
        yield bytes([head & 0xE0 | 28, first << 7 | last << 6 | head & 0x1F]) + rest[start : start + most]


def read_head(client: socket.socket) -> str:
    """The head of a request; empty when the client has gone."""
    data = b""
    while not data.endswith(b"\r\n\r\n"):
        got = client.recv(1)
        if not got:
            return ""
        data += got
    return data.decode()
