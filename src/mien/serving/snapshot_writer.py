"""Snapshots of galleries in the background: read when the server starts, written while it runs and when it stops."""

from mien.serving.galleries import Galleries
from mien.system.background import Background

PAUSE = 5.0  # seconds between looks for galleries that changed enough


def snapshot_writer(galleries: Galleries) -> Background:
    """Returns the background work that reads and writes the galleries' snapshots; searches also work without it.

    Every process of a server does this: which of them writes is settled for each gallery by its lock.
    """
    return Background(
        "snapshots",
        galleries.write_snapshots,
        pause=PAUSE,
        retry=PAUSE,
        first=galleries.resume,
        last=lambda: galleries.write_snapshots(ending=True),
    )
