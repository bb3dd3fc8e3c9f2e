"""Finds the person that a name means, and makes one whose UserId is written from its name.

Two people may have one name. Their UserIds then differ by a number, and the name is kept beside the second.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from secrets import token_hex
from typing import Literal

from mien import naming
from mien.store.base import Cursor, StoredFace
from mien.store.tables import users
from mien.store.tables.users import User, UserExistsError, UserMissingError

SUFFIXES = range(2, 100)  # that tell people of one name apart in their UserIds; further ones are random
_ROOM = 12  # characters of a UserId for them
SameName = Literal["REFUSE", "JOIN", "ANOTHER"]


class NameTakenError(Exception):
    """Others have the name; `users` are the UserIds of the first few."""

    def __init__(self, users: Sequence[str]) -> None:
        super().__init__(*users)
        self.users = users


@dataclass(frozen=True, slots=True)
class Name:
    """The person that is meant.

    Attributes:
        display: the name that it is shown by, normalised; None for a person who exists.
        user: its UserId, if that is given.
        same: what is to happen if others have the name: nothing and an error, joining the one who has it, or making
            another person.
    """

    display: str | None
    user: str | None = None
    same: SameName = "REFUSE"


def called(cursor: Cursor, collection: int, display: str) -> list[User]:
    """Returns the users that are shown by a name, the oldest first; ten at most."""
    rows = cursor.rows(
        f"SELECT {users.SELECTED} FROM users WHERE collection = ? AND display_name = ? "
        f"UNION ALL SELECT {users.SELECTED} FROM users WHERE collection = ? AND name = ? AND display_name IS NULL "
        "ORDER BY id LIMIT 10",
        collection, display, collection, naming.written(display),
    )  # fmt: skip
    return [User(*row) for row in rows]


def meant(cursor: Cursor, collection: int, name: Name, present: Sequence[StoredFace]) -> User | None:
    """Returns the user that a name means; None for one that is to be made."""
    if name.user is not None:
        try:
            known = users.named(cursor, collection, name.user)
        except UserMissingError:
            if name.display is None:
                raise
            return None
        if name.display not in (None, known.display_name or naming.shown(known.name)):
            raise UserExistsError
        return known
    others = called(cursor, collection, name.display or "")
    if not others or name.same == "ANOTHER":
        return None
    repeated = [user for user in others if present and all(face.user == user.name for face in present)]
    if repeated:
        return repeated[0]
    if name.same == "REFUSE" or len(others) > 1:
        raise NameTakenError([user.name for user in others])
    return others[0]


def made(cursor: Cursor, collection: int, name: Name) -> int:
    """Creates a user of this name and returns its key."""
    display = name.display or ""
    if name.user is None and name.same == "REFUSE" and (others := called(cursor, collection, display)):
        raise NameTakenError([user.name for user in others])
    written = naming.written(display)
    begun = naming.written(display, naming.MOST_USER - _ROOM)
    numbered = [f"{begun}-{each}" for each in SUFFIXES]
    for each in [name.user] if name.user else [written, *numbered, f"{begun}-{token_hex(5)}"]:
        key = users.make(cursor, collection, each, naming.kept_beside(display, each))
        if key is not None:
            return key
    raise UserExistsError
