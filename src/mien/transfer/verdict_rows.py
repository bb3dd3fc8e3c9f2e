"""Assembles the verdicts of an export from their rows, one for each face and user that a verdict is about."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import groupby
from uuid import UUID

from mien.errors import SetupError
from mien.store.tables.belonging import MOST_PERSONS_FACES
from mien.store.upkeep.said import Said, SaidSide
from mien.transfer.validation import REFUSED, VerdictRow

Placed = tuple[str, VerdictRow]  # where a row stands, for messages, and the row


def assembled(rows: Iterable[Placed]) -> Iterator[tuple[str, int, Said]]:
    """Yields where each verdict begins, the number of its collection, and the verdict.

    Raises:
        SetupError: a verdict is of no form that the API accepts.
    """
    for (collection, _, kind), some in groupby(rows, lambda each: (each[1].collection, each[1].verdict, each[1].kind)):
        first, users, faces = "", dict[int, str](), defaultdict[int, list[UUID]](list)
        for where, row in some:
            first = first or where
            _add(users, faces, row, where)
        sides = [SaidSide(users.get(side), tuple(faces[side])) for side in (0, 1) if side in users or faces[side]]
        wanted = len(sides) == (1 if kind == "SAME" else 2)
        if not wanted or (kind == "SAME" and len(set(sides[0].faces)) < 2):
            raise SetupError(f"{first}: a verdict does not have the sides that one of its kind has. {REFUSED}")
        yield first, collection, Said(kind, tuple(sides))


def _add(users: dict[int, str], faces: dict[int, list[UUID]], row: VerdictRow, where: str) -> None:
    if (row.face_id is None) == (row.user is None) or row.side in users or (row.user and faces[row.side]):
        raise SetupError(f"{where}: a side of a verdict is either one user or some faces. {REFUSED}")
    if len(faces[row.side]) == MOST_PERSONS_FACES:
        raise SetupError(f"{where}: a verdict is about more than {MOST_PERSONS_FACES:,} faces. {REFUSED}")
    if row.face_id is None:
        users[row.side] = row.user or ""
    else:
        faces[row.side].append(UUID(row.face_id))
