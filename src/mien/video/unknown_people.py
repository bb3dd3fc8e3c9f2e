"""Numbers the unknown people of a day, in memory alone, for all cameras of a run."""

import threading
from collections.abc import Collection
from datetime import date

import numpy as np
from numpy.typing import NDArray

from mien.face.similarity import Calibration
from mien.face.types import Embedding

MOST_PEOPLE = 2000  # a day; beyond it those are forgotten who were seen longest ago
MOST_VECTORS = 4  # of a person, the newest ones
ALIKE = 99.0  # similarity of one person; see `benchmarks/README.md`, "Cameras"


class UnknownPeople:
    """The unknown people of a day and their numbers. Safe to use from many threads.

    Numbers are given once in a run, also after the day has ended, so that two people never have the same.

    Attributes:
        calibration: of the pack that makes the embeddings.
    """

    def __init__(self, calibration: Calibration) -> None:
        self.calibration = calibration
        self._vectors: dict[int, list[Embedding]] = {}  # by number, those seen longest ago first
        self._day: date | None = None
        self._given = 0
        self._lock = threading.Lock()

    def __len__(self) -> int:
        """Returns how many people are known by a number."""
        return len(self._vectors)

    def number(self, embedding: Embedding, day: date, others: Collection[int] = ()) -> int:
        """Returns the number of a person, a new one for a person not seen on this day.

        Args:
            embedding: float32 (D,), of length 1 or less.
            day: where the camera is.
            others: numbers of people who are in the same picture, and so are somebody else.
        """
        with self._lock:
            self._begin(day)
            number = self._nearest(embedding, others)
            if number is None:
                self._given += 1
                number = self._given
            self._vectors[number] = [*self._vectors.pop(number, []), embedding][-MOST_VECTORS:]
            if len(self._vectors) > MOST_PEOPLE:
                del self._vectors[next(iter(self._vectors))]
            return number

    def learn(self, number: int, embedding: Embedding, day: date) -> None:
        """Adds a vector of a person who has a number, and is there on this day."""
        with self._lock:
            self._begin(day)
            self._vectors[number] = [*self._vectors.pop(number, []), embedding][-MOST_VECTORS:]

    def forget(self, number: int) -> None:
        """Forgets a person, such as one who turned out to be known."""
        with self._lock:
            self._vectors.pop(number, None)

    def _begin(self, day: date) -> None:
        if day != self._day:
            self._day = day
            self._vectors.clear()

    def _nearest(self, embedding: Embedding, others: Collection[int]) -> int | None:
        """Returns the number of the most similar person who is no other one; None if nobody is similar enough."""
        numbers = np.array([number for number, vectors in self._vectors.items() for _ in vectors])
        if not len(numbers):
            return None
        vectors: NDArray[np.float32] = np.stack([each for vectors in self._vectors.values() for each in vectors])
        lengths = np.linalg.norm(vectors, axis=1) * np.linalg.norm(embedding)
        similarities = self.calibration.similarity(vectors @ embedding, lengths)
        similarities[np.isin(numbers, list(others))] = -1
        best = int(similarities.argmax())
        return int(numbers[best]) if similarities[best] >= ALIKE else None
