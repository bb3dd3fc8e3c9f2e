"""What one instance has acknowledged every instance shows in its next answer: three real servers, any routing.

An instance is a server on PostgreSQL, or one of the workers of a server on SQLite.

Hypothesis draws what is done and by which instance; a plain dictionary says what must be answered.
"""

import base64
import json
import random
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests import photos
from tests.live import Live
from tests.workers import pinned


def picture(person: int) -> dict[str, str]:
    """A small photograph of one of two people."""
    photo = (photos.hopper, photos.astronaut)[person]()
    small = photos.resized(photo.pixels, 240 / len(photo.pixels))
    return {"Bytes": base64.b64encode(photos.jpeg(small)).decode()}


PICTURES = [picture(0), picture(1)]


@dataclass
class Person:
    """A face as the model knows it: of which person, under which external id, and whose."""

    who: int
    external: str
    user: str | None = None


@dataclass
class Kept:
    """A collection as the model knows it."""

    faces: dict[str, Person] = field(default_factory=dict)
    users: list[str] = field(default_factory=list)

    def of(self, who: int) -> set[str]:
        return {face_id for face_id, face in self.faces.items() if face.who == who}

    def users_of(self, who: int) -> set[str]:
        return {face.user for face in self.faces.values() if face.who == who and face.user}


