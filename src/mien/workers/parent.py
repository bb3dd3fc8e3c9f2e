"""The parent of the workers: it starts them, hands each connection to one, replaces those that die, and stops them.

It accepts connections itself, since a kernel would spread few of them unevenly, and passes each to the worker that
holds fewest. From there on it has no part in them.
"""

import logging
import os
import selectors
import signal
import socket
import time
from contextlib import suppress
from pathlib import Path

from mien.config import Settings
from mien.errors import SetupError
from mien.system.bell import Bell
from mien.system.worker import Common
from mien.wire.port import BACKLOG
from mien.workers import child, counts, shares
from mien.workers.board import Board
from mien.workers.channel import News, WorkerEnd
from mien.workers.member import STOPS, Member

log = logging.getLogger("mien")

AT_A_TIME = 64  # connections accepted before anything else is looked at
LOOK = 5.0  # seconds between two looks at whether the workers run
LAST = 30.0  # seconds beyond `stop_timeout` after which a worker that has not stopped is killed
MOST_VAIN = 5  # starts in a row after which no worker served, before the server gives up


class Parent:
    """The parent of the workers of a server.

    Args:
        settings: of the server.
        listening: the bound socket.
        counting: a folder in which workers count.
    """

    def __init__(self, settings: Settings, listening: socket.socket, counting: Path) -> None:
        self._settings, self._listening, self._counting = settings, listening, counting
        self._board = Board(shares.count(settings))
        self._board.parent = os.getpid()
        self._members = [Member(number, self._board) for number in self._board.numbers()]
        self._common = Common(bell=Bell(self._board.count))
        self._events = selectors.DefaultSelector()
        self._woken, self._wakes = socket.socketpair()
        self._welcome = ""
        self._has_begun = self._accepts = False
        self._stopped_by: list[int] = []
        self._looks_at = 0.0

    def run(self) -> None:
        """Serves until a signal stops it.

        Raises:
            SetupError: the workers cannot start.
        """
        self._listening.setblocking(False)
        self._woken.setblocking(False)
        self._wakes.setblocking(False)
        self._events.register(self._woken, selectors.EVENT_READ)
        signal.set_wakeup_fd(self._wakes.fileno(), warn_on_full_buffer=False)
        for number in STOPS:
            signal.signal(number, lambda number, _: self._stopped_by.append(number))
        signal.signal(signal.SIGCHLD, lambda *_: None)  # it wakes the loop
        try:
            self._board.upkeep = 1
            self._start(self._members[0])  # alone until the store is open, which migrates it
            while not self._stopped_by:
                self._turn()
        finally:
            self._end()

    def _turn(self) -> None:
        """Waits until something happens, and sees to it."""
        self._wait(min([self._looks_at, *(member.due for member in self._members if member.due)]))
        for member in self._members:
            code = member.reap()
            if code is not None and not self._stopped_by:
                self._ended(member, code)
            if member.due and member.due <= time.monotonic() and not self._stopped_by:
                self._start(member)
        if time.monotonic() >= self._looks_at:
            self._look()
        self._accept_if(any(member.serves for member in self._members))

    def _look(self) -> None:
        """Kills workers that stand still: they might have locks for which the others wait, and connections."""
        self._looks_at = time.monotonic() + LOOK
        for member in self._members:
            if not member.looked_at():
                log.error("a worker stands still and is killed", extra={"facts": {"worker": member.number}})
                member.kill(signal.SIGKILL)

    def _wait(self, until: float) -> None:
        for key, _ in self._events.select(max(0.0, until - time.monotonic())):
            if key.fileobj is self._listening:
                self._accept()
            elif key.fileobj is self._woken:
                with suppress(BlockingIOError):
                    self._woken.recv(4096)
            else:
                self._hear(key.data)

    # -------------------------------------------------------------------------------------------------- connections

    def _accept_if(self, serving: bool) -> None:
        """Accepts connections while a worker serves, and otherwise lets them wait in the kernel."""
        if self._has_begun and serving != self._accepts:
            self._accepts = serving
            if serving:
                self._events.register(self._listening, selectors.EVENT_READ)
            else:
                self._events.unregister(self._listening)

    def _accept(self) -> None:
        for _ in range(AT_A_TIME):
            try:
                accepted, _ = self._listening.accept()
            except BlockingIOError:
                return
            except OSError as error:  # the client has gone, or no further file may be opened
                log.warning("a connection was not accepted", extra={"facts": {"why": error.strerror}})
                return
            with accepted:
                self._hand_over(accepted)

    def _hand_over(self, accepted: socket.socket) -> None:
        """Hands a connection to the worker that holds fewest; closes it if there are too many."""
        able = sorted((member for member in self._members if member.serves), key=lambda member: member.open)
        if sum(member.open for member in able) < self._settings.connections:
            for member in able:
                if member.channel and member.channel.hand_over(accepted):
                    member.given += 1
                    return
        if able:
            self._board.count_refused(able[0].number)

    # ------------------------------------------------------------------------------------------------------ workers

    def _start(self, member: Member) -> None:
        member.start(self._become)
        if member.channel:
            self._events.register(member.channel.socket, selectors.EVENT_READ, member)

    def _become(self, number: int, end: WorkerEnd) -> int:
        """Turns this process, which was just forked, into a worker, and returns its exit code."""
        signal.set_wakeup_fd(-1)
        for each in (*STOPS, signal.SIGCHLD):
            signal.signal(each, signal.default_int_handler if each == signal.SIGINT else signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPS)
        port = self._listening.getsockname()[1]
        # the ends of other channels too, or their workers would not see that the parent is gone
        self._events.close()
        for held in (self._woken, self._wakes, self._listening, *self._channels(but=number)):
            held.close()
        return child.run(self._settings, number, self._board, end, self._common, self._counting, port)

    def _channels(self, but: int) -> list[socket.socket]:
        """Returns the ends of all channels, except for a worker's own end."""
        ends = [member.channel.socket for member in self._members if member.channel]
        others = [member.its_end.socket for member in self._members if member.its_end and member.number != but]
        return ends + others

    def _hear(self, member: Member) -> None:
        for news in member.channel.news() if member.channel else ():
            self._take_in(member, news)

    def _take_in(self, member: Member, news: News) -> None:
        if news.kind == "opened" and not self._has_begun and member.number == 1:
            for other in self._members[1:]:
                self._start(other)
        elif news.kind == "failed":
            member.why = news.text
        elif news.kind == "ready":
            member.since = time.monotonic()
            self._welcome = self._welcome or news.text
            self._assign_upkeep()
            if self._has_begun:
                log.warning("a worker serves again", extra={"facts": {"worker": member.number}})
            self._begin()
        elif news.kind == "ask":
            for other in self._members:
                if other is not member and other.channel and other.serves:
                    other.channel.ask(news.text)

    def _begin(self) -> None:
        """Listens and prints the welcome, once all workers serve."""
        if self._has_begun or not all(member.serves for member in self._members):
            return
        self._has_begun = True
        self._listening.listen(BACKLOG)
        print(self._welcome, flush=True)  # noqa: T201

    def _ended(self, member: Member, code: int) -> None:
        """Sees to a worker that has ended.

        Raises:
            SetupError: the server cannot begin without it, or none of its workers can start any more.
        """
        self._common.forget(member.number)
        self._hear(member)  # its last words
        if member.channel:
            self._events.unregister(member.channel.socket)
        left = member.disconnect()
        counts.forget(self._counting, member.number)
        why = member.why or f"Worker {member.number} ended before it served, with {_how(code)}; see the log."
        if not self._has_begun:
            raise SetupError(why)
        if all(each.vain >= MOST_VAIN and not each.serves for each in self._members):
            raise SetupError(f"No worker starts any more. {why}")
        pause = max(0.0, member.due - time.monotonic())
        facts = {"worker": member.number, "how": _how(code), "pause": round(pause, 1)}
        log.error("a worker ended and is started again", extra={"facts": facts | ({"why": why} if member.why else {})})
        self._assign_upkeep()
        for accepted in left:
            with accepted:
                self._hand_over(accepted)

    def _assign_upkeep(self) -> None:
        """Leaves the upkeep of the store to the worker that has it, or gives it to the first that serves."""
        now = next((member for member in self._members if member.number == self._board.upkeep), None)
        if now is None or not now.process:
            self._board.upkeep = next((member.number for member in self._members if member.serves), 0)

    # --------------------------------------------------------------------------------------------------------- end

    def _end(self) -> None:
        """Stops the workers, and waits for them. Further signals are theirs too, and mean what a lone process does."""
        if self._accepts:
            self._events.unregister(self._listening)
        self._listening.close()
        for member in self._members:
            member.kill(signal.SIGTERM)
        passed_on, last = len(self._stopped_by), time.monotonic() + self._settings.stop_timeout + LAST
        while any(member.process for member in self._members):
            self._wait(time.monotonic() + 1.0)
            further = self._stopped_by[passed_on:]
            passed_on += len(further)
            for member in self._members:
                member.reap()
                for number in further:
                    member.kill(signal.Signals(number))
                if member.process and time.monotonic() > last:
                    log.error("a worker does not stop and is killed", extra={"facts": {"worker": member.number}})
                    member.kill(signal.SIGKILL)


def _how(code: int) -> str:
    """Returns in words how a process ended."""
    return f"code {code}" if code >= 0 else f"the signal {signal.Signals(-code).name}"
