"""The tables of faces and their embeddings, and the record of changes by which galleries follow them."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID, uuid4

import numpy as np
from numpy.typing import NDArray

from mien.store.base import (
    FACE_QUOTA,
    Changes,
    CollectionFullError,
    CollectionGoneError,
    Cursor,
    Database,
    NewFace,
    Origin,
    Region,
    Row,
    StoredFace,
)

_COLUMNS = "id, face_id, image_id, external_image_id, box_left, box_top, box_width, box_height, confidence, user_key"
SAME_PLACE = 0.5  # two detections in one image that overlap more are the same face


@dataclass(frozen=True, slots=True)
class Faces:
    """Faces in a database."""

    database: Database

    def add(self, collection: int, origin: Origin, faces: Sequence[NewFace]) -> list[StoredFace]:
        """Keep the faces of one image, all or none; a face that is there already is answered and not kept twice.

        A face is there already when the collection has one of the same image and external id in the same place.

        Raises:
            CollectionGoneError: the collection no longer exists.
            CollectionFullError: it would hold more than `FACE_QUOTA` faces.
        """

        def work(cursor: Cursor) -> list[StoredFace]:
            revision, held = _advance(cursor, collection)
            present = _of_image(cursor, collection, origin)
            kept, fresh = [], 0
            for face in faces:
                old = _same_place(face, present)
                fresh += old is None
                kept.append(old or _insert(cursor, collection, revision, origin, face))
            if held + fresh > FACE_QUOTA:
                raise CollectionFullError
            cursor.run("UPDATE collections SET faces = faces + ? WHERE id = ?", fresh, collection)
            return kept

        return self.database.write(work)

    def find(self, collection: int, face_ids: Sequence[UUID]) -> list[StoredFace]:
        """Those of the named faces that the collection holds, in order of their ids."""
        return self.database.read(lambda cursor: _by_ids(cursor, collection, face_ids))

    def by_keys(self, collection: int, keys: Sequence[int]) -> dict[int, StoredFace]:
        """Faces by key; those deleted meanwhile are left out."""
        marks = ", ".join("?" * len(keys))
        statement = f"SELECT {_COLUMNS} FROM faces WHERE collection = ? AND id IN ({marks})"
        rows = self.database.read(lambda cursor: cursor.rows(statement, collection, *keys)) if keys else []
        return {face.key: face for face in map(_stored, rows)}

    def page(self, collection: int, after: UUID | None, limit: int) -> list[StoredFace]:
        """Up to `limit` faces with ids beyond `after`, in order of their ids."""
        statement = f"SELECT {_COLUMNS} FROM faces WHERE collection = ? AND face_id > ? ORDER BY face_id LIMIT ?"
        start = after.bytes if after else b""
        return [_stored(row) for row in self.database.read(lambda c: c.rows(statement, collection, start, limit))]

    def embedding(self, face: int) -> NDArray[np.float32] | None:
        """A face's embedding, float32 (D,), by its key; None when it is gone."""
        row = self.database.read(lambda cursor: cursor.row("SELECT vector FROM embeddings WHERE face = ?", face))
        return np.frombuffer(row[0], "<f4") if row else None

    def delete(self, collection: int, face_ids: Sequence[UUID]) -> tuple[list[UUID], list[StoredFace]]:
        """Delete the named faces but for those that belong to a user.

        Returns:
            The ids deleted, and the faces kept for their user's sake. Ids in neither are not in the collection.

        Raises:
            CollectionGoneError: the collection no longer exists.
        """

        def work(cursor: Cursor) -> tuple[list[UUID], list[StoredFace]]:
            revision, _ = _advance(cursor, collection)
            present = _by_ids(cursor, collection, face_ids)
            going = [face for face in present if face.user is None]
            cursor.run_many("DELETE FROM embeddings WHERE face = ?", [(face.key,) for face in going])
            cursor.run_many("DELETE FROM faces WHERE id = ?", [(face.key,) for face in going])
            cursor.run_many(
                "INSERT INTO removals (collection, revision, face) VALUES (?, ?, ?)",
                [(collection, revision, face.key) for face in going],
            )
            cursor.run("UPDATE collections SET faces = faces - ? WHERE id = ?", len(going), collection)
            return [face.face_id for face in going], [face for face in present if face.user is not None]

        return self.database.write(work)

    def revision(self, collection: int) -> int | None:
        """What revision the collection is at; None when it is gone."""
        statement = "SELECT revision FROM collections WHERE id = ?"
        row = self.database.read(lambda cursor: cursor.row(statement, collection))
        return int(row[0]) if row else None

    def changes(self, collection: int, since: int, limit: int) -> Changes:
        """What changed after revision `since`: whole revisions, about `limit` faces, in order.

        Called again from the revision it answers until nothing changes, it brings a gallery up to date.
        """

        def work(cursor: Cursor) -> Changes:
            row = cursor.row("SELECT revision FROM collections WHERE id = ?", collection)
            current = int(row[0]) if row else since
            statement = (
                "SELECT revision FROM faces WHERE collection = ? AND revision > ? ORDER BY revision LIMIT 1 OFFSET ?"
            )
            cut = cursor.row(statement, collection, since, limit)
            until = min(current, int(cut[0])) if cut else current
            added = cursor.rows(
                "SELECT faces.id, vector FROM faces JOIN embeddings ON face = faces.id "
                "WHERE collection = ? AND revision > ? AND revision <= ? ORDER BY revision, faces.id",
                collection, since, until,
            )  # fmt: skip
            removed = cursor.rows(
                "SELECT face FROM removals WHERE collection = ? AND revision > ? AND revision <= ?",
                collection, since, until,
            )  # fmt: skip
            vectors = np.frombuffer(b"".join(row[1] for row in added), "<f4")
            return Changes(
                until,
                np.array([row[0] for row in added], np.int64),
                vectors.reshape(len(added), -1) if added else vectors.reshape(0, 0),
                np.array([row[0] for row in removed], np.int64),
            )

        return self.database.read(work)


