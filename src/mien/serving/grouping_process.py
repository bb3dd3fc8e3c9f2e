"""Runs groupings in a process that has a low priority (see `people.process`); it starts when one is needed."""

import os
import subprocess
import sys
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

import msgspec
import numpy as np
from numpy.typing import NDArray

from mien.people import process
from mien.people.process import Add, Array, Begin, Call, End, Groups, Remove, Suggest
from mien.people.suggestions import Alike, Suggestions
from mien.system import pipe_messages

if TYPE_CHECKING:
    from mien.face.similarity import Calibration
    from mien.gallery.base import Embeddings, Keys
    from mien.people.grouping import Verdicts


class GroupingLostError(Exception):
    """The process has ended, and with it what it held."""


class GroupingProcess:
    """The process, and the groupings in it. Calls of several threads wait for each other.

    Attributes:
        has_ended: whether it starts no more.
    """

    def __init__(self) -> None:
        self._calling = threading.Lock()
        self._running: subprocess.Popen[bytes] | None = None
        self.has_ended = False
        self._started = 0  # processes so far; a grouping is lost with the one that it began in
        self._answers = msgspec.msgpack.Decoder(process.Answer)

    def begin(self, call: Begin) -> int:
        """Begins a grouping, and the process if need be; returns what further calls about it must give.

        Raises:
            GroupingLostError: the server is stopping.
        """
        with self._calling:
            if self.has_ended:
                raise GroupingLostError
            if self._running is None:
                self._running = _start()
                self._started += 1
            self._exchange(self._running, call)
            return self._started

    def call(self, call: Call, began: int) -> list[NDArray[np.generic]]:
        """Sends a call about a grouping and waits for its answer.

        Raises:
            GroupingLostError: the process ended meanwhile.
        """
        with self._calling:
            if self.has_ended or self._running is None or began != self._started:
                raise GroupingLostError
            return [each.unpacked() for each in self._answers.decode(self._exchange(self._running, call))]

    def rest(self) -> None:
        """Ends the process, if it runs; the next grouping that begins starts another."""
        with self._calling:
            self._rest()

    def end(self) -> None:
        """Ends the process, also during a call, and starts no other."""
        self.has_ended = True
        if running := self._running:
            running.kill()

    def _exchange(self, running: "subprocess.Popen[bytes]", call: Call) -> bytes:
        message = None
        with suppress(OSError):
            if running.stdin and running.stdout:
                pipe_messages.write(running.stdin, msgspec.msgpack.encode(call))
                message = pipe_messages.read(running.stdout)
        if message is None:
            self._rest()
            raise GroupingLostError
        return message

    def _rest(self) -> None:
        running, self._running = self._running, None
        if running:
            running.kill()
            with suppress(OSError), running:  # closes the pipes, and waits
                pass


def _start() -> "subprocess.Popen[bytes]":
    return subprocess.Popen(  # noqa: S603
        [sys.executable, "-P", "-m", process.__name__],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
    )


class DistantGrouping:
    """A grouping in that process, with the methods of `Grouping` that a server uses.

    Args:
        running: the process.
        number: of the grouping in it.
        dimension: of the embeddings.
        calibration: of the pack that made them.
    """

    def __init__(self, running: GroupingProcess, number: int, dimension: int, calibration: "Calibration") -> None:
        self._process, self._number = running, number
        tables = (Array.of(calibration.scores), Array.of(calibration.similarities))
        self._began = self._process.begin(Begin(number, dimension, *tables))

    def add(self, keys: "Keys", embeddings: "Embeddings", photographs: "Keys") -> None:
        """Adds faces (see `Grouping.add`)."""
        half = embeddings.astype(np.float16)  # as the store keeps them
        self._call(Add(self._number, Array.of(keys), Array.of(half), Array.of(photographs)))

    def remove(self, keys: "Keys") -> None:
        """Removes faces (see `Grouping.remove`)."""
        self._call(Remove(self._number, Array.of(keys)))

    def groups(self, verdicts: "Verdicts") -> tuple["Keys", "Keys"]:
        """Returns the groups (see `Grouping.groups`)."""
        different = [(Array.of(one), Array.of(other)) for one, other in verdicts.different]
        call = Groups(self._number, [Array.of(each) for each in verdicts.same], different)
        keys, labels = self._call(call)
        return np.asarray(keys, np.int64), np.asarray(labels, np.int64)

    def suggestions(self, labels: "Keys", users: "Embeddings", least: float, most: int) -> Suggestions:
        """Returns suggestions (see `Grouping.suggestions`)."""
        parts = self._call(Suggest(self._number, Array.of(labels), Array.of(users), least, most))
        return Suggestions(_pairs(parts[:3]), _pairs(parts[3:]))

    def close(self) -> None:
        """Forgets the grouping."""
        with suppress(GroupingLostError):
            self._call(End(self._number))

    def _call(self, call: Call) -> list[NDArray[np.generic]]:
        return self._process.call(call, self._began)


def _pairs(parts: list[NDArray[np.generic]]) -> Alike:
    ones, others, similarities = parts
    return Alike(np.asarray(ones, np.int64), np.asarray(others, np.int64), np.asarray(similarities, np.float64))
