"""A gallery reads ahead in the store, and never beyond the time that it is asked to."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from mien.gallery import GrowingGallery, Scanners
from mien.serving.following import Followed, Kind
from mien.store.base import Changes, Point

LENGTH, LAST = 8, Point(9, 1)


def test_no_read_is_left_when_the_caller_stops() -> None:
    """The store may be closed next, which ends the process if a thread still reads."""
    reading: set[int] = set()

    def changes(collection: int, known: int, limit: int, began: int, seen: Point | None) -> Changes:
        reading.add(threading.get_ident())
        time.sleep(0.1)
        reading.discard(threading.get_ident())
        keys = np.arange(known, known + limit)
        return Changes(known + limit, LAST, keys, np.eye(limit, LENGTH, dtype=np.float32), np.empty(0, np.int64))

    kind = Kind("faces", changes, lambda keys, *_: (keys, np.empty((0, LENGTH), np.float32)))
    followed = Followed(1, kind, lambda read: GrowingGallery(LENGTH, read, Scanners(1)))
    with ThreadPoolExecutor(1) as fetchers:
        pending = followed.pending(LAST.revision, fetchers, 3)
        followed.apply(next(pending))
        while not reading:
            time.sleep(0.001)
        pending.close()
        assert not reading
    assert followed.revision == 3