def _advance(cursor: Cursor, collection: int) -> tuple[int, int]:
    """Raise the collection's revision, which also keeps every other writer of it out; the new one, and its faces."""
    row = cursor.row(
        "UPDATE collections SET revision = revision + 1 WHERE id = ? RETURNING revision, faces", collection
    )
    if row is None:
        raise CollectionGoneError
    return int(row[0]), int(row[1])


def _insert(cursor: Cursor, collection: int, revision: int, origin: Origin, face: NewFace) -> StoredFace:
    box = face.region
    row = cursor.row(
        "INSERT INTO faces (collection, face_id, image_id, external_image_id, box_left, box_top, box_width, "
        f"box_height, confidence, revision) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING {_COLUMNS}",
        collection, uuid4().bytes, origin.image_id.bytes, origin.external_image_id,
        box.left, box.top, box.width, box.height, face.confidence, revision,
    )  # fmt: skip
    assert row is not None  # noqa: S101  an INSERT that does not raise returns its row
    vector = np.ascontiguousarray(face.embedding, "<f4").tobytes()
    cursor.run("INSERT INTO embeddings (face, vector) VALUES (?, ?)", row[0], vector)
    return _stored(row)


def _of_image(cursor: Cursor, collection: int, origin: Origin) -> list[StoredFace]:
    rows = cursor.rows(
        f"SELECT {_COLUMNS} FROM faces WHERE collection = ? AND image_id = ? "
        "AND external_image_id IS NOT DISTINCT FROM ? ORDER BY id",
        collection, origin.image_id.bytes, origin.external_image_id,
    )  # fmt: skip
    return [_stored(row) for row in rows]


def _same_place(face: NewFace, present: Sequence[StoredFace]) -> StoredFace | None:
    nearest = max(present, key=lambda old: old.region.overlap(face.region), default=None)
    return nearest if nearest and nearest.region.overlap(face.region) > SAME_PLACE else None


def _by_ids(cursor: Cursor, collection: int, face_ids: Sequence[UUID]) -> list[StoredFace]:
    wanted = sorted({face_id.bytes for face_id in face_ids})
    marks = ", ".join("?" * len(wanted))
    statement = f"SELECT {_COLUMNS} FROM faces WHERE collection = ? AND face_id IN ({marks}) ORDER BY face_id"
    return [_stored(row) for row in cursor.rows(statement, collection, *wanted)]


def _stored(row: Row) -> StoredFace:
    key, face_id, image_id, external, left, top, width, height, confidence, user = row
    region = Region(left, top, width, height)
    return StoredFace(key, UUID(bytes=face_id), UUID(bytes=image_id), external, region, confidence, user)
