"""The program that decodes one film for `film.py`, in a process of its own that can open nothing but the film.

FFmpeg is large, its demuxers open further files and addresses that a film names, and some of them have had faults that
ran an attacker's code. It imports nothing of mien but what it shares with `film.py`, and no NumPy.
"""

import importlib
import io
import json
import os
import resource
import struct
import sys
import time
from collections.abc import Iterator
from typing import Any

import av
import av.container
from av.video.reformatter import VideoReformatter

from mien.video import messages
from mien.video.backlog import Backlog
from mien.video.conversation import AskedFile, asked_for, received, send
from mien.video.sampling import Clock, Sampler

ATTACHED = 0x400  # AV_DISPOSITION_ATTACHED_PIC: the cover of an album, no film
ONE_THREAD = 4_000_000  # pixels up to which one thread decodes quickly enough
SILENT = 1.0  # seconds after which a sign of life is sent
LOST, LOST_PACKETS = 3_000, 64  # milliseconds and packets without one sound frame, after which a film counts as damaged
SPARED = ("h264", "mpeg4", "vp8")  # codecs in which no frame refers to one that skip_frame=NONREF leaves out
DEMUXERS = {"aws": ("mov",), "web": ("mov", "matroska")}
CODECS = {"aws": ("h264",), "web": ("h264", "vp8", "vp9")}
OF_ADDRESSES = "rtsp,rtp,rtmp,rtmps,rtmpt,srt,http,https,httpproxy,hls,tcp,udp,tls,crypto,data"
LATER = (
    "audio.stream",
    "audio.codeccontext",
    "subtitles.stream",
    "subtitles.codeccontext",
    "video.stream",
    "video.codeccontext",
    "sidedata.encparams",
    "sidedata.motionvectors",
    "logging",
)  # fmt: skip  imported by av when first used
DEVICE = "v4l2://"  # before the path of a device of Linux, as /dev/video0
READ_AHEAD = 4 << 20  # bytes asked for at a time where the film is no file of this machine


class RefusedError(Exception):
    """The film is not taken; the text is a key of `film.REASONS`."""


def main() -> int:
    """Answers what `film.py` asks until the film ends; returns the exit code."""
    for name in LATER:
        importlib.import_module(f"av.{name}")
    asked = json.loads(received(messages.START))
    try:
        source = _source(asked)
        confine(asked["spare"], asked["bytes_a_pixel"] * asked["pixels"], None if asked["address"] else 4)
        with _opened(source, asked) as container:
            Decoder(container, asked).serve()
    except RefusedError as error:
        send(messages.written(messages.FAILED, reason=str(error)))
    except (av.FFmpegError, MemoryError, ValueError, OverflowError) as error:
        reason = "memory" if isinstance(error, MemoryError) or getattr(error, "errno", 0) == 12 else "damaged"
        reason = "unreachable" if asked["address"] and reason == "damaged" else reason
        send(messages.written(messages.FAILED, reason=reason))
    return 0


def confine(spare: int, later: int, files: int | None) -> None:
    """Bounds what this process may use: bytes besides those in use, more of them later, and no further files."""
    with open("/proc/self/statm", encoding="ascii") as file:  # noqa: PTH123  pathlib need not be imported
        used = int(file.read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + spare, used + spare + later))
    for kind, most in ((resource.RLIMIT_CORE, 0), (resource.RLIMIT_FSIZE, 0), (resource.RLIMIT_NOFILE, files)):
        if most is not None:
            resource.setrlimit(kind, (most, most))


def allow(more: int) -> None:
    """Raises the bound on this process's memory by so many bytes, at most to what `confine` left for later."""
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (min(soft + more, hard), hard))


