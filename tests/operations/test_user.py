"""Users over their whole life, through boto3 and a live server, with the faces of two people."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import numpy as np
import pytest
from botocore.exceptions import ClientError

from mien.operations.user_changes import combine
from tests import photos
from tests.live import Live

STRANGER = "0a1b2c3d-4e5f-4a6b-8c7d-0123456789ab"  # a face that no collection has


class People:
    """A collection with three faces of the astronaut and two of Hopper."""

    def __init__(self, client: Any, name: str) -> None:
        self.client, self.name = client, name
        client.create_collection(CollectionId=name)
        astronaut, hopper = photos.astronaut().pixels, photos.hopper().pixels
        self.astronaut = [self.index(each) for each in (astronaut, photos.resized(astronaut, 0.7), astronaut[:, ::-1])]
        self.hopper = [self.index(each) for each in (hopper, photos.resized(hopper, 0.7))]

    def index(self, pixels: photos.Pixels) -> str:
        answer = self.client.index_faces(CollectionId=self.name, Image={"Bytes": photos.jpeg(pixels)})
        (record,) = answer["FaceRecords"]
        return str(record["Face"]["FaceId"])

    def user(self, name: str, faces: list[str] | None = None) -> str:
        self.client.create_user(CollectionId=self.name, UserId=name)
        if faces:
            self.associate(name, faces, UserMatchThreshold=0)
        return name

    def associate(self, user: str, faces: list[str], **more: Any) -> Any:
        return body(self.client.associate_faces(CollectionId=self.name, UserId=user, FaceIds=faces, **more))

    def disassociate(self, user: str, faces: list[str], **more: Any) -> Any:
        return body(self.client.disassociate_faces(CollectionId=self.name, UserId=user, FaceIds=faces, **more))

    def users(self) -> dict[str, str]:
        return {user["UserId"]: user["UserStatus"] for user in self.client.list_users(CollectionId=self.name)["Users"]}

    def owners(self) -> dict[str, str | None]:
        return {face["FaceId"]: face.get("UserId") for face in self.client.list_faces(CollectionId=self.name)["Faces"]}

    def search(self, **which: Any) -> Any:
        return body(self.client.search_users(CollectionId=self.name, **which))


def body(answer: Any) -> dict[str, Any]:
    """An answer without what boto3 adds."""
    return {name: value for name, value in answer.items() if name != "ResponseMetadata"}


def found(answer: Any) -> list[str]:
    similarities = [match["Similarity"] for match in answer["UserMatches"]]
    assert similarities == sorted(similarities, reverse=True)
    assert all(match["User"]["UserStatus"] == "ACTIVE" for match in answer["UserMatches"])
    return [match["User"]["UserId"] for match in answer["UserMatches"]]


def refused(code: str, call: Any, *arguments: Any, **more: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(*arguments, **more)
    assert caught.value.response["Error"]["Code"] == code
    return str(caught.value.response["Error"]["Message"])


@pytest.fixture
def people(live: Live) -> Iterator[People]:
    client, name = live.client(), f"users-{uuid4()}"
    yield People(client, name)
    client.delete_collection(CollectionId=name)


def ids(*faces: str) -> list[dict[str, str]]:
    return [{"FaceId": face} for face in faces]


def test_the_life_of_a_user(people: People) -> None:
    first, second, third = people.astronaut
    people.user("ann")
    assert people.users() == {"ann": "CREATED"}
    answer = people.associate("ann", [first, second])
    assert answer == {
        "AssociatedFaces": ids(first, second), "UnsuccessfulFaceAssociations": [], "UserStatus": "UPDATING"
    }  # fmt: skip
    assert people.users() == {"ann": "ACTIVE"}
    assert {face for face, owner in people.owners().items() if owner == "ann"} == {first, second}
    described = people.client.describe_collection(CollectionId=people.name)
    assert (described["FaceCount"], described["UserCount"]) == (5, 1)
    assert found(people.search(FaceId=third)) == ["ann"]
    assert people.disassociate("ann", [first]) == {
        "DisassociatedFaces": ids(first), "UnsuccessfulFaceDisassociations": [], "UserStatus": "UPDATING"
    }  # fmt: skip
    assert people.users() == {"ann": "ACTIVE"}
    people.disassociate("ann", [second])
    assert people.users() == {"ann": "CREATED"}
    assert found(people.search(FaceId=third, UserMatchThreshold=0)) == []  # nothing to be found by
    people.client.delete_user(CollectionId=people.name, UserId="ann")
    assert people.users() == {}
    assert len(people.owners()) == 5


def test_the_first_faces_of_a_user_are_not_compared(people: People) -> None:
    both = [people.astronaut[0], people.hopper[0]]
    people.user("two-faced")
    assert people.associate("two-faced", both, UserMatchThreshold=100)["AssociatedFaces"] == ids(*both)


def test_a_strangers_face_is_refused_with_how_like_it_is(people: People) -> None:
    people.user("ann", people.astronaut[:1])
    answer = people.associate("ann", [people.hopper[0], people.astronaut[1]])
    assert answer["AssociatedFaces"] == ids(people.astronaut[1])
    (problem,) = answer["UnsuccessfulFaceAssociations"]
    confidence = problem.pop("Confidence")
    assert 0 <= confidence < 75
    assert confidence == float(np.float32(confidence))
    assert problem == {"FaceId": people.hopper[0], "Reasons": ["LOW_MATCH_CONFIDENCE"]}
    assert people.owners()[people.hopper[0]] is None
    assert people.associate("ann", people.hopper[:1], UserMatchThreshold=0)["AssociatedFaces"] == ids(people.hopper[0])


def test_when_nothing_comes_of_it_the_status_stays(people: People) -> None:
    people.user("bob")
    assert people.associate("bob", [STRANGER]) == {
        "AssociatedFaces": [],
        "UnsuccessfulFaceAssociations": [{"FaceId": STRANGER, "Reasons": ["FACE_NOT_FOUND"]}],
        "UserStatus": "CREATED",
    }
    people.user("ann", people.astronaut[:1])
    assert people.associate("ann", people.astronaut[:1]) == {  # hers already: in neither list
        "AssociatedFaces": [], "UnsuccessfulFaceAssociations": [], "UserStatus": "ACTIVE"
    }  # fmt: skip
    assert people.disassociate("ann", people.hopper[:1]) == {  # nobody's: in neither list
        "DisassociatedFaces": [], "UnsuccessfulFaceDisassociations": [], "UserStatus": "ACTIVE"
    }  # fmt: skip


def test_a_face_named_twice_counts_once(people: People) -> None:
    face = people.astronaut[0]
    people.user("ann")
    assert people.associate("ann", [face, face, STRANGER, STRANGER])["AssociatedFaces"] == ids(face)
    answer = people.disassociate("ann", [face, face, STRANGER, STRANGER])
    assert answer["DisassociatedFaces"] == ids(face)
    assert answer["UnsuccessfulFaceDisassociations"] == [{"FaceId": STRANGER, "Reasons": ["FACE_NOT_FOUND"]}]


def test_another_users_face_is_neither_taken_nor_given_away(people: People) -> None:
    face = people.astronaut[0]
    people.user("ann", [face])
    people.user("bob")
    problem = [{"FaceId": face, "UserId": "ann", "Reasons": ["ASSOCIATED_TO_A_DIFFERENT_USER"]}]
    assert people.associate("bob", [face])["UnsuccessfulFaceAssociations"] == problem
    assert people.disassociate("bob", [face])["UnsuccessfulFaceDisassociations"] == problem
    assert people.owners()[face] == "ann"


def test_a_users_face_is_not_deleted(people: People) -> None:
    mine, free = people.astronaut[:2]
    people.user("ann", [mine])
    answer = people.client.delete_faces(CollectionId=people.name, FaceIds=[mine, free, STRANGER, free])
    assert answer["DeletedFaces"] == [free]
    assert answer["UnsuccessfulFaceDeletions"] == [
        {"FaceId": mine, "UserId": "ann", "Reasons": ["ASSOCIATED_TO_AN_EXISTING_USER"]},
        {"FaceId": STRANGER, "Reasons": ["FACE_NOT_FOUND"]},
    ]
    people.disassociate("ann", [mine])
    assert people.client.delete_faces(CollectionId=people.name, FaceIds=[mine])["DeletedFaces"] == [mine]


def test_faces_are_listed_by_user(people: People) -> None:
    people.user("ann", people.astronaut[:2])
    people.user("bob", people.hopper)
    people.user("eve")

    def listed(**which: Any) -> set[str]:
        faces = people.client.list_faces(CollectionId=people.name, **which)["Faces"]
        assert all(face.get("UserId") == which["UserId"] for face in faces)
        return {face["FaceId"] for face in faces}

    assert listed(UserId="ann") == set(people.astronaut[:2])
    assert listed(UserId="bob") == set(people.hopper)
    assert listed(UserId="eve") == set()
    assert listed(UserId="ann", FaceIds=[people.astronaut[0], people.astronaut[2], people.hopper[0]]) == {
        people.astronaut[0]
    }
    matches = people.client.search_faces(CollectionId=people.name, FaceId=people.astronaut[2])["FaceMatches"]
    assert {match["Face"]["UserId"] for match in matches} == {"ann"}


def test_users_are_found_by_user_and_by_face(people: People) -> None:
    people.user("ann", people.astronaut[:1])
    people.user("twin", people.astronaut[1:2])
    people.user("hopper", people.hopper)
    people.user("nobody-yet")
    by_user = people.search(UserId="ann")
    assert found(by_user) == ["twin"]  # without the user asked for
    assert by_user["SearchedUser"] == {"UserId": "ann"}
    assert "SearchedFace" not in by_user
    by_face = people.search(FaceId=people.astronaut[0])
    assert found(by_face)[0] == "ann"  # the face's own user first
    assert sorted(found(by_face)) == ["ann", "twin"]
    assert by_face["UserMatches"][0]["Similarity"] > 99.9
    assert by_face["SearchedFace"] == {"FaceId": people.astronaut[0]}
    assert "SearchedUser" not in by_face
    assert by_face["FaceModelVersion"] == by_user["FaceModelVersion"]
    assert set(found(people.search(UserId="ann", UserMatchThreshold=0))) == {"twin", "hopper"}
    assert found(people.search(UserId="ann", UserMatchThreshold=0, MaxUsers=1)) == ["twin"]
    assert people.search(UserId="nobody-yet", UserMatchThreshold=0)["UserMatches"] == []


def test_a_search_sees_every_change_that_was_answered_before_it(people: People) -> None:
    people.user("ann", people.hopper[:1])
    assert found(people.search(FaceId=people.astronaut[2])) == []
    people.associate("ann", people.astronaut[:2], UserMatchThreshold=0)
    people.disassociate("ann", people.hopper[:1])
    assert found(people.search(FaceId=people.astronaut[2])) == ["ann"]
    people.client.delete_user(CollectionId=people.name, UserId="ann")
    assert found(people.search(FaceId=people.astronaut[2])) == []


def test_users_are_found_by_image(people: People) -> None:
    def search(image: bytes, **more: Any) -> Any:
        more = {"CollectionId": people.name, "Image": {"Bytes": image}} | more
        return body(people.client.search_users_by_image(**more))

    people.user("ann", people.astronaut)
    people.user("hopper", people.hopper)
    answer = search(photos.pair())  # Hopper's face is the larger
    assert found(answer) == ["hopper"]
    searched = answer["SearchedFace"]["FaceDetail"]
    (other,) = answer["UnsearchedFaces"]
    assert other["Reasons"] == ["FACE_NOT_LARGEST"]
    sizes = [face["BoundingBox"]["Width"] * face["BoundingBox"]["Height"] for face in (searched, other["FaceDetails"])]
    assert sizes[0] > sizes[1]
    assert set(found(search(photos.pair(), UserMatchThreshold=0))) == {"hopper", "ann"}
    assert found(search(photos.pair(), UserMatchThreshold=0, MaxUsers=1)) == ["hopper"]
    nobody = search(photos.nobody())
    assert nobody == {"UserMatches": [], "UnsearchedFaces": [], "FaceModelVersion": answer["FaceModelVersion"]}
    small = photos.jpeg(photos.resized(photos.astronaut().pixels, 0.25))  # a face of 30 pixels
    filtered = search(small, QualityFilter="HIGH")
    assert "SearchedFace" not in filtered
    assert filtered["UserMatches"] == []
    assert "SMALL_BOUNDING_BOX" in filtered["UnsearchedFaces"][0]["Reasons"]


def test_a_token_brings_the_same_answer_and_nothing_twice(people: People) -> None:
    client, first = people.client, people.astronaut[0]
    made, again, gone = (str(uuid4()) for _ in range(3))
    for _ in range(2):
        client.create_user(CollectionId=people.name, UserId="ann", ClientRequestToken=made)
    given = people.associate("ann", [first, STRANGER], ClientRequestToken=again)
    assert given["AssociatedFaces"] == ids(first)
    assert people.associate("ann", [first, STRANGER], ClientRequestToken=again) == given
    taken = people.disassociate("ann", [first], ClientRequestToken=again)  # tokens are an operation's own
    assert people.disassociate("ann", [first], ClientRequestToken=again) == taken
    assert people.associate("ann", [first, STRANGER], ClientRequestToken=again) == given  # the answer, not the effect
    assert people.owners()[first] is None
    for _ in range(2):
        client.delete_user(CollectionId=people.name, UserId="ann", ClientRequestToken=gone)
    assert people.users() == {}


def test_a_token_with_other_parameters_is_refused(people: People) -> None:
    made, given = f"made-{uuid4()}", f"given-{uuid4()}"  # a token is an account's own, whatever the collection
    people.client.create_user(CollectionId=people.name, UserId="ann", ClientRequestToken=made)
    people.associate("ann", people.astronaut[:1], ClientRequestToken=given)
    code = "IdempotentParameterMismatchException"
    for token, call in (
        (made, lambda: people.client.create_user(CollectionId=people.name, UserId="bob", ClientRequestToken=made)),
        (given, lambda: people.associate("ann", people.astronaut[:2], ClientRequestToken=given)),
        (given, lambda: people.associate("ann", people.astronaut[:1], ClientRequestToken=given, UserMatchThreshold=1)),
    ):
        assert refused(code, call) == f"The ClientRequestToken: {token} you have supplied is already in use."
    assert people.users() == {"ann": "ACTIVE"}


def test_a_token_does_not_outlive_its_collection(live: Live) -> None:
    client, name = live.client(), f"again-{uuid4()}"
    user = {"CollectionId": name, "UserId": "ann", "ClientRequestToken": f"token-{uuid4()}"}
    client.create_collection(CollectionId=name)
    client.create_user(**user)
    client.delete_collection(CollectionId=name)
    client.create_collection(CollectionId=name)
    refused("IdempotentParameterMismatchException", client.create_user, **user)  # no "done" for what is not done
    assert client.list_users(CollectionId=name)["Users"] == []
    client.delete_collection(CollectionId=name)


def test_without_a_token_the_second_call_is_a_second_call(people: People) -> None:
    people.user("ann")
    assert refused("ConflictException", people.user, "ann")
    people.client.delete_user(CollectionId=people.name, UserId="ann")
    message = refused("ResourceNotFoundException", people.client.delete_user, CollectionId=people.name, UserId="ann")
    assert message == "The user id: ann does not exist"


def test_two_clients_on_one_user_get_answers_that_agree(people: People, live: Live) -> None:
    """Making and deleting one user and giving and taking one face, at the same time."""
    allowed = {"ConflictException", "ResourceNotFoundException"}

    def work(seed: int) -> set[str]:
        client, codes = live.client(), set()
        random = np.random.default_rng(seed)
        which = {"CollectionId": people.name, "UserId": "ann"}
        calls = (
            lambda: client.create_user(**which),
            lambda: client.delete_user(**which),
            lambda: client.associate_faces(**which, FaceIds=people.astronaut),
            lambda: client.disassociate_faces(**which, FaceIds=people.astronaut[:2]),
            lambda: client.search_users(CollectionId=people.name, FaceId=people.astronaut[0]),
            lambda: client.list_users(CollectionId=people.name),
        )
        for _ in range(40):
            try:
                calls[int(random.integers(len(calls)))]()
            except ClientError as error:
                codes.add(error.response["Error"]["Code"])
        return codes

    with ThreadPoolExecutor(6) as pool:
        assert set().union(*pool.map(work, range(6))) <= allowed
    owners = {owner for owner in people.owners().values() if owner}
    users = people.users()
    assert owners <= set(users) <= {"ann"}
    assert all((status == "ACTIVE") == (name in owners) for name, status in users.items())
    assert people.client.describe_collection(CollectionId=people.name)["UserCount"] == len(users)
    assert len(people.owners()) == 5


def test_a_vector_is_the_mean_over_the_root_of_its_length() -> None:
    one, two = np.array([1, 0, 0], np.float32), np.array([0, 1, 0], np.float32)
    np.testing.assert_allclose(combine(one[None]), one)
    combined = combine(np.stack([one, two]))
    assert combined.dtype == np.float32
    np.testing.assert_allclose(combined, np.array([0.5, 0.5, 0]) / 0.5**0.25, rtol=1e-6)
    assert np.isfinite(combine(np.stack([one, -one]))).all()  # faces that cancel out
