"""Imports an export into a store: fills hidden collections, validates every row, then publishes them at once.

Users are added first, then faces. Users' vectors are then set to those of the export, bit for bit, provided that they
follow from the faces within TOLERANCE.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar
from uuid import UUID

import msgspec
import numpy as np

from mien.errors import SetupError
from mien.naming import shown
from mien.operations.user_changes import combine
from mien.packs import own
from mien.store.base import (
    FACE_QUOTA,
    Collection,
    CollectionFullError,
    CollectionGoneError,
    Cursor,
    Database,
)
from mien.store.open import Store
from mien.store.tables import face_columns, vectors
from mien.store.tables.belonging import MOST_PERSONS_FACES
from mien.store.tables.likeness import Matching
from mien.store.tables.users import UserFullError, UserMissingError
from mien.store.upkeep import bulk, said
from mien.store.upkeep import merge as merging
from mien.store.upkeep.bulk import WholeFace, WholeUser
from mien.store.upkeep.check import TOLERANCE
from mien.transfer import validation, verdict_rows
from mien.transfer.archive import VERDICTS, Archive
from mien.transfer.validation import FULL_FACE_ROW, CollectionRow, FaceRow, UserRow, VerdictRow

MATCHING = Matching(combine, lambda *_: 0.0)
Shape = TypeVar("Shape", bound=msgspec.Struct)


@dataclass(slots=True)
class ImportCounts:
    """The numbers of imported collections and of their new faces and users."""

    collections: int = 0
    faces: int = 0
    users: int = 0


def import_archive(store: Store, account: str, archive: Archive, merge: bool, packs: str = "") -> ImportCounts:
    """Imports the collections of an export into a store.

    Each collection is filled while hidden and validated row by row. They become visible in one transaction when all are
    complete, so an export that is refused leaves nothing behind.

    Args:
        store: the store.
        account: the account that will own the collections.
        archive: the export.
        merge: whether to add to existing collections that the same pack made.
        packs: the user's own folder of model files; empty for none. Embeddings of a pack that mien knows must have
            that pack's dimension.

    Raises:
        SetupError: a collection exists and `merge` is false, a collection was made by another pack, or a row breaks a
            constraint of the API.
    """
    coming = [_target(store, account, row, merge) for row in _collections(archive)]
    database, dimensions = store.database, own.dimensions(packs)
    try:
        keys = [bulk.begin(store.portraits, each.hidden, each.tags) for each in coming]
        _fill(store, archive, keys, [dimensions.get(each.hidden.contract) for each in coming])
        return database.write(lambda cursor: _placed(cursor, keys, coming))
    except UserFullError as error:
        raise SetupError(
            f"The user {shown(str(error))} would have more than {MOST_PERSONS_FACES:,} faces; nothing was imported."
        ) from None
    except CollectionFullError:
        raise SetupError(f"A collection would hold more than {FACE_QUOTA:,} faces; nothing was imported.") from None
    except bulk.TakenError:
        raise SetupError("A collection of the export was created meanwhile; nothing was imported.") from None
    except CollectionGoneError:
        raise SetupError("A collection was deleted meanwhile; nothing was imported.") from None
    finally:
        for each in coming:
            bulk.abandon(database, each.hidden)  # has no effect on collections that became visible


@dataclass(frozen=True, slots=True)
class _PendingCollection:
    """A collection being imported: its hidden row, its tags, and the collection that it is merged into, if any."""

    hidden: Collection
    tags: dict[str, str]
    into: Collection | None


def _target(store: Store, account: str, row: CollectionRow, merge: bool) -> _PendingCollection:
    there, tags = store.collections.find(account, row.name), dict(row.tags or {})
    if there is None:
        made = bulk.described(account, row.name, row.contract, row.model_version, row.created)
        return _PendingCollection(made, tags, None)
    if not merge:
        raise SetupError(
            f"The collection {row.name} already exists; add what it lacks with --merge, or delete it first."
        )
    if there.contract != row.contract:
        raise SetupError(
            f"The collection {row.name} was made with model version {there.model_version}, the one in the file with "
            f"{row.model_version}; their embeddings cannot be compared or merged."
        )
    return _PendingCollection(replace(there, account=bulk.MERGING + account), tags, there)


def _placed(cursor: Cursor, keys: Sequence[int], coming: Sequence[_PendingCollection]) -> ImportCounts:
    """Publishes or merges the complete collections in one transaction, and returns how much was added."""
    came = ImportCounts(collections=len(coming))
    for key, each in zip(keys, coming, strict=True):
        if each.into:
            faces, users = merging.merge(cursor, key, each.into.key, MATCHING)
        else:
            faces, users = bulk.counts(cursor, key)
            bulk.shown(cursor, key, each.hidden)
        came.faces += faces
        came.users += users
    return came


def _collections(archive: Archive) -> list[CollectionRow]:
    """Returns the collections of an export.

    Raises:
        SetupError: a collection breaks a constraint of the API, or two have the same name.
    """
    found: dict[str, CollectionRow] = {}
    for number, row in enumerate(_each(archive, "collections", CollectionRow)):
        where = f"{archive.path}, row {number + 1} of collections"
        if row.collection != number:
            raise SetupError(f"{where}: its number is {row.collection} and must be {number}.")
        if row.name in found:
            raise SetupError(f"{where}: the collection {row.name} appears twice.")
        found[row.name] = row
    return list(found.values())


def _fill(store: Store, archive: Archive, keys: Sequence[int], dimensions: Sequence[int | None]) -> None:
    """Adds the users and faces of an export to its hidden collections.

    Args:
        store: the store.
        archive: the export.
        keys: the keys of the collections, which are hidden and empty.
        dimensions: the dimension of each collection's embeddings; None if mien does not know the pack.

    Raises:
        SetupError: a row breaks a constraint of the API.
        UserFullError, CollectionFullError, CollectionGoneError: as `bulk.add_faces`.
    """
    database, known = store.database, dict(enumerate(dimensions))
    for where, number, people in _groups(archive, "users", UserRow, len(keys)):
        users = [WholeUser(0, each.name, None, each.display_name) for each in people]
        if bulk.add_users(database, keys[number], users) != len(users):
            raise SetupError(f"{where}: a user appears twice.")
    for where, number, group in _groups(archive, "faces", FULL_FACE_ROW, len(keys)):
        faces = [_face(each, known, where) for each in group]
        try:
            if bulk.add_faces(store.portraits, keys[number], faces, MATCHING) != len(faces):
                raise SetupError(f"{where}: a FaceId appears twice.")
        except UserMissingError as error:
            raise SetupError(
                f"{where}: a face belongs to the user {shown(str(error))}, who is not in the export."
            ) from None
    for where, number, people in _groups(archive, "users", UserRow, len(keys)):
        _set_vectors(database, keys[number], people, where)
        chosen = {each.name: UUID(each.portrait) for each in people if each.portrait}
        if bulk.set_portraits(database, keys[number], chosen) != len(chosen):
            raise SetupError(f"{where}: a user's portrait is not one of its own faces.")
    if VERDICTS in archive.counts:
        _say(database, archive, keys)


def _say(database: Database, archive: Archive, keys: Sequence[int]) -> None:
    """Gives the verdicts of an export in its hidden collections."""
    rows = ((where, row) for where, _, group in _groups(archive, VERDICTS, VerdictRow, len(keys)) for row in group)
    for where, number, verdict in verdict_rows.assembled(rows):
        missing = database.write(lambda cursor, at=(keys[number], [verdict]): said.write(cursor, *at))  # type: ignore[misc]
        if missing:
            raise SetupError(f"{where}: a verdict is about faces or users that are not in the export.")


def _face(row: FaceRow, dimensions: dict[int, int | None], where: str) -> WholeFace:
    """Returns a face. For an unknown pack, the first face of a collection sets the dimension for the others."""
    vector = validation.embedding(row.embedding, dimensions[row.collection], f"{where}, face {row.face_id}")
    dimensions[row.collection] = len(vector) // 2
    return WholeFace(face_columns.imported(row, row.user), vector)


def _set_vectors(database: Database, collection: int, people: Sequence[UserRow], where: str) -> None:
    """Replaces the users' vectors computed from their faces by those of the export, after comparing them."""
    coming = {each.name: np.asarray(each.vector, "<f4") for each in people if each.vector is not None}
    made = bulk.made_vectors(database, collection, [each.name for each in people])
    for each in people:
        theirs, ours = coming.get(each.name), made.get(each.name)
        if (theirs is None) != (ours is None) or (theirs is not None and not _follows(theirs, ours or b"")):
            raise SetupError(
                f"{where}: the vector of the user {shown(each.name)} does not follow from the user's faces."
            )
    bulk.set_vectors(
        database, collection, [WholeUser(0, name, vectors.pack_user(vector)) for name, vector in coming.items()]
    )


def _follows(theirs: vectors.Vectors, ours: bytes) -> bool:
    made = vectors.unpack_users([ours])[0]
    return theirs.shape == made.shape and bool((np.abs(theirs - made) <= TOLERANCE).all())  # false for NaN


def _groups(archive: Archive, table: str, shape: type[Shape], most: int) -> Iterator[tuple[str, int, list[Shape]]]:
    """Yields batches of rows of one collection: their place in the file for messages, its number, and the rows."""
    group: list[Any] = []
    where = ""
    for number, row in enumerate(_each(archive, table, shape), 1):
        place: int = row.collection  # type: ignore[attr-defined]
        if place >= most:
            raise SetupError(f"{archive.path}, row {number} of {table}: its collection does not exist.")
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
        raise SetupError(f"{archive.path} has {done:,} rows of {table} but its manifest says {said:,}: it is damaged.")
