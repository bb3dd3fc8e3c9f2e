"""Checks that the tables agree: counters, orphans, revisions, embeddings, users' vectors.

The check is plain SQL in one read transaction, so it works on every engine and beside a server that writes. Rows of
deleted collections that are still to be swept are no findings.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby

import numpy as np

from mien.store.base import Cursor, Database, Row
from mien.store.tables import vectors
from mien.store.tables.portraits import TAG
from mien.store.tables.vectors import Vectors

Combine = Callable[[Vectors], Vectors]  # embeddings of a user's faces (N, D) → the user's vector (D,)
Tell = Callable[[str, int, int], None]  # receives the progress: of which rows, done, total
FACES = 50_000  # read at a time
USERS = 1_000
TOLERANCE = 1e-3  # of a number in a user's vector; those older than float16 were combined from float32 embeddings

_KEPT = "collection NOT IN (SELECT collection FROM sweeps)"
_NOWHERE = "NOT EXISTS (SELECT 1 FROM collections WHERE collections.id = collection) AND " + _KEPT
_LATER = "EXISTS (SELECT 1 FROM collections WHERE collections.id = collection AND collections.revision < {}.revision)"
_EARLIER = "EXISTS (SELECT 1 FROM collections WHERE collections.id = collection AND collections.floor >= {}.revision)"
_OWNED = "EXISTS (SELECT 1 FROM user_vectors WHERE user_key = users.id)"
_UNSAID = "NOT EXISTS (SELECT 1 FROM verdicts WHERE id = {0}.verdict AND verdicts.collection = {0}.collection)"
_SIDES = (
    "((SELECT COUNT(*) FROM judged_faces AS j WHERE j.collection = verdicts.collection AND j.verdict = verdicts.id "
    "AND {0}) + (SELECT COUNT(*) FROM judged_users AS j WHERE j.collection = verdicts.collection "
    "AND j.verdict = verdicts.id AND {0}))"
)

# finding; table; column that names an example; condition of the rows at fault
_RULES = (
    *((f"rows of {table} are of no collection", table, column, _NOWHERE)
      for table, column in (("faces", "id"), ("users", "id"), ("user_vectors", "id"), ("tags", "collection"),
                            ("removals", "face"), ("user_removals", "vector"), ("histories", "revision"),
                            ("snapshots", "collection"), ("verdicts", "id"), ("judged_faces", "verdict"),
                            ("judged_users", "verdict"), ("hidden_faces", "face"))),
    *((f"rows of {table} are newer than their collection", table, column, _LATER.format(table))
      for table, column in (("faces", "id"), ("user_vectors", "id"), ("removals", "face"),
                            ("user_removals", "vector"), ("histories", "revision"))),
    *((f"rows of {table} are older than the history that is kept", table, column, _EARLIER.format(table))
      for table, column in (("removals", "face"), ("user_removals", "vector"))),
    *((f"{table} are of no face", table, "face", "NOT EXISTS (SELECT 1 FROM faces WHERE id = face)")
      for table in ("embeddings", "portraits")),
    ("keys of portraits are of no collection", "portrait_keys", "id", f"live = 1 AND {_NOWHERE}"),
    ("faces have a portrait that no key opens", "faces", "id",
     "EXISTS (SELECT 1 FROM portraits WHERE face = faces.id) AND "
     f"collection NOT IN (SELECT collection FROM portrait_keys WHERE live = 1) AND {_KEPT}"),
    ("collections keep portraits by their tag and have no key for them", "tags", "collection",
     f"tag = '{TAG}' AND value = 'true' AND collection NOT IN (SELECT collection FROM portrait_keys WHERE live = 1) "
     f"AND {_KEPT}"),
    *((f"{what} have lost their checksum", table, key,
       f"checksum IS NULL AND {key} <= (SELECT key FROM checksums WHERE kind = '{kind}')")
      for what, table, key, kind in (("embeddings", "embeddings", "face", "faces"),
                                     ("users' vectors", "user_vectors", "id", "users"))),
    ("faces have no embedding", "faces", "id", "NOT EXISTS (SELECT 1 FROM embeddings WHERE face = id)"),
    ("faces are recorded as removed and are there", "removals", "face",
     "EXISTS (SELECT 1 FROM faces WHERE id = removals.face)"),
    ("users' vectors are recorded as removed and are there", "user_removals", "vector",
     "EXISTS (SELECT 1 FROM user_vectors WHERE id = user_removals.vector)"),
    ("faces belong to a user that is not in their collection", "faces", "id",
     "user_key IS NOT NULL AND NOT EXISTS "
     "(SELECT 1 FROM users WHERE users.id = user_key AND users.collection = faces.collection)"),
    ("users' vectors belong to a user that is not in their collection", "user_vectors", "id",
     "NOT EXISTS (SELECT 1 FROM users WHERE users.id = user_key AND users.collection = user_vectors.collection)"),
    ("users have faces and no vector", "users", "id", f"faces > 0 AND NOT {_OWNED} AND {_KEPT}"),
    ("users have a vector and no faces", "users", "id", f"faces = 0 AND {_OWNED} AND {_KEPT}"),
    ("users count other faces than they have", "users", "id",
     f"faces <> (SELECT COUNT(*) FROM faces WHERE user_key = users.id) AND {_KEPT}"),
    ("portraits are of no face of their user", "users", "id",
     "portrait IS NOT NULL AND NOT EXISTS (SELECT 1 FROM faces WHERE faces.id = portrait AND user_key = users.id) AND "
     + _KEPT),
    ("hidden faces are not in their collection", "hidden_faces", "face",
     "NOT EXISTS (SELECT 1 FROM faces WHERE id = face AND faces.collection = hidden_faces.collection) AND " + _KEPT),
    ("verdicts are about a face that is not in their collection", "judged_faces", "verdict",
     "NOT EXISTS (SELECT 1 FROM faces WHERE id = face AND faces.collection = judged_faces.collection) AND " + _KEPT),
    ("verdicts are about a user that is not in their collection", "judged_users", "verdict",
     "NOT EXISTS (SELECT 1 FROM users WHERE id = user_key AND users.collection = judged_users.collection) AND "
     + _KEPT),
    *((f"rows of {table} are of no verdict", table, "verdict", f"{_UNSAID.format(table)} AND {_KEPT}")
      for table in ("judged_faces", "judged_users")),
    ("verdicts say nothing", "verdicts", "id",
     f"({_SIDES.format('side = 0')} < CASE verdict WHEN 'SAME' THEN 2 ELSE 1 END "
     f"OR (verdict <> 'SAME' AND {_SIDES.format('side = 1')} = 0)) AND {_KEPT}"),
    ("collections keep less history than there is", "collections", "id", "floor > revision"),
    ("liveness sessions have ended and have no result", "liveness_sessions", "created",
     "status IN ('SUCCEEDED', 'FAILED') AND result IS NULL"),
    ("deleted collections are there", "sweeps", "collection",
     "EXISTS (SELECT 1 FROM collections WHERE id = sweeps.collection)"),
)  # fmt: skip


def examine(database: Database, combine: Combine, tell: Tell) -> list[str]:
    """Returns what is wrong with a store, a sentence each.

    Args:
        database: the store.
        combine: makes a user's vector.
        tell: receives the progress.
    """

    def work(cursor: Cursor) -> list[str]:
        return [*_counts(cursor), *_rules(cursor, tell), *_embeddings(cursor, tell), *_users(cursor, combine, tell)]

    with np.errstate(all="ignore"):  # NaN is a finding, not a reason for warnings
        return database.read(work)


def _counts(cursor: Cursor) -> Iterator[str]:
    for counter in ("faces", "users"):
        held = f"(SELECT COUNT(*) FROM {counter} WHERE {counter}.collection = collections.id)"
        wrong = f"SELECT name, {counter}, {held} FROM collections WHERE {counter} <> {held} ORDER BY id"
        for name, said, there in cursor.rows(wrong):
            yield f"The collection {name} counts {said} {counter} and has {there}."


def _rules(cursor: Cursor, tell: Tell) -> Iterator[str]:
    for done, (sentence, table, column, fault) in enumerate(_RULES, 1):
        count, example = cursor.row(f"SELECT COUNT(*), MIN({column}) FROM {table} WHERE {fault}") or (0, None)
        tell("rules", done, len(_RULES))
        if count:
            yield f"{count} {sentence} (such as {column} {example})."


def _embeddings(cursor: Cursor, tell: Tell) -> Iterator[str]:
    """Finds embeddings of a dimension other than their collection's, not of length 1, or with a wrong checksum."""
    (total,) = cursor.row("SELECT COUNT(*) FROM embeddings") or (0,)
    page = (
        "SELECT face, collection, vector, checksum FROM embeddings JOIN faces ON faces.id = face WHERE face > ? "
        "ORDER BY face LIMIT ?"
    )
    sizes: dict[int, int] = {}
    uneven: list[int] = []
    wrong: list[int] = []
    changed: list[int] = []
    last, done = -1, 0
    while rows := cursor.rows(page, last, FACES):
        last, done = rows[-1][0], done + len(rows)
        for size, alike in groupby(rows, lambda row: len(row[2])):
            found = list(alike)
            fits = [size % 2 == 0 and sizes.setdefault(row[1], size) == size for row in found]
            uneven += [row[0] for row, fit in zip(found, fits, strict=True) if not fit]
            wrong += _odd([row for row, fit in zip(found, fits, strict=True) if fit])
        changed += [row[0] for row in rows if not vectors.fits(row[2], row[3], row[0])]
        tell("embeddings", done, total)
    known = {*uneven, *wrong}
    changed = [face for face in changed if face not in known]
    sentences = ("of another size than their collection's", "of an impossible length", "not what was kept")
    for faults, sentence in zip((uneven, wrong, changed), sentences, strict=True):
        if faults:
            yield f"{len(faults)} embeddings are {sentence} (such as that of face {faults[0]})."


