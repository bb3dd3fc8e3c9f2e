"""Lists the users of a collection as people: sorted and filtered by the name they are shown by, each with a portrait.

A name is compared without case and accents, which no collation does alike in both engines. So a listing reads all users
of the collection in batches and keeps those of its page.
"""

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from heapq import nsmallest
from typing import Any, Literal
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from mien.naming import shown
from mien.store.base import Cursor, Database, StoredFace
from mien.store.tables import face_columns, users, vectors
from mien.store.tables.damage import Damage
from mien.store.tables.face_columns import stored
from mien.store.tables.users import User

BATCH = 5_000  # users in memory
COMPARED = 120  # bytes of a name that a listing is sorted by, so that a page token has room for them
_ACCENTS = range(0x300, 0x370)  # combining marks of Latin, Greek and Cyrillic; other scripts cannot do without theirs

Order = Literal["NAME", "FACES", "NEWEST"]
Place = tuple[int | str, int]  # of a person in a listing: what it is sorted by, and the user's key


@dataclass(frozen=True, slots=True)
class Person:
    """A user as people see it; `portrait` is the FaceId of the face it is shown by, if it has any."""

    key: int
    name: str
    display: str
    faces: int
    portrait: UUID | None = None


@dataclass(frozen=True, slots=True)
class Listing:
    """The part of a collection's people that is asked for.

    Attributes:
        order: by name, by the number of faces (most first), or by their making (newest first).
        contains: a part of the name; empty for all people.
        users: the UserIds of those who are asked for; empty for all people.
        after: the place after which it begins; None for the beginning.
    """

    order: Order = "NAME"
    contains: str = ""
    users: tuple[str, ...] = ()
    after: Place | None = None

    def place(self, person: Person) -> Place:
        """Returns the place of a person in this listing."""
        if self.order == "NAME":
            return plain(person.display).encode()[:COMPARED].decode(errors="ignore"), person.key
        return (-person.faces if self.order == "FACES" else 0), -person.key


@dataclass(frozen=True, slots=True)
class PersonFaces:
    """A person with its faces, and their embeddings by the faces' keys, without the damaged."""

    person: Person
    faces: list[StoredFace]
    embeddings: dict[int, NDArray[np.float32]]


@dataclass(frozen=True, slots=True)
class Persons:
    """The people of a database."""

    database: Database
    damage: Damage = field(default_factory=Damage)

    def page(self, collection: int, listing: Listing, limit: int) -> list[Person]:
        """Returns up to `limit` people of a collection, in the listing's order."""

        def work(cursor: Cursor) -> list[Person]:
            wanted, after = plain(listing.contains), listing.after
            asked = _these(cursor, collection, listing.users) if listing.users else _everyone(cursor, collection)
            found = (
                each
                for each in asked
                if (not wanted or wanted in plain(each.display)) and (after is None or listing.place(each) > after)
            )
            return [pictured(cursor, each) for each in nsmallest(limit, found, key=listing.place)]

        return self.database.read(work)

    def faces(self, collection: int, name: str) -> PersonFaces:
        """Returns the person of this UserId, with all its faces in the order of their keys.

        Raises:
            UserMissingError: there is none.
        """

        def work(cursor: Cursor) -> tuple[PersonFaces, list[int]]:
            person = of_user(cursor, users.named(cursor, collection, name))
            rows = cursor.rows(
                f"SELECT {face_columns.SELECTED}, vector, checksum, face FROM faces JOIN embeddings ON face = faces.id "
                "JOIN users ON users.id = user_key WHERE user_key = ? ORDER BY faces.id",
                person.key,
            )
            good, damaged = vectors.sift([(row[0], *row[face_columns.WIDTH : face_columns.WIDTH + 2]) for row in rows])
            made = dict(zip((row[0] for row in good), vectors.unpack([row[1] for row in good]), strict=True))
            return PersonFaces(person, [stored(row[: face_columns.WIDTH]) for row in rows], made), damaged

        found, damaged = self.database.read(work)
        self.damage.note("faces", damaged)
        return found


def plain(name: str) -> str:
    """Returns a name without case and accents, to compare it with others."""
    if name.isascii():
        return name.lower()
    apart = unicodedata.normalize("NFKD", name.casefold())
    return unicodedata.normalize("NFC", "".join(each for each in apart if ord(each) not in _ACCENTS))


def of_user(cursor: Cursor, user: User) -> Person:
    """Returns a user as a person with its portrait."""
    return pictured(cursor, Person(user.key, user.name, user.display_name or shown(user.name), user.faces))


def pictured(cursor: Cursor, person: Person) -> Person:
    """Returns a person with its portrait: the face that was chosen, or the one that is largest in its photograph."""
    row = cursor.row(
        "SELECT face_id FROM faces WHERE user_key = ? "
        "ORDER BY id = (SELECT portrait FROM users WHERE users.id = ?) IS TRUE DESC, "
        "confidence * box_width * box_height DESC, id LIMIT 1",
        person.key, person.key,
    )  # fmt: skip
    return replace(person, portrait=UUID(bytes=bytes(row[0])) if row else None)


def _everyone(cursor: Cursor, collection: int) -> Iterator[Person]:
    statement = f"SELECT {users.SELECTED} FROM users WHERE collection = ? AND id > ? ORDER BY id LIMIT ?"
    last = 0
    while rows := cursor.rows(statement, collection, last, BATCH):
        yield from map(_person, rows)
        last = rows[-1][0]


def _these(cursor: Cursor, collection: int, names: Sequence[str]) -> Iterator[Person]:
    marks = ", ".join("?" * len(names))
    statement = f"SELECT {users.SELECTED} FROM users WHERE collection = ? AND name IN ({marks})"
    yield from map(_person, cursor.rows(statement, collection, *names))


def _person(row: Sequence[Any]) -> Person:
    key, name, faces, display_name = row
    return Person(key, name, display_name or shown(name), faces)
