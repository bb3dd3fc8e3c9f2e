"""Collections from a store into an export, and from an export into a store, exactly as they are."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from mien.errors import SetupError
from mien.packs import own
from mien.store.base import (
    FACE_QUOTA,
    Collection,
    CollectionFullError,
    CollectionGoneError,
    Cursor,
)
from mien.store.open import Store
from mien.store.tables.users import UserFullError
from mien.store.upkeep import bulk
from mien.store.upkeep import merge as merging
from mien.store.upkeep.bulk import WholeFace, WholeUser
from mien.transfer.archive import BATCH, Archive, Writer
from mien.transfer.archive_import import MATCHING, collections, fill
from mien.transfer.validation import CollectionRow

MOST_LISTED = 1000  # collections read at a time


@dataclass(slots=True)
class ImportCounts:
    """What came in: collections, and of them how many faces and users were new."""

    collections: int = 0
    faces: int = 0
    users: int = 0


def write(store: Store, account: str, names: Sequence[str] | None, path: Path) -> dict[str, int]:
    """Write collections to a file, faces and users as they are at one moment; how many rows each table has.

    Args:
        store: the store; servers may run on it.
        account: whose collections.
        names: which; None for all.
        path: the file.

    Raises:
        SetupError: a collection is not there, or the file cannot be written.
    """
    chosen = list(_chosen(store, account, names))
    tags = {each.key: store.tags.of(each.key) for each in chosen}

    def work(cursor: Cursor) -> dict[str, int]:
        writer = Writer(path)
        try:
            _tables(cursor, writer, chosen, tags)
            return writer.finish()
        except OSError as error:
            writer.abandon()
            raise SetupError(f"{path} cannot be written: {error.strerror}.") from None
        except BaseException:
            writer.abandon()
            raise

    return store.database.read(work)


def _chosen(store: Store, account: str, names: Sequence[str] | None) -> Iterator[Collection]:
    for name in names or ():
        found = store.collections.find(account, name)
        if found is None:
            raise SetupError(f"There is no collection {name}.")
        yield found
    after = "" if names is None else None
    while after is not None:
        page = store.collections.page(account, after, MOST_LISTED)
        yield from page
        after = page[-1].name if page else None


def _tables(cursor: Cursor, writer: Writer, chosen: Sequence[Collection], tags: dict[int, dict[str, str]]) -> None:
    with writer.table("collections") as add:
        for number, each in enumerate(chosen):
            add([
                {
                    "collection": number, "name": each.name, "contract": each.contract,
                    "model_version": each.model_version, "created": each.created, "tags": list(tags[each.key].items()),
                }
            ])  # fmt: skip
    with writer.table("users") as add:
        for number, each in enumerate(chosen):
            for people in _batches(partial(bulk.people, cursor, each.key, limit=BATCH), _user_key):
                add([_user_row(number, user) for user in people])
    with writer.table("faces") as add:
        for number, each in enumerate(chosen):
            for faces in _batches(partial(bulk.faces, cursor, each.key, limit=BATCH), _face_key):
                add([_face_row(number, face) for face in faces])


def _batches(read: Callable[[int], list[Any]], key: Callable[[Any], int]) -> Iterator[list[Any]]:
    after = 0
    while batch := read(after):
        yield batch
        after = key(batch[-1])


def _user_key(user: WholeUser) -> int:
    return user.key


def _face_key(face: WholeFace) -> int:
    return face.face.key


def _user_row(number: int, user: WholeUser) -> dict[str, Any]:
    vector = None if user.vector is None else np.frombuffer(user.vector, "<f4")
    return {"collection": number, "name": user.name, "vector": vector}


def _face_row(number: int, whole: WholeFace) -> dict[str, Any]:
    face, box = whole.face, whole.face.region
    return {
        "collection": number, "face_id": str(face.face_id), "image_id": str(face.image_id),
        "external_image_id": face.external_image_id, "left": box.left, "top": box.top, "width": box.width,
        "height": box.height, "confidence": face.confidence, "user": face.user,
        "embedding": np.frombuffer(whole.vector, "<f2"),
    }  # fmt: skip


def read(store: Store, account: str, archive: Archive, merge: bool, packs: str = "") -> ImportCounts:
    """Bring the collections of an export into a store.

    Each is filled out of sight and checked row by row. Only when all of them are whole does any take its place, and so
    an export that is refused leaves nothing behind.

    Args:
        store: the store.
        account: whose they will be.
        archive: the export.
        merge: whether to add to collections that are there already, if the same pack made them.
        packs: the user's own folder of model files; empty for none. A collection of a pack that mien knows has
            embeddings of that pack's dimension.

    Raises:
        SetupError: a collection is there and `merge` is not said, or was made by another pack, or a row is not as the
            API would have it.
    """
    coming = [_target(store, account, row, merge) for row in collections(archive)]
    database, dimensions = store.database, own.dimensions(packs)
    try:
        keys = [bulk.begin(database, each.hidden, each.tags) for each in coming]
        fill(database, archive, keys, [dimensions.get(each.hidden.contract) for each in coming])
        return database.write(lambda cursor: _placed(cursor, keys, coming))
    except UserFullError as error:
        raise SetupError(f"The user {error} would have more than 100 faces; nothing of the export came in.") from None
    except CollectionFullError:
        raise SetupError(f"A collection would hold more than {FACE_QUOTA:,} faces; nothing of it came in.") from None
    except bulk.TakenError:
        raise SetupError("A collection of the export was made meanwhile; nothing of it was imported.") from None
    except CollectionGoneError:
        raise SetupError("A collection was deleted meanwhile; nothing of it was imported.") from None
    finally:
        for each in coming:
            bulk.abandon(database, each.hidden)  # does nothing to those that were shown


@dataclass(frozen=True, slots=True)
class _PendingCollection:
    """A collection on its way: as it is while it is filled, its tags, and what it is merged into, if anything."""

    hidden: Collection
    tags: dict[str, str]
    into: Collection | None


def _target(store: Store, account: str, row: CollectionRow, merge: bool) -> _PendingCollection:
    there, tags = store.collections.find(account, row.name), dict(row.tags or {})
    if there is None:
        made = bulk.described(account, row.name, row.contract, row.model_version, row.created)
        return _PendingCollection(made, tags, None)
    if not merge:
        raise SetupError(f"The collection {row.name} is there already; --merge adds what it lacks, or delete it first.")
    if there.contract != row.contract:
        raise SetupError(
            f"The collection {row.name} was made with model version {there.model_version}, the one in the file with "
            f"{row.model_version}; their embeddings cannot be compared, nor merged."
        )
    return _PendingCollection(replace(there, account=bulk.MERGING + account), tags, there)


def _placed(cursor: Cursor, keys: Sequence[int], coming: Sequence[_PendingCollection]) -> ImportCounts:
    """Let collections that are whole be seen, or merge them, all in one transaction."""
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
