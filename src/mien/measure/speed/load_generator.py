"""Clients that call at the same time, as whoever measures sees them; what does the calling is in `caller`."""

import subprocess
import sys
from dataclasses import dataclass
from multiprocessing import Pipe
from typing import Any

from mien.errors import SetupError
from mien.measure.speed.http_client import Body, Client
from mien.measure.speed.load_worker import CallTimes, Task

_END = 10.0  # seconds that the process has to end
_WORK = "import sys; from mien.measure.speed import caller; caller.work(sys.argv[1], *map(int, sys.argv[2:]))"


@dataclass(frozen=True, slots=True)
class LoadResult:
    """What came of calling for a while.

    Attributes:
        took: seconds of each call.
        answered: how many of them count for the rate.
        wall: seconds in which those were answered.
        processor: seconds of a processor that calling took.
        whole: seconds of wall time in all.
    """

    took: list[float]
    answered: int
    wall: float
    processor: float
    whole: float


class LoadGenerator:
    """Clients in a process of their own, each calling again as soon as it is answered, or all when it was planned."""

    def __init__(self, host: str, port: int, clients: int) -> None:
        self._clients = clients
        self._one = Client(host, port)
        self._orders, theirs = Pipe()
        number = theirs.fileno()
        command = [sys.executable, "-c", _WORK, host, str(port), str(number)]
        self._process = subprocess.Popen(command, pass_fds=[number])  # noqa: S603  the command is this program
        theirs.close()
        self._hear()

    def __len__(self) -> int:
        """How many there are."""
        return self._clients

    def close(self) -> None:
        """Hang up."""
        self._one.close()
        self._orders.close()
        try:
            self._process.wait(_END)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def once(self, operation: str, body: bytes) -> bytes:
        """Call once, from this process; the answer's body."""
        return self._one.call(operation, body)[0]

    def call(self, operation: str, body: Body, seconds: float) -> LoadResult:
        """Call an operation for a while: at least once each, and twice where there are more than one and some seconds.

        Of more than one client, what was answered while all of them were calling counts for the rate: not the first
        answers, as many as there are clients, nor those after the time was over.

        Raises:
            SetupError: the server refused a call or hung up.
        """
        told = self._do(Task(operation, body, self._clients, seconds))
        processor, whole = told.processor, told.ended[-1]
        if self._clients == 1:
            return LoadResult(told.took, len(told.took), sum(told.took), processor, whole)
        began = told.ended[self._clients - 1]
        counted = [at for at in told.ended[self._clients :] if at <= seconds]
        if not counted:
            return LoadResult(told.took, len(told.took), whole, processor, whole)
        return LoadResult(told.took, len(counted), counted[-1] - began, processor, whole)

    def arrive(self, operation: str, body: Body, arrivals: list[float], lines: int) -> CallTimes:
        """Call at planned times, over so many kept connections; what finds none idle waits for one.

        Raises:
            SetupError: the server refused a call or hung up.
        """
        return self._do(Task(operation, body, lines, arrivals=arrivals))

    def _do(self, task: Task) -> CallTimes:
        self._orders.send(task)
        told: CallTimes = self._hear()
        if told.failed:
            raise SetupError(told.failed)
        return told

    def _hear(self) -> Any:
        try:
            return self._orders.recv()
        except EOFError:
            raise SetupError("The process that calls the server has ended.") from None
