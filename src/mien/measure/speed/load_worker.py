"""The process that calls: many connections on one thread, so that calling takes as little of the processor as it can.

It is a process of its own, because the server shall not share the cores with an interpreter that hands its lock from
client to client. A body that is not small lies in a file, and `sendfile` lets the system send it without copying it.
"""

import gc
import itertools
import os
import select
import socket
import tempfile
import time
from collections import deque
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from typing import IO

from mien.errors import SetupError
from mien.measure.speed.http_client import PART, TIMEOUT, Body, Reply, connected, head

SMALL = 1 << 16  # bytes of a body that are copied rather than sent from a file
_MORE = getattr(socket, "MSG_MORE", 0)  # what is sent now waits for what follows; not every system has it


@dataclass(frozen=True, slots=True)
class Task:
    """What to call.

    Attributes:
        operation: of the API.
        body: of each call.
        lines: how many connections call at the same time.
        seconds: for how long each calls again as soon as it is answered.
        arrivals: or when to call, in seconds from the start, in order, whether or not others were answered.
    """

    operation: str
    body: Body
    lines: int
    seconds: float = 0.0
    arrivals: Sequence[float] = ()


@dataclass(slots=True)
class CallTimes:
    """What came of it.

    Attributes:
        took: seconds of each call: from its first byte sent, or from its planned arrival, to its last byte received.
        late: seconds that each arrival was sent after it was planned.
        ended: when each was answered, in seconds from the start, in order.
        processor: seconds of a processor that calling took.
        failed: what went wrong, or "".
    """

    took: list[float] = field(default_factory=list)
    late: list[float] = field(default_factory=list)
    ended: list[float] = field(default_factory=list)
    processor: float = 0.0
    failed: str = ""


def work(host: str, port: int, pipe: int) -> None:
    """Do the tasks that come through a pipe until it ends; a first answer, None, says that everything is loaded."""
    orders = Connection(pipe)
    numbers = itertools.count()
    gc.disable()
    orders.send(None)
    with suppress(EOFError, KeyboardInterrupt):
        while True:
            task: Task = orders.recv()
            orders.send(_done(host, port, task, numbers))
            gc.collect()


def _done(host: str, port: int, task: Task, numbers: "itertools.count[int]") -> CallTimes:
    """Do a task, over connections of its own: the server closes those that were idle for long."""
    told = CallTimes()
    try:
        with ExitStack() as stack, tempfile.TemporaryFile() as file:
            lines = [stack.enter_context(connected(host, port)) for _ in range(task.lines)]
            for line in lines:
                line.setblocking(False)
            file.write(task.body.rest)
            file.flush()
            before = time.process_time()
            _Caller(f"{host}:{port}", task, told, numbers, file).call(lines)
            told.processor = time.process_time() - before
    except (OSError, SetupError) as error:
        told.failed = str(error)
    return told


class _Call:
    """A call under way: what is still to be sent of it, and what has been received."""

    __slots__ = ("began", "head", "reply", "rest")

    def __init__(self, began: float, head: bytes, rest: int) -> None:
        self.began, self.head, self.rest = began, head, rest
        self.reply = Reply()


class _Caller:
    """One task."""

    def __init__(
        self, host: str, task: Task, told: CallTimes, numbers: "itertools.count[int]", file: IO[bytes]
    ) -> None:
        self._host, self._task, self._told, self._numbers, self._file = host, task, told, numbers, file.fileno()
        self._rest = task.body.rest
        self._calls: dict[socket.socket, _Call] = {}
        self._sending: set[socket.socket] = set()
        self._idle: list[socket.socket] = []
        self._room = bytearray(PART)
        self._start = 0.0

    def call(self, lines: list[socket.socket]) -> None:
        """Do it."""
        self._idle = lines[::-1]
        self._start = time.perf_counter()
        if self._task.arrivals:
            self._as_planned()
        else:
            self._again_and_again(2 * len(lines) if self._task.seconds and len(lines) > 1 else len(lines))

    def _again_and_again(self, least: int) -> None:
        until, begun = self._start + self._task.seconds, 0
        while self._idle or self._calls:
            now = time.perf_counter()
            while self._idle and (begun < least or now < until):
                begun += 1
                self._begin(self._idle.pop(), now := time.perf_counter())
            self._idle.clear()
            if self._calls:
                self._go_on(TIMEOUT)

    def _as_planned(self) -> None:
        planned, waiting = iter([*self._task.arrivals, float("inf")]), deque[float]()
        due = self._start + next(planned)
        while due < float("inf") or self._calls or waiting:
            now = time.perf_counter()
            while due <= now:
                waiting.append(due)
                due = self._start + next(planned)
            while waiting and self._idle:
                began = waiting.popleft()
                self._told.late.append(time.perf_counter() - began)
                self._begin(self._idle.pop(), began)
            if self._calls or not waiting:
                self._go_on(max(0.0, min(TIMEOUT, due - time.perf_counter())))

    def _go_on(self, seconds: float) -> None:
        """Wait at most so long for something that can be read or sent; `select` waits to the microsecond."""
        readable, writable, _ = select.select(self._calls, self._sending, (), seconds)
        if not readable and not writable and seconds >= TIMEOUT:
            raise SetupError(f"The server did not answer {self._task.operation} within {TIMEOUT:.0f} seconds.")
        for line in writable:
            self._send(line)
        for line in readable:
            self._receive(line)

    def _begin(self, line: socket.socket, began: float) -> None:
        before = self._task.body.before(next(self._numbers)) if self._task.body.numbered else b""
        start = head(self._host, self._task.operation, len(before) + len(self._rest)) + before
        whole = len(self._rest) <= SMALL
        self._calls[line] = _Call(began, start + self._rest if whole else start, 0 if whole else len(self._rest))
        self._send(line)

    def _send(self, line: socket.socket) -> None:
        call, length = self._calls[line], len(self._rest)
        try:
            while call.head:
                call.head = call.head[line.send(call.head, _MORE if call.rest else 0) :]
            while call.rest:
                call.rest -= os.sendfile(line.fileno(), self._file, length - call.rest, call.rest)
        except BlockingIOError:
            self._sending.add(line)
            return
        self._sending.discard(line)

    def _receive(self, line: socket.socket) -> None:
        call = self._calls[line]
        read = line.recv_into(self._room)
        if not call.reply.add(memoryview(self._room)[:read]):
            return
        ended = time.perf_counter()
        call.reply.body(self._task.operation)
        self._told.took.append(ended - call.began)
        self._told.ended.append(ended - self._start)
        del self._calls[line]
        self._sending.discard(line)
        self._idle.append(line)
