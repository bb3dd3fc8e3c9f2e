"""Adds missing checksums to stored vectors, a few at a time, so that a large store can be used meanwhile.

A database from before there were checksums, or one that an older server also writes to, has such vectors. The table
`checksums` says up to which key they are added; a server locks its row first.
"""

import logging
import math
import time
from collections.abc import Callable

from mien.store.base import Cursor, Database
from mien.store.tables import vectors
from mien.store.tables.changes import FACES, USERS, Track
from mien.system.background import Background

Tell = Callable[[str, int, int], None]  # receives the progress: of which rows, done, total
SOME = 1_000  # vectors in one transaction
RETRY = 30.0  # seconds after a failure
LOGGED = 10.0  # seconds between log lines of a long run
_KINDS = {"faces": FACES, "users": USERS}


def add(database: Database, kind: str) -> int:
    """Adds checksums to some vectors of a kind, faces or users; returns 0 if none is left."""
    track = _KINDS[kind]
    table, key = track.kept
    more = f"SELECT 1 FROM {table} WHERE {key} > (SELECT key FROM checksums WHERE kind = ?) LIMIT 1"
    if database.read(lambda cursor: cursor.row(more, kind)) is None:
        return 0
    return database.write(lambda cursor: _sum_some(cursor, kind, track))


def complete(database: Database, tell: Tell) -> None:
    """Adds all missing checksums, at once."""
    for kind in _KINDS:
        done = 0
        while some := add(database, kind):
            done += some
            tell(f"checksums of {kind}", done, done)


def _sum_some(cursor: Cursor, kind: str, track: Track) -> int:
    table, key = track.kept
    # locks the row against other servers
    (known,) = cursor.row("UPDATE checksums SET key = key WHERE kind = ? RETURNING key", kind) or (0,)
    some = f"SELECT {key}, vector, checksum{track.keys} FROM {table} WHERE {key} > ? ORDER BY {key} LIMIT ?"
    rows = cursor.rows(some, known, SOME)
    lacking = [(vectors.checksum(row[1], *(row[3:] or row[:1])), row[0]) for row in rows if row[2] is None]
    if lacking:
        cursor.run_many(f"UPDATE {table} SET checksum = ? WHERE {key} = ?", lacking)
    if rows:
        cursor.run("UPDATE checksums SET key = ? WHERE kind = ?", rows[-1][0], kind)
    return len(rows)


def completer(database: Database, due: Callable[[], bool] = lambda: True) -> Background:
    """Returns the background work that adds the checksums missing when the server starts, in half of the time."""
    return Background("checksums", _Turns(database).turn, retry=RETRY, due=due)


class _Turns:
    """Adds checksums to a few vectors at a time, kind by kind, and logs the progress."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._left = list(_KINDS)
        self._done, self._logged = 0, time.monotonic()

    def turn(self) -> float:
        """Returns the seconds to pause: as long as it took, and for ever when no vector lacks a checksum."""
        if not self._left:
            return math.inf
        started, kind = time.monotonic(), self._left[0]
        some = add(self._database, kind)
        if not some:
            del self._left[0]
            self._done = 0
            return 0.0
        self._done += some
        now = time.monotonic()
        if now - self._logged > LOGGED:
            self._logged = now
            facts = {"kind": kind, "done": self._done}
            logging.getLogger("mien").info("checksums are being added to stored vectors", extra={"facts": facts})
        return now - started
