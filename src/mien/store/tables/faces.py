"""The tables of faces and their embeddings: adds, finds, lists and deletes them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from uuid import UUID, uuid4

import numpy as np
from numpy.typing import NDArray

from mien.store.base import (
    FACE_QUOTA,
    Changes,
    CollectionFullError,
    Cursor,
    DamagedError,
    Database,
    NewFace,
    Origin,
    Point,
    Row,
    StoredFace,
    Work,
)
from mien.store.tables import changes, face_columns, judgements, portraits, vectors
from mien.store.tables.damage import Damage
from mien.store.tables.face_columns import stored
from mien.store.tables.portraits import Portraits

_EVERY = f"SELECT {face_columns.SELECTED} FROM faces LEFT JOIN users ON users.id = user_key WHERE "
_VECTOR = "SELECT vector, checksum, face FROM"
_SELECT = f"{_EVERY}faces.collection = ?"
SAME_PLACE = 0.5  # two detections in one image that overlap more are the same face


@dataclass(frozen=True, slots=True)
class Faces:
    """Faces in a database."""

    database: Database
    portraits: Portraits
    damage: Damage = field(default_factory=Damage)

    def add(self, collection: int, origin: Origin, faces: Sequence[NewFace]) -> list[StoredFace]:
        """Stores the faces of one image, all or none, and returns those stored before instead of storing them twice.

        A face was stored before if the collection has one of the same image and external id in the same place; it gets
        its portrait if it has none.

        Raises:
            CollectionGoneError: the collection no longer exists.
            CollectionFullError: it would hold more than `FACE_QUOTA` faces.
            PortraitsLockedError: its portraits cannot be encrypted (see `Portraits.sealer`).
        """

        def work(cursor: Cursor) -> list[StoredFace]:
            revision, held = changes.advance(cursor, collection)
            present = _of_image(cursor, collection, origin)
            kept, fresh = [], 0
            for face in faces:
                old = _same_place(face, present)
                fresh += old is None
                kept.append(old or _insert(cursor, collection, revision, origin, face))
            if held + fresh > FACE_QUOTA:
                raise CollectionFullError
            cursor.run("UPDATE collections SET faces = faces + ? WHERE id = ?", fresh, collection)
            pairs = zip(kept, faces, strict=True)
            pictured = [(old.key, old.face_id, new.portrait) for old, new in pairs if new.portrait]
            if pictured and (sealer := self.portraits.sealer(cursor, collection)):
                portraits.keep(cursor, sealer, pictured)
            return kept

        return self.database.write(Work(work, collection))

    def find(self, collection: int, face_ids: Sequence[UUID]) -> list[StoredFace]:
        """Returns the collection's faces with these ids, in order of the ids."""
        return self.database.read(lambda cursor: by_ids(cursor, collection, face_ids))

    def by_keys(self, collection: int, keys: Sequence[int], seen: Point | None = None) -> dict[int, StoredFace]:
        """Returns faces by key, without those deleted meanwhile.

        Raises:
            HistoryForkedError: the collection's history does not include `seen`, at which the keys were found.
        """
        marks = ", ".join("?" * len(keys))
        # the plus keeps SQLite from taking an index on the collection, and so reading all of it, for ten keys or more
        statement = f"{_EVERY}+faces.collection = ? AND faces.id IN ({marks})"
        rows = changes.present(self.database, statement, collection, keys, seen)
        return {face.key: face for face in map(stored, rows)}

    def page(self, collection: int, after: UUID | None, limit: int, user: int | None = None) -> list[StoredFace]:
        """Returns up to `limit` faces with ids after `after`, in order; of one user, by its key, or of all."""
        statement = f"{_SELECT} AND face_id > ? {'AND user_key = ? ' if user else ''}ORDER BY face_id LIMIT ?"
        values = (after.bytes if after else b"", *((user,) if user else ()), limit)
        return [stored(row) for row in self.database.read(lambda cursor: cursor.rows(statement, collection, *values))]

    def probe(self, collection: int, face_id: UUID) -> NDArray[np.float32] | None:
        """Returns a face's embedding, float32 (D,) of length 1; None if the collection has no such face.

        Raises:
            DamagedError: it fails its checksum.
        """
        of = "faces JOIN embeddings ON face = faces.id WHERE collection = ? AND face_id = ?"
        return self._intact(lambda cursor: cursor.row(f"{_VECTOR} {of}", collection, face_id.bytes))

    def embedding(self, face: int) -> NDArray[np.float32] | None:
        """Returns a face's embedding, float32 (D,) of length 1, by its key; None if it was deleted.

        Raises:
            DamagedError: it fails its checksum.
        """
        return self._intact(lambda cursor: cursor.row(f"{_VECTOR} embeddings WHERE face = ?", face))

    def _intact(self, find: Callable[[Cursor], Row | None]) -> NDArray[np.float32] | None:
        row = self.database.read(find)
        if row and not vectors.fits(*row):
            self.damage.note("faces", [row[2]])
        return _vector(row)

    def delete(self, collection: int, face_ids: Sequence[UUID]) -> tuple[list[UUID], list[StoredFace]]:
        """Deletes the faces with these ids, except those that belong to a user.

        Returns:
            The deleted ids, and the faces that belong to a user. Ids in neither are not in the collection.

        Raises:
            CollectionGoneError: the collection no longer exists.
        """

        def work(cursor: Cursor) -> tuple[list[UUID], list[StoredFace]]:
            revision, _ = changes.advance(cursor, collection)
            present = by_ids(cursor, collection, face_ids)
            going = [face for face in present if face.user is None]
            judgements.forget_faces(cursor, [face.key for face in going])
            erase(cursor, [(face.key,) for face in going])
            cursor.run_many(
                "INSERT INTO removals (collection, revision, face) VALUES (?, ?, ?)",
                [(collection, revision, face.key) for face in going],
            )
            cursor.run("UPDATE collections SET faces = faces - ? WHERE id = ?", len(going), collection)
            return [face.face_id for face in going], [face for face in present if face.user is not None]

        return self.database.write(Work(work, collection, frees=True))

    def revision(self, collection: int) -> int | None:
        """Returns the collection's revision; None if it was deleted."""
        return self.database.read(lambda cursor: changes.revision(cursor, collection))

    def point(self, collection: int, seen: Point | None = None) -> Point | None:
        """Returns the collection's current point; None if it was deleted (see `changes.point`)."""
        return self.database.read(lambda cursor: changes.point(cursor, collection, seen))

    def embeddings(
        self, keys: NDArray[np.int64], collection: int = 0, seen: Point | None = None
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Returns embeddings by the keys of their faces (see `changes.originals`)."""
        found, kept, damaged = self.database.read(
            lambda cursor: changes.originals(cursor, changes.FACES, keys, collection, seen)
        )
        self.damage.note("faces", damaged)
        return found, kept

    def changes(self, collection: int, known: int, limit: int, began: int = 0, seen: Point | None = None) -> Changes:
        """Returns the changes for a gallery of faces after revision `known` (see `changes.since`)."""
        found = self.database.read(
            lambda cursor: changes.since(cursor, changes.FACES, collection, known, limit, began=began, seen=seen)
        )
        self.damage.note("faces", found.damaged)
        return found


def _insert(cursor: Cursor, collection: int, revision: int, origin: Origin, face: NewFace) -> StoredFace:
    made = StoredFace(0, None, uuid4(), origin.image_id, origin.external_image_id, face.region, face.confidence)
    statement = f"{face_columns.INSERT} RETURNING id"
    row = cursor.row(statement, collection, None, revision, *face_columns.values(made))
    (key,) = row or (0,)  # an INSERT that does not raise returns its row
    keep(cursor, key, vectors.pack(face.embedding))
    return replace(made, key=key)


def keep(cursor: Cursor, face: int, vector: bytes) -> None:
    """Stores a face's embedding, packed by `vectors.pack`, under its key."""
    statement = "INSERT INTO embeddings (face, vector, checksum) VALUES (?, ?, ?)"
    cursor.run(statement, face, vector, vectors.checksum(vector, face))


def erase(cursor: Cursor, keys: Sequence[Row]) -> None:
    """Deletes faces with all that is kept of them, by rows of one key, inside a transaction."""
    for statement in (
        "DELETE FROM portraits WHERE face = ?",
        "DELETE FROM hidden_faces WHERE face = ?",
        "DELETE FROM embeddings WHERE face = ?",
        "DELETE FROM faces WHERE id = ?",
    ):
        cursor.run_many(statement, keys)


def embedding(cursor: Cursor, face: int) -> NDArray[np.float32] | None:
    """Returns a face's embedding inside a transaction (see `Faces.embedding`)."""
    return _vector(cursor.row(f"{_VECTOR} embeddings WHERE face = ?", face))


def _vector(row: Row | None) -> NDArray[np.float32] | None:
    if row and not vectors.fits(*row):
        raise DamagedError
    return vectors.unpack([row[0]])[0] if row else None


def _of_image(cursor: Cursor, collection: int, origin: Origin) -> list[StoredFace]:
    rows = cursor.rows(
        f"{_SELECT} AND image_id = ? AND external_image_id IS NOT DISTINCT FROM ? ORDER BY faces.id",
        collection, origin.image_id.bytes, origin.external_image_id,
    )  # fmt: skip
    return [stored(row) for row in rows]


def _same_place(face: NewFace, present: Sequence[StoredFace]) -> StoredFace | None:
    nearest = max(present, key=lambda old: old.region.overlap(face.region), default=None)
    return nearest if nearest and nearest.region.overlap(face.region) > SAME_PLACE else None


def by_ids(cursor: Cursor, collection: int, face_ids: Sequence[UUID]) -> list[StoredFace]:
    """Returns the collection's faces with these ids, in order of the ids, inside a transaction."""
    wanted = sorted({face_id.bytes for face_id in face_ids})
    marks = ", ".join("?" * len(wanted))
    statement = f"{_SELECT} AND face_id IN ({marks}) ORDER BY face_id"
    return [stored(row) for row in cursor.rows(statement, collection, *wanted)] if wanted else []


def by_face_id(cursor: Cursor, collection: int, face_ids: Sequence[UUID]) -> dict[UUID, StoredFace]:
    """Returns the collection's faces with these ids, by their ids, inside a transaction."""
    return {face.face_id: face for face in by_ids(cursor, collection, face_ids)}
