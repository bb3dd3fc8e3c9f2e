"""Collections from a store into an export, and from an export into a store, exactly as they are."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np

from mien.errors import SetupError
from mien.operations.user import combine
from mien.store import parcel, vectors
from mien.store.base import Collection, Cursor, Region, StoredFace
from mien.store.likeness import Matching
from mien.store.open import Store
from mien.store.parcel import WholeFace, WholeUser
from mien.store.tags import TagsFullError
from mien.store.users import UserFullError
from mien.transfer.archive import BATCH, Archive, Writer

MOST_LISTED = 1000  # collections read at a time
MAY_LACK = ("external_image_id", "user", "vector")  # columns whose values may be null


@dataclass(slots=True)
class Came:
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
            for people in _batches(partial(parcel.people, cursor, each.key, limit=BATCH), _user_key):
                add([_user_row(number, user) for user in people])
    with writer.table("faces") as add:
        for number, each in enumerate(chosen):
            for faces in _batches(partial(parcel.faces, cursor, each.key, limit=BATCH), _face_key):
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


def read(store: Store, account: str, archive: Archive, merge: bool) -> Came:
    """Bring the collections of an export into a store.

    Args:
        store: the store.
        account: whose they will be.
        archive: the export.
        merge: whether to add to collections that are there already, if the same pack made them.

    Raises:
        SetupError: a collection is there and `merge` is not said, or was made by another pack, or the export holds
            what no export holds. No collection is left in part; one that is merged into may have some batches of faces,
            and the same command adds the rest.
    """
    rows = [row for batch in archive.rows("collections") for row in batch]
    targets = [_target(store, account, row, merge) for row in rows]
    came = Came(collections=len(rows))
    hidden = [each for each in targets if each.key == 0]
    try:
        keys = [
            each.key or parcel.begin(store.database, each, dict(row["tags"] or ()))
            for each, row in zip(targets, rows, strict=True)
        ]
        _fill(store, archive, keys, targets, came)
        for key, each in zip(keys, targets, strict=True):
            if each.key == 0 and not parcel.show(store.database, key, each):
                raise SetupError(f"The collection {each.name} was made meanwhile; nothing of it was imported.")
    except UserFullError as error:
        raise SetupError(f"The user {error} would have more than 100 faces.") from None
    except (TagsFullError, ValueError, TypeError, KeyError) as error:
        raise SetupError(f"{archive.path} holds what no export holds: {error}.") from None
    finally:
        for each in hidden:
            parcel.abandon(store.database, each)  # does nothing to those that were shown
    return came


def _fill(store: Store, archive: Archive, keys: Sequence[int], targets: Sequence[Collection], came: Came) -> None:
    """Bring in users, then faces; then users' vectors as they were, to the last bit, where all faces came too."""
    for number, rows in _groups(archive, "users", len(keys)):
        came.users += parcel.add_users(store.database, keys[number], [_user(row) for row in rows])
    dimensions: dict[int, int] = {}
    matching = Matching(combine, lambda *_: 0.0)
    for number, rows in _groups(archive, "faces", len(keys)):
        faces = [_face(row, dimensions) for row in rows]
        came.faces += parcel.add_faces(store.database, keys[number], faces, matching)
    for number, rows in _groups(archive, "users", len(keys)):
        if targets[number].key == 0:
            parcel.set_vectors(store.database, keys[number], [_user(row) for row in rows])


def _target(store: Store, account: str, row: dict[str, Any], merge: bool) -> Collection:
    """The collection that rows go to; with the key 0 for one that is to be made."""
    name = str(row["name"])
    there = store.collections.find(account, name)
    if there is None:
        return parcel.described(account, name, row["contract"], row["model_version"], row["created"])
    if not merge:
        raise SetupError(f"The collection {name} is there already; --merge adds what it lacks, or delete it first.")
    if there.contract != row["contract"]:
        raise SetupError(
            f"The collection {name} was made with model version {there.model_version}, the one in the file with "
            f"{row['model_version']}; their embeddings cannot be compared, nor merged."
        )
    return there


def _groups(archive: Archive, table: str, most: int) -> Iterator[tuple[int, list[dict[str, Any]]]]:
    """A table's rows, some at a time, by the number of their collection."""
    for batch in archive.rows(table):
        if any(row[name] is None for row in batch for name in row if name not in MAY_LACK):
            raise ValueError(f"rows of {table} that lack something")
        for number in sorted({row["collection"] for row in batch}):
            if not 0 <= number < most:
                raise ValueError(f"rows of a collection {number} that it does not name")
            yield number, [row for row in batch if row["collection"] == number]


def _user(row: dict[str, Any]) -> WholeUser:
    vector = None if row["vector"] is None else vectors.pack_user(row["vector"])
    return WholeUser(0, str(row["name"]), vector)


def _face(row: dict[str, Any], dimensions: dict[int, int]) -> WholeFace:
    embedding = np.asarray(row["embedding"], "<f2")
    if dimensions.setdefault(row["collection"], len(embedding)) != len(embedding):
        raise ValueError("embeddings of different lengths in one collection")
    length = float(np.linalg.norm(embedding.astype(np.float32)))
    if not vectors.SHORTEST <= length <= vectors.LONGEST:
        raise ValueError("an embedding whose length is not 1")
    region = Region(row["left"], row["top"], row["width"], row["height"])
    face = StoredFace(
        0, UUID(row["face_id"]), UUID(row["image_id"]), row["external_image_id"], region, row["confidence"], row["user"]
    )
    return WholeFace(face, embedding.tobytes())
