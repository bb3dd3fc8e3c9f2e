"""Validates rows of an export, a backup or a copied store against the API's own constraints.

A row that the API would not accept could not be listed or deleted through it either. Rows of an export have their own
structs; those of a store are generated from its column list, so that a column without a rule here is still bounded.
"""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from math import isfinite
from typing import Annotated, Any, TypeVar

import msgspec
import numpy as np

from mien.errors import SetupError
from mien.operations.constraints import REQUIRED, Enum, Length, Pattern, Range, broken
from mien.operations.shapes import (
    CollectionId,
    DisplayName,
    ExternalImageId,
    FaceId,
    Percent,
    TagKey,
    TagMap,
    TagValue,
    UserId,
)
from mien.store.base import Cursor, Database, Row
from mien.store.tables import face_columns, vectors
from mien.store.upkeep.bulk import HIDDEN, MERGING
from mien.store.upkeep.check import Tell
from mien.store.upkeep.copy import TABLES, Table, batches, numbers

REFUSED = "The API would not accept it, so nothing was imported."
MOST_KEY = 2**53  # keys beyond it leave no room for those that follow
MOST_DIMENSION = 4096  # of an embedding of an unknown pack
MOST_BYTES = 65_536  # of a value without a constraint
MOST_SHOWN, MOST_SAID = 60, 400  # characters of a value, and of a whole message
LATEST = 253_402_300_799  # seconds since 1970: the end of the year 9999

Key = Annotated[int, Range(0, MOST_KEY)]
Account = Annotated[str, Pattern(f"(?:{HIDDEN}(?:{MERGING})?)?[0-9]{{12}}")]
Contract = Annotated[str, Length(1, 64), Pattern("[0-9A-Za-z]+")]  # an unknown one may belong to a later version
ModelVersion = Annotated[str, Length(1, 32), Pattern(r"[0-9]+\.[0-9]+")]
Moment = Annotated[float, Range(0, LATEST)]
Place = Annotated[float, Range(-10, 10)]  # shares of the image; a box may extend beyond it
Side = Annotated[float, Range(0, 10)]
KeptName = Annotated[DisplayName, Pattern(r"[^\x00-\x1F\x7F-\x9F\u2028\u2029]+")]
VerdictKind = Annotated[str, Enum(("SAME", "DIFFERENT", "UNSURE"))]
VerdictSide = Annotated[int, Range(0, 1)]
Id = Annotated[bytes, Length(16, 16)]
Other = Any
Shape = TypeVar("Shape", bound=msgspec.Struct)


class CollectionRow(msgspec.Struct):
    """A collection of an export."""

    collection: Key = REQUIRED
    name: CollectionId = REQUIRED
    contract: Contract = REQUIRED
    model_version: ModelVersion = REQUIRED
    created: Moment = REQUIRED
    tags: TagMap | None = None


class UserRow(msgspec.Struct):
    """A user of an export. The vector is float32 (D,), or None for a user without faces."""

    collection: Key = REQUIRED
    name: UserId = REQUIRED
    vector: Any | None = None
    display_name: KeptName | None = None
    portrait: FaceId | None = None


class VerdictRow(msgspec.Struct):
    """A face or a user of a verdict of an export."""

    collection: Key = REQUIRED
    verdict: Key = REQUIRED
    kind: VerdictKind = REQUIRED
    side: VerdictSide = REQUIRED
    face_id: FaceId | None = None
    user: UserId | None = None


class FaceRow(msgspec.Struct):
    """The common columns of a face in an export, which `FULL_FACE_ROW` extends. The embedding is float16 (D,)."""

    collection: Key = REQUIRED
    face_id: FaceId = REQUIRED
    embedding: Any = REQUIRED
    user: UserId | None = None


# Columns of a store. A name without its table applies to every table, where the column means the same.
_RULES: Mapping[str, Any] = {
    "account": Account, "collections.name": CollectionId, "users.name": UserId,
    "display_name": KeptName | None, "contract": Contract,
    "model_version": ModelVersion, "created": Moment, "face_id": Id, "image_id": Id,
    "external_image_id": ExternalImageId | None, "box_left": Place, "box_top": Place, "box_width": Side,
    "box_height": Side, "confidence": Percent, "tag": TagKey, "value": TagValue, "id": Key, "face": Key,
    "collection": Key, "user_key": Key | None, "revision": Key, "floor": Key, "faces": Key, "users": Key,
    "vector": Annotated[bytes, Length(1, 4 * MOST_DIMENSION)], "user_removals.vector": Key,
    "histories.id": int, "history": int, "picture": Annotated[bytes, Length(1, MOST_BYTES)],
    "portrait_keys.key": Annotated[bytes, Length(1, 256)], "live": Annotated[int, Range(0, 1)],
    "portrait": Key | None, "side": VerdictSide,
    "verdicts.verdict": VerdictKind, "verdict": Key,
}  # fmt: skip

FULL_FACE_ROW: Any = msgspec.defstruct(
    "FaceRow",
    [
        (each.exported, FaceId if each.kind == "id" else _RULES.get(each.name, Other | None), REQUIRED)
        for each in face_columns.COLUMNS
        if each.exported != "face_id"
    ],
    bases=(FaceRow,),
)


def checked(shape: type[Shape], row: Any, where: str) -> Shape:
    """Converts a row to its struct.

    Raises:
        SetupError: the row breaks a constraint of the API; the message begins with `where`.
    """
    try:
        found = msgspec.convert(row, shape)
        faults = broken(found)
    except msgspec.ValidationError as error:
        faults = [str(error)]
    if faults:
        raise SetupError(f"{where}: {plain(faults[0])}. {REFUSED}")
    return found


