"""An export's rows into hidden collections, each row checked before it is kept.

Users come first, then faces; users' vectors then become those of the export, to the last bit, where they follow from
the faces at all.
"""

from collections.abc import Iterator, Sequence
from typing import Any, TypeVar
from uuid import UUID

import msgspec
import numpy as np

from mien.errors import SetupError
from mien.operations.user import combine
from mien.store.base import Database, Region, StoredFace
from mien.store.tables import vectors
from mien.store.tables.likeness import Matching
from mien.store.tables.users import UserMissingError
from mien.store.upkeep import bulk
from mien.store.upkeep.bulk import WholeFace, WholeUser
from mien.store.upkeep.check import TOLERANCE
from mien.transfer import validation
from mien.transfer.archive import Archive
from mien.transfer.validation import CollectionRow, FaceRow, UserRow

MATCHING = Matching(combine, lambda *_: 0.0)
Shape = TypeVar("Shape", bound=msgspec.Struct)


def collections(archive: Archive) -> list[CollectionRow]:
    """Returns the collections of an export.

    Raises:
        SetupError: one of them is not as the API would have it, or two have one name.
    """
    found: dict[str, CollectionRow] = {}
    for number, row in enumerate(_each(archive, "collections", CollectionRow)):
        where = f"{archive.path}, row {number + 1} of collections"
        if row.collection != number:
            raise SetupError(f"{where}: its number is {row.collection} and must be {number}.")
        if row.name in found:
            raise SetupError(f"{where}: the collection {row.name} is there twice.")
        found[row.name] = row
    return list(found.values())


def fill(database: Database, archive: Archive, keys: Sequence[int], dimensions: Sequence[int | None]) -> None:
    """Bring the users and faces of an export into its collections.

    Args:
        database: the database.
        archive: the export.
        keys: of the collections, which are hidden and empty.
        dimensions: of the embeddings of each; None where mien does not know its pack.

    Raises:
        SetupError: a row is not as the API would have it.
        UserFullError, CollectionFullError, CollectionGoneError: as `bulk.add_faces`.
    """
    known = dict(enumerate(dimensions))
    for where, number, people in _groups(archive, "users", UserRow, len(keys)):
        users = [WholeUser(0, each.name, None) for each in people]
        if bulk.add_users(database, keys[number], users) != len(users):
            raise SetupError(f"{where}: a user is there twice.")
    for where, number, group in _groups(archive, "faces", FaceRow, len(keys)):
        faces = [_face(each, known, where) for each in group]
        try:
            if bulk.add_faces(database, keys[number], faces, MATCHING) != len(faces):
                raise SetupError(f"{where}: a FaceId is there twice.")
        except UserMissingError as error:
            raise SetupError(f"{where}: a face belongs to the user {error}, whom the export does not have.") from None
    for where, number, people in _groups(archive, "users", UserRow, len(keys)):
        _set_vectors(database, keys[number], people, where)


def _face(row: FaceRow, dimensions: dict[int, int | None], where: str) -> WholeFace:
    """A face; the first one of a collection whose pack mien does not know says how long its embeddings are."""
    vector = validation.embedding(row.embedding, dimensions[row.collection], f"{where}, face {row.face_id}")
    dimensions[row.collection] = len(vector) // 2
    region = Region(row.left, row.top, row.width, row.height)
    face = StoredFace(0, UUID(row.face_id), UUID(row.image_id), row.external_image_id, region, row.confidence, row.user)
    return WholeFace(face, vector)


def _set_vectors(database: Database, collection: int, people: Sequence[UserRow], where: str) -> None:
    """Put the users' vectors of an export in the place of those that their faces made here."""
    coming = {each.name: np.asarray(each.vector, "<f4") for each in people if each.vector is not None}
    made = bulk.made_vectors(database, collection, [each.name for each in people])
    for each in people:
        theirs, ours = coming.get(each.name), made.get(each.name)
        if (theirs is None) != (ours is None) or (theirs is not None and not _follows(theirs, ours or b"")):
            raise SetupError(f"{where}: the vector of the user {each.name} is not what the user's faces make.")
    bulk.set_vectors(
        database, collection, [WholeUser(0, name, vectors.pack_user(vector)) for name, vector in coming.items()]
    )


def _follows(theirs: vectors.Vectors, ours: bytes) -> bool:
    made = vectors.unpack_users([ours])[0]
    return theirs.shape == made.shape and bool((np.abs(theirs - made) <= TOLERANCE).all())  # NaN is not


def _groups(archive: Archive, table: str, shape: type[Shape], most: int) -> Iterator[tuple[str, int, list[Shape]]]:
    """A table's rows, some at a time, by the number of their collection; with where they are, for a sentence."""
    group: list[Any] = []
    where = ""
    for number, row in enumerate(_each(archive, table, shape), 1):
        place: int = row.collection  # type: ignore[attr-defined]
        if place >= most:
            raise SetupError(f"{archive.path}, row {number} of {table}: it is of a collection that is not there.")
        if group and (len(group) == archive.batch or group[0].collection != place):
            yield where, group[0].collection, group
            group = []
        where = where if group else f"{archive.path}, from row {number} of {table} on"
        group.append(row)
    if group:
        yield where, group[0].collection, group


def _each(archive: Archive, table: str, shape: type[Shape]) -> Iterator[Shape]:
    done = 0
    for batch in archive.rows(table):
        for row in batch:
            done += 1
            yield validation.checked(shape, row, f"{archive.path}, row {done} of {table}")
    said = archive.counts[table]
    if done != said:
        raise SetupError(f"{archive.path} has {done:,} rows of {table} and says that it has {said:,}: it is damaged.")
