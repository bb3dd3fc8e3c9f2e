"""Several servers on a database that is put back to an earlier copy of itself again and again, against a dictionary.

Every server has a store and galleries of its own and answers by the operations' own search. Faces are drawn, not
photographed, so that there can be many put-backs: MIEN_TEST_PUTBACKS says how many, MIEN_TEST_SEED which.
"""

import copy
import os
import random
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
import pytest
from numpy.typing import NDArray

from mien import app, config
from mien.errors import ResourceNotFoundError
from mien.image.source import S3, S3Settings
from mien.operations import search
from mien.operations.context import Caller, Context
from mien.operations.user_changes import combine
from mien.packs.analyst import Analyst
from mien.packs.living_networks import LivingNetworks
from mien.packs.load import Pack
from mien.serving.current_gallery import GallerySettings
from mien.serving.galleries import Galleries
from mien.store import open as stores
from mien.store.base import NewFace, Origin, Region, StoreUnavailableError
from mien.store.tables.likeness import Matching
from tests.postgres import Postgres
from tests.putback import Copy

PUTBACKS = int(os.environ.get("MIEN_TEST_PUTBACKS") or 6)
SERVERS = 3
COLLECTIONS = ("one", "two")
LENGTH = 128  # of vectors drawn at random; with 32 some two people come as near as 99
CROSSOVER = 40  # faces; larger galleries are sketched, and re-ranked by what is read from the store
MATCHING = Matching(combine, lambda _, __: 100.0)
Vector = NDArray[np.float32]


@dataclass
class Truth:
    """What a collection should hold: whose face each FaceId is, and whose user has which face."""

    faces: dict[str, int] = field(default_factory=dict)
    users: dict[str, int] = field(default_factory=dict)


@dataclass
class World:
    """Servers, what is true, whose every face there ever was is, and copies of the database with what was true then."""

    address: str
    contexts: list[Context]
    chance: random.Random
    truth: dict[str, Truth] = field(default_factory=dict)
    people: int = 0
    ever: dict[str, int] = field(default_factory=dict)
    copies: list[tuple[Copy, dict[str, Truth]]] = field(default_factory=list)

    def somebody(self) -> Context:
        return self.chance.choice(self.contexts)

    def create(self, name: str) -> None:
        context = self.somebody()
        if name not in self.truth:
            contract = context.pack.manifest.contract
            assert context.store.collections.create(Caller().account, name, contract, "7.1")
            self.truth[name] = Truth()

    def delete(self, name: str) -> None:
        context = self.somebody()
        context.galleries.discard(context.collection(Caller(), name))
        assert context.store.collections.delete(Caller().account, name)
        del self.truth[name]

    def add(self, name: str) -> None:
        context, count = self.somebody(), self.chance.choice((1, 2, 15))
        who = range(self.people, self.people + count)
        self.people += count
        new = [NewFace(Region(n / count, 0, 0.5 / count, 1), 99.0, face(each)) for n, each in enumerate(who)]
        key = context.collection(Caller(), name).key
        kept = context.store.faces.add(key, Origin(UUID(int=who[0]), None), new)
        truth = self.truth[name]
        truth.faces |= {str(each.face_id): one for each, one in zip(kept, who, strict=True)}
        self.ever |= {str(each.face_id): one for each, one in zip(kept, who, strict=True)}
        if self.chance.random() < 0.5:
            user = f"user-{who[0]}"
            context.store.users.create(key, user, None)
            context.store.users.associate(key, user, [kept[0].face_id], MATCHING, None)
            truth.users[user] = who[0]

    def remove(self, name: str) -> None:
        context, truth = self.somebody(), self.truth[name]
        taken = set(truth.users.values())
        free = [face_id for face_id, who in truth.faces.items() if who not in taken]
        going = self.chance.sample(free, min(len(free), self.chance.choice((1, 10))))
        context.store.faces.delete(context.collection(Caller(), name).key, [UUID(each) for each in going])
        for each in going:
            del truth.faces[each]

    def change(self, steps: int, looking: bool = True) -> None:
        for _ in range(steps):
            name = self.chance.choice(COLLECTIONS)
            if name not in self.truth:
                self.create(name)
            elif self.chance.random() < 0.03:
                self.delete(name)
            else:
                (self.remove if self.chance.random() < 0.25 else self.add)(name)
            if looking and self.chance.random() < 0.4:
                self.look(self.somebody(), name, self.chance.randrange(self.people or 1))

    def keep(self) -> None:
        """Take a copy, and forget an old one."""
        for old, _ in self.copies:
            old.drop()
        self.copies = [(Copy(self.address), copy.deepcopy(self.truth))]

    def put_back(self) -> None:
        kept, truth = self.chance.choice(self.copies)
        kept.put_back(cut=self.chance.random() < 0.2)
        self.truth = copy.deepcopy(truth)

    def look(self, context: Context, name: str, who: int) -> None:
        """Search by one person's face for the faces and the users that are theirs: all of these and no others."""
        if name not in self.truth:
            return
        truth = self.truth[name]
        assert faces(context, name, who) == {each for each, whose in truth.faces.items() if whose == who}
        assert users(context, name, who) == {each for each, whose in truth.users.items() if whose == who}

    def look_everywhere(self, some: int) -> None:
        for context in self.contexts:
            for name, truth in self.truth.items():
                present = self.chance.sample(sorted(truth.faces.values()), min(some, len(truth.faces)))
                lost = [self.chance.randrange(self.people) for _ in range(some)]
                for who in (*present, *lost):
                    self.look(context, name, who)
                assert len(context.galleries.faces(context.collection(Caller(), name))) == len(truth.faces)


