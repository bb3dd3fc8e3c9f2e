"""A track: a person of a film, where it was last, and the faces of it that were seen best."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from mien.face.types import Box, Embedding

NEAR_MS = 2_000  # after which a face must be found by its embedding alone


@dataclass(frozen=True, slots=True)
class Best:
    """The face of a track that was seen best.

    Attributes:
        at_ms: when.
        seen_well: how well, 0–1 (`sightings.seen_well`).
        box: where.
        embedding: float32 (D,).
    """

    at_ms: int
    seen_well: float
    box: Box
    embedding: Embedding


@dataclass(slots=True, eq=False)
class Track:
    """A person of the film.

    Attributes:
        index: the number of the track, from 0.
        box: where the face was last.
        at_ms: when that was.
        pace: pixels a millisecond, right and down.
        best: the faces seen best, the best first.
        recent: the last embedding, which may show the same side of the head.
        look: of the last face; None after a restart.
        beside: tracks that were in one picture with this, and so are other people.
    """

    index: int
    box: Box
    at_ms: int
    pace: tuple[float, float] = (0.0, 0.0)
    best: list[Best] = field(default_factory=list)
    recent: Embedding | None = None
    look: NDArray[np.float32] | None = None
    beside: set[int] = field(default_factory=set)

    def expected(self, at_ms: int) -> Box:
        """Returns where the face would be at a time if it went on as it went."""
        late = min(at_ms - self.at_ms, NEAR_MS)
        x, y = (speed * late for speed in self.pace)
        return Box(self.box.x1 + x, self.box.y1 + y, self.box.x2 + x, self.box.y2 + y)

    def looks_like(self, look: NDArray[np.float32]) -> float:
        """Returns the correlation, up to 1, of a look with that of the last face; 0 if that is not known."""
        return 0.0 if self.look is None else float(self.look @ look)

    @property
    def embeddings(self) -> list[Embedding]:
        """Those kept."""
        return [each.embedding for each in self.best] + ([] if self.recent is None else [self.recent])
