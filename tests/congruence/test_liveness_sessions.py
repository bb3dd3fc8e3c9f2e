"""Face Liveness sessions in every store: begun once, ended once, opened by their id alone, gone after three minutes."""

from collections.abc import Callable
from uuid import uuid4

import pytest

from mien.store.base import DamagedError, Region
from mien.store.open import Store
from mien.store.tables.liveness_sessions import (
    LIFE,
    REMEMBERED,
    ChallengePreference,
    LivenessImage,
    LivenessResult,
    LivenessSession,
    LivenessSettings,
    LivenessToken,
    SessionsFullError,
)
from mien.store.tables.tokens import TokenReusedError
from mien.store.upkeep.check import examine
from mien.store.upkeep.sweep import sweep_sessions
from tests.congruence import faces
from tests.congruence.faces import ACCOUNT
from tests.congruence.test_races import MANY, at_once

OTHER = "111111111111"
PICTURE = b"\xff\xd8 a picture " * 9_000
PLAIN = LivenessSettings()
SETTINGS = LivenessSettings(2, (ChallengePreference("FaceMovementChallenge", "1.0.0"),), "bucket", "them/", "a-key")
RESULT = LivenessResult(
    97.25, LivenessImage(Region(0.1, 0.2, 0.3, 0.4), PICTURE),
    (LivenessImage(Region(-0.1, 0, 1.1, 1), name="a/b.jpg"),),
    ("FaceMovementChallenge", "1.0.0"), (("LOW_LIGHTING_DETECTED", "It is dark."),), "Amplify",
)  # fmt: skip


def age(store: Store, seconds: float) -> None:
    """Lets every session have been created earlier, as if the database's clock had gone on."""
    store.database.write(lambda cursor: cursor.run("UPDATE liveness_sessions SET created = created - ?", seconds))


def sweep(store: Store) -> None:
    while sweep_sessions(store.database):
        pass


def ended(store: Store) -> str:
    session = store.liveness.create(ACCOUNT, SETTINGS)
    assert store.liveness.begin(ACCOUNT, session)
    assert store.liveness.finish(ACCOUNT, session, "SUCCEEDED", RESULT)
    return session


def test_a_session_goes_its_way(store: Store) -> None:
    session = store.liveness.create(ACCOUNT, SETTINGS)
    assert store.liveness.find(ACCOUNT, session) == LivenessSession("CREATED", SETTINGS)
    assert store.liveness.begin(ACCOUNT, session)
    assert store.liveness.find(ACCOUNT, session) == LivenessSession("IN_PROGRESS", SETTINGS)
    assert store.liveness.finish(ACCOUNT, session, "SUCCEEDED", RESULT)
    assert store.liveness.find(ACCOUNT, session) == LivenessSession("SUCCEEDED", SETTINGS, RESULT)
    assert examine(store.database, lambda each: each.mean(axis=0), lambda *_: None) == []


def test_a_session_that_failed_says_so(store: Store) -> None:
    session = store.liveness.create(ACCOUNT, PLAIN)
    store.liveness.begin(ACCOUNT, session)
    assert store.liveness.finish(ACCOUNT, session, "FAILED", LivenessResult())
    assert store.liveness.find(ACCOUNT, session) == LivenessSession("FAILED", PLAIN, LivenessResult())


def test_only_the_account_that_made_it_has_it(store: Store) -> None:
    session = store.liveness.create(ACCOUNT, PLAIN)
    assert store.liveness.find(OTHER, session) is None
    assert not store.liveness.begin(OTHER, session)
    store.liveness.begin(ACCOUNT, session)
    assert not store.liveness.finish(OTHER, session, "SUCCEEDED", RESULT)
    assert store.liveness.find(ACCOUNT, str(uuid4())) is None


def test_a_step_is_taken_once_and_in_order(store: Store) -> None:
    session = store.liveness.create(ACCOUNT, PLAIN)
    assert not store.liveness.finish(ACCOUNT, session, "SUCCEEDED", RESULT)
    assert store.liveness.begin(ACCOUNT, session)
    assert not store.liveness.begin(ACCOUNT, session)
    assert store.liveness.finish(ACCOUNT, session, "FAILED", LivenessResult())
    assert not store.liveness.begin(ACCOUNT, session)
    assert not store.liveness.finish(ACCOUNT, session, "SUCCEEDED", RESULT)
    found = store.liveness.find(ACCOUNT, session)
    assert found and found.status == "FAILED"


@pytest.mark.parametrize("_", range(5))
def test_of_many_who_begin_a_session_at_once_one_does(store: Store, _: int) -> None:
    session = store.liveness.create(ACCOUNT, PLAIN)
    assert sorted(at_once(lambda _: store.liveness.begin(ACCOUNT, session)), key=str) == [False] * (MANY - 1) + [True]


@pytest.mark.parametrize("_", range(5))
def test_of_many_who_create_under_one_token_at_once_all_get_one_session(store: Store, _: int) -> None:
    token = LivenessToken("again", b"digest")
    (session,) = set(at_once(lambda _: store.liveness.create(ACCOUNT, PLAIN, token=token)))
    assert isinstance(session, str)
    assert faces.count(store, "liveness_sessions") == 1
    assert store.liveness.find(ACCOUNT, session) == LivenessSession("CREATED", PLAIN)


