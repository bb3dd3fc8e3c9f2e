"""Users and the vectors they are found by, and the tokens that bring their answers back."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID, uuid4

import numpy as np
import pytest

from mien.store.base import CollectionGoneError, StoredFace
from mien.store.open import Store
from mien.store.tables import users
from mien.store.tables.answers import Outcome, Refusal
from mien.store.tables.likeness import Matching, Vector
from mien.store.tables.tokens import Token, TokenReusedError
from mien.store.tables.users import UserExistsError, UserFullError, UserMissingError
from tests.congruence import faces


def mean(embeddings: Vector) -> Vector:
    return np.asarray(embeddings.mean(axis=0), np.float32)


def likeness(user: Vector, face: Vector) -> float:
    return 100 * float(user @ face)


ALL = Matching(mean, likeness, -1000.0)


def token(text: str = "t", parameters: bytes = b"p", operation: str = "CreateUser") -> Token:
    return Token(faces.ACCOUNT, operation, text, parameters)


@pytest.fixture
def key(store: Store) -> int:
    return faces.make(store)


def some(store: Store, key: int, count: int, image: int = 1) -> list[StoredFace]:
    """Faces of different embeddings, ten at most."""
    return faces.add(store, key, image, [faces.face(place, 100 * image + place) for place in range(count)])


def ids(kept: Sequence[StoredFace]) -> list[UUID]:
    return [each.face_id for each in kept]


def names(store: Store, key: int) -> list[tuple[str, int]]:
    return [(user.name, user.faces) for user in store.users.page(key, 0, 1000)]


def counted(store: Store) -> int:
    found = store.collections.find(faces.ACCOUNT, "people")
    assert found is not None
    return found.users


def vector(store: Store, key: int, name: str) -> Vector | None:
    user = store.users.find(key, name)
    assert user is not None
    return store.users.vector(user.key)


def close(one: Vector | None, other: Vector) -> bool:
    return one is not None and bool(np.allclose(one, other, rtol=0, atol=2**-11))


def test_users_are_listed_in_the_order_they_were_made(store: Store, key: int) -> None:
    for name in ("zoe", "ann", "mia", "Ann"):
        store.users.create(key, name, None)
    assert names(store, key) == [("zoe", 0), ("ann", 0), ("mia", 0), ("Ann", 0)]
    (first, second) = store.users.page(key, 0, 2)
    assert [user.name for user in store.users.page(key, second.key, 2)] == ["mia", "Ann"]
    assert first.key < second.key
    assert counted(store) == 4


def test_a_name_is_taken_once_in_a_collection(store: Store, key: int) -> None:
    other = faces.make(store, "others")
    store.users.create(key, "ann", None)
    store.users.create(other, "ann", None)
    with pytest.raises(UserExistsError):
        store.users.create(key, "ann", None)
    assert (names(store, key), counted(store)) == ([("ann", 0)], 1)


def test_a_user_is_renamed_and_keeps_its_id_and_its_faces(store: Store, key: int) -> None:
    kept = some(store, key, 1)
    store.users.create(key, "ann", None, "Аня")
    store.users.create(key, "bob", None)
    store.users.associate(key, "ann", ids(kept), ALL, None)
    assert store.users.rename(key, "ann", "Анна") == "Аня"
    assert store.users.rename(key, "bob", "Боб") is None
    assert [(user.name, user.faces, user.display_name) for user in store.users.page(key, 0, 9)] == [
        ("ann", 1, "Анна"), ("bob", 0, "Боб"),
    ]  # fmt: skip
    (hit,) = store.users.by_vectors(key, list(map(int, store.users.changes(key, 0, 9).added))).values()
    assert (hit.name, hit.display_name) == ("ann", "Анна")
    assert store.users.rename(key, "ann", None) == "Анна"
    found = store.users.find(key, "ann")
    assert found is not None
    assert (found.display_name, found.faces) == (None, 1)
    with pytest.raises(UserMissingError):
        store.users.rename(key, "eve", "Eve")


def test_a_full_collection_takes_no_user(store: Store, key: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(users, "USER_QUOTA", 1)
    store.users.create(key, "ann", None)
    with pytest.raises(users.UsersFullError):
        store.users.create(key, "bob", None)
    assert names(store, key) == [("ann", 0)]


def test_a_users_vector_is_made_of_its_faces(store: Store, key: int) -> None:
    kept = some(store, key, 3)
    store.users.create(key, "ann", None)
    assert vector(store, key, "ann") is None
    outcome = store.users.associate(key, "ann", ids(kept[:2]), ALL, None)
    assert outcome == Outcome(ids(kept[:2]), [], 2)
    first, second, third = (faces.vector(100 + place) for place in range(3))
    assert close(vector(store, key, "ann"), mean(np.stack([first, second])))
    store.users.associate(key, "ann", ids(kept[2:]), ALL, None)
    assert close(vector(store, key, "ann"), mean(np.stack([first, second, third])))
    store.users.disassociate(key, "ann", ids(kept[:2]), ALL, None)
    assert close(vector(store, key, "ann"), third)
    assert store.users.disassociate(key, "ann", ids(kept), ALL, None) == Outcome(ids(kept[2:]), [], 0)
    assert vector(store, key, "ann") is None
    assert names(store, key) == [("ann", 0)]


def test_a_face_has_one_user_and_says_so(store: Store, key: int) -> None:
    kept = some(store, key, 2)
    for name in ("ann", "bob"):
        store.users.create(key, name, None)
    store.users.associate(key, "ann", ids(kept[:1]), ALL, None)
    stranger = uuid4()
    outcome = store.users.associate(key, "bob", [*ids(kept), stranger], ALL, None)
    taken = Refusal(kept[0].face_id, "ASSOCIATED_TO_A_DIFFERENT_USER", "ann")
    assert outcome == Outcome(ids(kept[1:]), [taken, Refusal(stranger, "FACE_NOT_FOUND")], 1)
    assert {face.face_id: face.user for face in store.faces.find(key, ids(kept))} == {
        kept[0].face_id: "ann", kept[1].face_id: "bob"
    }  # fmt: skip
    assert store.users.disassociate(key, "bob", [*ids(kept), stranger], ALL, None) == Outcome(
        ids(kept[1:]), [taken, Refusal(stranger, "FACE_NOT_FOUND")], 0
    )
    assert store.users.associate(key, "ann", ids(kept[:1]), ALL, None) == Outcome(
        [], [], 1
    )  # already hers: passed over


def test_a_face_unlike_a_user_with_faces_is_refused_and_the_first_are_not(store: Store, key: int) -> None:
    kept = some(store, key, 3)
    strict = Matching(mean, likeness, 99.9)
    store.users.create(key, "ann", None)
    assert store.users.associate(key, "ann", ids(kept[:2]), strict, None).done == ids(kept[:2])
    (refused,) = store.users.associate(key, "ann", ids(kept[2:]), strict, None).refused
    known = mean(np.stack([faces.vector(100), faces.vector(101)]))
    assert refused.reason == "LOW_MATCH_CONFIDENCE"
    assert refused.similarity == pytest.approx(likeness(known, faces.vector(102)), abs=0.02)


def test_a_user_has_a_hundred_faces_and_not_one_more(store: Store, key: int) -> None:
    kept = [face for image in range(11) for face in some(store, key, 10, image)]
    store.users.create(key, "ann", None)
    store.users.associate(key, "ann", ids(kept[:60]), ALL, None)
    with pytest.raises(UserFullError):
        store.users.associate(key, "ann", ids(kept[60:101]), ALL, None)
    assert names(store, key) == [("ann", 60)]  # all or none
    assert store.users.associate(key, "ann", ids(kept[30:100]), ALL, None).faces == 100
    with pytest.raises(UserFullError):
        store.users.associate(key, "ann", ids(kept[100:101]), ALL, None)


def test_deleting_a_user_leaves_its_faces_to_nobody(store: Store, key: int) -> None:
    kept = some(store, key, 2)
    store.users.create(key, "ann", None)
    store.users.associate(key, "ann", ids(kept), ALL, None)
    assert store.faces.delete(key, ids(kept))[0] == []  # they are hers
    store.users.delete(key, "ann", None)
    assert [face.user for face in store.faces.find(key, ids(kept))] == [None, None]
    assert (names(store, key), counted(store), faces.count(store, "user_vectors")) == ([], 0, 0)
    with pytest.raises(UserMissingError):
        store.users.delete(key, "ann", None)
    assert store.faces.delete(key, ids(kept)) == (sorted(ids(kept)), [])


def test_a_user_of_a_deleted_collection_cannot_be_changed(store: Store, key: int) -> None:
    store.users.create(key, "ann", None)
    store.collections.delete(faces.ACCOUNT, "people")
    with pytest.raises(CollectionGoneError):
        store.users.create(key, "bob", None)
    with pytest.raises(CollectionGoneError):
        store.users.delete(key, "ann", None)
    with pytest.raises(CollectionGoneError):
        store.users.associate(key, "ann", [uuid4()], ALL, None)


def test_a_follower_of_users_holds_the_vectors_there_are(store: Store, key: int) -> None:
    kept = [face for image in range(4) for face in some(store, key, 5, image)]
    held: dict[int, Vector] = {}
    known = 0
    random = np.random.default_rng(3)
    for name in ("ann", "bob", "eve"):
        store.users.create(key, name, None)
    for step in range(40):
        name, face = str(random.choice(["ann", "bob", "eve"])), [kept[int(random.integers(len(kept)))].face_id]
        (store.users.associate if random.random() < 0.6 else store.users.disassociate)(key, name, face, ALL, None)
        if step % 3 == 0:
            changed = store.users.changes(key, known, 2)
            held.update(dict(zip(changed.added.tolist(), changed.embeddings, strict=True)))
            for gone in changed.removed.tolist():
                held.pop(gone, None)
            known = changed.revision
    while known < (store.faces.revision(key) or 0):
        changed = store.users.changes(key, known, 2)
        held.update(dict(zip(changed.added.tolist(), changed.embeddings, strict=True)))
        for gone in changed.removed.tolist():
            held.pop(gone, None)
        known = changed.revision
    found = store.users.by_vectors(key, list(held))
    assert {user.name for user in found.values()} == {name for name, count in names(store, key) if count}
    assert len(found) == len(held)
    for number, user in found.items():
        assert close(store.users.vector(user.key), held[number])


def test_a_token_brings_the_first_answer_and_no_second_effect(store: Store, key: int) -> None:
    kept = some(store, key, 2)
    store.users.create(key, "ann", token())
    store.users.create(key, "ann", token())  # no conflict
    given = token("a", operation="AssociateFaces")
    first = store.users.associate(key, "ann", ids(kept[:1]), ALL, given)
    store.users.disassociate(key, "ann", ids(kept[:1]), ALL, None)
    assert store.users.associate(key, "ann", ids(kept[:1]), ALL, given) == first
    assert names(store, key) == [("ann", 0)]
    store.users.delete(key, "ann", token("d", operation="DeleteUser"))
    store.users.delete(key, "ann", token("d", operation="DeleteUser"))


def test_a_token_with_other_parameters_is_refused_and_one_of_another_operation_or_account_is_not(
    store: Store, key: int
) -> None:
    store.users.create(key, "ann", token())
    with pytest.raises(TokenReusedError):
        store.users.create(key, "bob", token(parameters=b"other"))
    store.users.create(key, "bob", Token("999999999999", "CreateUser", "t", b"other"))
    store.users.delete(key, "bob", token(parameters=b"other", operation="DeleteUser"))
    assert names(store, key) == [("ann", 0)]


def test_what_failed_keeps_no_token(store: Store, key: int) -> None:
    with pytest.raises(UserMissingError):
        store.users.delete(key, "ann", token(operation="DeleteUser"))
    store.users.create(key, "ann", None)
    store.users.delete(key, "ann", token(operation="DeleteUser"))
    assert names(store, key) == []


def test_a_token_is_forgotten_after_a_day(store: Store, key: int, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1_000_000_000.0
    monkeypatch.setattr("mien.store.tables.tokens.time.time", lambda: now)
    store.users.create(key, "ann", token())
    now += 24 * 3600 - 1
    store.users.create(key, "ann", token())
    now += 2
    with pytest.raises(UserExistsError):
        store.users.create(key, "ann", token())
    store.users.create(key, "bob", token())
    assert faces.count(store, "tokens") == 1  # and what is old is cleared away


def test_of_many_who_make_the_same_user_one_does_and_a_shared_token_makes_all_succeed(store: Store, key: int) -> None:
    def make(given: Token | None) -> bool:
        try:
            store.users.create(key, "ann" if given is None else "bob", given)
        except UserExistsError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(make, [None] * 16)) == 1
        assert sum(pool.map(make, [token("shared")] * 16)) == 16
    assert names(store, key) == [("ann", 0), ("bob", 0)]
    assert counted(store) == 2


def test_of_many_who_give_a_face_to_different_users_one_does(store: Store, key: int) -> None:
    (face,) = some(store, key, 1)
    everybody = [f"user-{number}" for number in range(8)]
    for name in everybody:
        store.users.create(key, name, None)
    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(lambda name: store.users.associate(key, name, [face.face_id], ALL, None), everybody))
    (owner,) = [name for name, outcome in zip(everybody, outcomes, strict=True) if outcome.done]
    assert {refusal.user for outcome in outcomes for refusal in outcome.refused} == {owner}
    assert sum(count for _, count in names(store, key)) == 1
