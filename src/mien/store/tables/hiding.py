"""The table of hidden faces: those that people do not want to be asked about, such as passers-by's."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mien.store.base import CollectionGoneError, Cursor, Database, Work


@dataclass(frozen=True, slots=True)
class Hiding:
    """Hidden faces in a database."""

    database: Database

    def faces(self, collection: int) -> NDArray[np.int64]:
        """Returns the hidden faces, int64 (N,) ascending."""
        statement = "SELECT face FROM hidden_faces WHERE collection = ? ORDER BY face"
        rows = self.database.read(lambda cursor: cursor.rows(statement, collection))
        return np.array([row[0] for row in rows], np.int64)

    def hide(self, collection: int, keys: Sequence[int]) -> None:
        """Hides faces.

        Raises:
            CollectionGoneError: the collection no longer exists.
        """
        statement = (
            "INSERT INTO hidden_faces (face, collection) SELECT id, collection FROM faces WHERE id = ? "
            "AND collection = ? ON CONFLICT (face) DO NOTHING"
        )
        self._change(collection, statement, keys)

    def show(self, collection: int, keys: Sequence[int]) -> None:
        """Shows hidden faces again.

        Raises:
            CollectionGoneError: the collection no longer exists.
        """
        self._change(collection, "DELETE FROM hidden_faces WHERE face = ? AND collection = ?", keys)

    def _change(self, collection: int, statement: str, keys: Sequence[int]) -> None:
        def work(cursor: Cursor) -> None:
            # locks the collection, so that no face is deleted meanwhile
            if cursor.run("UPDATE collections SET faces = faces WHERE id = ?", collection) == 0:
                raise CollectionGoneError
            cursor.run_many(statement, [(key, collection) for key in keys])

        self.database.write(Work(work, collection))
