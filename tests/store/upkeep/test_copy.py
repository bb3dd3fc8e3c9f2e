"""`mien store copy`: everything comes over and back, a copy that was killed goes on, and nothing else is touched."""

import signal
import sqlite3
import subprocess
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
import pytest

from mien.store import open as stores
from mien.store.tables.judging import Named
from mien.store.tables.likeness import Matching
from mien.store.tables.tokens import Token
from mien.store.upkeep.copy import TABLES
from mien.store.vault import Vault
from tests import live
from tests.congruence import faces
from tests.congruence.test_keys import KEY
from tests.locked import mien

MATCHING = Matching(lambda each: each.mean(axis=0), lambda one, other: float(one @ other) * 100)
SCHEMA = "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = current_schema()"


@pytest.fixture
def file(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/from/store.db"


def fill(address: str, images: int = 30) -> None:
    """Collections with users, tags, tokens and removals, keys, and a collection that is deleted but not swept."""
    with closing((store := stores.open_store(address, "")).database):
        for name in ("one", "two", "gone"):
            key = faces.make(store, name, tags={"mien:portraits": "true"})
            kept = [faces.add(store, key, n, [faces.face(p, n) for p in range(3)], f"e-{n}") for n in range(images)]
            store.faces.delete(key, [each[0].face_id for each in kept[:5]])
            store.faces.delete(key, [kept[-1][-1].face_id])  # the last key that was given out is on no row any more
            for user in ("her", "him"):
                made = Token(faces.ACCOUNT, "CreateUser", f"{name}-{user}", b"\x00\xff")
                store.users.create(key, user, made, "Ана" if user == "her" else None)
            store.users.associate(key, "her", [kept[7][1].face_id, kept[8][1].face_id], MATCHING, None)
            store.users.disassociate(key, "her", [kept[7][1].face_id], MATCHING, None)
            store.regrouping.update(key, "her", None, kept[8][1].face_id, "REFUSE")
            store.judging.judge(key, "DIFFERENT", Named("him"), Named(None, [kept[9][1].face_id]))
            store.hiding.hide(key, [kept[9][2].key])
            store.tags.put(key, {"team": "é", "Team": ""})
        store.collections.delete(faces.ACCOUNT, "gone")
        store.keys.add(KEY)
        store.keys.add(replace(KEY, access_key="MIENBBBB", name="b", rate=None, revoked=3.5))


def everything(address: str) -> dict[str, list[Any]]:
    with closing((store := stores.open_store(address, "")).database):
        return {
            table.name: store.database.read(
                lambda cursor, table=table: [  # type: ignore[misc]
                    tuple(row)
                    for row in cursor.rows(
                        f"SELECT {', '.join(table.columns)} FROM {table.name} ORDER BY {', '.join(table.key)}"
                    )
                ]
            )
            for table in TABLES
        }


def copy(source: str, target: str) -> "subprocess.CompletedProcess[str]":
    return mien("store", "copy", source, target)


def test_everything_comes_over_and_back(schema: str, file: str, tmp_path: Path) -> None:
    fill(file)
    before = everything(file)
    assert all(before.values()), "a table without a row is not tried"
    back = f"sqlite:///{tmp_path}/back/store.db"
    for source, target in ((file, schema), (schema, back)):
        done = copy(source, target)
        assert done.returncode == 0, done.stderr
        assert everything(target) == before
    assert everything(file) == before


@pytest.mark.parametrize("kind", ["postgres", "sqlite"])
def test_no_key_is_given_out_again(schema: str, file: str, tmp_path: Path, kind: str) -> None:
    fill(file)
    target = schema if kind == "postgres" else f"sqlite:///{tmp_path}/to/store.db"
    assert copy(file, target).returncode == 0
    given = {row[2] for row in everything(file)["removals"]} | {row[0] for row in everything(file)["faces"]}
    vault = Vault(stores.place(file, "").with_name(stores.MASTER_KEY))  # as servers on a copy need it
    with closing((store := stores.open_store(target, "", vault=vault)).database):
        found = store.collections.find(faces.ACCOUNT, "one")
        assert found is not None
        kept = store.faces.page(found.key, None, 10)
        assert len(store.portraits.of(found.key, [face.face_id for face in kept])) == 10
        (fresh,) = faces.add(store, found.key, 99, [faces.face()])
        assert fresh.key > max(given)
        assert faces.make(store, "new") not in {row[0] for row in everything(file)["sweeps"]}


def test_every_table_and_column_is_copied(schema: str, file: str) -> None:
    with closing(stores.open_store(schema, "").database), psycopg.connect(schema) as connection:
        there = set(connection.execute(SCHEMA).fetchall())
    stores.open_store(file, "").database.close()
    with closing(sqlite3.connect(file.removeprefix("sqlite:///"))) as connection:
        here = set(
            connection.execute(
                "SELECT m.name, c.name FROM sqlite_master AS m, pragma_table_info(m.name) AS c "
                "WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%'"
            )
        )
    copied = {(table.name, column) for table in TABLES for column in table.columns}
    beside = {
        ("snapshots", "collection"),
        ("snapshots", "track"),
        ("snapshots", "name"),
        ("master_keys", "fingerprint"),
        *(("checksums", column) for column in ("kind", "key")),
        *(
            ("liveness_sessions", column)  # a session is over before a copy is used
            for column in ("session", "account", "created", "status", "settings", "result", "token", "answer")
        ),
    }
    beside |= {each for each in here if each[0] in ("video_jobs", "video_faces")}  # kept for a week, and made again
    assert here == copied | beside
    assert there == copied | beside | {("schema_version", "one"), ("schema_version", "version")}


def test_a_target_that_holds_something_is_refused_and_left_as_it_is(schema: str, file: str) -> None:
    fill(file, 10)
    with closing((store := stores.open_store(schema, "")).database):
        faces.make(store, "mine")
    before = everything(schema)
    done = copy(file, schema)
    assert done.returncode == 1
    assert "not empty" in done.stderr
    assert everything(schema) == before
    with closing((store := stores.open_store(schema, "")).database):  # and it is no copy in the making
        assert store.database.read(lambda cursor: cursor.row("SELECT to_regclass('copying')")) == (None,)


def test_a_copy_of_something_else_is_not_gone_on_with(schema: str, file: str, tmp_path: Path) -> None:
    fill(file, 10)
    with closing((store := stores.open_store(schema, "")).database):
        store.database.write(lambda cursor: cursor.run("CREATE TABLE copying (source TEXT NOT NULL)"))
        store.database.write(lambda cursor: cursor.run("INSERT INTO copying (source) VALUES ('elsewhere')"))
    done = copy(file, schema)
    assert (done.returncode, "elsewhere" in done.stderr) == (1, True)


def test_a_difference_is_found(schema: str, file: str) -> None:
    fill(file, 10)
    with closing((store := stores.open_store(schema, "")).database):
        store.database.write(lambda cursor: cursor.run("CREATE TABLE copying (source TEXT NOT NULL)"))
        where = file.removeprefix("sqlite:///")
        store.database.write(lambda cursor: cursor.run("INSERT INTO copying (source) VALUES (?)", where))
        store.database.write(
            lambda cursor: cursor.run("INSERT INTO embeddings (face, vector) VALUES (1, ?)", b"another")
        )
    done = copy(file, schema)
    assert done.returncode == 1
    assert "not the same in the table embeddings" in done.stderr


def test_a_store_that_is_not_there_or_in_use_is_refused(schema: str, file: str, tmp_path: Path) -> None:
    assert "There is no store" in copy(file, schema).stderr
    assert not (tmp_path / "from" / "store.db").exists()
    fill(file, 10)
    held = stores.lock(file, "")
    assert "in use by another mien" in copy(file, schema).stderr
    held.release()
    assert "by its address" in copy("store.db", schema).stderr


@pytest.fixture
def large(file: str) -> str:
    """A file with enough faces for a copy to take seconds."""
    with closing((store := stores.open_store(file, "")).database):
        key, many = faces.make(store), 60_000
        vector = np.full(256, 1 / 16, "<f2").tobytes()
        columns = "id, collection, face_id, image_id, box_left, box_top, box_width, box_height, confidence, revision"
        rows = [(n, key, n.to_bytes(16, "big"), b"i" * 16, 0, 0, 1, 1, 99, n) for n in range(1, many + 1)]
        statement = f"INSERT INTO faces ({columns}) VALUES ({', '.join('?' * 10)})"
        store.database.write(lambda cursor: cursor.run_many(statement, rows))
        vectors = [(n, vector) for n in range(1, many + 1)]
        store.database.write(
            lambda cursor: cursor.run_many("INSERT INTO embeddings (face, vector) VALUES (?, ?)", vectors)
        )
        values = (many, many, key)
        store.database.write(lambda c: c.run("UPDATE collections SET revision = ?, faces = ? WHERE id = ?", *values))
    return file


def test_a_copy_that_was_killed_goes_on(large: str, schema: str) -> None:
    stores.open_store(schema, "").database.close()
    command = live.command("store", "copy", large, schema)
    process = subprocess.Popen(command, env=live.environment(), stdout=subprocess.DEVNULL)
    with psycopg.connect(schema, autocommit=True) as connection:
        until = time.monotonic() + 60
        while (there := connection.execute("SELECT COUNT(*) FROM faces").fetchone()) == (0,):
            assert time.monotonic() < until
            time.sleep(0.02)
        process.send_signal(signal.SIGKILL)
        process.wait(30)
        assert there and 0 < there[0] < 60_000
        assert connection.execute("SELECT COUNT(*) FROM collections").fetchone() == (0,)  # nobody sees a part of it
    done = copy(large, schema)
    assert done.returncode == 0, done.stderr
    copied = int(next(line for line in done.stdout.splitlines() if line.startswith("faces:")).split()[1])
    assert 0 < copied < 60_000  # what was there was not copied again
    with closing((target := stores.open_store(schema, "")).database):
        assert faces.count(target, "faces") == faces.count(target, "embeddings") == 60_000
        assert faces.counted(target) == 60_000
