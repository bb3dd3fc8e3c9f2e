"""Numbers the unknown people of a run: one number for all faces of a person, the person in most photographs first."""

import numpy as np

from mien.face.similarity import Calibration
from mien.people.grouping import Grouping
from mien.sorting.journal import Journal


def number(journal: Journal, calibration: Calibration) -> int:
    """Numbers the unknown people of a journal; returns how many there are.

    Args:
        journal: the journal of the run.
        calibration: of the pack that made its embeddings.
    """
    grouping: Grouping | None = None
    for keys, embeddings, photographs in journal.unknown():
        grouping = grouping or Grouping(embeddings.shape[1], calibration)
        grouping.add(keys, embeddings, photographs)
    if grouping is None:
        return 0
    keys, labels = grouping.groups()  # a label is the lowest key in it, so the faces seen first
    found, places, counts = np.unique(labels, return_inverse=True, return_counts=True)
    order = np.lexsort((found, -counts))
    numbers = np.empty(len(found), np.int64)
    numbers[order] = np.arange(1, len(found) + 1)
    journal.number(keys.tolist(), numbers[places].tolist())
    return len(found)
