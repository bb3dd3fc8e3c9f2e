"""People named, merged, split and taken apart by many at once: all or nothing, and nobody's face lost."""

from collections.abc import Callable, Sequence
from random import Random
from uuid import UUID, uuid4

import numpy as np
import pytest

from mien.store.base import StoredFace
from mien.store.open import Store
from mien.store.tables import belonging, regrouping, tokens
from mien.store.tables.judging import Named
from mien.store.tables.likeness import Matching, Vector
from mien.store.tables.person_names import Name, NameTakenError
from mien.store.tables.regrouping import AllFacesError, NoneFreeError, PortraitError
from mien.store.tables.tokens import Token
from mien.store.tables.users import UserExistsError, UserFullError, UserMissingError
from mien.store.upkeep.check import examine
from tests.congruence import faces
from tests.congruence.test_races import MANY, at_once


def mean(embeddings: Vector) -> Vector:
    return np.asarray(embeddings.mean(axis=0), np.float32)


ALL = Matching(mean, lambda user, face: 100 * float(user @ face))
REFUSED = (UserMissingError, NoneFreeError, AllFacesError, NameTakenError, PortraitError, UserExistsError)


@pytest.fixture
def key(store: Store) -> int:
    return faces.make(store)


def some(store: Store, key: int, count: int, image: int = 1) -> list[UUID]:
    kept: list[StoredFace] = []
    for start in range(0, count, 10):
        places = range(min(10, count - start))
        kept += faces.add(store, key, image + start, [faces.face(place, start + place) for place in places])
    return [each.face_id for each in kept]


def name(store: Store, key: int, display: str, face_ids: Sequence[UUID], user: str | None = None) -> None:
    store.regrouping.name(key, Name(display, user), face_ids, ALL, None)


def holds_together(store: Store) -> bool:
    return examine(store.database, mean, lambda *_: None) == []


def people(store: Store, key: int) -> dict[str, int]:
    return {user.name: user.faces for user in store.users.page(key, 0, 1000)}


def test_of_many_who_merge_one_person_at_once_one_does(store: Store, key: int) -> None:
    ids = some(store, key, MANY + 1)
    for number, face in enumerate(ids):
        name(store, key, f"P{number}", [face])
    outcomes = at_once(lambda number: store.regrouping.merge(key, f"P{number}", [f"P{MANY}"], ALL, None))
    assert sum(isinstance(each, UserMissingError) for each in outcomes) == MANY - 1
    assert sorted(people(store, key).values()) == [*[1] * (MANY - 1), 2]
    assert holds_together(store)


def test_of_many_who_name_one_group_at_once_one_does(store: Store, key: int) -> None:
    ids = some(store, key, 3)
    outcomes = at_once(lambda number: name(store, key, f"P{number}", ids))
    assert sum(isinstance(each, NoneFreeError) for each in outcomes) == MANY - 1
    assert list(people(store, key).values()) == [3]


def test_of_many_who_give_one_name_at_once_one_does(store: Store, key: int) -> None:
    ids = some(store, key, MANY)
    outcomes = at_once(lambda number: name(store, key, "Ann", [ids[number]]))
    assert sum(isinstance(each, NameTakenError) for each in outcomes) == MANY - 1
    assert people(store, key) == {"Ann": 1}


def test_a_repeated_call_that_comes_many_times_at_once_has_one_effect(store: Store, key: int) -> None:
    ids, token = some(store, key, 3), Token(faces.ACCOUNT, "NamePerson", "once", b"digest")
    another = Name("Ann", None, "ANOTHER")
    outcomes = at_once(lambda _: store.regrouping.name(key, another, ids, ALL, token))
    assert all(each == outcomes[0] for each in outcomes)
    assert people(store, key) == {"Ann": 3}


def calls(store: Store, key: int, users: tuple[str, str], few: list[UUID]) -> tuple[Callable[[], object], ...]:
    """Every way to change two people and a few faces."""
    user, other = users
    return (
        lambda: name(store, key, user.upper(), few, user),
        lambda: store.regrouping.merge(key, user, [other], ALL, None),
        lambda: store.regrouping.split(key, user, (few, Name("New", None, "ANOTHER")), ALL, None),
        lambda: store.regrouping.remove(key, user, few, ALL, None),
        lambda: store.regrouping.update(key, user, "Other", few[0], "ANOTHER"),
        lambda: store.judging.judge(key, "UNSURE", Named(user), Named(other)),
        lambda: store.judging.judge(key, "SAME", Named(None, few[:3]), None),
        lambda: store.users.delete(key, user, None),
        lambda: store.faces.delete(key, few[:1]),
    )


