"""Databases of PostgreSQL as every earlier mien left them: brought up to date when opened, with nothing lost."""

from contextlib import closing

import numpy as np
import psycopg
import pytest

from mien.operations.user_changes import combine
from mien.store import open as stores
from mien.store.engines import postgres_migrations
from mien.store.tables import vectors
from tests.congruence import faces
from tests.postgres import Postgres

SCRIPTS = postgres_migrations.scripts()
WIDE = np.stack([faces.vector(0), faces.vector(1)])
COLUMNS = (
    "SELECT table_name, column_name, data_type, column_default, is_nullable FROM information_schema.columns "
    "WHERE table_schema = current_schema() ORDER BY 1, 2"
)
INDEXES = (
    "SELECT replace(indexdef, current_schema(), '') FROM pg_indexes WHERE schemaname = current_schema() ORDER BY 1"
)


def older(schema: str, seen: int) -> None:
    """Leaves what the mien did that knew so many scripts, with a collection of two faces and their user in it."""
    with psycopg.connect(schema) as connection:
        connection.execute("CREATE TABLE schema_version (one INT PRIMARY KEY, version INT NOT NULL)")
        for script in SCRIPTS[:seen]:
            connection.execute(script)
        connection.execute("INSERT INTO schema_version (one, version) VALUES (1, %s)", (seen,))
        connection.execute(
            "INSERT INTO collections (account, name, contract, model_version, created, revision, faces) "
            "VALUES (%s, 'older', 'contract', '7.1', 1.5, 1, 2)", (faces.ACCOUNT,),
        )  # fmt: skip
        for number, vector in enumerate(WIDE):
            connection.execute(
                "INSERT INTO faces (collection, face_id, image_id, box_left, box_top, box_width, box_height, "
                "confidence, revision) VALUES (1, %s, %s, 0, 0, 1, 1, 99, 1)", (bytes([number] * 16), bytes(16)),
            )  # fmt: skip
            connection.execute(
                "INSERT INTO embeddings (face, vector) VALUES (%s, %s)", (number + 1, vectors.pack(vector))
            )
        if seen >= 2:
            connection.execute("INSERT INTO users (collection, name, faces) VALUES (1, 'ann', 2)")
            connection.execute("UPDATE faces SET user_key = 1")
            connection.execute(
                "INSERT INTO user_vectors (collection, user_key, revision, vector) VALUES (1, 1, 1, %s)",
                (combine(WIDE).tobytes(),),
            )
            connection.execute("UPDATE collections SET users = 1")


def layout(schema: str) -> list[tuple[object, ...]]:
    with psycopg.connect(schema) as connection:
        return [*connection.execute(COLUMNS), *connection.execute(INDEXES)]


@pytest.mark.parametrize("seen", range(1, len(SCRIPTS)))
def test_a_database_of_an_older_mien_is_brought_up_to_date(schema: str, postgres: Postgres, seen: int) -> None:
    older(schema, seen)
    with closing((store := stores.open_store(schema, "", 1)).database):
        assert [each.name for each in store.collections.page(faces.ACCOUNT, "", 9)] == ["older"]
        assert [each.face_id.bytes for each in faces.everyone(store, 1)] == [bytes(16), bytes([1] * 16)]
        for face in range(2):
            faces.assert_kept(store.faces.embedding(face + 1), face)
        if seen >= 2:
            assert store.users.vector(1) == pytest.approx(combine(WIDE))
            assert {each.user for each in faces.everyone(store, 1)} == {"ann"}
        assert len(faces.add(store, 1, 1, [faces.face()])) == 1
    with postgres.schema() as new:
        stores.open_store(new, "", 1).database.close()
        assert layout(schema) == layout(new)
