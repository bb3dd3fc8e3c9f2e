"""Generates load from concurrent clients, by a process that runs `load_worker`."""

import subprocess
import sys
from dataclasses import dataclass
from multiprocessing import Pipe
from typing import Any

from mien.errors import SetupError
from mien.measure.speed.http_client import Body, Client
from mien.measure.speed.load_worker import CallTimes, Task

_EXIT_TIMEOUT = 10.0  # seconds for the process to exit
_WORK = "import sys; from mien.measure.speed import load_worker; load_worker.work(sys.argv[1], *map(int, sys.argv[2:]))"


@dataclass(frozen=True, slots=True)
class LoadResult:
    """The times of closed-loop calls.

    Attributes:
        took: the latency of each call in seconds.
        answered: the number of calls that count for the rate.
        wall: the seconds in which those were answered.
        processor: the CPU time of the calling process in seconds.
        whole: the total wall time in seconds.
    """

    took: list[float]
    answered: int
    wall: float
    processor: float
    whole: float


class LoadGenerator:
    """Clients in a separate process that call in a closed loop, or at planned times."""

    def __init__(self, host: str, port: int, clients: int) -> None:
        self._clients = clients
        self._one = Client(host, port)
        self._orders, theirs = Pipe()
        number = theirs.fileno()
        command = [sys.executable, "-c", _WORK, host, str(port), str(number)]
        self._process = subprocess.Popen(command, pass_fds=[number])  # noqa: S603  the command is this program
        theirs.close()
        self._receive()

    def __len__(self) -> int:
        """Returns the number of clients."""
        return self._clients

    def close(self) -> None:
        """Closes the connections and ends the process."""
        self._one.close()
        self._orders.close()
        try:
            self._process.wait(_EXIT_TIMEOUT)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def once(self, operation: str, body: bytes) -> bytes:
        """Calls once from this process; returns the response's body."""
        return self._one.call(operation, body)[0]

    def call(self, operation: str, body: Body, seconds: float) -> LoadResult:
        """Calls an operation in a closed loop for some seconds, at least once for each client, or twice for several.

        With several clients, only answers received while all were calling count for the rate: neither the first ones,
        as many as there are clients, nor those after the time was over.

        Raises:
            SetupError: the server refused a call or closed a connection.
        """
        times = self._run(Task(operation, body, self._clients, seconds))
        processor, whole = times.processor, times.ended[-1]
        if self._clients == 1:
            return LoadResult(times.took, len(times.took), sum(times.took), processor, whole)
        began = times.ended[self._clients - 1]
        counted = [at for at in times.ended[self._clients :] if at <= seconds]
        if not counted:
            return LoadResult(times.took, len(times.took), whole, processor, whole)
        return LoadResult(times.took, len(counted), counted[-1] - began, processor, whole)

    def call_at(self, operation: str, body: Body, arrivals: list[float], connections: int) -> CallTimes:
        """Calls an operation at planned times. A call that finds no idle connection waits for one.

        Raises:
            SetupError: the server refused a call or closed a connection.
        """
        return self._run(Task(operation, body, connections, arrivals=arrivals))

    def _run(self, task: Task) -> CallTimes:
        self._orders.send(task)
        times: CallTimes = self._receive()
        if times.failed:
            raise SetupError(times.failed)
        return times

    def _receive(self) -> Any:
        try:
            return self._orders.recv()
        except EOFError:
            raise SetupError("The process that calls the server has exited.") from None
