"""Verdicts over HTTP: what may be said of faces and users, and what naming and merging make of it."""

import json
from typing import Any

import pytest

from tests.operations.api import NO_SUCH_FACE
from tests.operations.people.test_person_changes import CONFLICT, INVALID, MISSING, People, people

__all__ = ["people"]  # the fixture


def said(people: People, **members: Any) -> tuple[str, str]:
    return people.refused("Judge", **members)


def test_a_verdict_is_kept_and_what_is_gone_is_told(people: People) -> None:
    people("NamePerson", FaceIds=people.a[:1], DisplayName="Ann")
    people("NamePerson", FaceIds=people.h[:1], DisplayName="Bea")
    both = {"FaceIds": people.a[1:], "OtherFaceIds": people.h[1:]}
    for members in (
        {"Verdict": "DIFFERENT", "UserId": "Ann", "FaceIds": people.h[1:]},
        {"Verdict": "UNSURE", "UserId": "Ann", "OtherUserId": "Bea"},
        {"Verdict": "DIFFERENT", **both},
        {"Verdict": "SAME", "FaceIds": people.a[1:]},
        {"Verdict": "SAME", **both},
        {"Verdict": "NONE", **both},
        {"Verdict": "NONE", "FaceIds": people.a[1:]},
    ):
        assert people("Judge", **members) == {"UnknownFaceIds": []}
    gone = people("Judge", Verdict="DIFFERENT", UserId="Ann", FaceIds=[people.h[1], NO_SUCH_FACE])
    assert gone == {"UnknownFaceIds": [NO_SUCH_FACE]}


@pytest.mark.parametrize("verdict", ["SAME", "DIFFERENT", "UNSURE", "NONE"])
def test_what_makes_no_sense_is_told_in_a_sentence(people: People, verdict: str) -> None:
    people("NamePerson", FaceIds=people.a, DisplayName="Ann")
    people("NamePerson", DisplayName="Bea")
    for members in (
        {},
        {"UserId": "Ann"},
        {"OtherFaceIds": people.h},
        {"UserId": "Ann", "OtherUserId": "Bea", "FaceIds": people.h},
        {"FaceIds": people.h, "OtherFaceIds": people.h[:1]},
        {"FaceIds": [NO_SUCH_FACE], "OtherFaceIds": people.h},
    ):
        code, text = said(people, Verdict=verdict, **members)
        assert (code, text != "Request has invalid parameters") == (INVALID, True)
    if verdict == "SAME":
        assert said(people, Verdict=verdict, UserId="Ann", FaceIds=people.h)[0] == INVALID
    else:
        assert said(people, Verdict=verdict, UserId="Ann", OtherUserId="eve") == (
            MISSING, "The user id: eve does not exist",
        )  # fmt: skip
    if verdict in ("DIFFERENT", "UNSURE"):
        assert said(people, Verdict=verdict, UserId="Ann", FaceIds=people.a[:1])[0] == CONFLICT


def test_mistakes_of_form_are_told_as_aws_tells_them(people: People) -> None:
    code, text = said(people, Verdict="MAYBE", FaceIds=people.h)
    assert (code, "[SAME, DIFFERENT, UNSURE, NONE]" in text) == ("ValidationException", True)
    code, text = said(people, FaceIds=people.h)
    assert (code, "Value null at 'verdict'" in text) == ("ValidationException", True)
    assert said(people, Verdict="SAME", FaceIds=[])[0] == "ValidationException"
    assert said(people, Verdict="SAME", FaceIds="all")[0] == "SerializationException"
    for operation, members in (
        ("NamePerson", {"FaceIds": ["x"]}), ("NamePerson", {"DisplayName": "", "FaceIds": people.h}),
        ("UpdatePerson", {}), ("MergePeople", {"UserId": "a"}), ("MergePeople", {"UserId": "a", "Others": []}),
        ("SplitPerson", {"UserId": "a"}), ("RemoveFromPerson", {"UserId": "a b", "FaceIds": people.h}),
        ("ListPersonFaces", {"UserId": "a", "SortBy": "AGE"}),
    ):  # fmt: skip
        assert people.refused(operation, **members)[0] == "ValidationException", operation
    for operation in ("NamePerson", "UpdatePerson", "MergePeople", "SplitPerson", "RemoveFromPerson", "Judge"):
        body = json.dumps({"CollectionId": "nowhere", "UserId": "a", "FaceIds": people.h, "Others": ["b"],
                           "DisplayName": "A", "Verdict": "NONE", "OtherUserId": "b"} | (
                               {"FaceIds": None} if operation == "Judge" else {}))  # fmt: skip
        answer = people.api.live.post(f"Mien.{operation}", body.encode()).json
        assert answer["Message"] == "The collection id: nowhere does not exist", operation


def test_as_many_faces_as_a_person_may_have_fit_into_a_call(people: People) -> None:
    many = [f"00000000-0000-4000-8000-{number:012x}" for number in range(9_998)]
    answer = people("NamePerson", FaceIds=[*people.h, *many], DisplayName="Ann")
    assert (answer["Person"]["FaceCount"], len(answer["UnsuccessfulFaceAssociations"])) == (2, 9_998)
    code, text = people.refused("NamePerson", FaceIds=[*people.h, *many, NO_SUCH_FACE], DisplayName="Ann")
    assert (code, "at 'faceIds'" in text) == ("ValidationException", True)
