"""Snapshots of galleries in the background: read when the server starts, written while it runs and when it stops."""

from collections.abc import Callable

from mien.serving.galleries import Galleries
from mien.system.background import Background

PAUSE = 5.0  # seconds between looks for galleries that changed enough


def snapshot_writer(galleries: Galleries, due: Callable[[], bool] = lambda: True) -> Background:
    """Returns the background work that reads and writes the galleries' snapshots; searches also work without it.

    Every process of a server reads them, and the one for which `due` is true writes them.
    """
    return Background(
        "snapshots",
        galleries.write_snapshots,
        pause=PAUSE,
        retry=PAUSE,
        first=lambda: galleries.resume(tidy=due()),
        last=lambda: galleries.write_snapshots(ending=True),
        due=due,
    )