def test_a_token_names_a_session_for_as_long_as_it_lives(store: Store) -> None:
    token = LivenessToken("mine", b"digest")
    session = store.liveness.create(ACCOUNT, PLAIN, token=token)
    assert store.liveness.create(OTHER, PLAIN, token=token) != session
    with pytest.raises(TokenReusedError):
        store.liveness.create(ACCOUNT, SETTINGS, token=LivenessToken("mine", b"another"))
    store.liveness.begin(ACCOUNT, session)
    assert store.liveness.create(ACCOUNT, PLAIN, token=token) == store.liveness.named(ACCOUNT, token) == session
    assert store.liveness.named(ACCOUNT, LivenessToken("other", b"digest")) is None
    age(store, LIFE)
    assert store.liveness.named(ACCOUNT, token) is None
    later = store.liveness.create(ACCOUNT, PLAIN, token=token)
    assert later != session
    assert store.liveness.create(ACCOUNT, PLAIN, token=token) == later
    found = store.liveness.find(ACCOUNT, session)
    assert found and found.status == "EXPIRED"


@pytest.mark.parametrize("away", [LIFE, LIFE + 1, REMEMBERED, -LIFE - 60, -86_400.0])
def test_nothing_is_left_of_a_session_after_three_minutes(store: Store, away: float) -> None:
    """Nor where the database's clock was set back, which would make it live on."""
    waiting, session = store.liveness.create(ACCOUNT, PLAIN), ended(store)
    running = store.liveness.create(ACCOUNT, PLAIN)
    store.liveness.begin(ACCOUNT, running)
    age(store, away)
    for _ in range(2):
        assert [store.liveness.find(ACCOUNT, each) for each in (waiting, session)] == [LivenessSession("EXPIRED")] * 2
        assert not store.liveness.begin(ACCOUNT, waiting)
        assert not store.liveness.finish(ACCOUNT, running, "SUCCEEDED", RESULT)
        assert store.liveness.counts() == {"EXPIRED": 3}
        if away != -86_400.0:
            sweep(store)
    kept = "SELECT COUNT(settings) + COUNT(result) + COUNT(token) + COUNT(answer) FROM liveness_sessions"
    sweep(store)
    assert store.database.read(lambda cursor: cursor.row(kept)) == (0,)


@pytest.mark.parametrize("young", [LIFE - 2, -1.0])
def test_a_session_lives_until_its_last_second(store: Store, young: float) -> None:
    waiting, session = store.liveness.create(ACCOUNT, PLAIN), ended(store)
    age(store, young)
    sweep(store)
    assert store.liveness.find(ACCOUNT, session) == LivenessSession("SUCCEEDED", SETTINGS, RESULT)
    assert store.liveness.begin(ACCOUNT, waiting)


def test_an_expired_session_is_called_so_for_an_hour(store: Store) -> None:
    session = ended(store)
    age(store, LIFE + REMEMBERED - 2)
    sweep(store)
    assert store.liveness.find(ACCOUNT, session) == LivenessSession("EXPIRED")
    age(store, 3)
    sweep(store)
    assert store.liveness.find(ACCOUNT, session) is None
    assert faces.count(store, "liveness_sessions") == 0


def test_an_account_has_so_many_sessions_at_a_time(store: Store) -> None:
    for _ in range(3):
        ended(store)
    with pytest.raises(SessionsFullError):
        store.liveness.create(ACCOUNT, PLAIN, most=3)
    token = LivenessToken("a", b"b")
    session = store.liveness.create(ACCOUNT, PLAIN, most=4, token=token)
    assert store.liveness.create(ACCOUNT, PLAIN, most=4, token=token) == session
    store.liveness.create(OTHER, PLAIN, most=1)
    age(store, LIFE)
    store.liveness.create(ACCOUNT, PLAIN, most=1)
    assert store.liveness.counts() == {"CREATED": 1, "EXPIRED": 5}


def everything(store: Store) -> bytes:
    rows = store.database.read(lambda cursor: cursor.rows("SELECT * FROM liveness_sessions"))
    return b" ".join(each if isinstance(each, bytes) else str(each).encode() for row in rows for each in row)


def test_the_store_has_nothing_that_can_be_read(store: Store) -> None:
    session = ended(store)
    named = store.liveness.create(ACCOUNT, SETTINGS, token=LivenessToken("a-token", b"its parameters"))
    kept = everything(store)
    assert len(kept) > len(PICTURE)
    for secret in (session, named, "a picture", "bucket", "them/", "a-key", "a-token", "its parameters", "b.jpg"):
        assert secret.encode() not in kept, secret


@pytest.mark.parametrize(
    "change",
    [
        lambda row: row[:-1] + bytes([row[-1] ^ 1]),
        lambda row: row[1:],
        lambda _: b"",
        lambda row: row[:20],
    ],
)
def test_what_was_changed_is_not_answered(store: Store, change: Callable[[bytes], bytes]) -> None:
    session = ended(store)
    (row,) = store.database.read(lambda cursor: cursor.rows("SELECT result FROM liveness_sessions"))
    changed = change(bytes(row[0]))
    store.database.write(lambda cursor: cursor.run("UPDATE liveness_sessions SET result = ?", changed))
    with pytest.raises(DamagedError):
        store.liveness.find(ACCOUNT, session)


def test_the_result_of_one_session_is_not_another_s(store: Store) -> None:
    first, second = ended(store), store.liveness.create(ACCOUNT, PLAIN)
    store.database.write(
        lambda cursor: cursor.run(
            "UPDATE liveness_sessions SET status = 'SUCCEEDED', "
            "result = (SELECT result FROM liveness_sessions WHERE result IS NOT NULL) WHERE result IS NULL"
        )
    )
    assert store.liveness.find(ACCOUNT, first)
    with pytest.raises(DamagedError):
        store.liveness.find(ACCOUNT, second)


def test_the_check_sees_an_end_without_a_result(store: Store) -> None:
    ended(store)
    store.database.write(lambda cursor: cursor.run("UPDATE liveness_sessions SET result = NULL"))
    (finding,) = examine(store.database, lambda each: each.mean(axis=0), lambda *_: None)
    assert "1 liveness sessions have ended and have no result" in finding
