"""Sweeps what is over in the background, in small transactions that other writers barely notice.

A collection is deleted for every caller when its row is. `Collections.delete` puts its key into the table `sweeps`, and
the rest of its rows are removed later, also after a restart. Servers that share a database take turns, since each locks
the row of `sweeps` first.

A Face Liveness session that has expired is swept too: what it kept at once, and its row an hour later.
"""

import time
from collections.abc import Callable

from mien.store.base import Cursor, Database, Work
from mien.store.tables import faces
from mien.store.tables.liveness_sessions import LIFE, REMEMBERED
from mien.store.upkeep.trim import trim
from mien.system.background import Background

FACES = 32  # faces removed in one transaction: another writer waits for it
BATCHES = 64  # of a video job's faces, a few kilobytes each
ROWS = 1_000  # rows of the other tables, which are stored side by side
INTERVAL = 1.0  # seconds between looks for something to sweep
SESSIONS = 32  # sessions, each with up to 1 MB of pictures
EXPIRED = 5.0  # seconds between looks for sessions and video jobs that have expired
TRIM = 60.0  # and for records of changes that are too long, which is a look at every collection
RETRY = 30.0  # seconds after a failure
_ORDER = {
    "histories": "revision",
    "removals": "revision",
    "user_removals": "revision",
    "user_vectors": "revision",
    "users": "id",
    "judged_faces": "verdict",
    "judged_users": "verdict",
    "verdicts": "id",
}


def sweep(database: Database) -> bool:
    """Removes some rows of one deleted collection; returns False if nothing is left to sweep."""
    noted = database.read(lambda cursor: cursor.row("SELECT collection FROM sweeps ORDER BY collection LIMIT 1"))
    if noted is None:
        return False
    database.write(Work(lambda cursor: _sweep_some(cursor, noted[0]), frees=True))
    return True


def sweep_all(database: Database) -> None:
    """Removes all rows of deleted collections, at once."""
    while sweep(database):
        pass


def sweep_sessions(database: Database) -> bool:
    """Removes what some expired sessions kept, and rows of those that expired long ago; returns False if none is left.

    A session of the future, which a clock that was set back has left behind, has expired as well.
    """
    away = "(created {0} {1} - {2} OR created {3} {1} + {2})"
    some = f"SELECT session FROM liveness_sessions WHERE {{}} LIMIT {SESSIONS}"
    expired = some.format("status <> 'EXPIRED' AND " + away.format("<=", database.clock, LIFE, ">="))
    old = some.format(away.format("<=", database.clock, LIFE + REMEMBERED, ">="))
    close = (
        "UPDATE liveness_sessions SET status = 'EXPIRED', settings = NULL, result = NULL, token = NULL, answer = NULL "
        f"WHERE session IN ({expired})"
    )
    for found, remove in ((expired, close), (old, f"DELETE FROM liveness_sessions WHERE session IN ({old})")):
        if database.read(lambda cursor, found=found: cursor.row(found)):  # type: ignore[misc]
            database.write(Work(lambda cursor, remove=remove: cursor.run(remove), frees=True))  # type: ignore[misc]
            return True
    return False


def _sweep_some(cursor: Cursor, collection: int) -> None:
    # locks the row; a server that finds it deleted has nothing to do
    if cursor.run("UPDATE sweeps SET collection = collection WHERE collection = ?", collection) == 0:
        return
    some = "SELECT id FROM faces WHERE collection = ? ORDER BY revision LIMIT ?"
    if found := cursor.rows(some, collection, FACES):
        faces.erase(cursor, found)
        return
    for table, order in _ORDER.items():
        first = f"SELECT {order} FROM {table} WHERE collection = ? ORDER BY {order} LIMIT ?"
        until = f"SELECT MAX({order}) FROM ({first}) AS batch"
        statement = f"DELETE FROM {table} WHERE collection = ? AND {order} <= ({until})"
        if cursor.run(statement, collection, collection, ROWS):
            return
    cursor.run("DELETE FROM tags WHERE collection = ?", collection)
    cursor.run("DELETE FROM snapshots WHERE collection = ?", collection)
    cursor.run("DELETE FROM sweeps WHERE collection = ?", collection)


def sweep_video(database: Database) -> bool:
    """Removes some rows of one expired video job; returns False if none is left."""
    expired = "SELECT id FROM video_jobs WHERE expires <= ? LIMIT 1"
    noted = database.read(lambda cursor: cursor.row(expired, time.time()))
    if noted is None:
        return False
    (job,) = noted
    some = "SELECT first FROM video_faces WHERE job = ? ORDER BY first LIMIT ?"

    def work(cursor: Cursor) -> None:
        if found := cursor.rows(some, job, BATCHES):
            cursor.run_many("DELETE FROM video_faces WHERE job = ? AND first = ?", [(job, row[0]) for row in found])
        else:
            cursor.run("DELETE FROM video_jobs WHERE id = ?", job)

    database.write(Work(work, frees=True))
    return True


def sweeper(database: Database, due: Callable[[], bool] = lambda: True) -> Background:
    """Returns the background work that sweeps and trims, in the one process of a server for which `due` is true.

    It takes half of the time while there is something to do, and looks for more now and then.
    """
    trims = expiries = 0.0  # when to look for records of changes, and for what has expired, again

    def turn() -> float:
        nonlocal trims, expiries
        started = time.monotonic()
        busy = sweep(database)
        if not busy and started >= expiries:
            busy = sweep_sessions(database) or sweep_video(database)
            expiries = 0.0 if busy else started + EXPIRED
        if not busy and started >= trims:
            busy = trim(database)
            trims = 0.0 if busy else started + TRIM
        return time.monotonic() - started if busy else INTERVAL

    return Background("sweep", turn, retry=RETRY, due=due)
