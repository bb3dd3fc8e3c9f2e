"""Trims the record of changes in the background, so that it does not grow without bound.

A record longer than the collection is of no use, since a gallery can read the collection instead. So as many revisions
are kept as the collection has faces, within bounds.
"""

from mien.store.base import Cursor, Database

FEWEST, MOST = 1_000, 65_536  # revisions kept; a snapshot is written every 50,000 changes
STEP = 1_000  # revisions trimmed in one transaction, and about as many rows of removals

_KEPT = f"CASE WHEN faces < {FEWEST} THEN {FEWEST} WHEN faces > {MOST} THEN {MOST} ELSE faces END"
_REMOVALS = ("removals", "user_removals")


def trim(database: Database) -> bool:
    """Deletes the oldest part of one collection's record; returns False if no record is too long.

    A follower from before that part must start again (`HistoryGoneError`).
    """
    long = f"SELECT id, floor, revision - ({_KEPT}) FROM collections WHERE revision - floor > ({_KEPT}) + {STEP}"
    found = database.read(lambda cursor: cursor.row(f"{long} LIMIT 1"))
    if found is None:
        return False
    database.write(lambda cursor: _trim_some(cursor, *found))
    return True


def _trim_some(cursor: Cursor, collection: int, floor: int, wanted: int) -> None:
    until = min(wanted, floor + STEP)
    for table in _REMOVALS:
        far = cursor.row(
            f"SELECT revision FROM {table} WHERE collection = ? ORDER BY revision LIMIT 1 OFFSET {STEP}", collection
        )
        until = min(until, max(int(far[0]), floor + 1)) if far else until
    raised = "UPDATE collections SET floor = ? WHERE id = ? AND floor = ?"
    if cursor.run(raised, until, collection, floor) == 0:
        return  # another server was faster
    for table in _REMOVALS:
        cursor.run(f"DELETE FROM {table} WHERE collection = ? AND revision <= ?", collection, until)
    cursor.run("DELETE FROM histories WHERE collection = ? AND revision < ?", collection, until)