def _odd(rows: Sequence[Row]) -> list[int]:
    found = vectors.unpack([row[2] for row in rows])
    lengths = np.sqrt(np.vecdot(found, found)) if len(rows) else np.empty(0)
    good = (lengths > vectors.SHORTEST) & (lengths < vectors.LONGEST)  # NaN is not
    return [rows[int(each)][0] for each in np.flatnonzero(~good)]


def _users(cursor: Cursor, combine: Combine, tell: Tell) -> Iterator[str]:
    """Finds users' vectors that do not follow from their faces, or with a wrong checksum."""
    (total,) = cursor.row("SELECT COUNT(*) FROM user_vectors") or (0,)
    page = (
        "SELECT user_key, vector, checksum, user_key, collection FROM user_vectors "
        f"WHERE user_key > ? AND {_KEPT} ORDER BY user_key LIMIT ?"
    )
    theirs = (
        "SELECT user_key, vector FROM faces JOIN embeddings ON face = faces.id "
        "WHERE user_key > ? AND user_key <= ? ORDER BY user_key"
    )
    wrong: list[int] = []
    changed: list[int] = []
    last, done = -1, 0
    while rows := cursor.rows(page, last, USERS):
        faces = cursor.rows(theirs, last, rows[-1][0])
        made = {user: [row[1] for row in owned] for user, owned in groupby(faces, lambda row: row[0])}
        wrong += [row[0] for row in rows if not _follows(row[1], made.get(row[0], []), combine)]
        changed += [row[0] for row in rows if not vectors.fits(*row[1:])]
        last, done = rows[-1][0], done + len(rows)
        tell("users", done, total)
    if wrong:
        yield f"{len(wrong)} users have a vector that their faces do not make (such as user {wrong[0]})."
    known = set(wrong)
    if changed := [user for user in changed if user not in known]:
        yield f"{len(changed)} users' vectors are not what was kept (such as that of user {changed[0]})."


def _follows(stored: bytes, faces: Sequence[bytes], combine: Combine) -> bool:
    if not faces or {len(each) for each in faces} != {len(stored) // 2} or len(stored) % 4:
        return False
    difference = vectors.unpack_users([stored])[0] - combine(vectors.unpack(faces))
    return bool((np.abs(difference) <= TOLERANCE).all())
