"""The SQLite store is put back under a running server: renamed over, restored online, removed, and beside snapshots.

Seen: after a rename the server kept using the unlinked file. Changes acknowledged from then on were lost when it ended,
and the write-ahead log that it left belonged to another file than the one beside it.
"""

import shutil
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from mien.operations.user_changes import combine
from mien.store.engines.sqlite import SqliteDatabase
from mien.store.open import FILE
from mien.store.upkeep.backup import damage
from mien.store.upkeep.check import examine
from tests import live as servers
from tests import photos
from tests.hostile.test_putback import ASTRONAUT, HOPPER, MIRRORED, call, forked, found, index, join, picture, users
from tests.live import WORKERS, Live

TURNED = picture(photos.hopper().pixels[:, ::-1])


@pytest.fixture
def server(packs: str, tmp_path: Path) -> Iterator[Live]:
    running = servers.serve(packs, tmp_path / "data", "--threads", "1")
    yield running
    if running.process.poll() is None:
        running.stop()


def backed_up(server: Live, beside: Path) -> Path:
    """Copies the store as `mien store backup` does."""
    copy = beside / "copy.db"
    with closing(sqlite3.connect(server.data / FILE)) as source, closing(sqlite3.connect(copy)) as target:
        source.backup(target)
    with closing(sqlite3.connect(copy)) as target:
        target.execute("PRAGMA journal_mode = DELETE")
    return copy


def renamed(server: Live, copy: Path) -> None:
    fresh = server.data / "fresh"
    shutil.copy(copy, fresh)
    fresh.replace(server.data / FILE)


def removed_first(server: Live, copy: Path) -> None:
    (server.data / FILE).unlink()
    shutil.copy(copy, server.data / FILE)


def restored_online(server: Live, copy: Path) -> None:
    with closing(sqlite3.connect(copy)) as source, closing(sqlite3.connect(server.data / FILE)) as target:
        source.backup(target)


def ready(server: Live) -> bool:
    return server.send("GET", "/readyz", None, {}).status == 200


def until_ready(server: Live, wanted: bool) -> None:
    end = time.monotonic() + 15
    while ready(server) != wanted:
        assert time.monotonic() < end
        time.sleep(0.2)


@pytest.mark.parametrize("put_back", [renamed, removed_first, restored_online])
def test_a_store_put_back_under_a_running_server_is_the_store(server: Live, tmp_path: Path, put_back: object) -> None:
    assert callable(put_back)
    call(server, "CreateCollection", CollectionId="people")
    join(server, "people", "a", index(server, "people", HOPPER, "A"))
    copy = backed_up(server, tmp_path)
    join(server, "people", "b", index(server, "people", ASTRONAUT, "B"))
    index(server, "people", MIRRORED, "C")
    assert found(server, "people", ASTRONAUT) >= {"B"}
    assert users(server, "people", ASTRONAUT) == {"b"}
    put_back(server, copy)
    join(server, "people", "d", index(server, "people", TURNED, "D"))
    assert found(server, "people", ASTRONAUT) == set()
    assert users(server, "people", ASTRONAUT) == set()
    assert found(server, "people", HOPPER) == {"A", "D"}
    assert users(server, "people", HOPPER) == {"a", "d"}
    assert forked(server) >= 1
    until_ready(server, True)
    log = server.log.read_text()
    assert "put back" in log
    if put_back is not restored_online:
        assert "replaced" in log
    for name in ("people", str(server.data)):
        assert name not in log
    whole_after_a_restart(server)


def whole_after_a_restart(server: Live) -> None:
    """The file at the path has every change acknowledged after the put-back, and no other."""
    assert server.stop() == 0
    with closing(SqliteDatabase(server.data / FILE)) as database:
        assert not damage(database)
        assert not examine(database, combine, lambda *_: None)
        rows = database.read(lambda cursor: cursor.rows("SELECT external_image_id FROM faces ORDER BY id"))
    assert [row[0] for row in rows] == ["A", "D"]


def test_a_store_taken_away_is_said_and_refused_until_it_is_back(server: Live, tmp_path: Path) -> None:
    call(server, "CreateCollection", CollectionId="people")
    index(server, "people", HOPPER, "A")
    aside = tmp_path / "aside.db"
    (server.data / FILE).replace(aside)
    until_ready(server, False)
    for _ in range(3):
        answer = server.post("IndexFaces", b'{"CollectionId":"people","Image":{"Bytes":"eA=="}}')
        assert answer.json["__type"] == "ThrottlingException"
    assert not (server.data / FILE).exists(), "an empty store is no store"
    (server.data / FILE).touch()
    until_ready(server, False)
    (server.data / FILE).write_bytes(aside.read_bytes()[:5000])
    until_ready(server, False)
    assert server.log.read_text().count("taken away") == int(WORKERS)  # once by each
    aside.replace(server.data / FILE)
    until_ready(server, True)
    assert found(server, "people", HOPPER) == {"A"}