class Decoder:
    """A film whose frames are sent. The first is decoded at once, because it says how the film lies."""

    def __init__(self, container: av.container.InputContainer, asked: dict[str, Any]) -> None:
        self._container, self._live = container, bool(asked["address"])
        self._stream = stream = _stream(container)
        self._context = context = stream.codec_context
        if context.name not in CODECS.get(asked["formats"], (context.name,)):
            raise RefusedError("codec")
        if context.width * context.height > asked["pixels"]:
            raise RefusedError("pixels")
        if (container.duration or 0) > asked["hours"] * 3600e6:
            raise RefusedError("hours")
        allow(asked["bytes_a_pixel"] * context.width * context.height)
        _whole(stream, asked["size"])
        context.thread_count = 1 if context.width * context.height <= ONE_THREAD else asked["threads"]
        context.thread_type = "AUTO"
        started = container.start_time or 0
        base = stream.time_base
        start = int(started / 1_000_000 / base) if base else 0
        self._clock = Clock(base.numerator, base.denominator, start) if base else Clock(1, 1000, 0)
        self._sampler = Sampler(self._clock)
        self._most_ms = int(asked["hours"] * 3_600_000)
        self._scaler = VideoReformatter()
        self._orientation = 1  # asked of one frame only: PyAV keeps a frame whose side data was read for long
        self._last = -1  # time of the last frame
        self._packet_ms = 0  # time of the last packet
        self._sent = time.monotonic()

    def serve(self) -> None:
        """Sends what the header says, and the frames once they are asked for."""
        frames = self._frames()
        first = next(frames, None)
        if first is None:
            raise RefusedError("damaged")
        self._describe(first)
        asked = json.loads(received(messages.START))
        self._sampler.sample(asked["every_ms"], asked["start_ms"])
        if asked["start_ms"] and self._seek(asked["start_ms"]):
            frames, first = self._frames(), None
        if first is not None:
            self._show(first)
        for frame in frames:
            self._show(frame)
        self._whole_film()
        send(messages.message(messages.END))

    def _describe(self, frame: av.VideoFrame) -> None:
        stream, ratio = self._stream, _ratio(self._stream)
        width, height = max(1, round(frame.width * ratio)), frame.height
        lies = self._orientation = _orientation(frame)
        duration = self._container.duration
        if duration is None and stream.duration and stream.time_base:
            duration = int(stream.duration * stream.time_base * 1_000_000)
        send(
            messages.written(
                messages.METADATA,
                codec=self._context.name,
                duration_ms=max(0, (duration or 0) // 1000),
                format=self._container.format.long_name,
                frame_rate=float(stream.average_rate or 0),
                width=height if lies >= 5 else width,
                height=width if lies >= 5 else height,
                color_range="FULL" if frame.color_range == 2 or "yuvj" in frame.format.name else "LIMITED",
            )
        )

    def _frames(self) -> Iterator[av.VideoFrame]:
        """Yields the frames that are sound, in the order in which they are shown."""
        sparing, intra = self._context.name in SPARED, self._context.codec.intra_only
        sound_ms, since = 0, 0  # when a frame was last sound, and the packets since then
        packets = self._container.demux(self._stream)
        for packet, needed in self._sampler.marked(Backlog().without(packets) if self._live else packets):
            if packet.pts is not None:
                self._packet_ms = self._clock.at(packet.pts)
            self._alive()
            if intra and not needed:
                continue
            self._context.skip_frame = "NONREF" if sparing and not needed else "DEFAULT"
            try:
                decoded = packet.decode()
            except av.error.InvalidDataError:
                decoded = []
            for frame in decoded:
                if not frame.is_corrupt:
                    sound_ms, since = self._packet_ms, 0
                    yield frame
            since += 1
            if since > LOST_PACKETS and self._packet_ms - sound_ms > LOST:
                raise RefusedError("damaged")

    def _show(self, frame: av.VideoFrame) -> None:
        at = self._clock.at(frame.pts) if frame.pts is not None else self._last + 1
        at = self._last = max(at, self._last)
        if at > self._most_ms and not self._live:
            raise RefusedError("hours")
        if not self._sampler.chosen(at) or (self._live and not asked_for()):
            return
        width = max(1, round(frame.width * _ratio(self._stream)))
        bgr = self._scaler.reformat(frame, width=width, format="bgr24", threads=1)
        plane = bgr.planes[0]
        head = messages.FRAME.pack(at, bgr.height, bgr.width, plane.line_size, self._orientation)
        pixels = memoryview(plane).cast("B")[: bgr.height * plane.line_size]
        send(messages.HEAD.pack(messages.FRAMES_FOLLOW, len(head) + len(pixels)) + head, pixels)
        self._sent = time.monotonic()

    def _seek(self, start_ms: int) -> bool:
        try:
            self._container.seek(self._clock.timestamp(start_ms), stream=self._stream)
        except (av.FFmpegError, OSError, ValueError):
            return False
        self._last = -1
        return True

    def _whole_film(self) -> None:
        """Raises RefusedError for a film that ends long before its header says."""
        stream = self._stream
        if self._live or not (stream.duration and stream.time_base):
            return
        expected = self._clock.at((stream.start_time or 0) + stream.duration)
        if max(self._packet_ms, self._last) + LOST < expected:
            raise RefusedError("cut")

    def _alive(self) -> None:
        if time.monotonic() - self._sent > SILENT:
            send(messages.message(messages.ALIVE))
            self._sent = time.monotonic()


def _source(asked: dict[str, Any]) -> Any:
    if asked["address"]:
        return asked["address"]
    if asked["file"] is not None:
        os.dup2(asked["file"], 3)
        if asked["file"] != 3:
            os.close(asked["file"])
        return open(3, "rb", buffering=1 << 16)
    return io.BufferedReader(AskedFile(asked["size"]), READ_AHEAD)


def _opened(source: Any, asked: dict[str, Any]) -> Any:
    formats, options = asked["formats"], {"protocol_whitelist": OF_ADDRESSES if asked["address"] else "none"}
    if asked["address"]:
        options |= {"rtsp_flags": "prefer_tcp", "analyzeduration": "500000"}  # microseconds until pictures come
        form = "v4l2" if source.startswith(DEVICE) else None
        return av.open(source.removeprefix(DEVICE), "r", format=form, options=options, timeout=asked["timeout"])
    form = None
    if formats in DEMUXERS:
        head = source.peek(4)[:4] if isinstance(source, io.BufferedReader) else b""
        form = "matroska" if head == b"\x1a\x45\xdf\xa3" else "mov"
        if form not in DEMUXERS[formats]:
            raise RefusedError("container")
        options["codec_whitelist"] = ",".join(CODECS[formats])
    return av.open(source, "r", format=form, options=options, buffer_size=1 << 16)


def _stream(container: av.container.InputContainer) -> av.VideoStream:
    """Returns the stream of the film: none of the pictures that are attached to it, and of several the main one."""
    streams = [each for each in container.streams.video if not each.disposition & ATTACHED]
    if not streams:
        raise RefusedError("no pictures")
    best = container.streams.best("video")
    return best if best in streams else streams[0]


def _whole(stream: av.VideoStream, size: int | None) -> None:
    """Raises RefusedError where the index of a film names bytes beyond its end."""
    entries = stream.index_entries
    if size and len(entries):
        last = entries[-1]
        if last.pos + last.size > size:
            raise RefusedError("cut")


def _ratio(stream: av.VideoStream) -> float:
    """Returns by how much the pixels are wider than high."""
    ratio = float(stream.sample_aspect_ratio or 1)
    return ratio if 0.25 <= ratio <= 4 else 1.0


def _orientation(frame: av.VideoFrame) -> int:
    """Returns how a frame lies, numbered as EXIF does, from the matrix that takes it to the screen."""
    matrix: Any = frame.side_data.get("DISPLAYMATRIX")
    if matrix is None:
        return 1
    a, b, _, c, d, *_ = struct.unpack("=9i", bytes(matrix))  # x' = a·x + c·y, y' = b·x + d·y; y points down
    if abs(a) + abs(d) >= abs(b) + abs(c):
        return {(False, False): 1, (True, False): 2, (True, True): 3, (False, True): 4}[a < 0, d < 0]
    return {(False, False): 5, (False, True): 6, (True, True): 7, (True, False): 8}[b < 0, c < 0]


if __name__ == "__main__":
    try:
        sys.exit(main())
    except BrokenPipeError:
        os._exit(0)  # the film was closed