@pytest.fixture(scope="module", params=["servers", "workers"])
def instances(
    request: pytest.FixtureRequest, packs: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[list[Live]]:
    """Three servers, or one of three workers as the clients of each see it."""
    if request.param == "servers":
        yield request.getfixturevalue("servers")
        return
    server = pinned.serve(packs, tmp_path_factory.mktemp("workers") / "data", 3, "--idle-timeout", "3600")
    try:
        yield [*pinned.pinned(server, 3)]
    finally:
        server.stop()


class Model:
    """Does each thing through the instance that is named, and holds the answer against what was acknowledged before."""

    def __init__(self, instances: list[Live]) -> None:
        self.instances = instances
        self.kept: dict[str, Kept] = {}
        self.prefix = uuid.uuid4().hex[:8]

    def call(self, instance: int, operation: str, collection: str, **members: Any) -> Any:
        """The answer, or the error's code."""
        body = json.dumps({"CollectionId": f"{self.prefix}-{collection}"} | members).encode()
        answer = self.instances[instance].post(operation, body)
        return answer.json if answer.status == 200 else answer.json["__type"]

    def do(self, instance: int, action: str, collection: str, which: int) -> None:
        getattr(self, action)(instance, collection, which)

    def create(self, instance: int, name: str, _: int) -> None:
        answer = self.call(instance, "CreateCollection", name)
        if name in self.kept:
            assert answer == "ResourceAlreadyExistsException"
        else:
            assert answer["StatusCode"] == 200
            self.kept[name] = Kept()

    def drop(self, instance: int, name: str, which: int) -> None:
        if which % 3 == 0:  # seldom, or there would be nothing to look at
            answer = self.call(instance, "DeleteCollection", name)
            self.expect(answer, name)
            self.kept.pop(name, None)

    def index(self, instance: int, name: str, which: int) -> None:
        who, external = which % 2, str(which)
        answer = self.call(instance, "IndexFaces", name, Image=PICTURES[who], ExternalImageId=external)
        if self.expect(answer, name):
            (record,) = answer["FaceRecords"]
            known = [key for key, face in self.kept[name].faces.items() if face.external == external]
            assert not known or known == [record["Face"]["FaceId"]]  # the same picture again is the same face
            self.kept[name].faces.setdefault(record["Face"]["FaceId"], Person(who, external))

    def delete(self, instance: int, name: str, which: int) -> None:
        face = self.pick(name, which)
        answer = self.call(instance, "DeleteFaces", name, FaceIds=[face])
        if self.expect(answer, name):
            there = self.kept[name].faces.get(face)
            if there and there.user is None:
                assert answer["DeletedFaces"] == [face]
                del self.kept[name].faces[face]
            else:
                assert answer["DeletedFaces"] == []

    def search_image(self, instance: int, name: str, which: int) -> None:
        answer = self.call(instance, "SearchFacesByImage", name, Image=PICTURES[which % 2], MaxFaces=4096)
        if self.expect(answer, name):
            assert matched(answer) == self.kept[name].of(which % 2)

    def search_face(self, instance: int, name: str, which: int) -> None:
        face = self.pick(name, which)
        answer = self.call(instance, "SearchFaces", name, FaceId=face, MaxFaces=4096)
        if name in self.kept and face not in self.kept[name].faces:
            assert answer == "InvalidParameterException"
        elif self.expect(answer, name):
            assert matched(answer) == self.kept[name].of(self.kept[name].faces[face].who) - {face}

    def show(self, instance: int, name: str, _: int) -> None:
        answer = self.call(instance, "ListFaces", name)
        if self.expect(answer, name):
            shown = {face["FaceId"]: face.get("UserId") for face in answer["Faces"]}
            assert shown == {key: face.user for key, face in self.kept[name].faces.items()}
            described = self.call(instance, "DescribeCollection", name)
            assert (described["FaceCount"], described["UserCount"]) == (len(shown), len(self.kept[name].users))

    def make_user(self, instance: int, name: str, which: int) -> None:
        user = f"user-{which % 3}"
        answer = self.call(instance, "CreateUser", name, UserId=user)
        if name in self.kept and user in self.kept[name].users:
            assert answer == "ConflictException"
        elif self.expect(answer, name):
            self.kept[name].users.append(user)

    def associate(self, instance: int, name: str, which: int) -> None:
        user, face = f"user-{which % 3}", self.pick(name, which)
        answer = self.call(instance, "AssociateFaces", name, UserId=user, FaceIds=[face])
        if not self.expect(answer, name, user):
            return
        there, kept = self.kept[name].faces.get(face), self.kept[name]
        whose = {each.who for each in kept.faces.values() if each.user == user}
        if there and there.user is None and whose <= {there.who}:
            assert [each["FaceId"] for each in answer["AssociatedFaces"]] == [face]
            there.user = user
        else:
            assert answer["AssociatedFaces"] == []

    def disassociate(self, instance: int, name: str, which: int) -> None:
        face = self.pick(name, which)
        there = self.kept[name].faces.get(face) if name in self.kept else None
        user = (there.user if there else None) or f"user-{which % 3}"
        answer = self.call(instance, "DisassociateFaces", name, UserId=user, FaceIds=[face])
        if self.expect(answer, name, user):
            taken = [each["FaceId"] for each in answer["DisassociatedFaces"]]
            assert taken == ([face] if there and there.user else [])
            if there:
                there.user = None

    def delete_user(self, instance: int, name: str, which: int) -> None:
        user = f"user-{which % 3}"
        answer = self.call(instance, "DeleteUser", name, UserId=user)
        if self.expect(answer, name, user):
            self.kept[name].users.remove(user)
            for face in self.kept[name].faces.values():
                face.user = None if face.user == user else face.user

    def search_users(self, instance: int, name: str, which: int) -> None:
        answer = self.call(instance, "SearchUsersByImage", name, Image=PICTURES[which % 2])
        if self.expect(answer, name):
            found = {match["User"]["UserId"] for match in answer["UserMatches"]}
            assert found == self.kept[name].users_of(which % 2)
            listed = self.call(instance, "ListUsers", name)["Users"]
            assert [user["UserId"] for user in listed] == self.kept[name].users

    def pick(self, name: str, which: int) -> str:
        """One of the faces that are there; where there is none, one that never was."""
        faces = list(self.kept[name].faces) if name in self.kept else []
        return faces[which % len(faces)] if faces else "11111111-2222-4333-8444-555555555555"

    def expect(self, answer: Any, name: str, user: str | None = None) -> bool:
        """Whether the thing could be done; where it could not, the answer says so."""
        if name in self.kept and (user is None or user in self.kept[name].users):
            assert isinstance(answer, dict), answer
            return True
        assert answer == "ResourceNotFoundException"
        return False


def matched(answer: Any) -> set[str]:
    return {match["Face"]["FaceId"] for match in answer["FaceMatches"]}


ACTIONS = (
    "create", "drop", "index", "index", "index", "delete", "search_image", "search_image", "search_face", "show",
    "make_user", "associate", "associate", "disassociate", "delete_user", "search_users",
)  # fmt: skip
STEP = st.tuples(st.integers(0, 2), st.sampled_from(ACTIONS), st.sampled_from("ab"), st.integers(0, 7))


# a failure is shown as it was found: against real servers, making it smaller would take minutes
@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
)
@given(steps=st.lists(STEP, min_size=5, max_size=40))
def test_no_instance_answers_what_was_or_misses_what_is(instances: list[Live], steps: list[Any]) -> None:
    model = Model(instances)
    model.create(0, "a", 0)
    for step in steps:
        model.do(*step)
    for instance in range(len(instances)):
        for name in "ab":
            model.show(instance, name, 0)
            for who in range(2):
                model.search_image(instance, name, who)
                model.search_users(instance, name, who)


