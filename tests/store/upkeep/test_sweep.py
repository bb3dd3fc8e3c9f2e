"""A deleted collection is swept a little at a time, beside everybody else, and by the next server if this one dies."""

import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from mien.operations.user_changes import combine
from mien.store import open as stores
from mien.store.open import Store
from mien.store.upkeep import check, sweep
from tests import live
from tests.congruence import faces

IMAGES, EACH = 300, 10
LONGEST = (
    0.5  # seconds that a writer may wait on the slowest of machines; benchmarks/sweep.py measures how long it does
)


def fill(store: Store, name: str) -> int:
    key = faces.make(store, name)
    for number in range(IMAGES):
        faces.add(store, key, number, [faces.face(place, place) for place in range(EACH)])
    return key


def until(condition: Callable[[], bool], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come to pass"
        time.sleep(0.02)


def test_one_transaction_of_a_sweep_is_small(tmp_path: Path) -> None:
    with closing((store := stores.open_store("", str(tmp_path))).database):
        fill(store, "going")
        store.collections.delete(faces.ACCOUNT, "going")
        left = faces.count(store, "faces")
        assert left == IMAGES * EACH
        while sweep.sweep(store.database):
            now = faces.count(store, "faces")
            assert left - now <= sweep.FACES
            left = now
        assert left == 0


def test_others_write_while_a_collection_is_swept(tmp_path: Path) -> None:
    with closing((store := stores.open_store("", str(tmp_path))).database):
        fill(store, "going")
        staying = faces.make(store, "staying")
        store.collections.delete(faces.ACCOUNT, "going")
        sweeper = sweep.sweeper(store.database)
        sweeper.start()
        added = 0
        try:
            for number in range(10_000):
                added += len(faces.add(store, staying, number, [faces.face()]))
                if faces.count(store, "sweeps") == 0:
                    break
        finally:
            sweeper.stop()
        assert faces.count(store, "faces") == added
        assert added > 20  # they took turns; benchmarks/sweep.py measures how long one waits


def test_a_sweeper_stops_at_once_and_leaves_the_rest(tmp_path: Path) -> None:
    with closing((store := stores.open_store("", str(tmp_path))).database):
        fill(store, "going")
        store.collections.delete(faces.ACCOUNT, "going")
        sweeper = sweep.sweeper(store.database)
        sweeper.start()
        until(lambda: faces.count(store, "faces") < IMAGES * EACH)
        sweeper.stop()
        left = faces.count(store, "faces")
        assert 0 < left < IMAGES * EACH
        assert faces.count(store, "embeddings") == left


def test_a_sweeper_goes_on_after_a_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mien.store.upkeep.sweep.RETRY", 0.01)
    failed = threading.Event()

    def refuse(*_: object) -> None:
        failed.set()
        raise OSError("disk full")

    with closing((store := stores.open_store("", str(tmp_path))).database):
        fill(store, "going")
        store.collections.delete(faces.ACCOUNT, "going")
        with monkeypatch.context() as broken:
            broken.setattr("mien.store.upkeep.sweep._sweep_some", refuse)
            sweeper = sweep.sweeper(store.database)
            sweeper.start()
            assert failed.wait(10)
        until(lambda: faces.count(store, "faces") == 0)
        sweeper.stop()


def test_a_killed_servers_sweep_is_ended_by_the_next(packs: str, tmp_path: Path) -> None:
    data = tmp_path / "data"
    with closing((store := stores.open_store("", str(data))).database):
        fill(store, "going")
        fill(store, "staying")
    server = live.serve(packs, data)
    server.client().delete_collection(CollectionId="going")
    server.kill()
    with closing((store := stores.open_store("", str(data))).database):
        assert faces.count(store, "faces") > IMAGES * EACH  # the answer did not wait for the sweep
        assert check.examine(store.database, combine, lambda *_: None) == []
        server = live.serve(packs, data)
        try:
            until(lambda: faces.count(store, "sweeps") == 0)
            assert faces.count(store, "faces") == faces.count(store, "embeddings") == IMAGES * EACH
            assert server.client().describe_collection(CollectionId="staying")["FaceCount"] == IMAGES * EACH
        finally:
            assert server.stop() == 0
        assert check.examine(store.database, combine, lambda *_: None) == []
