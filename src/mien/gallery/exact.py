"""Searches small galleries exactly: every embedding is compared with the probe, in full precision.

Embeddings lie in one preallocated array that grows by doubling. A written row never changes; a removal marks it, and
when half the rows are marked the array is rewritten. So a search needs no lock: it takes the current state and scans
it, whatever changes meanwhile.
"""

import threading
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mien.gallery.base import ROUNDING, Embeddings, Hits, Keys, nearest

_LEAST_ROWS = 256


@dataclass(frozen=True, slots=True)
class _State:
    """Arrays of which the first `count` rows are filled; `alive` is cleared in place when a row is removed."""

    keys: NDArray[np.int64]
    embeddings: NDArray[np.float32]
    alive: NDArray[np.bool_]
    count: int


class ExactGallery:
    """A gallery that compares the probe with every embedding."""

    def __init__(self, dimension: int) -> None:
        self._changing = threading.Lock()
        self._rows: dict[int, int] = {}
        self._state = _empty(_LEAST_ROWS, dimension)

    def __len__(self) -> int:
        """Returns how many embeddings it holds."""
        return len(self._rows)

    def add(self, keys: Keys, embeddings: Embeddings) -> None:
        """Adds embeddings (see `Gallery.add`)."""
        with self._changing:
            fresh = [index for index, key in enumerate(keys.tolist()) if key not in self._rows]
            if not fresh:
                return
            state = self._state_for(len(fresh))
            end = state.count + len(fresh)
            state.keys[state.count : end] = keys[fresh]
            state.embeddings[state.count : end] = embeddings[fresh]
            state.alive[state.count : end] = True
            self._rows.update(zip(keys[fresh].tolist(), range(state.count, end), strict=True))
            self._state = _State(state.keys, state.embeddings, state.alive, end)

    def remove(self, keys: Keys) -> None:
        """Removes embeddings (see `Gallery.remove`)."""
        with self._changing:
            rows = [row for key in keys.tolist() if (row := self._rows.pop(key, None)) is not None]
            self._state.alive[rows] = False
            if self._state.count > max(_LEAST_ROWS, 2 * len(self._rows)):
                self._state = self._rewritten(len(self._rows))

    def search(self, probe: NDArray[np.float32], limit: int, least: float) -> Hits:
        """Returns the nearest embeddings (see `Gallery.search`)."""
        state = self._state
        cosines = state.embeddings[: state.count] @ probe
        found = np.flatnonzero((cosines >= least - ROUNDING) & state.alive[: state.count])
        found = found[nearest(state.keys[found], cosines[found], limit)]
        return Hits.of(state.keys[found], cosines[found], state.embeddings[found])

    def memory(self) -> int:
        """Returns its size in memory (see `Gallery.memory`)."""
        state = self._state
        return state.keys.nbytes + state.embeddings.nbytes + state.alive.nbytes

    def contents(self) -> tuple[Keys, Embeddings]:
        """Returns all keys, int64 (N,), and embeddings, float32 (N, D), in the order they were added."""
        with self._changing:
            living = np.flatnonzero(self._state.alive[: self._state.count])
            return self._state.keys[living], self._state.embeddings[living]

    def _state_for(self, more: int) -> _State:
        if self._state.count + more <= len(self._state.keys):
            return self._state
        return self._rewritten(len(self._rows) + more)

    def _rewritten(self, rows: int) -> _State:
        """Copies the living rows to new arrays with room for twice `rows`."""
        old = self._state
        living = np.flatnonzero(old.alive[: old.count])
        new = _empty(max(_LEAST_ROWS, 2 * rows), old.embeddings.shape[1])
        new.keys[: len(living)] = old.keys[living]
        new.embeddings[: len(living)] = old.embeddings[living]
        new.alive[: len(living)] = True
        self._rows = {key: row for row, key in enumerate(new.keys[: len(living)].tolist())}
        return _State(new.keys, new.embeddings, new.alive, len(living))


def _empty(rows: int, dimension: int) -> _State:
    return _State(np.empty(rows, np.int64), np.empty((rows, dimension), np.float32), np.zeros(rows, np.bool_), 0)
