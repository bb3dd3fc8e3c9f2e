"""Mien.SearchPeopleByImage: everyone in a picture at once, each person on one face alone."""

import base64
from typing import Any

import numpy as np
import pytest

from mien.operations.people.people_in_image import PersonMatch, one_face_each
from tests import photos
from tests.operations.api import ASTRONAUT, HOPPER, PAIR, Api, image


def named(api: Api, collection: str, user: str, picture: dict[str, str]) -> None:
    (record,) = api("IndexFaces", CollectionId=collection, Image=picture, MaxFaces=1)["FaceRecords"]
    api("CreateUser", CollectionId=collection, UserId=user)
    api("AssociateFaces", CollectionId=collection, UserId=user, FaceIds=[record["Face"]["FaceId"]])


def search(api: Api, collection: str, picture: dict[str, str], **asked: object) -> list[dict[str, Any]]:
    answer = api("Mien.SearchPeopleByImage", CollectionId=collection, Image=picture, **asked)
    return list(answer["Faces"])


def test_everyone_in_a_picture_is_found(api: Api, collection: str) -> None:
    named(api, collection, "Grace:20Hopper", HOPPER)
    hopper, other = search(api, collection, PAIR)
    (match,) = hopper["People"]
    assert (match["UserId"], match["DisplayName"]) == ("Grace:20Hopper", "Grace Hopper")
    assert match["Similarity"] > 99
    assert other["People"] == other["Reasons"] == []
    named(api, collection, "astronaut", ASTRONAUT)
    assert [each["People"][0]["UserId"] for each in search(api, collection, PAIR)] == ["Grace:20Hopper", "astronaut"]
    detected = api("DetectFaces", Image=PAIR)["FaceDetails"]
    assert [each["FaceDetail"] for each in search(api, collection, PAIR)] == detected


def test_a_person_is_found_on_one_face(api: Api, collection: str) -> None:
    """A mirror or a print may show one twice, but two look-alikes in one picture are two people."""
    named(api, collection, "hopper", HOPPER)
    pixels = photos.hopper().pixels
    twice = photos.beside(pixels, photos.resized(pixels, 0.7))
    faces = search(api, collection, image(photos.jpeg(twice)))
    assert [len(each["People"]) for each in faces] == [1, 0]


def test_embeddings_are_those_of_the_pack(api: Api, collection: str) -> None:
    one, other = search(api, collection, PAIR, Embeddings=True), search(api, collection, HOPPER, Embeddings=True)
    vectors = [np.frombuffer(base64.b64decode(each["Embedding"]), "<f4") for each in (one[0], one[1], other[0])]
    assert vectors[0] @ vectors[2] > 0.8
    assert vectors[1] @ vectors[2] < 0.5
    assert all("Embedding" not in each for each in search(api, collection, PAIR))


def test_a_face_that_the_quality_filter_refuses_says_why(api: Api, collection: str) -> None:
    blurred = photos.resized(photos.resized(photos.hopper().pixels, 0.06), 10)
    picture = image(photos.jpeg(blurred))
    loose = search(api, collection, picture)
    if not loose:
        pytest.skip("the blurred face is not detected at all")
    assert [each["Reasons"] for each in loose] == [[]]
    (strict,) = search(api, collection, picture, QualityFilter="HIGH", Embeddings=True)
    assert strict["Reasons"]
    assert strict["People"] == []
    assert "Embedding" not in strict


def test_bad_requests(api: Api, collection: str) -> None:
    refused = api.refused
    assert refused("Mien.SearchPeopleByImage", CollectionId="none", Image=PAIR)[0] == "ResourceNotFoundException"
    assert refused("Mien.SearchPeopleByImage", CollectionId=collection, Image=PAIR, MaxPeople=11)[0] == (
        "ValidationException"
    )
    assert refused("Mien.SearchPeopleByImage", CollectionId=collection, Image=PAIR, PersonMatchThreshold=101)[0] == (
        "ValidationException"
    )
    assert search(api, collection, image(photos.nobody())) == []


def match(similarity: float, user: str) -> PersonMatch:
    return PersonMatch(similarity=similarity, user_id=user, display_name=user)


def test_the_most_similar_pair_is_taken_first() -> None:
    anna, bea, cleo = "anna", "bea", "cleo"
    given = [[match(90, anna), match(85, bea)], [match(95, anna), match(81, cleo)], [match(88, bea)], []]
    found = one_face_each(given)
    assert [[each.user_id for each in faces] for faces in found] == [[], [anna, cleo], [bea], []]
