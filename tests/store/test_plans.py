"""SQLite answers what clients ask by an index, however large the store: nothing is scanned, nothing is sorted."""

import operator
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from mien.operations.user_changes import combine
from mien.store import open as stores
from mien.store.base import Cursor, Database, NewFace, Row, T
from mien.store.open import Store
from mien.store.tables.job_claims import Ending
from mien.store.tables.job_records import Asked
from mien.store.tables.judging import Named
from mien.store.tables.likeness import Matching
from mien.store.tables.liveness_sessions import LIFE, REMEMBERED, LivenessResult, LivenessSettings, LivenessToken
from mien.store.tables.person_names import Name
from mien.store.tables.tokens import Token
from mien.store.tables.video_faces import Batch
from mien.store.upkeep import sweep
from mien.store.vault import Vault
from mien.video.film import Metadata
from tests.congruence import faces

MATCHING = Matching(combine, lambda one, other: 100 * float(one @ other), -100)
MANY = 4096  # faces that may be named at once


class Plans:
    """A database that notes how SQLite goes about each statement before it is run."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.clock = database.clock
        self.noted: list[tuple[str, str]] = []

    def read(self, work: Callable[[Cursor], T]) -> T:
        return self._database.read(lambda cursor: work(Noting(cursor, self.noted)))

    def write(self, work: Callable[[Cursor], T]) -> T:
        return self._database.write(lambda cursor: work(Noting(cursor, self.noted)))

    def reserve(self, table: str, key: int) -> None:
        self._database.reserve(table, key)

    def probe(self) -> None:
        self._database.probe()

    def describe(self) -> str:
        return self._database.describe()

    def close(self) -> None:
        self._database.close()


class Noting:
    """A cursor that asks for the plan first."""

    def __init__(self, cursor: Cursor, noted: list[tuple[str, str]]) -> None:
        self._cursor, self._noted = cursor, noted

    def _note(self, statement: str, values: Sequence[Any]) -> None:
        plan = self._cursor.rows(f"EXPLAIN QUERY PLAN {statement}", *values)
        self._noted += [(statement, str(row[3])) for row in plan]

    def rows(self, statement: str, *values: Any) -> list[Row]:
        self._note(statement, values)
        return self._cursor.rows(statement, *values)

    def row(self, statement: str, *values: Any) -> Row | None:
        self._note(statement, values)
        return self._cursor.row(statement, *values)

    def run(self, statement: str, *values: Any) -> int:
        self._note(statement, values)
        return self._cursor.run(statement, *values)

    def run_many(self, statement: str, values: Iterable[Sequence[Any]]) -> None:
        found = list(values)
        for each in found[:1]:
            self._note(statement, each)
        self._cursor.run_many(statement, found)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    plans = Plans(stores.open_store("", str(tmp_path)).database)
    with closing(plans):
        yield stores.over(plans, Vault(tmp_path / "master.key"))


def held(store: Store) -> list[tuple[str, str]]:
    """Plans that read more than they need to."""
    plans: Any = store.database
    bad = [each for each in plans.noted if _scans(each[1]) or "TEMP B-TREE" in each[1] or _whole(each[1])]
    assert plans.noted
    return [(statement[:150], step) for statement, step in bad]


def _scans(step: str) -> bool:
    return step.startswith("SCAN") and step not in ("SCAN CONSTANT ROW", "SCAN batch")


def _whole(step: str) -> bool:
    """A search that narrows faces or vectors down to their collection and no further."""
    return step.endswith("(collection=?)") and any(f"SEARCH {table} " in step for table in ("faces", "user_vectors"))


def new(number: int) -> list[NewFace]:
    return [faces.face(place, 10 * number + place) for place in range(4)]


def test_every_question_of_a_client_is_answered_by_an_index(store: Store) -> None:
    key = faces.make(store)
    kept = [each for number in range(3) for each in faces.add(store, key, number, new(number), "her")]
    store.faces.page(key, None, 100)
    store.faces.page(key, UUID(int=7), 100)
    for count in (1, 10, 100, MANY):
        store.faces.find(key, [uuid4() for _ in range(count)])
        store.faces.by_keys(key, list(range(count)))
        store.users.by_vectors(key, list(range(count)))
    store.faces.embedding(kept[0].key)
    store.faces.revision(key)
    store.collections.find(faces.ACCOUNT, "people")
    store.collections.page(faces.ACCOUNT, "", 100)
    store.users.create(key, "ann", None)
    store.users.associate(key, "ann", [each.face_id for each in kept[:3]], MATCHING, None)
    store.users.associate(key, "ann", [kept[3].face_id], MATCHING, None)
    store.users.disassociate(key, "ann", [kept[0].face_id], MATCHING, None)
    ann = store.users.find(key, "ann")
    assert ann is not None
    assert len(store.faces.page(key, None, 100, ann.key)) == 3
    store.faces.page(key, UUID(int=7), 100, ann.key)
    store.users.page(key, 0, 100)
    store.users.vector(ann.key)
    store.users.delete(key, "ann", None)
    store.faces.delete(key, [each.face_id for each in kept])
    store.tags.put(key, {"a": "b"})
    store.tags.of(key)
    store.keys.find("AKIA")
    assert held(store) == []


def test_what_people_change_reads_their_faces_and_no_others(store: Store) -> None:
    key = faces.make(store)
    kept = [each.face_id for number in range(4) for each in faces.add(store, key, number, new(number))]
    for name, some in (("ann", kept[:5]), ("bea", kept[5:8]), ("cleo", kept[8:10])):
        store.regrouping.name(key, Name(name), some, MATCHING, None)
    store.regrouping.update(key, "ann", "Anna", kept[1], "REFUSE")
    store.judging.judge(key, "DIFFERENT", Named("ann"), Named(None, kept[10:12]))
    store.judging.judge(key, "DIFFERENT", Named("ann"), Named("cleo"))
    store.judging.judge(key, "SAME", Named(None, kept[10:13]), None)
    store.judging.judge(key, None, Named(None, kept[12:13]), Named(None, kept[10:11]))
    store.regrouping.merge(key, "ann", ["bea"], MATCHING, None)
    store.regrouping.split(key, "ann", (kept[:2], Name("Ann")), MATCHING, None)
    store.regrouping.remove(key, "ann", kept[2:3], MATCHING, None)
    store.faces.delete(key, kept[10:])
    sorting = "SELECT face_id FROM faces WHERE user_key = ? ORDER BY"  # a person's own faces, to choose a portrait
    assert [each for each in held(store) if not each[0].startswith(sorting)] == []


def test_the_unknown_and_the_hidden_are_found_by_an_index(store: Store) -> None:
    key = faces.make(store)
    kept = [each for number in range(4) for each in faces.add(store, key, number, new(number))]
    store.users.create(key, "ann", None)
    store.users.associate(key, "ann", [each.face_id for each in kept[:5]], MATCHING, None)
    ann = store.users.find(key, "ann")
    assert ann is not None
    unknown = store.unknown.keys(key, 100)
    assert len(unknown) == len(kept) - 5
    store.unknown.sources(unknown)
    store.unknown.owners(store.users.changes(key, 0, 10).added)
    store.unknown.owners_of([each.key for each in kept])
    store.unknown.photographs_of(ann.key)
    store.unknown.users(key, [ann.key])
    store.hiding.hide(key, unknown.tolist())
    store.hiding.faces(key)
    store.hiding.show(key, unknown.tolist())
    (whole,) = held(store)  # an index of nothing but the unknown, in order
    assert whole[1] == "SEARCH faces USING COVERING INDEX faces_without_user (collection=?)"


def test_a_video_job_is_found_and_taken_by_an_index(store: Store) -> None:
    film = Asked(bucket="films", name="one.mp4", version=None, etag="e", size=1)
    token = Token(faces.ACCOUNT, "StartFaceDetection", "a", b"1")
    job_id = store.video_jobs.create(faces.ACCOUNT, token.operation, film, None, token=token, most=5)
    job = store.video_jobs.find(faces.ACCOUNT, job_id)
    claim = store.job_claims.claim()
    assert job
    assert claim
    store.video_jobs.started(token)
    store.video_jobs.page(faces.ACCOUNT, None, 100)
    store.video_jobs.page(faces.ACCOUNT, 7, 100, "FAILED")
    store.video_jobs.unfinished()
    header = Metadata("h264", 4000, "QuickTime / MOV", 25.0, 640, 480, "LIMITED")
    store.job_claims.save(claim, header, 1, Batch(0, 1, b"", b""), b"")
    store.video_faces.holding(job.key, 5)
    store.video_faces.tracks(job.key)
    store.job_claims.finish(claim, Ending("FAILED", "Why."))
    store.job_claims.claim(ended=True)
    faces.make(store)
    store.collections.delete(faces.ACCOUNT, "people")
    sweep.sweep_video(store.database)
    assert held(store) == []


def test_following_changes_reads_what_changed_and_no_more(store: Store) -> None:
    key = faces.make(store)
    for number in range(3):
        faces.add(store, key, number, new(number))
    for known in (0, 1, 3):
        store.faces.changes(key, known, 4)
        store.users.changes(key, known, 4)
    assert held(store) == []


def test_a_sweep_looks_for_nothing(store: Store) -> None:
    key = faces.make(store)
    kept = [each for number in range(3) for each in faces.add(store, key, number, new(number))]
    store.users.create(key, "ann", None)
    store.users.associate(key, "ann", [kept[0].face_id], MATCHING, None)
    store.faces.delete(key, [kept[1].face_id])
    store.collections.delete(faces.ACCOUNT, "people")
    plans: Any = store.database
    while sweep.sweep(store.database):
        pass
    # the note itself is looked for in a table of a few rows
    plans.noted = [(statement, step) for statement, step in plans.noted if step != "SCAN sweeps"]
    bad = [each for each in held(store) if not _whole(each[1])]
    assert bad == []  # all of a collection goes, in order: narrowing it down to the collection is what is wanted


def test_sessions_are_found_and_swept_by_an_index(store: Store) -> None:
    token = LivenessToken("token", b"parameters")
    for _ in range(3):
        session = store.liveness.create(faces.ACCOUNT, LivenessSettings(), 100, token)
    store.liveness.begin(faces.ACCOUNT, session)
    store.liveness.finish(faces.ACCOUNT, session, "FAILED", LivenessResult())
    store.liveness.find(faces.ACCOUNT, session)
    for seconds in (LIFE, REMEMBERED):
        age = f"UPDATE liveness_sessions SET created = created - {seconds}"
        store.database.write(operator.methodcaller("run", age))
        store.liveness.create(faces.ACCOUNT, LivenessSettings(), 100, token)
        while sweep.sweep_sessions(store.database):
            pass
    plans: Any = store.database
    plans.noted = [each for each in plans.noted if "SET created = created" not in each[0]]
    assert held(store) == []


def test_a_scan_and_a_sort_are_noticed(store: Store) -> None:
    faces.make(store)
    store.database.read(lambda cursor: cursor.rows("SELECT id FROM faces WHERE confidence > ? ORDER BY box_left", 1))
    assert {step.split()[0] for _, step in held(store)} == {"SCAN", "USE"}