def test_what_many_write_at_once_through_any_instance_all_see(instances: list[Live]) -> None:
    """Each writer looks for what it was just told, through another instance, while the others write."""
    model = Model(instances)
    model.create(0, "busy", 0)

    def write(writer: int) -> set[str]:
        chance, mine = random.Random(writer), set()
        for number in range(12):
            here, there = chance.sample(range(len(instances)), 2)
            external = f"{writer}-{number}"
            answer = model.call(here, "IndexFaces", "busy", Image=PICTURES[0], ExternalImageId=external)
            face = answer["FaceRecords"][0]["Face"]["FaceId"]
            assert face in matched(model.call(there, "SearchFacesByImage", "busy", Image=PICTURES[0], MaxFaces=4096))
            if number % 3 == 2:
                assert model.call(there, "DeleteFaces", "busy", FaceIds=[face])["DeletedFaces"] == [face]
                found = model.call(here, "SearchFacesByImage", "busy", Image=PICTURES[0], MaxFaces=4096)
                assert face not in matched(found)
            else:
                mine.add(face)
        return mine

    with ThreadPoolExecutor(6) as pool:
        kept = set().union(*pool.map(write, range(6)))
    for instance in range(len(instances)):
        answer = model.call(instance, "SearchFacesByImage", "busy", Image=PICTURES[0], MaxFaces=4096)
        assert matched(answer) == kept
        assert model.call(instance, "DescribeCollection", "busy")["FaceCount"] == len(kept)


def test_a_page_token_of_one_instance_is_opened_by_another(instances: list[Live]) -> None:
    model = Model(instances)
    model.create(0, "pages", 0)
    for number in range(6):
        model.index(number % 3, "pages", number)
    shown: list[str] = []
    token: dict[str, str] = {}
    for turn in range(6):
        answer = model.call(turn % 3, "ListFaces", "pages", MaxResults=1, **token)
        shown += [face["FaceId"] for face in answer["Faces"]]
        token = {"NextToken": answer["NextToken"]} if "NextToken" in answer else {}
    assert token == {}
    assert set(shown) == set(model.kept["pages"].faces)


def test_a_call_repeated_with_its_token_at_another_instance_has_one_effect(instances: list[Live]) -> None:
    model = Model(instances)
    model.create(0, "tokens", 0)
    for instance in range(3):
        answer = model.call(instance, "CreateUser", "tokens", UserId="her", ClientRequestToken=model.prefix)
        assert answer == {}
    other = model.call(1, "CreateUser", "tokens", UserId="him", ClientRequestToken=model.prefix)
    assert other == "IdempotentParameterMismatchException"


def test_a_liveness_session_is_the_same_at_every_instance(instances: list[Live]) -> None:
    model, token = Model(instances), {"ClientRequestToken": uuid.uuid4().hex}
    (session,) = {model.call(number, "CreateFaceLivenessSession", "a", **token)["SessionId"] for number in range(3)}
    told = [model.call(number, "GetFaceLivenessSessionResults", "a", SessionId=session) for number in range(3)]
    assert told == [{"SessionId": session, "Status": "CREATED"}] * 3