def test_whatever_many_change_at_once_holds_together(store: Store, key: int) -> None:
    """Faces and users are deleted meanwhile; each call does all or nothing."""
    ids = some(store, key, 40)

    def change(number: int) -> None:
        random = Random(number)
        for _ in range(12):
            user, other = random.sample(["p0", "p1", "p2", "p3"], 2)
            few = random.sample(ids, random.randint(1, 6))
            try:
                random.choice(calls(store, key, (user, other), few))()
            except REFUSED:
                pass
            except Exception as error:
                if "Judged" not in type(error).__name__ and "Own" not in type(error).__name__:
                    raise

    assert at_once(change) == [None] * MANY
    assert holds_together(store)
    owned = {face.user for face in faces.everyone(store, key)} - {None}
    assert owned == {user for user, count in people(store, key).items() if count}


def test_a_gallery_of_users_follows_every_change(store: Store, key: int) -> None:
    ids = some(store, key, 9)
    known, held = 1, set[int]()

    def followed() -> set[str]:
        """The users whose vectors a gallery has that starts from nothing, and one that has followed all along."""
        nonlocal known, held
        changes = store.users.changes(key, known, 1000, 1)
        known = changes.revision
        held = (held | set(changes.added.tolist())) - set(changes.removed.tolist())
        fresh = store.users.changes(key, 0, 1000).added.tolist()
        assert held == set(fresh)
        return {user.name for user in store.users.by_vectors(key, fresh).values()}

    name(store, key, "Ann", ids[:3])
    name(store, key, "Bea", ids[3:6])
    assert followed() == {"Ann", "Bea"}
    store.regrouping.merge(key, "Ann", ["Bea"], ALL, None)
    assert followed() == {"Ann"}
    store.regrouping.split(key, "Ann", (ids[3:5], Name("Cleo")), ALL, None)
    assert followed() == {"Ann", "Cleo"}
    store.regrouping.remove(key, "Cleo", ids[3:5], ALL, None)
    assert followed() == {"Ann"}
    assert holds_together(store)


def test_a_person_is_full_at_its_own_limit(store: Store, key: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(regrouping, "MOST_PERSONS_FACES", 4)
    ids = some(store, key, 8)
    name(store, key, "Ann", ids[:4])
    name(store, key, "Bea", ids[4:5])
    with pytest.raises(UserFullError):
        store.regrouping.name(key, Name(None, "Ann"), ids[5:6], ALL, None)
    with pytest.raises(UserFullError):
        store.regrouping.merge(key, "Ann", ["Bea"], ALL, None)
    with pytest.raises(UserFullError):
        name(store, key, "Cleo", ids[5:] + ids[:4] + some(store, key, 8, 100))
    assert people(store, key) == {"Ann": 4, "Bea": 1}  # and nobody was made in vain
    assert belonging.MOST_PERSONS_FACES == 10_000


def test_ten_thousand_faces_are_named_at_once(store: Store, key: int) -> None:
    ids = some(store, key, 20) + [uuid4() for _ in range(belonging.MOST_PERSONS_FACES - 20)]
    changed = store.regrouping.name(key, Name("Ann"), ids, ALL, Token(faces.ACCOUNT, "NamePerson", "t", b"d"))
    assert (changed.person.faces, len(changed.done), len(changed.refused)) == (20, 20, len(ids) - 20)


def test_what_is_kept_of_a_call_names_nobody(store: Store, key: int) -> None:
    ids = some(store, key, 4)
    name(store, key, "Ann", ids[:2])
    name(store, key, "Beatrix", ids[2:])
    token = Token(faces.ACCOUNT, "MergePeople", "t", b"d")
    _, (former,) = store.regrouping.merge(key, "Ann", ["Beatrix"], ALL, token)
    kept = store.database.read(lambda cursor: tokens.answered(cursor, token)) or b""
    assert b"Beatrix" not in kept
    assert not any(face.bytes in kept or str(face).encode() in kept for face in ids)
    _, (again,) = store.regrouping.merge(key, "Ann", ["Beatrix"], ALL, token)
    assert (again.name, again.display, again.faces) == ("Beatrix", None, former.faces)
