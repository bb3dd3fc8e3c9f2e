"""A dump of PostgreSQL as the documents say it is made: while others write, restored elsewhere, whole, and checked."""

import json
import subprocess
import threading
import uuid
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from mien.store import open as stores
from tests import live
from tests.congruence import faces
from tests.postgres import Postgres

LEFT_OUT = ("portrait_keys", "liveness_sessions")


@pytest.fixture
def elsewhere(postgres: Postgres) -> Iterator[str]:
    """The name of an empty database on the same server."""
    name = f"restored_{uuid.uuid4().hex}"
    postgres.run(f"CREATE DATABASE {name}")
    yield name
    postgres.run(f"DROP DATABASE {name} WITH (FORCE)")


def client(postgres: Postgres, command: str, *words: str) -> None:
    subprocess.run([postgres.program(command), *words], check=True, capture_output=True)


def check(address: str) -> tuple[int, list[str]]:
    arguments = live.command("store", "check", "--store", address, "--json")
    done = subprocess.run(arguments, capture_output=True, text=True, env=live.environment(), check=False)
    return done.returncode, json.loads(done.stdout)["findings"]


def test_a_dump_made_while_others_write_is_restored_whole(
    postgres: Postgres, schema: str, elsewhere: str, tmp_path: Path
) -> None:
    name = schema.rpartition("search_path%3D")[2].partition("&")[0]
    dump, keys, stop = tmp_path / "monday.dump", tmp_path / "keys.dump", threading.Event()
    with closing((store := stores.open_store(schema, "", 2)).database):
        key, other = faces.make(store), faces.make(store, "others")
        kept = [each.face_id for number in range(20) for each in faces.add(store, key, number, [faces.face(0, number)])]
        with psycopg.connect(schema) as connection:
            connection.execute("INSERT INTO portrait_keys (collection, key) VALUES (%s, 'sealed')", (other,))

        def write() -> None:
            number = 1000
            while not stop.is_set():
                faces.add(store, key, number, [faces.face(0, number)])
                number += 1

        writer = threading.Thread(target=write)
        writer.start()
        try:
            faces.until(lambda: faces.counted(store) > len(kept))
            out = [f"--exclude-table-data=*.{table}" for table in LEFT_OUT]
            client(postgres, "pg_dump", "-Fc", "-n", name, *out, "-f", str(dump), "-d", schema)
        finally:
            stop.set()
            writer.join()
        wrote = faces.counted(store)
    client(postgres, "pg_dump", "-Fc", "-a", "-t", f"{name}.portrait_keys", "-f", str(keys), "-d", schema)
    restored = postgres.address(name, dbname=elsewhere)
    client(postgres, "pg_restore", "-d", restored, "--exit-on-error", str(dump))
    with closing((store := stores.open_store(restored, "", 1)).database):
        found = {each.face_id for each in faces.everyone(store, key)}
        assert set(kept) <= found
        assert len(found) == faces.counted(store) <= wrote
        for table in LEFT_OUT:
            assert faces.count(store, table) == 0
        for face in range(1, 21):
            faces.assert_kept(store.faces.embedding(face), face - 1)
    assert check(restored) == (0, [])
    client(postgres, "pg_restore", "-a", "-d", restored, "--exit-on-error", str(keys))
    with closing((store := stores.open_store(restored, "", 1)).database):
        assert faces.count(store, "portrait_keys") == 1
    with psycopg.connect(restored) as connection:
        connection.execute("UPDATE embeddings SET vector = set_bit(vector, 2, 1 - get_bit(vector, 2)) WHERE face = 3")
    code, findings = check(restored)
    assert code == 1
    assert "face 3" in " ".join(findings)


def test_the_documents_leave_out_what_the_test_leaves_out() -> None:
    text = (Path(__file__).parents[3] / "docs" / "postgres.md").read_text()
    for table in LEFT_OUT:
        assert f"--exclude-table-data='*.{table}'" in text