def face(who: int) -> Vector:
    drawn = np.random.default_rng(who).normal(size=LENGTH)
    return np.asarray(drawn / np.linalg.norm(drawn), np.float32)


def faces(context: Context, name: str, who: int) -> set[str]:
    request = search.SearchFacesRequest(collection_id=name, face_id=str(UUID(int=0)), face_match_threshold=99.0)
    return {match.face.face_id or "" for match in searched(_nearest_faces, context, name, who, request)}


def _nearest_faces(context: Context, probe: Vector, request: Any, left_out: str | None, collection: Any) -> list[Any]:
    return search._nearest_faces(context, probe, request, left_out)(collection)


def users(context: Context, name: str, who: int) -> set[str]:
    request = search.SearchUsersRequest(collection_id=name, user_match_threshold=99.0)
    return {match.user.user_id for match in searched(search._users, context, name, who, request)}


def searched(work: Any, context: Context, name: str, who: int, request: Any) -> list[Any]:
    """What an operation finds by a face; the caller tries again what it is told to."""
    for _ in range(50):
        try:
            collection = context.comparable(Caller(), name)
            found: list[Any] = context.in_one_history(
                Caller(), collection, lambda each: work(context, face(who), request, None, each)
            )
            return found
        except StoreUnavailableError:
            time.sleep(0.02)
    raise AssertionError("the store stays away")


@pytest.fixture
def world(postgres: Postgres, pack: Pack, tmp_path: Path) -> Iterator[World]:
    seed = int(os.environ.get("MIEN_TEST_SEED") or time.time_ns() % 1_000_000)
    print(f"MIEN_TEST_SEED={seed}")
    with postgres.schema() as address, ThreadPoolExecutor(1) as aside:
        contexts = []
        for _ in range(SERVERS):
            store = stores.open_store(address, str(tmp_path), 4)
            held = Galleries(store, GallerySettings(LENGTH, 1, crossover=CROSSOVER))
            settings = config.load({"attributes": "none"}, {})
            contexts.append(
                Context(
                    pack,
                    store,
                    held,
                    app.groupings_of(store, pack, beside=False),
                    S3(S3Settings("", "", "", "", ())),
                    aside,
                    Analyst(settings, pack.pipeline.cores),
                    LivingNetworks(settings, pack.pipeline.cores),
                )
            )
        made = World(address, contexts, random.Random(seed))
        try:
            yield made
        finally:
            for kept, _ in made.copies:
                kept.drop()
            for context in contexts:
                context.store.database.close()


def test_a_database_put_back_at_random_moments_is_a_dictionary(world: World) -> None:
    world.create("one")
    world.change(5)
    for _ in range(PUTBACKS):
        world.keep()
        world.change(world.chance.randrange(1, 12))
        world.look_everywhere(2)
        world.put_back()
        world.change(world.chance.randrange(0, 12))
        world.look_everywhere(4)
    forked = sum(context.galleries.forked for context in world.contexts)
    print(f"{PUTBACKS} put-backs, {world.people} people, {forked} galleries made again, 0 wrong names, 0 faces missing")
    assert forked > 0


def test_a_search_that_runs_while_the_database_is_put_back_names_nobody_else(world: World) -> None:
    """Between the gallery being current and the rows of its answer being read, keys may become others'."""
    world.create("one")
    world.create("two")
    world.change(8)
    done, answers, failures = threading.Event(), list[tuple[int, str]](), list[BaseException]()

    def look(context: Context, seed: int) -> None:
        chance = random.Random(seed)
        try:
            while not done.is_set():
                name, who = chance.choice(COLLECTIONS), chance.randrange(max(0, world.people - 60), world.people)
                try:
                    answers.extend((who, found) for found in faces(context, name, who))
                    answers.extend((who, found) for found in users(context, name, who))
                except ResourceNotFoundError:
                    continue  # it is of a history that is lost, or deleted
        except BaseException as error:  # noqa: BLE001  a thread's failure is the test's
            failures.append(error)

    threads = [threading.Thread(target=look, args=each) for each in zip(world.contexts, range(9), strict=False)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(PUTBACKS):
            world.keep()
            for _ in range(2):
                world.change(world.chance.randrange(1, 6))
                world.put_back()
    finally:
        done.set()
        for thread in threads:
            thread.join()
    assert not failures, failures[0]
    wrong = [(who, found) for who, found in answers if who != int(world.ever.get(found, found.partition("-")[2] or 0))]
    print(f"{2 * PUTBACKS} put-backs under {len(answers)} answers, {len(wrong)} wrong names")
    assert answers
    assert not wrong
