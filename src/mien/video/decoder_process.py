"""The process that decodes a film, as seen from this side: started, given the film's bytes, waited for, and ended.

Its end by a fault of its own, or its silence, is a damaged film here and no more. It has neither files nor the
environment, and no more memory than a film of its size may need.
"""

import importlib.util
import json
import os
import select
import signal
import stat
import subprocess
import sys
import weakref
from collections.abc import Iterator, Mapping
from contextlib import suppress
from os import PathLike
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from mien.errors import FilmError, SetupError
from mien.video import messages

PATIENCE = 30.0  # seconds without a sign of life, after which the process is ended
TIMEOUT = 10.0  # seconds that a camera or server may be silent
PIPE = 1 << 20  # bytes that the kernel holds between the processes, where it may
MOST_TEXT = 1 << 16  # bytes of a message that is no frame
REASONS = {
    "damaged": "The film is damaged or cut off, or it is no film of a format that is taken.",
    "cut": "The film is cut off: it ends before its header says.",
    "no pictures": "The file has no moving pictures.",
    "codec": "The film's codec is not taken: it must be H.264. The setting video_formats takes others.",
    "pixels": "The film's pictures are too large: they may have {pixels:,} pixels.",
    "hours": "The film is too long: it may have {hours:g} hours. The setting video_hours takes longer ones.",
    "bytes": "The film is too large: it may have {gigabytes:g} GB. The setting video_gigabytes takes larger ones.",
    "memory": "The film needs more memory than a film of its size may take.",
    "unreachable": "The address cannot be opened, does not answer, or ended in the middle of a picture.",
    "silent": "The film's decoder did not answer for {patience:g} seconds; the film is damaged.",
    "killed": "The film's decoder was killed, as it is when the machine has no memory left. Try again.",
    "no file": "The path is no file.",
    "empty": "The film is empty.",
}


class DecoderKilledError(FilmError):
    """The process was killed from outside; the film may be whole."""


