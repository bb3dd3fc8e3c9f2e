"""Lists the columns of a face once; statements, `mien store copy` and exports follow from the list.

A new column is a migration for each engine, a row in `COLUMNS` and a field of `StoredFace`, in the same place.
"""

from dataclasses import dataclass
from operator import attrgetter
from typing import Any, Literal
from uuid import UUID

from mien.store.base import Region, Row, StoredFace

Kind = Literal["id", "text", "number"]


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the table `faces`.

    Attributes:
        name: in the table.
        value: of a `StoredFace`, as a path of attributes.
        exported: its name in an export.
        kind: id (16 bytes in the table, text in an export), text or number (float64).
    """

    name: str
    value: str
    exported: str
    kind: Kind = "number"


COLUMNS = (
    Column("face_id", "face_id.bytes", "face_id", "id"),
    Column("image_id", "image_id.bytes", "image_id", "id"),
    Column("external_image_id", "external_image_id", "external_image_id", "text"),
    Column("box_left", "region.left", "left"),
    Column("box_top", "region.top", "top"),
    Column("box_width", "region.width", "width"),
    Column("box_height", "region.height", "height"),
    Column("confidence", "confidence", "confidence"),
)
NAMES = tuple(each.name for each in COLUMNS)
SELECTED = f"faces.id, users.name, {', '.join(NAMES)}"  # the row of `stored`, from faces LEFT JOIN users
WIDTH = 2 + len(COLUMNS)  # of that row
INSERT = (  # takes the keys of the collection and the user, the revision, and `values`
    f"INSERT INTO faces (collection, user_key, revision, {', '.join(NAMES)}) "
    f"VALUES ({', '.join('?' * (3 + len(COLUMNS)))})"
)

_values = attrgetter(*(each.value for each in COLUMNS))


def values(face: StoredFace) -> tuple[Any, ...]:
    """Returns the values of a face's columns, in the order of `COLUMNS`."""
    found: tuple[Any, ...] = _values(face)
    return found


def stored(row: Row) -> StoredFace:
    """Builds a face from a row of `SELECTED`."""
    key, user, face_id, image_id, external, left, top, width, height, *rest = row
    region = Region(left, top, width, height)
    return StoredFace(key, user, UUID(bytes=face_id), UUID(bytes=image_id), external, region, *rest)


def exported(face: StoredFace) -> dict[str, Any]:
    """Returns the columns of a face by their names in an export."""
    return {
        each.exported: str(UUID(bytes=value)) if each.kind == "id" else value
        for each, value in zip(COLUMNS, values(face), strict=True)
    }


def imported(row: Any, user: str | None) -> StoredFace:
    """Builds a face from a row of an export, which has its columns as attributes; its key is 0."""
    found = [(each.kind, getattr(row, each.exported)) for each in COLUMNS]
    return stored((0, user, *(UUID(value).bytes if kind == "id" else value for kind, value in found)))
