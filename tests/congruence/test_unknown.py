"""The faces that belong to no user, and those among them that are hidden, in every store."""

from uuid import UUID

import numpy as np
import pytest

from mien.operations.user_changes import combine
from mien.store.base import CollectionGoneError
from mien.store.open import Store
from mien.store.tables.likeness import Matching
from mien.store.upkeep.sweep import sweep_all
from tests.congruence import faces

MATCHING = Matching(combine, lambda one, other: 100 * float(one @ other), -100)


@pytest.fixture
def key(store: Store) -> int:
    return faces.make(store)


def test_the_oldest_faces_without_a_user_are_listed(store: Store, key: int) -> None:
    other = faces.make(store, "others")
    stored = [*faces.add(store, key, 1, [faces.face(place, place) for place in range(4)])]
    faces.add(store, other, 2, [faces.face()])
    store.users.create(key, "anna", None)
    store.users.associate(key, "anna", [stored[1].face_id], MATCHING, None)
    assert store.unknown.keys(key, 100).tolist() == [stored[0].key, stored[2].key, stored[3].key]
    assert store.unknown.keys(key, 2).tolist() == [stored[0].key, stored[2].key]
    user = store.users.find(key, "anna")
    assert user
    assert store.unknown.owners_of([face.key for face in stored]) == {stored[1].key: user.key}
    vectors = store.users.changes(key, 0, 10).added
    assert store.unknown.owners(np.append(vectors, 999)).tolist() == [user.key, 0]
    assert store.unknown.users(key, [user.key, 999]) == {user.key: user}
    assert store.unknown.users(other, [user.key]) == {}


def test_a_photograph_is_an_image_under_one_external_id(store: Store, key: int) -> None:
    one = faces.add(store, key, 1, [faces.face(0, 0), faces.face(1, 1)])
    again = faces.add(store, key, 1, [faces.face(0, 0)], "copy")
    other = faces.add(store, key, 2, [faces.face(0, 0)])
    found = store.unknown.sources(np.array([face.key for face in (*one, *again, *other)] + [999]))
    place = {each: row for row, each in enumerate(found.keys.tolist())}
    assert len(place) == 4
    rows = [place[face.key] for face in (*one, *again, *other)]
    first, second, copied, elsewhere = found.photographs[rows].tolist()
    assert (first == second, len({first, copied, elsewhere})) == (True, 3)
    first, second, copied, elsewhere = found.images[rows].tolist()
    assert (first == second == copied, elsewhere != first) == (True, True)


def test_the_photographs_of_a_user_are_those_of_its_faces(store: Store, key: int) -> None:
    stored = [face for number in range(3) for face in faces.add(store, key, number, [faces.face(0, number)])]
    store.users.create(key, "anna", None)
    store.users.associate(key, "anna", [face.face_id for face in stored[:2]], MATCHING, None)
    user = store.users.find(key, "anna")
    assert user
    sources = store.unknown.sources(np.array([face.key for face in stored[:2]]))
    assert store.unknown.photographs_of(user.key) == set(sources.photographs.tolist())


def test_faces_are_hidden_and_shown_again(store: Store, key: int) -> None:
    other = faces.make(store, "others")
    stored = faces.add(store, key, 1, [faces.face(place, place) for place in range(4)])
    (foreign,) = faces.add(store, other, 2, [faces.face()])
    keys = [face.key for face in stored]
    store.hiding.hide(key, [*keys[:3], 999, foreign.key])
    store.hiding.hide(key, keys[:2])
    assert store.hiding.faces(key).tolist() == keys[:3]
    assert store.hiding.faces(other).tolist() == []
    store.hiding.show(other, keys)
    store.hiding.show(key, [keys[1], keys[3]])
    assert store.hiding.faces(key).tolist() == [keys[0], keys[2]]


def test_what_was_hidden_goes_with_its_face_and_its_collection(store: Store, key: int) -> None:
    stored = faces.add(store, key, 1, [faces.face(place, place) for place in range(3)])
    store.hiding.hide(key, [face.key for face in stored])
    store.faces.delete(key, [stored[0].face_id, UUID(int=77)])
    assert store.hiding.faces(key).tolist() == [face.key for face in stored[1:]]
    store.collections.delete(faces.ACCOUNT, "people")
    with pytest.raises(CollectionGoneError):
        store.hiding.hide(key, [stored[1].key])
    sweep_all(store.database)
    assert faces.count(store, "hidden_faces") == 0
