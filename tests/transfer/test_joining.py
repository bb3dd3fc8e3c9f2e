"""Faces join the user that most of them are; a stranger does not, even if it comes first."""

from typing import Any

import pytest

from mien.errors import ApiError
from mien.transfer.api import refusal
from mien.transfer.joining import Joining
from mien.transfer.reasons import UNLIKE, USER_FULL


class Server:
    """Faces are letters with a number; those of one letter are alike. A user has at most ten faces."""

    def __init__(self, failing: str = "", error: ApiError | None = None, **users: list[str]) -> None:
        self.users = {name: list(faces) for name, faces in users.items()}
        self.names: dict[str, str] = {}
        self.asked: list[str] = []
        self.failing, self.error = failing, error

    def __call__(self, operation: str, **members: Any) -> dict[str, Any]:
        self.asked.append(operation)
        if self.error and operation == self.failing:
            raise self.error
        return self.answer(operation, members)

    def answer(self, operation: str, given: dict[str, Any]) -> dict[str, Any]:
        if operation == "CreateUser":
            if given["UserId"] in self.users:
                raise refusal("ConflictException", "it exists")
            self.users[given["UserId"]] = []
        elif operation == "UpdatePerson":
            self.names[given["UserId"]] = given["DisplayName"]
        elif operation == "ListFaces":
            return {"Faces": self.users[given["UserId"]][: given["MaxResults"]]}
        elif operation == "SearchFaces":
            return {"FaceMatches": [{"Face": {"FaceId": each}} for each in alike(given["FaceId"])]}
        else:
            return self.associate(self.users[given["UserId"]], given["FaceIds"], given["UserMatchThreshold"])
        return {}

    def associate(self, theirs: list[str], faces: list[str], threshold: float) -> dict[str, Any]:
        unlike = [each for each in faces if theirs and threshold and each[0] != theirs[0][0]]
        joining = [each for each in faces if each not in unlike and each not in theirs]
        if len(theirs) + len(joining) > 10:
            raise refusal("ServiceQuotaExceededException", "full")
        theirs += joining
        return {"UnsuccessfulFaceAssociations": [{"FaceId": each, "Reasons": [UNLIKE]} for each in unlike]}


def alike(face: str) -> list[str]:
    if face == "gone":
        raise refusal("InvalidParameterException", None)
    return [f"{face[0]}{number}" for number in range(100) if f"{face[0]}{number}" != face]


@pytest.mark.parametrize(
    ("faces", "joined"),
    [
        (["a1"], ["a1"]),
        (["a1", "b1"], ["a1"]),
        (["b1", "a1", "a2"], ["a1", "a2"]),
        (["b1", "c1", "a1", "d1", "a2", "b2", "a3"], ["a1", "a2", "a3"]),
        (["gone", "a1", "a2"], ["a1", "a2"]),
    ],
)
def test_a_new_user_is_whom_most_faces_show(faces: list[str], joined: list[str]) -> None:
    server = Server()
    refused = Joining(server, 75).join("ann", None, faces)
    assert server.users == {"ann": joined}
    assert refused == {each: [UNLIKE] for each in faces if each not in joined}


def test_a_user_with_faces_is_not_searched_for() -> None:
    server = Server(ann=["b9"])
    joining = Joining(server, 75)
    assert joining.join("ann", None, ["a1", "a2", "b1"]) == {"a1": [UNLIKE], "a2": [UNLIKE]}
    joining.join("ann", None, ["b2"])
    assert server.users == {"ann": ["b9", "b1", "b2"]}
    assert server.asked == ["CreateUser", "ListFaces", "AssociateFaces", "AssociateFaces"]


def test_a_user_that_an_interrupted_import_made_is_still_new() -> None:
    server = Server(ann=[])
    Joining(server, 75).join("ann", None, ["b1", "a1", "a2"])
    assert server.users == {"ann": ["a1", "a2"]}


def test_a_source_that_is_trusted_gives_all() -> None:
    server = Server()
    assert Joining(server, 0).join("ann", None, ["b1", "a1", "a2"]) == {}
    assert server.asked == ["CreateUser", "AssociateFaces"]


def test_a_user_is_filled_to_its_last_place() -> None:
    server = Server(ann=["a50", "a51", "a52"])
    refused = Joining(server, 75).join("ann", None, [f"a{number}" for number in range(9)])
    assert server.users["ann"] == ["a50", "a51", "a52", *(f"a{number}" for number in range(7))]
    assert refused == {"a7": [USER_FULL], "a8": [USER_FULL]}


def test_a_long_name_is_kept_beside_and_an_older_server_keeps_the_id_alone() -> None:
    server = Server()
    Joining(server, 75).join("ann", "Ann of the long name", ["a1"])
    assert server.names == {"ann": "Ann of the long name"}

    older = Server("UpdatePerson", refusal("UnknownOperationException", None))
    Joining(older, 75).join("ann", "Ann of the long name", ["a1"])
    assert older.users == {"ann": ["a1"]}


@pytest.mark.parametrize(
    ("operation", "there"), [("SearchFaces", {}), ("ListFaces", {"ann": list[str]()}), ("UpdatePerson", {})]
)
def test_a_key_that_may_only_write_compares_with_the_first_face(operation: str, there: dict[str, list[str]]) -> None:
    server = Server(operation, refusal("AccessDeniedException", None), **there)
    Joining(server, 75).join("ann", "A long name", ["a1", "b1", "a2"])
    assert operation in server.asked
    assert server.users == {"ann": ["a1", "a2"]}


def test_other_errors_are_the_callers() -> None:
    with pytest.raises(ApiError):
        Joining(Server("AssociateFaces", refusal("ThrottlingException", None)), 75).join("ann", None, ["a1"])