def plain(text: str) -> str:
    """Makes a text safe for a terminal: shortens quoted values and escapes control characters."""
    start, end = text.find("'"), text.find("' at '")
    if end - start > MOST_SHOWN:
        text = f"{text[: start + MOST_SHOWN]}… ({end - start - 1:,} characters){text[end:]}"
    text = text if len(text) <= MOST_SAID else f"{text[:MOST_SAID]}…"
    return text if text.isprintable() else text.encode("unicode_escape").decode()


def embedding(values: Any, dimension: int | None, where: str) -> bytes:
    """Returns an embedding of an export as the bytes that a store keeps: float16 (D,).

    Args:
        values: the numbers.
        dimension: the required dimension; None if it is unknown.
        where: the beginning of an error message.

    Raises:
        SetupError: the dimension is wrong, a number is not finite, or no embedding has such a length.
    """
    found = np.asarray(values, "<f2")
    _measured(len(found), dimension, where)
    if not _sound(found[None].astype(np.float32))[0]:
        raise SetupError(f"{where}: an embedding must be finite, of a length between 0.1 and 1; this one is not.")
    return found.tobytes()


def refuse(database: Database, dimensions: Mapping[str, int], tell: Tell) -> None:
    """Reads a whole store and refuses it if a row breaks a constraint of the API.

    Args:
        database: the store.
        dimensions: the dimension of the embeddings of each contract that mien knows.
        tell: reports progress.

    Raises:
        SetupError: a row breaks a constraint; the message names it.
    """
    try:
        for fault in faults(database, tell):
            raise SetupError(f"{fault} {REFUSED}")
        database.read(lambda cursor: _dimensions(cursor, dimensions))
    except sqlite3.Error as error:
        raise SetupError(f"The store cannot be read: {plain(str(error))}.") from None


def faults(database: Database, tell: Tell) -> Iterator[str]:
    """Reads a whole store and yields a sentence for each row that breaks a constraint of the API."""
    for done, table in enumerate(TABLES):
        tell("rows", done, len(TABLES))
        shape = _shape(table)
        for batch in batches(table, database, None):
            for row in batch:
                if fault := _fault(shape, row) or _excess(table, row):
                    key = row[: len(table.key)]
                    shown = " ".join(map(str, key)) if all(isinstance(each, int) for each in key) else "of some text"
                    yield f"The row {shown} of the table {table.name}: {fault}."


def _fault(shape: type[msgspec.Struct], row: Row) -> str | None:
    try:
        return next((plain(each) for each in broken(msgspec.convert(row, shape))), None)
    except msgspec.ValidationError as error:
        return plain(str(error))


def refuse_embeddings(database: Database) -> None:
    """Reads a store's embeddings and refuses it if one is not finite or has an impossible length.

    Raises:
        SetupError: there is such an embedding; the message names its face.
    """
    (table,) = (each for each in TABLES if each.name == "embeddings")
    for batch in batches(table, database, None):
        _embeddings(batch)


def _shape(table: Table) -> type[msgspec.Struct]:
    fields = [(name, _rule(table, name)) for name in table.columns]
    return msgspec.defstruct(f"{table.name}_row", fields, array_like=True)


def _rule(table: Table, column: str) -> Any:
    return _RULES.get(f"{table.name}.{column}", _RULES.get(column, Other))


def _excess(table: Table, row: Row) -> str | None:
    """Describes a value without a constraint that is not finite or is far too large."""
    for name, value in zip(table.columns, row, strict=True):
        if _rule(table, name) is not Other:
            continue
        if isinstance(value, float) and not isfinite(value):
            return f"{name} is {value}, which is not a number"
        if isinstance(value, int) and abs(value) > MOST_KEY:
            return f"{name} is larger than {MOST_KEY}"
        if isinstance(value, str | bytes) and len(value) > MOST_BYTES:
            return f"{name} is longer than {MOST_BYTES:,} bytes"
    return None


def _embeddings(batch: Sequence[Row]) -> None:
    """Raises SetupError for an embedding, in rows (face, vector, …), that is not finite or of an impossible length."""
    for size in {len(row[1]) for row in batch}:
        alike = [row for row in batch if len(row[1]) == size]
        if size % 2:
            raise SetupError(f"The embedding of the face {alike[0][0]} has {size} bytes, not float16 numbers.")
        for row, good in zip(alike, _sound(vectors.unpack([row[1] for row in alike])), strict=True):
            if not good:
                raise SetupError(f"The embedding of the face {row[0]} is not finite, or has an impossible length.")


def _dimensions(cursor: Cursor, dimensions: Mapping[str, int]) -> None:
    """Raises SetupError for a collection whose embeddings or users' vectors lack their pack's dimension."""
    for key, contract, *found in numbers(cursor):
        for count in found:
            _measured(count, dimensions.get(contract, found[0]), f"The collection with the key {key}")


def _measured(found: float, wanted: float | None, where: str) -> None:
    if found != (wanted or found) or not 0 < found <= MOST_DIMENSION:
        right = f"{wanted:g}" if wanted else f"1 to {MOST_DIMENSION}"
        raise SetupError(f"{where}: an embedding has {found:g} numbers; this pack's embeddings have {right}.")


def _sound(found: vectors.Vectors) -> Any:
    """Returns, for vectors float32 (N, D), whether each is finite and has a possible length."""
    with np.errstate(all="ignore"):
        lengths = np.sqrt(np.vecdot(found, found))
    return (lengths > vectors.SHORTEST) & (lengths < vectors.LONGEST)
