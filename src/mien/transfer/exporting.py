"""Writes collections from a store to an export, unchanged."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from mien.errors import SetupError
from mien.store.base import (
    Collection,
    Cursor,
)
from mien.store.open import Store
from mien.store.tables import face_columns
from mien.store.upkeep import bulk, said
from mien.store.upkeep.bulk import WholeFace, WholeUser
from mien.store.upkeep.said import Said
from mien.transfer.archive import BATCH, VERDICTS, Writer

MOST_LISTED = 1000  # collections read at a time


def write(store: Store, account: str, names: Sequence[str] | None, path: Path) -> dict[str, int]:
    """Writes collections to a file in one read transaction, and returns the number of rows of each table.

    Args:
        store: the store. Servers may run on it.
        account: the account that owns the collections.
        names: the collections; None for all of the account's.
        path: the file.

    Raises:
        SetupError: a collection does not exist, or the file cannot be written.
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
    with writer.table(VERDICTS) as add:
        for number, each in enumerate(chosen):
            for verdict, found in enumerate(said.read(cursor, each.key)):
                add(_verdict_rows(number, verdict, found))


def _verdict_rows(collection: int, verdict: int, found: Said) -> list[dict[str, Any]]:
    """Returns a row for each face and user that a verdict is about."""
    same = {"collection": collection, "verdict": verdict, "kind": found.kind}
    return [
        {**same, "side": number, "face_id": face and str(face), "user": side.user}
        for number, side in enumerate(found.sides)
        for face in side.faces or (None,)
    ]


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
    return {
        "collection": number, "name": user.name, "vector": vector, "display_name": user.display_name,
        "portrait": str(user.portrait) if user.portrait else None,
    }  # fmt: skip


def _face_row(number: int, whole: WholeFace) -> dict[str, Any]:
    embedding = np.frombuffer(whole.vector, "<f2")
    return {
        "collection": number, **face_columns.exported(whole.face), "user": whole.face.user, "embedding": embedding,
    }  # fmt: skip