class DecoderProcess:
    """A process that decodes one film.

    Args:
        source: what `film.open_film` takes.
        bounds: formats, gigabytes, hours, pixels and memory.
    """

    def __init__(self, source: PathLike[str] | str | BinaryIO, bounds: Mapping[str, Any]) -> None:
        if importlib.util.find_spec("av") is None:
            raise SetupError("Films need the package av: pip install 'mien[video]'.")
        self._bounds = bounds
        self._file = None if isinstance(source, str | PathLike) else source
        self._given = 0  # bytes of a file whose size is not known
        self._live = isinstance(source, str) and "://" in source
        opened = None if self._live or self._file is not None else _opened(source)
        try:
            self._size = _size(self._file) if opened is None else os.fstat(opened).st_size
            if not self._live:
                self._check_size()
            self._process = _started(opened)
        finally:
            if opened is not None:
                os.close(opened)
        self._end = weakref.finalize(self, _ended, self._process)
        asked = {
            **bounds, "address": source if self._live else None, "file": opened, "size": self._size,
            "timeout": TIMEOUT, "threads": min(4, len(os.sched_getaffinity(0))),
        }  # fmt: skip
        self._send(messages.written(messages.START, **asked))

    def answer(self, kind: bytes) -> bytes:
        """Waits for a message of a kind.

        Raises:
            FilmError: another came, or the process ended.
        """
        got, payload = self._next()
        if got != kind:
            raise self._failed("damaged")
        return bytes(payload)

    def frames(self, every_ms: int, start_ms: int) -> Iterator[NDArray[np.uint8]]:
        """Yields what follows each message of a frame: its head, and its pixels.

        Raises:
            FilmError: the film is damaged.
        """
        self._send(messages.written(messages.START, every_ms=every_ms, start_ms=start_ms))
        while True:
            if self._live:
                self._send(messages.message(messages.NEXT))
            kind, payload = self._next()
            if kind == messages.END:
                return
            if kind != messages.FRAMES_FOLLOW:
                raise self._failed("damaged")
            yield payload

    def close(self) -> None:
        """Ends the process."""
        self._end()

    def _next(self) -> tuple[bytes, NDArray[np.uint8]]:
        """Returns the next message that is for the caller; answers those that ask for the film's bytes."""
        while True:
            kind, length = messages.HEAD.unpack(self._read(messages.HEAD.size).data)
            most = messages.FRAME.size + 8 * self._bounds["pixels"] if kind == messages.FRAMES_FOLLOW else MOST_TEXT
            if length > most:
                raise self._failed("damaged")
            payload = self._read(length)
            if kind == messages.WANTS:
                self._give(*messages.READ.unpack(payload.data))
            elif kind == messages.FAILED:
                raise self._failed(json.loads(bytes(payload)).get("reason"))
            elif kind != messages.ALIVE:
                return kind, payload

    def _give(self, offset: int, length: int) -> None:
        if self._file is None or not 0 <= length <= 1 << 26:
            raise self._failed("damaged")
        if offset >= 0 and offset != self._file.tell():
            self._file.seek(offset)
        data = self._file.read(length)
        self._given += len(data)
        if self._size is None:
            self._check_size()
        self._send(messages.message(messages.BYTES, data))

    def _check_size(self) -> None:
        size = self._given if self._size is None else self._size
        if size > self._bounds["gigabytes"] * 1e9:
            raise self._refused("bytes")
        if self._size == 0:
            raise self._refused("empty")

    def _read(self, length: int) -> NDArray[np.uint8]:
        """Reads so many bytes, and ends the process where none come for too long."""
        found = np.empty(length, np.uint8)
        place, pipe = found.data, self._pipe(self._process.stdout)
        while place:
            if not select.select([pipe], [], [], PATIENCE)[0]:
                raise self._failed("silent")
            count = os.readv(pipe, [place])
            if not count:
                raise self._died()
            place = place[count:]
        return found

    def _send(self, data: bytes) -> None:
        pipe, place = self._pipe(self._process.stdin), memoryview(data)
        try:
            while place:
                place = place[os.write(pipe, place) :]
        except BrokenPipeError:
            pass  # what it said before is read next

    def _pipe(self, stream: Any) -> int:
        if stream is None or stream.closed:
            raise self._refused("damaged")
        return int(stream.fileno())

    def _failed(self, reason: Any) -> FilmError:
        self.close()
        return self._refused(reason)

    def _died(self) -> FilmError:
        """Returns why the process ended by itself; what kills it from outside says nothing about the film."""
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(1.0)
        was_killed = self._process.returncode == -signal.SIGKILL
        error = self._failed("killed" if was_killed else "damaged")
        return DecoderKilledError(str(error)) if was_killed else error

    def _refused(self, reason: Any) -> FilmError:
        return FilmError(REASONS.get(reason, REASONS["damaged"]).format(patience=PATIENCE, **self._bounds))


def _opened(source: Any) -> int:
    found = os.open(source, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)  # a pipe without a writer would block
    if not stat.S_ISREG(os.fstat(found).st_mode):
        os.close(found)
        raise FilmError(REASONS["no file"])
    return found


def _size(file: BinaryIO | None) -> int | None:
    """Returns the bytes of a file, None where it can only be read on."""
    if file is None or not file.seekable():
        return None
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    return size


def _started(opened: int | None) -> "subprocess.Popen[bytes]":
    folders = os.pathsep.join(each for each in sys.path if each)
    return subprocess.Popen(
        [sys.executable, "-S", "-B", "-P", "-m", "mien.video.decoding"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        pass_fds=() if opened is None else (opened,),
        env={"PYTHONPATH": folders, "MALLOC_ARENA_MAX": "2"},
        bufsize=0,
    )


def _ended(process: "subprocess.Popen[bytes]") -> None:
    process.kill()
    process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            pipe.close()
