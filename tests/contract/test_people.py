"""The whole point, with nothing faked: people are told apart through boto3, a live server and real photographs."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from tests import photos
from tests.live import Live

# Who is to be seen where; `obama_and_biden` shows a third person in the audience, who is neither.
OBAMA = ("obama", "obama-1080p", "obama-240p", "obama2", "obama3", "obama_partial_face", "obama_partial_face2")
BIDEN = ("biden",)
BOTH = ("obama_and_biden", "two_people")


@pytest.fixture(scope="module")
def album(live: Live, people: Path) -> Iterator[tuple[Any, str, dict[str, set[str]]]]:
    """A collection with every photograph indexed; FaceIds by the name of their photograph."""
    client, name = live.client(), f"people-{uuid4()}"
    client.create_collection(CollectionId=name)
    faces = {}
    for photo in (*OBAMA, *BIDEN, *BOTH):
        answer = client.index_faces(
            CollectionId=name, Image={"Bytes": (people / f"{photo}.jpg").read_bytes()}, ExternalImageId=photo
        )
        faces[photo] = {record["Face"]["FaceId"] for record in answer["FaceRecords"]}
    yield client, name, faces
    client.delete_collection(CollectionId=name)


def matched(answer: Any) -> set[str]:
    assert all(match["Similarity"] >= 80 for match in answer["FaceMatches"])
    return {match["Face"]["ExternalImageId"] for match in answer["FaceMatches"]}


@pytest.mark.parametrize(("person", "other"), [(OBAMA, BIDEN), (BIDEN, OBAMA)])
def test_each_persons_pictures_match_each_other_and_nobody_else(
    album: tuple[Any, str, dict[str, set[str]]], person: tuple[str, ...], other: tuple[str, ...]
) -> None:
    client, name, faces = album
    for photo in person:
        (face,) = faces[photo]
        found = matched(client.search_faces(CollectionId=name, FaceId=face, FaceMatchThreshold=80))
        assert found == {*person, *BOTH} - {photo}, photo


def test_a_photograph_finds_its_person_by_image(album: tuple[Any, str, dict[str, set[str]]], people: Path) -> None:
    client, name, _ = album
    for photo, expected in (("obama", {*OBAMA, *BOTH}), ("biden", {*BIDEN, *BOTH})):
        answer = client.search_faces_by_image(
            CollectionId=name, Image={"Bytes": (people / f"{photo}.jpg").read_bytes()}
        )
        assert matched(answer) == expected
        assert answer["FaceMatches"][0]["Similarity"] > 99.9
        assert answer["FaceMatches"][0]["Face"]["ExternalImageId"] == photo


def test_each_picture_of_two_holds_one_face_of_each(album: tuple[Any, str, dict[str, set[str]]]) -> None:
    client, name, faces = album
    for photo in BOTH:
        seen = [
            matched(client.search_faces(CollectionId=name, FaceId=face, FaceMatchThreshold=80)) for face in faces[photo]
        ]
        assert sum(set(OBAMA) <= each for each in seen) == 1, photo
        assert sum(set(BIDEN) <= each for each in seen) == 1, photo
        assert not any({*OBAMA, *BIDEN} <= each for each in seen), photo


def test_a_stranger_is_unknown(album: tuple[Any, str, dict[str, set[str]]]) -> None:
    client, name, _ = album
    for stranger in (photos.astronaut(), photos.hopper()):
        answer = client.search_faces_by_image(CollectionId=name, Image={"Bytes": stranger.data})
        assert answer["FaceMatches"] == []


@pytest.mark.parametrize("photo", OBAMA[1:])
def test_comparison_matches_the_same_person(live: Live, people: Path, photo: str) -> None:
    source, target = ({"Bytes": (people / f"{name}.jpg").read_bytes()} for name in ("obama", photo))
    answer = live.client().compare_faces(SourceImage=source, TargetImage=target)
    assert len(answer["FaceMatches"]) == 1
    assert answer["FaceMatches"][0]["Similarity"] > 80


def test_comparison_tells_two_people_of_one_picture_apart(live: Live, people: Path) -> None:
    source, target = ({"Bytes": (people / f"{name}.jpg").read_bytes()} for name in ("biden", "two_people"))
    answer = live.client().compare_faces(SourceImage=source, TargetImage=target)
    assert len(answer["FaceMatches"]) == 1
    assert len(answer["UnmatchedFaces"]) == 1
    assert answer["FaceMatches"][0]["Face"]["BoundingBox"]["Left"] > 0.5  # he stands on the right


def test_the_people_that_ship_in_packages_are_told_apart(live: Live) -> None:
    client, name = live.client(), f"packaged-{uuid4()}"
    client.create_collection(CollectionId=name)
    for person, photo in (("astronaut", photos.astronaut()), ("hopper", photos.hopper())):
        client.index_faces(CollectionId=name, Image={"Bytes": photo.data}, ExternalImageId=person)
    for person, photo in (("astronaut", photos.astronaut()), ("hopper", photos.hopper())):
        smaller = photos.jpeg(photos.resized(photo.pixels, 0.6)[:, ::-1], quality=80)  # smaller, mirrored, recompressed
        answer = client.search_faces_by_image(CollectionId=name, Image={"Bytes": smaller})
        assert [match["Face"]["ExternalImageId"] for match in answer["FaceMatches"]] == [person]
