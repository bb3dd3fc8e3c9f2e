"""SearchFaces and SearchFacesByImage."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import numpy as np
import pytest

from tests import photos
from tests.operations.api import (
    ASTRONAUT,
    BOX,
    CROWD,
    HOPPER,
    NO_SUCH_FACE,
    NOBODY,
    PAIR,
    Api,
    all_single,
    image,
)

MEMBERS = {"FaceId", "BoundingBox", "ImageId", "ExternalImageId", "Confidence", "IndexFacesModelVersion"}


@pytest.fixture(scope="module")
def kept(api: Api) -> Iterator[tuple[str, dict[str, str]]]:
    """A collection of three pictures of each of two people; FaceId → who."""
    name, who = f"search-{uuid4()}", {}
    api("CreateCollection", CollectionId=name)
    for person, photo in (("astronaut", photos.astronaut()), ("hopper", photos.hopper())):
        for number, factor in enumerate((1.0, 0.8, 0.5)):
            picture = image(photos.jpeg(photos.resized(photo.pixels, factor)))
            answer = api("IndexFaces", CollectionId=name, Image=picture, ExternalImageId=f"{person}:{number}")
            who[answer["FaceRecords"][0]["Face"]["FaceId"]] = person
    yield name, who
    api("DeleteCollection", CollectionId=name)


def people(answer: Any, who: dict[str, str]) -> list[str]:
    return [who[match["Face"]["FaceId"]] for match in answer["FaceMatches"]]


def test_a_search_has_the_members_aws_sends_and_no_other(api: Api, kept: tuple[str, dict[str, str]]) -> None:
    name, who = kept
    face = next(iter(who))
    answer = api("SearchFaces", CollectionId=name, FaceId=face)
    assert answer.keys() == {"SearchedFaceId", "FaceMatches", "FaceModelVersion"}
    assert answer["SearchedFaceId"] == face
    for match in answer["FaceMatches"]:
        assert match.keys() == {"Similarity", "Face"}
        assert match["Face"].keys() == MEMBERS
        assert match["Face"]["BoundingBox"].keys() == BOX
    assert all_single(answer)


def test_a_search_by_image_has_the_members_aws_sends_and_no_other(api: Api, kept: tuple[str, dict[str, str]]) -> None:
    answer = api("SearchFacesByImage", CollectionId=kept[0], Image=ASTRONAUT)
    always = {"SearchedFaceBoundingBox", "SearchedFaceConfidence", "FaceMatches", "FaceModelVersion"}
    assert answer.keys() == always
    assert answer["SearchedFaceBoundingBox"].keys() == BOX
    assert 50 < answer["SearchedFaceConfidence"] <= 100
    assert answer["FaceMatches"][0]["Face"].keys() == MEMBERS
    assert all_single(answer)
    empty = api("SearchFacesByImage", CollectionId=kept[0], Image=ASTRONAUT, FaceMatchThreshold=100, MaxFaces=1)
    assert empty.keys() == always


def test_a_face_finds_its_person_and_neither_itself_nor_others(api: Api, kept: tuple[str, dict[str, str]]) -> None:
    name, who = kept
    for face, person in who.items():
        answer = api("SearchFaces", CollectionId=name, FaceId=face)
        assert people(answer, who) == [person, person]
        assert face not in {match["Face"]["FaceId"] for match in answer["FaceMatches"]}


def test_an_image_finds_its_person_its_own_copy_first(api: Api, kept: tuple[str, dict[str, str]]) -> None:
    name, who = kept
    for person, photo in (("astronaut", photos.astronaut()), ("hopper", photos.hopper())):
        answer = api("SearchFacesByImage", CollectionId=name, Image=image(photos.jpeg(photo.pixels)))
        assert people(answer, who) == [person] * 3
        assert answer["FaceMatches"][0]["Face"]["ExternalImageId"] == f"{person}:0"
        assert answer["FaceMatches"][0]["Similarity"] > 99.9


def test_matches_are_in_order_of_similarity(api: Api, kept: tuple[str, dict[str, str]]) -> None:
    name, who = kept
    by_image = api("SearchFacesByImage", CollectionId=name, Image=HOPPER, FaceMatchThreshold=0)
    by_face = api("SearchFaces", CollectionId=name, FaceId=next(iter(who)), FaceMatchThreshold=0)
    for answer in (by_image, by_face):
        similarities = [match["Similarity"] for match in answer["FaceMatches"]]
        assert similarities == sorted(similarities, reverse=True)
        assert all(0 <= each <= 100 for each in similarities)


def test_threshold_0_finds_everyone_but_the_searched_face(api: Api, kept: tuple[str, dict[str, str]]) -> None:
    name, who = kept
    face = next(iter(who))
    by_face = api("SearchFaces", CollectionId=name, FaceId=face, FaceMatchThreshold=0)
    assert {match["Face"]["FaceId"] for match in by_face["FaceMatches"]} == set(who) - {face}
    by_image = api("SearchFacesByImage", CollectionId=name, Image=ASTRONAUT, FaceMatchThreshold=0)
    assert {match["Face"]["FaceId"] for match in by_image["FaceMatches"]} == set(who)


def test_the_threshold_is_80_when_none_is_named(api: Api, kept: tuple[str, dict[str, str]]) -> None:
    name = kept[0]
    assert api("SearchFacesByImage", CollectionId=name, Image=HOPPER) == api(
        "SearchFacesByImage", CollectionId=name, Image=HOPPER, FaceMatchThreshold=80
    )


def test_a_match_at_the_threshold_is_kept_and_one_below_is_not(api: Api, kept: tuple[str, dict[str, str]]) -> None:
    name = kept[0]
    everyone = api("SearchFacesByImage", CollectionId=name, Image=HOPPER, FaceMatchThreshold=0)["FaceMatches"]
    stranger = next(match["Similarity"] for match in everyone if match["Face"]["ExternalImageId"][0] == "a")
    at = api("SearchFacesByImage", CollectionId=name, Image=HOPPER, FaceMatchThreshold=stranger - 0.01)["FaceMatches"]
    above = api("SearchFacesByImage", CollectionId=name, Image=HOPPER, FaceMatchThreshold=stranger + 0.01)[
        "FaceMatches"
    ]
    assert (len(at), len(above)) == (4, 3)


@pytest.mark.parametrize("most", [1, 2])
def test_max_faces_keeps_the_most_similar(api: Api, kept: tuple[str, dict[str, str]], most: int) -> None:
    name, who = kept
    for operation, probe in (("SearchFacesByImage", {"Image": HOPPER}), ("SearchFaces", {"FaceId": next(iter(who))})):
        every = api(operation, CollectionId=name, FaceMatchThreshold=0, **probe)["FaceMatches"]
        first = api(operation, CollectionId=name, FaceMatchThreshold=0, MaxFaces=most, **probe)["FaceMatches"]
        assert first == every[:most]


def test_a_face_the_collection_does_not_hold_is_an_invalid_parameter(api: Api, collection: str) -> None:
    assert api.refused("SearchFaces", CollectionId=collection, FaceId=NO_SUCH_FACE) == (
        "InvalidParameterException",
        "faceId was not found in the collection",
    )


def test_a_face_of_another_collection_is_not_found_here(
    api: Api, kept: tuple[str, dict[str, str]], collection: str
) -> None:
    code, text = api.refused("SearchFaces", CollectionId=collection, FaceId=next(iter(kept[1])))
    assert (code, text) == ("InvalidParameterException", "faceId was not found in the collection")


NO_FACE = ("InvalidParameterException", "There are no faces in the image. Should be at least 1.")


def test_an_image_without_a_face_is_an_invalid_parameter(api: Api, kept: tuple[str, dict[str, str]]) -> None:
    assert api.refused("SearchFacesByImage", CollectionId=kept[0], Image=NOBODY) == NO_FACE


def test_a_filter_that_refuses_every_face_leaves_no_face(api: Api, kept: tuple[str, dict[str, str]]) -> None:
    dark = image(photos.encoded((photos.hopper().pixels * 0.1).astype(np.uint8), "PNG"))
    assert api.refused("SearchFacesByImage", CollectionId=kept[0], Image=dark, QualityFilter="HIGH") == NO_FACE
    assert api("SearchFacesByImage", CollectionId=kept[0], Image=dark, QualityFilter="NONE")["FaceMatches"]
    assert api("SearchFacesByImage", CollectionId=kept[0], Image=dark)["FaceMatches"]  # none is the default here


def test_an_empty_collection_has_no_matches(api: Api, collection: str) -> None:
    answer = api("SearchFacesByImage", CollectionId=collection, Image=ASTRONAUT)
    assert answer["FaceMatches"] == []


def test_only_the_largest_face_of_an_image_is_searched(api: Api, kept: tuple[str, dict[str, str]]) -> None:
    name, who = kept
    for picture in (PAIR, CROWD):
        answer = api("SearchFacesByImage", CollectionId=name, Image=picture)
        assert set(people(answer, who)) == {"hopper"}  # the largest of both


def test_a_face_is_found_right_after_it_was_indexed(api: Api, collection: str) -> None:
    for number in range(6):
        (record,) = api("IndexFaces", CollectionId=collection, Image=ASTRONAUT, ExternalImageId=str(number))[
            "FaceRecords"
        ]
        found = api("SearchFacesByImage", CollectionId=collection, Image=ASTRONAUT)["FaceMatches"]
        assert len(found) == number + 1
        others = api("SearchFaces", CollectionId=collection, FaceId=record["Face"]["FaceId"])["FaceMatches"]
        assert len(others) == number
