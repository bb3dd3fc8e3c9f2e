"""The store and the galleries over it against a plain dictionary, through restarts, snapshots good and bad, eviction,
a history that is trimmed, and a database put back from a copy; of one process, or of several that share snapshots.
"""

import copy
import random
import shutil
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test
from numpy.typing import NDArray

from mien.gallery.segment_file import Placement
from mien.operations.user_changes import combine
from mien.serving.current_gallery import GallerySettings
from mien.serving.following import Followed
from mien.serving.galleries import Galleries
from mien.store.base import Collection, Cursor, NewFace, Origin, Region
from mien.store.open import FILE, open_store
from mien.store.tables import vectors
from mien.store.tables.likeness import Matching
from mien.store.upkeep.sweep import sweep_all
from tests.faults import damage
from tests.fuzzing import examples

Vector = NDArray[np.float32]
ACCOUNT = "000000000000"
LENGTH = 32
CROSSOVER = 16  # so that most galleries are sketched
ROWS = 64  # of a segment, so that there are some
CATCH_UP = 50  # changes at a time, so that a gallery can be far behind
NEAR = 1e-5  # cosines closer than this are the same
MATCHING = Matching(combine, lambda _, __: 100.0)
names = st.sampled_from(["one", "one", "two"])
seeds = st.integers(0, 2**32 - 1)
counts = st.sampled_from([1, 2, 3])  # of processes
harms = st.just("") | st.just("") | st.sampled_from(damage.ALL)


@dataclass
class Truth:
    """What should be in a collection: faces by key, and the faces of each user by its name."""

    key: int
    faces: dict[int, tuple[UUID, Vector]] = field(default_factory=dict)
    users: dict[str, set[int]] = field(default_factory=dict)

    def free(self) -> list[int]:
        taken = set().union(*self.users.values())
        return [key for key in self.faces if key not in taken]

    def user(self, name: str) -> Vector:
        return combine(np.stack([self.faces[key][1] for key in sorted(self.users[name])]))


def some(of: Iterable[int], seed: int) -> list[int]:
    """A part of some keys: often few, sometimes all."""
    chance, keys = random.Random(seed), sorted(of)
    return chance.sample(keys, min(len(keys), chance.choice((1, 3, 20, 1000))))


