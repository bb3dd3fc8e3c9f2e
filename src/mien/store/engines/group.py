"""Group commit: threads that write at the same time share one commit, since each commit waits for the disk.

Of the threads that come, one leads: it commits the work of all who wait by then, itself among them, and hands the lead
to the first of those who came meanwhile. There is no thread for it, and who comes alone waits for nobody.
"""

import threading
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from mien.store.base import Cursor

T = TypeVar("T")


class Piece:
    """A piece of work on its way through a commit, and what came of it: `result` or `error`."""

    __slots__ = ("done", "error", "result", "turn", "work")

    def __init__(self, work: Callable[[Cursor], Any]) -> None:
        self.work = work
        self.result: Any = None
        self.error: BaseException | None = None
        self.done = False
        self.turn = threading.Lock()  # let go of when the work is done, or when it is this thread's turn to lead
        self.turn.acquire()


class GroupCommit:
    """Brings pieces of work together.

    Args:
        commit: runs pieces in one transaction and gives each its result or error. It must not raise.
    """

    def __init__(self, commit: Callable[[Sequence[Piece]], None]) -> None:
        self._commit = commit
        self._waiting: list[Piece] = []
        self._led = False
        self._changing = threading.Lock()

    def run(self, work: Callable[[Cursor], T]) -> T:
        """Run `work` in a transaction with others'; returns when that is committed, or raises what `work` raised."""
        piece = Piece(work)
        with self._changing:
            self._waiting.append(piece)
            leads, self._led = not self._led, True
        if not leads:
            piece.turn.acquire()
        if not piece.done:
            self._lead(piece)
        if piece.error is not None:
            raise piece.error
        result: T = piece.result
        return result

    def _lead(self, leader: Piece) -> None:
        with self._changing:
            pieces, self._waiting = self._waiting, []
        try:
            self._commit(pieces)
        finally:
            with self._changing:
                if self._waiting:
                    self._waiting[0].turn.release()  # its piece is not done, so it leads
                else:
                    self._led = False
            for piece in pieces:
                piece.done = True
                if piece is not leader:
                    piece.turn.release()
