"""Calls a server over many connections on one thread of a separate process, with as little CPU time as it can.

With a thread for each client, switching the GIL between them would take cores from the server. A large body lies in a
file, and `sendfile` sends it without copying it.
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

SMALL = 1 << 16  # bytes up to which a body is copied rather than sent from a file
_MORE = getattr(socket, "MSG_MORE", 0)  # the kernel waits for more data before sending; not every system has it


@dataclass(frozen=True, slots=True)
class Task:
    """The load to generate.

    Attributes:
        operation: the operation of the API.
        body: the body of each call.
        connections: the number of connections.
        seconds: closed loop: how long each connection calls again as soon as it is answered.
        arrivals: open loop: the rising times of the calls, in seconds from the start.
    """

    operation: str
    body: Body
    connections: int
    seconds: float = 0.0
    arrivals: Sequence[float] = ()


@dataclass(slots=True)
class CallTimes:
    """The times of the calls of a task.

    Attributes:
        took: the latency of each call in seconds, from its first byte sent, or its planned time, to the last received.
        late: how long after its planned time each call was sent, in seconds.
        ended: when each call was answered, in seconds from the start, rising.
        processor: the CPU time of the calling process in seconds.
        failed: the error message, or "".
    """

    took: list[float] = field(default_factory=list)
    late: list[float] = field(default_factory=list)
    ended: list[float] = field(default_factory=list)
    processor: float = 0.0
    failed: str = ""


def work(host: str, port: int, pipe: int) -> None:
    """Runs the tasks received through a pipe until it closes. First sends None, when everything is loaded."""
    orders = Connection(pipe)
    numbers = itertools.count()
    gc.disable()
    orders.send(None)
    with suppress(EOFError, KeyboardInterrupt):
        while True:
            task: Task = orders.recv()
            orders.send(_run(host, port, task, numbers))
            gc.collect()


def _run(host: str, port: int, task: Task, numbers: "itertools.count[int]") -> CallTimes:
    """Runs a task over new connections, since the server closes those that were idle for long."""
    times = CallTimes()
    try:
        with ExitStack() as stack, tempfile.TemporaryFile() as file:
            lines = [stack.enter_context(connected(host, port)) for _ in range(task.connections)]
            for line in lines:
                line.setblocking(False)
            file.write(task.body.rest)
            file.flush()
            before = time.process_time()
            _Caller(f"{host}:{port}", task, times, numbers, file).call(lines)
            times.processor = time.process_time() - before
    except (OSError, SetupError) as error:
        times.failed = str(error)
    return times


class _Call:
    """A call in progress: the bytes still to send, and the reply received so far."""

    __slots__ = ("began", "head", "reply", "rest")

    def __init__(self, began: float, head: bytes, rest: int) -> None:
        self.began, self.head, self.rest = began, head, rest
        self.reply = Reply()


class _Caller:
    """Runs one task over its connections."""

    def __init__(
        self, host: str, task: Task, times: CallTimes, numbers: "itertools.count[int]", file: IO[bytes]
    ) -> None:
        self._host, self._task, self._times, self._numbers, self._file = host, task, times, numbers, file.fileno()
        self._rest = task.body.rest
        self._calls: dict[socket.socket, _Call] = {}
        self._sending: set[socket.socket] = set()
        self._idle: list[socket.socket] = []
        self._room = bytearray(PART)
        self._start = 0.0

    def call(self, lines: list[socket.socket]) -> None:
        """Makes the calls."""
        self._idle = lines[::-1]
        self._start = time.perf_counter()
        if self._task.arrivals:
            self._open_loop()
        else:
            self._closed_loop(2 * len(lines) if self._task.seconds and len(lines) > 1 else len(lines))

    def _closed_loop(self, least: int) -> None:
        until, begun = self._start + self._task.seconds, 0
        while self._idle or self._calls:
            now = time.perf_counter()
            while self._idle and (begun < least or now < until):
                begun += 1
                self._begin(self._idle.pop(), now := time.perf_counter())
            self._idle.clear()
            if self._calls:
                self._wait(TIMEOUT)

    def _open_loop(self) -> None:
        planned, waiting = iter([*self._task.arrivals, float("inf")]), deque[float]()
        due = self._start + next(planned)
        while due < float("inf") or self._calls or waiting:
            now = time.perf_counter()
            while due <= now:
                waiting.append(due)
                due = self._start + next(planned)
            while waiting and self._idle:
                began = waiting.popleft()
                self._times.late.append(time.perf_counter() - began)
                self._begin(self._idle.pop(), began)
            if self._calls or not waiting:
                self._wait(max(0.0, min(TIMEOUT, due - time.perf_counter())))

    def _wait(self, seconds: float) -> None:
        """Waits until a connection is readable or writable. `select` is precise to the microsecond, unlike `epoll`."""
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
        self._times.took.append(ended - call.began)
        self._times.ended.append(ended - self._start)
        del self._calls[line]
        self._sending.discard(line)
        self._idle.append(line)