class House(RuleBasedStateMachine):
    """A store in a folder and its galleries, and beside them the truth as a dictionary."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="mien-model-"))
        self.truth: dict[str, Truth] = {}
        self.kept: dict[str, Truth] | None = None
        self.images = 0
        self.holding = GallerySettings(LENGTH, 2)

    @initialize(paged=st.booleans(), local=st.booleans(), memory=st.sampled_from([0, 0, 1]), count=counts, seed=seeds)
    def begin(self, paged: bool, local: bool, memory: int, count: int, seed: int) -> None:
        """With galleries that stay, or that give way to each other at once; as often as there are processes."""
        placement = Placement(paged=paged, shared=count > 1)
        self.holding = GallerySettings(
            LENGTH, 2, memory, self.folder / "data" / "snapshots", placement, local and placement.shared,
            crossover=CROSSOVER, worth=1, worth_at_end=1,
        )  # fmt: skip
        self.count = count
        self.open()
        self.create("one")
        self.add("one", 60, seed)

    def open(self) -> None:
        self.store = open_store("", str(self.folder / "data"))
        self.each = [Galleries(self.store, self.holding) for _ in range(self.count)]

    def of(self, seed: int) -> Galleries:
        """The galleries of one of the processes."""
        return self.each[seed % self.count]

    def teardown(self) -> None:
        if hasattr(self, "store"):
            for name, truth in self.truth.items():
                for galleries in self.each:
                    self.hold(galleries.faces(self.collection(name)), self.faces(truth), 1, 4096, -1.0)
            self.store.database.close()
        shutil.rmtree(self.folder)

    def collection(self, name: str) -> Collection:
        found = self.store.collections.find(ACCOUNT, name)
        assert found
        assert (found.faces, found.users) == (len(self.truth[name].faces), len(self.truth[name].users))
        return found

    # ------------------------------------------------------------------------------------------------ what changes

    @rule(name=names)
    def create(self, name: str) -> None:
        made = self.store.collections.create(ACCOUNT, name, "contract", "7.1")
        assert (made is None) == (name in self.truth)
        if made:
            self.truth[name] = Truth(made.key)

    @rule(name=names, sure=st.integers(0, 3))
    def delete(self, name: str, sure: int) -> None:
        if sure == 0:
            there = self.store.collections.find(ACCOUNT, name)
            assert self.store.collections.delete(ACCOUNT, name) == (name in self.truth)
            self.truth.pop(name, None)
            if there:
                self.each[-1].discard(there)

    @rule(name=names, count=st.integers(1, 60), seed=seeds)
    def add(self, name: str, count: int, seed: int) -> None:
        if name not in self.truth:
            return
        self.images += 1
        drawn = np.random.default_rng(seed).normal(size=(count, LENGTH)).astype(np.float32)
        drawn /= np.linalg.norm(drawn, axis=1, keepdims=True)
        new = [NewFace(Region(n / count, 0, 0.5 / count, 1), 99.0, vector) for n, vector in enumerate(drawn)]
        kept = self.store.faces.add(self.truth[name].key, Origin(UUID(int=self.images), None), new)
        stored = vectors.unpack([vectors.pack(vector) for vector in drawn])
        self.truth[name].faces |= {
            face.key: (face.face_id, vector) for face, vector in zip(kept, stored, strict=True)
        }  # fmt: skip

    @rule(name=names, seed=seeds)
    def remove(self, name: str, seed: int) -> None:
        if name in self.truth:
            truth = self.truth[name]
            going = some(truth.free(), seed)
            gone, _ = self.store.faces.delete(truth.key, [truth.faces[key][0] for key in going])
            assert set(gone) == {truth.faces.pop(key)[0] for key in going}

    @rule(name=names, user=st.sampled_from("abc"), seed=seeds)
    def associate(self, name: str, user: str, seed: int) -> None:
        if name in self.truth:
            truth = self.truth[name]
            if user not in truth.users:
                self.store.users.create(truth.key, user, None)
                truth.users[user] = set()
            joining = some(truth.free(), seed)[:20]
            named = [truth.faces[key][0] for key in joining]
            if len(truth.users[user]) + len(joining) <= 100:
                assert set(self.store.users.associate(truth.key, user, named, MATCHING, None).done) == set(named)
                truth.users[user] |= set(joining)

    @rule(name=names, user=st.sampled_from("abc"), seed=seeds, wholly=st.booleans())
    def disassociate(self, name: str, user: str, seed: int, wholly: bool) -> None:
        if name in self.truth and user in self.truth[name].users:
            truth = self.truth[name]
            if wholly:
                self.store.users.delete(truth.key, user, None)
                del truth.users[user]
                return
            leaving = some(truth.users[user], seed)
            named = [truth.faces[key][0] for key in leaving]
            assert set(self.store.users.disassociate(truth.key, user, named, MATCHING, None).done) == set(named)
            truth.users[user] -= set(leaving)

    # -------------------------------------------------------------------------------------------------- what befalls

    @rule(seed=seeds)
    def keep(self, seed: int) -> None:
        """Write snapshots of all there is; what is not searched has none. Then the others look."""
        for name in self.truth:
            self.of(seed).faces(self.collection(name))
            self.of(seed).users(self.collection(name))
        for turn in range(self.count):
            self.of(seed + turn).write_snapshots()

    @rule(kept=st.booleans(), resumed=st.booleans(), harm=harms, seed=seeds)
    def restart(self, kept: bool, resumed: bool, harm: str, seed: int) -> None:
        """Stop well or not, perhaps spoil a snapshot, start and read the snapshots or wait until they are needed."""
        if kept:
            self.keep(seed)
            for galleries in self.each:
                galleries.write_snapshots(ending=True)
        self.store.database.close()
        if harm:
            damage.do(harm, self.folder / "data", random.Random(seed))
        self.open()
        if resumed:
            for galleries in self.each:
                galleries.resume()

    @rule()
    def sweep(self) -> None:
        sweep_all(self.store.database)

    @rule(name=names)
    def trim(self, name: str) -> None:
        """Forget what went: whoever follows from before must begin anew."""
        if name not in self.truth:
            return
        key = self.truth[name].key

        def work(cursor: Cursor) -> None:
            for table in ("removals", "user_removals"):
                cursor.run(f"DELETE FROM {table} WHERE collection = ?", key)
            cursor.run("UPDATE collections SET floor = revision WHERE id = ?", key)

        self.store.database.write(work)

    @rule()
    def back_up(self) -> None:
        self.store.database.close()
        shutil.copy(self.folder / "data" / FILE, self.folder / "copy")
        self.kept = copy.deepcopy(self.truth)
        self.open()

    @precondition(lambda self: self.kept is not None)
    @rule()
    def put_back(self) -> None:
        """The files of snapshots stay, though they are of another history now."""
        assert self.kept is not None
        self.store.database.close()
        for path in (self.folder / "data").glob(f"{FILE}*"):
            path.unlink()
        shutil.copy(self.folder / "copy", self.folder / "data" / FILE)
        self.truth = copy.deepcopy(self.kept)
        self.open()

    # ---------------------------------------------------------------------------------------------- what must be true

    @rule(name=names, seed=seeds, limit=st.sampled_from([1, 3, 50, 4096]), least=st.sampled_from([-1.0, 0.2, 0.9]))
    def search(self, name: str, seed: int, limit: int, least: float) -> None:
        if name in self.truth:
            gallery = self.of(seed // 2).faces(self.collection(name))
            self.hold(gallery, self.faces(self.truth[name]), seed, limit, least)

    @rule(name=names, seed=seeds, limit=st.sampled_from([1, 3, 50]), least=st.sampled_from([-1.0, 0.2]))
    def search_users(self, name: str, seed: int, limit: int, least: float) -> None:
        if name in self.truth:
            truth = self.truth[name]
            named = {user.name: user.key for user in self.store.users.page(truth.key, 0, 10)}
            assert set(named) == set(truth.users)
            rows = self.store.database.read(lambda cursor: cursor.rows("SELECT user_key, id FROM user_vectors"))
            keys = {int(user): int(vector) for user, vector in rows}
            held = {keys[named[user]]: truth.user(user) for user, faces in truth.users.items() if faces}
            self.hold(self.of(seed // 2).users(self.collection(name)), held, seed, limit, least)

    @staticmethod
    def faces(truth: Truth) -> dict[int, Vector]:
        return {key: vector for key, (_, vector) in truth.faces.items()}

    @staticmethod
    def hold(gallery: Followed, held: dict[int, Vector], seed: int, limit: int, least: float) -> None:
        """What a gallery finds against what comparing with everything finds."""
        assert len(gallery) == len(held)
        chance = np.random.default_rng(seed)
        probe = chance.normal(size=LENGTH).astype(np.float32)
        if held and seed % 2:
            probe = held[sorted(held)[seed % len(held)]] + 0.02 * probe
        probe /= np.linalg.norm(probe)
        hits = gallery.search(probe, limit, least)
        cosines = {key: float(vector @ probe) for key, vector in held.items()}
        found = dict(zip(hits.keys.tolist(), hits.cosines.tolist(), strict=True))
        assert set(found) <= set(held), "what is gone is found"
        assert all(abs(cosines[key] - cosine) < NEAR for key, cosine in found.items())
        assert all(cosine > least - NEAR for cosine in found.values())
        assert [*found.values()] == sorted(found.values(), reverse=True)
        wanted = sorted((cosine for cosine in cosines.values() if cosine > least + NEAR), reverse=True)[:limit]
        assert len(found) >= len(wanted)
        assert all(ours > best - NEAR for ours, best in zip(found.values(), wanted, strict=False))


def test_the_store_and_its_galleries_are_a_dictionary(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("sketched", "snapshot", "segment"):
        monkeypatch.setattr(f"mien.gallery.{module}.ROWS", ROWS)
    monkeypatch.setattr("mien.serving.current_gallery.CATCH_UP", CATCH_UP)
    monkeypatch.setattr("mien.serving.current_gallery.FAR", CATCH_UP)
    run_state_machine_as_test(
        House,
        settings=settings(
            max_examples=examples(25), stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
