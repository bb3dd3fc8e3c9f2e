"""The board that the parent and its workers share: who serves, who has the upkeep, and what each has answered.

Every figure is one aligned word with one writer, so that readers need no lock and a killed writer leaves none.
"""

import time

from mien.system.shared_memory import SharedMemory

STARTING, READY, LEAVING = 1, 2, 3  # states of a worker; 0 for one that does not run
QUESTIONS = ("ready", "metrics")
_WORDS = 64  # of 8 bytes, for each worker
_PROCESS, _STATE, _CLOSED, _REFUSED, _ANSWERED, _LENGTH, _BEATS, _TEXT = 0, 1, 2, 3, 4, 6, 7, 8
_UPKEEP, _PARENT = 0, 1  # words before the first worker's


class Board:
    """Figures about the workers, by their numbers from 1.

    Args:
        count: how many workers there are.
    """

    def __init__(self, count: int) -> None:
        self.count = count
        self._bytes = SharedMemory(8 * _WORDS * (count + 1)).view
        self._whole, self._real = self._bytes.cast("q"), self._bytes.cast("d")

    @property
    def upkeep(self) -> int:
        """The number of the worker that sweeps the store."""
        return self._whole[_UPKEEP]

    @upkeep.setter
    def upkeep(self, number: int) -> None:
        self._whole[_UPKEEP] = number

    @property
    def parent(self) -> int:
        """The process id of the parent."""
        return self._whole[_PARENT]

    @parent.setter
    def parent(self, process: int) -> None:
        self._whole[_PARENT] = process

    def processes(self) -> list[int]:
        """Returns the ids of all processes, the parent's first."""
        return [self.parent, *(self.process(number) for number in self.numbers() if self.process(number))]

    def numbers(self) -> range:
        """Returns the numbers of all workers."""
        return range(1, self.count + 1)

    def begin(self, number: int) -> None:
        """Notes that a worker is about to be forked."""
        self._whole[_WORDS * number + _CLOSED] = 0
        self._whole[_WORDS * number + _STATE] = STARTING

    def started(self, number: int, process: int) -> None:
        """Notes the process of a worker that was forked."""
        self._whole[_WORDS * number + _PROCESS] = process

    def end(self, number: int) -> None:
        """Notes that a worker has ended."""
        self._whole[_WORDS * number + _PROCESS] = 0
        self._whole[_WORDS * number + _STATE] = 0

    def process(self, number: int) -> int:
        """Returns the id of a worker's process; 0 if it does not run."""
        return self._whole[_WORDS * number + _PROCESS]

    def state(self, number: int) -> int:
        """Returns the state of a worker."""
        return self._whole[_WORDS * number + _STATE]

    def enter(self, number: int, state: int) -> None:
        """Notes the state of a worker; called by itself."""
        self._whole[_WORDS * number + _STATE] = state

    def closed(self, number: int) -> int:
        """Returns how many of the connections that a worker was given are closed."""
        return self._whole[_WORDS * number + _CLOSED]

    def count_closed(self, number: int) -> None:
        """Counts a closed connection; called by the worker, on its event loop."""
        self._whole[_WORDS * number + _CLOSED] += 1

    def beats(self, number: int) -> int:
        """Returns how often a worker has shown that it runs."""
        return self._whole[_WORDS * number + _BEATS]

    def beat(self, number: int) -> None:
        """Shows that a worker runs; called by itself, on its event loop."""
        self._whole[_WORDS * number + _BEATS] += 1

    def refused(self, number: int) -> int:
        """Returns how many connections the parent refused in place of a worker."""
        return self._whole[_WORDS * number + _REFUSED]

    def count_refused(self, number: int) -> None:
        """Counts a refused connection; called by the parent."""
        self._whole[_WORDS * number + _REFUSED] += 1

    def answer(self, number: int, question: str, text: str) -> None:
        """Writes down a worker's answer to a question."""
        if text:
            raw = text.encode()[: 8 * (_WORDS - _TEXT)]
            start = 8 * (_WORDS * number + _TEXT)
            self._bytes[start : start + len(raw)] = raw
            self._whole[_WORDS * number + _LENGTH] = len(raw)
        elif question == QUESTIONS[0]:
            self._whole[_WORDS * number + _LENGTH] = 0
        self._real[_WORDS * number + _ANSWERED + QUESTIONS.index(question)] = time.monotonic()

    def answered(self, number: int, question: str, since: float) -> str | None:
        """Returns a worker's answer to a question, if it is not older than `since` by `time.monotonic`."""
        if self._real[_WORDS * number + _ANSWERED + QUESTIONS.index(question)] < since:
            return None
        start, length = 8 * (_WORDS * number + _TEXT), self._whole[_WORDS * number + _LENGTH]
        return bytes(self._bytes[start : start + length]).decode(errors="replace") if question == "ready" else ""
