"""The channel between the parent and a worker: connections and questions one way, news the other.

The end of the parent closes the channel, which is how a worker notices it.
"""

import json
import socket
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

_CONNECTION = b"c"  # comes with a descriptor
_LETTERS = {"ready": b"r", "metrics": b"m"}
_WORDS = {letter[0]: word for word, letter in _LETTERS.items()}
_MOST = 64  # descriptors in one message


@dataclass(frozen=True, slots=True)
class News:
    """What a worker tells its parent.

    Attributes:
        kind: "opened": the store is open; "ready": it serves, and `text` is the welcome; "failed": it cannot start, and
            `text` says why; "ask": `text` is a question for the others.
        text: as `kind` says.
    """

    kind: str
    text: str = ""


class GoneError(Exception):
    """The parent has ended."""


class ParentEnd:
    """The parent's end of a channel."""

    def __init__(self, end: socket.socket) -> None:
        self.socket = end
        self._read = b""
        end.setblocking(False)

    def hand_over(self, accepted: socket.socket) -> bool:
        """Passes an accepted connection to the worker; returns False if it cannot take one now."""
        try:
            socket.send_fds(self.socket, [_CONNECTION], [accepted.fileno()])
        except OSError:  # full, or the worker has ended
            return False
        return True

    def ask(self, question: str) -> None:
        """Puts a question to the worker, if it takes one now."""
        try:
            self.socket.send(_LETTERS[question])
        except OSError:
            return

    def news(self) -> Iterator[News]:
        """Yields what the worker has told since."""
        while True:
            try:
                got = self.socket.recv(65_536)
            except OSError:  # there is no more
                return
            *lines, self._read = (self._read + got).split(b"\n")
            for line in lines:
                told: dict[str, Any] = json.loads(line)
                yield News(told["kind"], told["text"])


class WorkerEnd:
    """The worker's end of a channel."""

    def __init__(self, end: socket.socket) -> None:
        self.socket = end

    def tell(self, kind: str, text: str = "") -> None:
        """Tells the parent something (see `News`).

        Raises:
            GoneError: the parent has ended.
        """
        with suppress(BlockingIOError):  # the parent lags behind, and a question may go unanswered
            self._send(kind, text)

    def _send(self, kind: str, text: str) -> None:
        try:
            self.socket.sendall(json.dumps({"kind": kind, "text": text}).encode() + b"\n")
        except BlockingIOError:
            raise
        except OSError:
            raise GoneError from None

    def take(self) -> tuple[list[socket.socket], list[str]]:
        """Returns connections and questions that have arrived; the channel must not block by now.

        Raises:
            GoneError: the parent has ended.
        """
        try:
            letters, descriptors, _, _ = socket.recv_fds(self.socket, _MOST, _MOST)
        except BlockingIOError:
            return [], []
        except OSError:
            raise GoneError from None
        if not letters:
            raise GoneError
        accepted = [socket.socket(fileno=descriptor) for descriptor in descriptors]
        return accepted, list(dict.fromkeys(_WORDS[letter] for letter in letters if letter in _WORDS))


def channel() -> tuple[ParentEnd, WorkerEnd]:
    """Returns the two ends of a new channel."""
    parent, worker = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    return ParentEnd(parent), WorkerEnd(worker)
