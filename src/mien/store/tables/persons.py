"""Lists the users of a collection as people: sorted and filtered by the name they are shown by, each with a portrait.

A name is compared without case and accents, which no collation does alike in both engines. So a listing reads all users
of the collection in batches and keeps those of its page.
"""

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from heapq import nsmallest
from typing import Literal
from uuid import UUID

from mien.store.base import Cursor, Database

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
        after: the place after which it begins; None for the beginning.
    """

    order: Order = "NAME"
    contains: str = ""
    after: Place | None = None

    def place(self, person: Person) -> Place:
        """Returns the place of a person in this listing."""
        if self.order == "NAME":
            return plain(person.display).encode()[:COMPARED].decode(errors="ignore"), person.key
        return (-person.faces if self.order == "FACES" else 0), -person.key


@dataclass(frozen=True, slots=True)
class Persons:
    """The people of a database."""

    database: Database

    def page(self, collection: int, listing: Listing, limit: int) -> list[Person]:
        """Returns up to `limit` people of a collection, in the listing's order."""

        def work(cursor: Cursor) -> list[Person]:
            wanted, after = plain(listing.contains), listing.after
            found = (
                each
                for each in _everyone(cursor, collection)
                if (not wanted or wanted in plain(each.display)) and (after is None or listing.place(each) > after)
            )
            return [pictured(cursor, each) for each in nsmallest(limit, found, key=listing.place)]

        return self.database.read(work)


def plain(name: str) -> str:
    """Returns a name without case and accents, to compare it with others."""
    apart = unicodedata.normalize("NFKD", name.casefold())
    return unicodedata.normalize("NFC", "".join(each for each in apart if ord(each) not in _ACCENTS))


def pictured(cursor: Cursor, person: Person) -> Person:
    """Returns a person with its portrait: the face that is largest in its photograph."""
    row = cursor.row(
        "SELECT face_id FROM faces WHERE user_key = ? ORDER BY confidence * box_width * box_height DESC, id LIMIT 1",
        person.key,
    )
    portrait = UUID(bytes=bytes(row[0])) if row else None
    return Person(person.key, person.name, person.display, person.faces, portrait)


def _everyone(cursor: Cursor, collection: int) -> Iterator[Person]:
    statement = "SELECT id, name, faces FROM users WHERE collection = ? AND id > ? ORDER BY id LIMIT ?"
    last = 0
    while rows := cursor.rows(statement, collection, last, BATCH):
        for key, name, faces in rows:
            yield Person(key, name, name, faces)
        last = rows[-1][0]
