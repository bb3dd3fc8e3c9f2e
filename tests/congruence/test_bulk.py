"""Reads and writes whole collections in every store, and replaces a collection by its shadow."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import numpy as np
import pytest
from numpy.typing import NDArray

from mien.errors import SetupError
from mien.operations.user_changes import combine
from mien.store import open as stores
from mien.store.base import Collection, Cursor, NewFace, Origin, Region
from mien.store.open import Store
from mien.store.tables import vectors
from mien.store.tables.judgements import Side, Verdict
from mien.store.tables.judging import Named
from mien.store.tables.likeness import Matching
from mien.store.upkeep import bulk, said, shadow
from mien.store.upkeep.bulk import WholeFace, WholeUser
from mien.store.upkeep.check import examine
from mien.store.upkeep.said import Said, SaidSide
from mien.store.upkeep.sweep import sweep_all
from mien.transfer import exporting
from mien.transfer.archive import open_archive
from mien.transfer.archive_import import import_archive

ACCOUNT = "000000000000"
MATCHING = Matching(combine, lambda *_: 100.0)
Person = tuple[str, bytes | None, str | None, UUID | None]
Facts = tuple[tuple[Any, ...], list[tuple[Any, ...]], list[Person], dict[str, str], list[Said]]


@pytest.fixture
def other(tmp_path: Path) -> Iterator[Store]:
    """A second, empty store."""
    opened = stores.open_store("", str(tmp_path / "other"))
    with closing(opened.database):
        yield opened


def embedding(seed: int) -> NDArray[np.float32]:
    drawn = np.random.default_rng(seed).standard_normal(64).astype(np.float32)
    return np.asarray(drawn / np.linalg.norm(drawn), np.float32)


def holds_together(store: Store) -> bool:
    return examine(store.database, combine, lambda *_: None) == []


def filled(store: Store, faces: int = 9) -> Collection:
    """A collection with faces of which the first six belong to two users, a user without faces, and tags."""
    made = store.collections.create(ACCOUNT, "family", "digest", "7.5", {"ship": "été", "port": ""})
    assert made is not None
    ids: list[UUID] = []
    for number in range(faces):
        face = NewFace(Region(0.1, 0.2 + number / 77, 1 / 3, 0.25), 99 - number / 7, embedding(number))
        external = f"{number}.jpg" if number % 2 else None
        ids.append(store.faces.add(made.key, Origin(uuid4(), external), [face])[0].face_id)
    for name, some in (("zoe", ids[:2]), ("adam", ids[2:6]), ("nobody", [])):
        store.users.create(made.key, name, None, "Зоя" if name == "zoe" else None)
        if some:
            store.users.associate(made.key, name, some, MATCHING, None)
    store.regrouping.update(made.key, "adam", None, ids[4], "REFUSE")
    store.judging.judge(made.key, "DIFFERENT", Named("zoe"), Named(None, ids[3:5] + ids[6:8]))
    store.judging.judge(made.key, "UNSURE", Named("zoe"), Named("nobody"))
    store.judging.judge(made.key, "DIFFERENT", Named(None, ids[6:7]), Named(None, ids[7:]))
    store.judging.judge(made.key, "SAME", Named(None, ids[7:]), None)
    return found(store)


def found(store: Store) -> Collection:
    collection = store.collections.find(ACCOUNT, "family")
    assert collection is not None
    return collection


def facts(store: Store) -> Facts:
    """Everything but keys and revisions."""
    about = found(store)

    def read(cursor: Cursor) -> tuple[list[WholeFace], list[WholeUser]]:
        return bulk.faces(cursor, about.key, 0, 1000), bulk.people(cursor, about.key, 0, 1000)

    faces, people = store.database.read(read)
    return (
        (about.name, about.contract, about.model_version, about.created, about.faces, about.users),
        [(*(getattr(each.face, name) for name in ("face_id", "image_id", "external_image_id", "region", "confidence",
                                                  "user")), bytes(each.vector)) for each in faces],
        [(each.name, None if each.vector is None else bytes(each.vector), each.display_name, each.portrait)
         for each in people],
        store.tags.of(about.key),
        store.database.read(lambda cursor: list(said.read(cursor, about.key))),
    )  # fmt: skip


def counts(store: Store) -> dict[str, int]:
    return {user.name: user.faces for user in store.users.page(found(store).key, 0, 100)}


def test_an_export_comes_back_exactly_from_and_into_every_store(store: Store, other: Store, tmp_path: Path) -> None:
    filled(other)
    exporting.write(other, ACCOUNT, None, tmp_path / "a.mien")
    import_archive(store, ACCOUNT, open_archive(tmp_path / "a.mien"), merge=False)
    assert facts(store) == facts(other)
    assert counts(store) == counts(other) == {"zoe": 2, "adam": 4, "nobody": 0}
    exporting.write(store, ACCOUNT, ["family"], tmp_path / "b.mien")
    assert other.collections.delete(ACCOUNT, "family")
    import_archive(other, ACCOUNT, open_archive(tmp_path / "b.mien"), merge=False)
    assert facts(other) == facts(store)
    assert holds_together(other)
    assert holds_together(store)
    (probe,) = vectors.unpack([vectors.pack(embedding(3))])
    keys, followed = _followed(store)
    assert len(keys) == 9
    assert float((followed @ probe).max()) == pytest.approx(1, abs=1e-4)


def _followed(store: Store) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """What a gallery that begins from nothing takes in."""
    changes = store.faces.changes(found(store).key, 0, 10_000)
    assert changes.revision == store.faces.revision(found(store).key)
    return changes.added, changes.embeddings


def test_merging_adds_what_is_lacking_and_nothing_else(store: Store, other: Store, tmp_path: Path) -> None:
    filled(other)
    exporting.write(other, ACCOUNT, None, tmp_path / "a.mien")
    import_archive(store, ACCOUNT, open_archive(tmp_path / "a.mien"), merge=False)
    before = facts(store)
    owned = [face for face in store.faces.page(found(store).key, None, 100) if face.user == "adam"]
    store.users.disassociate(found(store).key, "adam", [owned[0].face_id], MATCHING, None)
    store.faces.delete(found(store).key, [owned[0].face_id])
    assert counts(store)["adam"] == 3
    came = import_archive(store, ACCOUNT, open_archive(tmp_path / "a.mien"), merge=True)
    assert (came.faces, came.users) == (1, 0)
    after = facts(store)
    assert sorted(map(str, after[1])) == sorted(map(str, before[1]))
    assert counts(store) == {"zoe": 2, "adam": 4, "nobody": 0}
    assert holds_together(store)
    with pytest.raises(SetupError, match="--merge"):
        import_archive(store, ACCOUNT, open_archive(tmp_path / "a.mien"), merge=False)


def test_merging_keeps_display_names_and_takes_those_that_are_lacking(
    store: Store, other: Store, tmp_path: Path
) -> None:
    filled(other)
    exporting.write(other, ACCOUNT, None, tmp_path / "a.mien")
    import_archive(store, ACCOUNT, open_archive(tmp_path / "a.mien"), merge=False)
    key = found(store).key
    for given, kept in (("Zoë", "Zoë"), (None, "Зоя")):
        store.users.rename(key, "zoe", given)
        import_archive(store, ACCOUNT, open_archive(tmp_path / "a.mien"), merge=True)
        assert {user.name: user.display_name for user in store.users.page(key, 0, 9)} == {
            "zoe": kept, "adam": None, "nobody": None,
        }  # fmt: skip


def test_merging_brings_verdicts_under_those_that_are_there(store: Store, other: Store, tmp_path: Path) -> None:
    filled(other)
    exporting.write(other, ACCOUNT, None, tmp_path / "a.mien")
    import_archive(store, ACCOUNT, open_archive(tmp_path / "a.mien"), merge=False)
    key, before = found(store).key, facts(store)[4]
    store.judging.judge(key, "UNSURE", Named("zoe"), Named(None, [before[0].sides[1].faces[0]]))
    store.judging.judge(key, None, Named("zoe"), Named("nobody"))
    one, two = before[-1].sides[0].faces
    store.judging.judge(key, "DIFFERENT", Named(None, [one]), Named(None, [two]))
    named = before[0].sides[1].faces[3]
    store.users.associate(key, "zoe", [named], MATCHING, None)
    import_archive(store, ACCOUNT, open_archive(tmp_path / "a.mien"), merge=True)
    verdicts = facts(store)[4]
    assert Said("UNSURE", (SaidSide("zoe"), SaidSide(None, before[0].sides[1].faces[:1]))) in verdicts
    assert Said("UNSURE", (SaidSide("zoe"), SaidSide("nobody"))) in verdicts  # what was withdrawn is not known
    assert not any(each.kind == "SAME" for each in verdicts)
    against = [side.faces for each in verdicts if SaidSide("zoe") in each.sides for side in each.sides]
    assert not any(named in some for some in against)  # it was named zoe since
    assert holds_together(store)
    sweep_all(store.database)
    assert holds_together(store)


def test_a_hidden_collection_is_seen_when_it_is_whole(store: Store) -> None:
    described = bulk.described(ACCOUNT, "family", "digest", "7.5")
    key = bulk.begin(store.portraits, described, {"a": "b"})
    assert store.collections.find(ACCOUNT, "family") is None
    assert store.collections.page(ACCOUNT, "", 10) == []
    again = bulk.begin(store.portraits, described, {"a": "b"})  # the earlier attempt is swept away
    assert again != key
    assert bulk.show(store.database, again, described)
    assert store.tags.of(found(store).key) == {"a": "b"}
    third = bulk.begin(store.portraits, described, {})
    assert not bulk.show(store.database, third, described)
    bulk.abandon(store.database, described)
    sweep_all(store.database)
    assert found(store).key == again


def test_a_shadow_follows_and_takes_the_place(store: Store) -> None:
    old = filled(store)
    new = bulk.described(ACCOUNT, "family", "another digest", "7.6", old.created)
    key = bulk.begin(store.portraits, new, store.tags.of(old.key))
    assert store.database.read(lambda cursor: shadow.find(cursor, old, "another digest")) == key
    lacking = store.database.read(lambda cursor: shadow.lacking(cursor, old.key, key))
    assert len(lacking) == 9
    image = lacking[4].image_id
    assert [face.face_id for face in store.database.read(lambda c: shadow.lacking(c, old.key, key, image))] == [
        lacking[4].face_id
    ]
    _follow(store, old.key, key)
    whole = [WholeFace(face, vectors.pack(embedding(100 + number))) for number, face in enumerate(lacking)]
    assert bulk.add_faces(store.portraits, key, whole, MATCHING) == 9
    assert bulk.add_faces(store.portraits, key, whole, MATCHING) == 0
    assert holds_together(store)
    revision = store.faces.revision(old.key) or 0
    # meanwhile: a face goes, one changes owner, a user goes, another comes
    store.faces.delete(old.key, [lacking[8].face_id])
    store.users.disassociate(old.key, "adam", [lacking[2].face_id], MATCHING, None)
    store.users.associate(old.key, "nobody", [lacking[2].face_id], MATCHING, None)
    store.users.delete(old.key, "zoe", None)
    store.users.create(old.key, "new", None, "Новая")
    store.users.rename(old.key, "adam", "Адам")
    store.regrouping.update(old.key, "adam", None, lacking[3].face_id, "REFUSE")
    store.judging.judge(old.key, "DIFFERENT", Named("adam"), Named(None, [lacking[6].face_id, lacking[7].face_id]))
    store.judging.judge(old.key, "UNSURE", Named("adam"), Named("new"))
    assert not bulk.show(store.database, key, new, (old.key, revision))
    assert found(store).key == old.key
    _follow(store, old.key, key)
    assert bulk.show(store.database, key, new, (old.key, store.faces.revision(old.key) or 0))
    now = found(store)
    assert (now.key, now.contract, now.faces, now.users) == (key, "another digest", 8, 3)
    assert counts(store) == {"adam": 3, "nobody": 1, "new": 0}
    about, faces, people, tags, verdicts = facts(store)
    assert about[3] == old.created
    assert {face[0] for face in faces} == {face.face_id for face in lacking[:8]}
    assert tags == {"ship": "été", "port": ""}
    kept = {name: vector for name, vector, _, _ in people}
    assert kept["nobody"] == vectors.pack_user(combine(vectors.unpack([whole[2].vector])))
    assert kept["new"] is None
    assert {name: display for name, _, display, _ in people} == {"adam": "Адам", "nobody": None, "new": "Новая"}
    keys, _ = _followed(store)
    assert len(keys) == 8
    assert store.persons.faces(key, "adam").person.portrait == lacking[3].face_id
    adam, new_user = (store.users.find(key, name) for name in ("adam", "new"))
    assert adam is not None
    assert new_user is not None
    two = {face.key for face in store.faces.find(key, [each.face_id for each in lacking[6:8]])}
    assert [each for each in store.verdicts.of(key) if each.one.user is not None] == [
        Verdict("DIFFERENT", Side(adam.key), Side(faces=frozenset(two))),
        Verdict("UNSURE", Side(adam.key), Side(new_user.key)),
    ]
    assert holds_together(store)
    sweep_all(store.database)
    assert holds_together(store)
    assert facts(store) == (about, faces, people, tags, verdicts)


def _follow(store: Store, old: int, new: int) -> None:
    store.database.write(lambda cursor: shadow.follow(cursor, old, new, MATCHING))
