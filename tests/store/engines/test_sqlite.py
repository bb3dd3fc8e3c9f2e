"""The SQLite file: migrated step by step, kept across restarts, refused when it is not one or is too new."""

import sqlite3
import stat
from contextlib import closing
from importlib import resources
from pathlib import Path

import numpy as np
import pytest

from mien.errors import SetupError
from mien.operations.user_changes import combine
from mien.store import open as stores
from mien.store.tables import vectors
from tests.congruence import faces

MIGRATIONS = sorted(
    entry.name
    for entry in (resources.files("mien.store.engines") / "sql" / "sqlite").iterdir()
    if entry.name.endswith(".sql")
)


def version(path: Path) -> int:
    with closing(sqlite3.connect(path)) as connection:
        return int(connection.execute("PRAGMA user_version").fetchone()[0])


def schema(path: Path) -> list[tuple[str, str]]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute("SELECT name, sql FROM sqlite_master ORDER BY name").fetchall()


def opened(tmp_path: Path) -> stores.Store:
    return stores.open_store("", str(tmp_path))


def test_a_new_file_has_seen_every_migration(tmp_path: Path) -> None:
    opened(tmp_path).database.close()
    assert version(tmp_path / stores.FILE) == len(MIGRATIONS)


def test_migrations_are_numbered_without_a_gap() -> None:
    assert [int(name.split("_")[0]) for name in MIGRATIONS] == list(range(1, len(MIGRATIONS) + 1))


def test_opening_again_migrates_nothing_and_loses_nothing(tmp_path: Path) -> None:
    with closing((store := opened(tmp_path)).database):
        key = faces.make(store)
        kept = faces.add(store, key, 1, [faces.face(0), faces.face(1)], "her")
    before = schema(tmp_path / stores.FILE)
    with closing((store := opened(tmp_path)).database):
        assert {each.face_id for each in faces.everyone(store, key)} == {each.face_id for each in kept}
        assert faces.counted(store) == 2
    assert schema(tmp_path / stores.FILE) == before


def older(path: Path, seen: int) -> None:
    """A file as the mien left it that knew so many migrations, with a collection of two faces and their user in it."""
    folder = resources.files("mien.store.engines") / "sql" / "sqlite"
    wide = np.stack([faces.vector(0), faces.vector(1)])
    kept = [vectors.pack(each) for each in wide] if seen >= 4 else [each.tobytes() for each in wide]
    with closing(sqlite3.connect(path)) as connection:
        connection.create_function("narrow", 1, vectors.narrow)
        for name in MIGRATIONS[:seen]:
            connection.executescript((folder / name).read_text())
        connection.execute(f"PRAGMA user_version = {seen}")
        if seen:
            connection.execute(
                "INSERT INTO collections (account, name, contract, model_version, created, revision, faces) "
                "VALUES (?, 'older', 'contract', '7.1', 1.5, 1, 2)", (faces.ACCOUNT,),
            )  # fmt: skip
            for number, vector in enumerate(kept):
                connection.execute(
                    "INSERT INTO faces (collection, face_id, image_id, box_left, box_top, box_width, box_height, "
                    "confidence, revision) VALUES (1, ?, ?, 0, 0, 1, 1, 99, 1)", (bytes([number] * 16), bytes(16)),
                )  # fmt: skip
                connection.execute("INSERT INTO embeddings (face, vector) VALUES (?, ?)", (number + 1, vector))
        if seen >= 2:
            connection.execute("INSERT INTO users (collection, name, faces) VALUES (1, 'ann', 2)")
            connection.execute("UPDATE faces SET user_key = 1")
            connection.execute(
                "INSERT INTO user_vectors (collection, user_key, revision, vector) VALUES (1, 1, 1, ?)",
                (combine(wide).tobytes(),),
            )
            connection.execute("UPDATE collections SET users = 1")
        connection.commit()


@pytest.mark.parametrize("seen", range(len(MIGRATIONS)))
def test_a_file_of_an_older_mien_is_brought_up_to_date(tmp_path: Path, seen: int) -> None:
    older(tmp_path / stores.FILE, seen)
    with closing((store := opened(tmp_path)).database):
        assert [each.name for each in store.collections.page(faces.ACCOUNT, "", 9)] == (["older"] if seen else [])
        for face in range(2 if seen else 0):
            faces.assert_kept(store.faces.embedding(face + 1), face)
        if seen >= 2:
            assert store.users.vector(1) == pytest.approx(combine(np.stack([faces.vector(0), faces.vector(1)])))
        faces.add(store, faces.make(store), 1, [faces.face()])
    (tmp_path / "new").mkdir()
    opened(tmp_path / "new").database.close()
    assert schema(tmp_path / stores.FILE) == schema(tmp_path / "new" / stores.FILE)


def test_a_file_of_a_newer_mien_is_refused_and_left_alone(tmp_path: Path) -> None:
    opened(tmp_path).database.close()
    with closing(sqlite3.connect(tmp_path / stores.FILE)) as connection:
        connection.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    with pytest.raises(SetupError, match="made by a newer mien"):
        opened(tmp_path)
    assert version(tmp_path / stores.FILE) == len(MIGRATIONS) + 1


def test_a_file_that_is_no_database_is_refused_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / stores.FILE).write_bytes(b"certainly no database " * 500)
    with pytest.raises(SetupError, match=r"The store .* cannot be") as caught:
        opened(tmp_path)
    assert "\n" not in str(caught.value)


def test_a_directory_that_cannot_be_made_is_refused_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SetupError, match="cannot be made"):
        stores.open_store("", str(tmp_path / "file" / "data"))


def test_a_named_file_is_opened_where_it_is_named(tmp_path: Path) -> None:
    stores.open_store(f"sqlite:///{tmp_path}/deep/er/other.db", str(tmp_path / "data")).database.close()
    assert (tmp_path / "deep" / "er" / "other.db").is_file()
    assert not (tmp_path / "data").exists()


def test_an_unknown_kind_of_store_is_refused_by_name_without_its_password(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="oracle") as caught:
        stores.open_store("oracle://scott:tiger@host/db", str(tmp_path))
    assert "tiger" not in str(caught.value)


def test_commits_survive_a_loss_of_power(tmp_path: Path) -> None:
    with closing((store := opened(tmp_path)).database):
        modes = store.database.write(
            lambda cursor: [cursor.row("PRAGMA journal_mode"), cursor.row("PRAGMA synchronous")]
        )
    assert [mode[0] for mode in modes if mode] == ["wal", 2]  # 2 is FULL


def test_the_data_directory_is_its_owners_alone(tmp_path: Path) -> None:
    opened(tmp_path / "data").database.close()
    assert stat.S_IMODE((tmp_path / "data").stat().st_mode) & 0o077 == 0
