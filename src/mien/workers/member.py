"""A worker as its parent sees it: how it is forked, how many connections it holds, and when it is started again."""

import os
import signal
import socket
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from mien.workers.board import READY, Board
from mien.workers.channel import GoneError, ParentEnd, WorkerEnd, channel

STEADY = 30.0  # seconds that a worker serves, after which the next failure counts as the first
PAUSES = (0.0, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0)  # seconds before a worker is started again, by its failures in a row
SILENT = 6  # looks of the parent without a sign from a worker after which it stands still
STOPS = (signal.SIGTERM, signal.SIGINT)

Become = Callable[[int, WorkerEnd], int]  # runs a worker in this process, and returns its exit code


def flush() -> None:
    """Writes what is buffered, which a process that ends at once would lose, and a forked one write again."""
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:  # it was closed before this process began
            stream.flush()


@dataclass(slots=True)
class Member:
    """A worker.

    Attributes:
        number: from 1.
        board: shared with it.
        process: its id; 0 while it does not run.
        channel: to it; None while it does not run.
        its_end: the worker's end of the channel, kept open for what a killed worker leaves in it.
        given: connections it was given.
        failures: in a row, each soon after it began to serve or before.
        vain: starts in a row after which it did not serve.
        due: when to start it, by `time.monotonic`; 0 if it is not to be.
        since: when it began to serve; 0 before.
        why: why it could not start, if it said so.
        beats: how often it had shown that it runs, at the parent's last look.
        silence: the parent's looks since then.
    """

    number: int
    board: Board
    process: int = 0
    channel: ParentEnd | None = None
    its_end: WorkerEnd | None = None
    given: int = 0
    failures: int = 0
    vain: int = 0
    due: float = 0.0
    since: float = 0.0
    why: str = ""
    beats: int = 0
    silence: int = 0

    @property
    def serves(self) -> bool:
        """Whether it can be given connections."""
        return bool(self.process) and self.board.state(self.number) == READY

    @property
    def open(self) -> int:
        """The connections that it holds, or is about to."""
        return self.given - self.board.closed(self.number)

    def start(self, become: Become) -> None:
        """Forks the worker; in its process this does not return."""
        self.channel, self.its_end = channel()
        self.given, self.due, self.since, self.why, self.silence = 0, 0.0, 0.0, "", 0
        self.board.begin(self.number)
        flush()
        signal.pthread_sigmask(signal.SIG_BLOCK, STOPS)  # one that arrives now must not meet the parent's handler
        process = os.fork()
        if not process:
            code = 1
            try:
                code = become(self.number, self.its_end)
            finally:
                os._exit(code)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPS)
        self.process = process
        self.board.started(self.number, process)

    def looked_at(self) -> bool:
        """Returns whether it has shown at one of the last SILENT looks that it runs; called for each look.

        Looks are counted, and not seconds, since the parent may have stood still as well.
        """
        beats = self.board.beats(self.number)
        self.silence = 0 if beats != self.beats or not self.serves else self.silence + 1
        self.beats = beats
        return self.silence < SILENT

    def reap(self) -> int | None:
        """Returns how the worker ended, as `subprocess` counts it; None while it runs."""
        if not self.process:
            return None
        found, status = os.waitpid(self.process, os.WNOHANG)
        if not found:
            return None
        steady = self.since and time.monotonic() - self.since > STEADY
        self.failures = 1 if steady else self.failures + 1
        self.vain = 0 if self.since else self.vain + 1
        self.due = time.monotonic() + PAUSES[min(self.failures, len(PAUSES)) - 1]
        self.process = 0
        self.board.end(self.number)
        return os.waitstatus_to_exitcode(status)

    def disconnect(self) -> list[socket.socket]:
        """Closes the channel, and returns the connections that the worker was given and did not take."""
        left: list[socket.socket] = []
        if self.channel and self.its_end:
            self.channel.socket.close()
            self.its_end.socket.setblocking(False)
            with suppress(GoneError):
                while any(taken := self.its_end.take()):
                    left += taken[0]
            self.its_end.socket.close()
        self.channel = self.its_end = None
        return left

    def kill(self, number: signal.Signals) -> None:
        """Sends it a signal, if it runs."""
        if self.process:  # not reaped, so that the id is still its own
            os.kill(self.process, number)
