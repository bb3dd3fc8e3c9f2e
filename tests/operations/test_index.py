"""IndexFaces: what is kept, what is answered, and why a face is not indexed."""

from uuid import UUID

import cv2
import numpy as np
import pytest

from tests import photos
from tests.operations.api import (
    ASTRONAUT,
    BOX,
    CROWD,
    DETAIL,
    HOPPER,
    NOBODY,
    PAIR,
    Api,
    all_single,
    image,
)


def area(record: dict[str, dict[str, dict[str, float]]]) -> float:
    box = record["FaceDetail"]["BoundingBox"]
    return box["Width"] * box["Height"]


def test_a_record_has_the_members_aws_sends_and_no_other(api: Api, collection: str) -> None:
    answer = api("IndexFaces", CollectionId=collection, Image=ASTRONAUT, ExternalImageId="her")
    assert answer.keys() == {"FaceRecords", "FaceModelVersion", "UnindexedFaces"}
    assert answer["UnindexedFaces"] == []
    (record,) = answer["FaceRecords"]
    assert record.keys() == {"Face", "FaceDetail"}
    face, detail = record["Face"], record["FaceDetail"]
    assert face.keys() == {"FaceId", "BoundingBox", "ImageId", "ExternalImageId", "Confidence"}
    assert detail.keys() == DETAIL
    assert face["BoundingBox"] == detail["BoundingBox"]
    assert face["BoundingBox"].keys() == BOX
    assert face["Confidence"] == detail["Confidence"]
    assert detail["Pose"].keys() == {"Roll", "Yaw", "Pitch"}
    assert detail["Quality"].keys() == {"Brightness", "Sharpness"}
    assert face["ExternalImageId"] == "her"
    assert UUID(face["FaceId"]).version == 4
    assert str(UUID(face["ImageId"])) == face["ImageId"]
    assert 50 < face["Confidence"] <= 100
    assert all_single(answer)


def test_without_an_external_id_there_is_none(api: Api, collection: str) -> None:
    (record,) = api("IndexFaces", CollectionId=collection, Image=ASTRONAUT)["FaceRecords"]
    assert "ExternalImageId" not in record["Face"]


def test_the_box_is_where_the_face_is(api: Api, collection: str) -> None:
    (record,) = api("IndexFaces", CollectionId=collection, Image=HOPPER)["FaceRecords"]
    box, (height, width) = record["Face"]["BoundingBox"], photos.hopper().pixels.shape[:2]
    expected = photos.hopper().face
    assert box["Left"] * width == pytest.approx(expected.x1, abs=20)
    assert box["Top"] * height == pytest.approx(expected.y1, abs=20)
    assert box["Width"] * width == pytest.approx(expected.width, abs=25)
    assert box["Height"] * height == pytest.approx(expected.height, abs=25)


def test_landmarks_are_the_five_in_awss_order(api: Api, collection: str) -> None:
    (record,) = api("IndexFaces", CollectionId=collection, Image=HOPPER)["FaceRecords"]
    landmarks = record["FaceDetail"]["Landmarks"]
    assert [each["Type"] for each in landmarks] == ["eyeLeft", "eyeRight", "mouthLeft", "mouthRight", "nose"]
    at = {each["Type"]: each for each in landmarks}
    assert at["eyeLeft"].keys() == {"Type", "X", "Y"}
    assert at["eyeLeft"]["X"] < at["nose"]["X"] < at["eyeRight"]["X"]
    assert at["eyeLeft"]["Y"] < at["nose"]["Y"] < at["mouthLeft"]["Y"] < 1


def test_faces_of_one_image_are_largest_first_and_share_its_id(api: Api, collection: str) -> None:
    answer = api("IndexFaces", CollectionId=collection, Image=CROWD, ExternalImageId="crowd")
    records = answer["FaceRecords"]
    assert len(records) == 4
    assert [area(each) for each in records] == sorted((area(each) for each in records), reverse=True)
    assert len({each["Face"]["ImageId"] for each in records}) == 1
    assert len({each["Face"]["FaceId"] for each in records}) == 4
    assert {each["Face"]["ExternalImageId"] for each in records} == {"crowd"}


def test_no_face_is_not_an_error(api: Api, collection: str) -> None:
    answer = api("IndexFaces", CollectionId=collection, Image=NOBODY)
    assert (answer["FaceRecords"], answer["UnindexedFaces"]) == ([], [])
    assert api("DescribeCollection", CollectionId=collection)["FaceCount"] == 0


@pytest.mark.parametrize("most", [1, 2, 3])
def test_faces_beyond_max_faces_are_answered_and_not_kept(api: Api, collection: str, most: int) -> None:
    answer = api("IndexFaces", CollectionId=collection, Image=CROWD, MaxFaces=most)
    assert len(answer["FaceRecords"]) == most
    assert len(answer["UnindexedFaces"]) == 4 - most
    for each in answer["UnindexedFaces"]:
        assert each.keys() == {"Reasons", "FaceDetail"}
        assert each["Reasons"] == ["EXCEEDS_MAX_FACES"]
        assert each["FaceDetail"].keys() == DETAIL
    assert api("DescribeCollection", CollectionId=collection)["FaceCount"] == most


@pytest.mark.parametrize("most", [4, 100, 101, 100_000])
def test_max_faces_may_be_more_than_there_are(api: Api, collection: str, most: int) -> None:
    answer = api("IndexFaces", CollectionId=collection, Image=CROWD, MaxFaces=most)
    assert (len(answer["FaceRecords"]), answer["UnindexedFaces"]) == (4, [])


def test_of_too_many_faces_the_worst_seen_go_first(api: Api, collection: str) -> None:
    blurred = np.asarray(cv2.GaussianBlur(photos.hopper().pixels, (0, 0), 6), np.uint8)
    picture = image(photos.encoded(photos.beside(photos.astronaut().pixels, blurred), "PNG"))
    answer = api("IndexFaces", CollectionId=collection, Image=picture, MaxFaces=1, QualityFilter="NONE")
    (record,) = answer["FaceRecords"]
    assert record["Face"]["BoundingBox"]["Left"] < 0.5  # the astronaut, smaller and sharp


SPOILED = {
    "LOW_SHARPNESS": np.asarray(cv2.GaussianBlur(photos.hopper().pixels, (0, 0), 8), np.uint8),
    "LOW_BRIGHTNESS": (photos.hopper().pixels * 0.12).astype(np.uint8),
    "LOW_FACE_QUALITY": (photos.hopper().pixels * 0.12 + 110).astype(np.uint8),
    "SMALL_BOUNDING_BOX": photos.beside(
        photos.resized(photos.hopper().pixels, 0.16), np.zeros((400, 300, 3), np.uint8)
    ),
}


@pytest.mark.parametrize("reason", SPOILED)
def test_a_face_too_poor_is_answered_with_its_reason_and_not_kept(api: Api, collection: str, reason: str) -> None:
    picture = image(photos.encoded(SPOILED[reason], "PNG"))
    answer = api("IndexFaces", CollectionId=collection, Image=picture, QualityFilter="HIGH")
    assert answer["FaceRecords"] == []
    (unindexed,) = answer["UnindexedFaces"]
    assert reason in unindexed["Reasons"]
    assert unindexed["FaceDetail"].keys() == DETAIL
    assert api("DescribeCollection", CollectionId=collection)["FaceCount"] == 0
    kept = api("IndexFaces", CollectionId=collection, Image=picture, QualityFilter="NONE")
    assert (len(kept["FaceRecords"]), kept["UnindexedFaces"]) == (1, [])


def test_the_filter_is_auto_when_none_is_named(api: Api, collection: str) -> None:
    picture = image(photos.encoded((photos.hopper().pixels * 0.08).astype(np.uint8), "PNG"))
    silent = api("IndexFaces", CollectionId=collection, Image=picture)
    assert [each["Reasons"] for each in silent["UnindexedFaces"]] == [
        each["Reasons"]
        for each in api("IndexFaces", CollectionId=collection, Image=picture, QualityFilter="AUTO")["UnindexedFaces"]
    ]
    assert silent["FaceRecords"] == []
    assert len(silent["UnindexedFaces"]) == 1


@pytest.mark.parametrize("external", [{}, {"ExternalImageId": "her"}])
def test_the_same_image_again_is_answered_with_the_first_faces(
    api: Api, collection: str, external: dict[str, str]
) -> None:
    first = api("IndexFaces", CollectionId=collection, Image=CROWD, **external)
    again = api("IndexFaces", CollectionId=collection, Image=CROWD, **external)
    assert again == first
    assert api("DescribeCollection", CollectionId=collection)["FaceCount"] == 4


def test_another_external_id_keeps_the_faces_anew_under_the_same_image(api: Api, collection: str) -> None:
    answers = [
        api("IndexFaces", CollectionId=collection, Image=PAIR, **external)
        for external in ({}, {"ExternalImageId": "a"}, {"ExternalImageId": "b"})
    ]
    faces = [record["Face"] for answer in answers for record in answer["FaceRecords"]]
    assert len({face["FaceId"] for face in faces}) == 6
    assert len({face["ImageId"] for face in faces}) == 1
    assert api("DescribeCollection", CollectionId=collection)["FaceCount"] == 6


def test_faces_left_out_the_first_time_are_added_to_those_that_were_not(api: Api, collection: str) -> None:
    (first,) = api("IndexFaces", CollectionId=collection, Image=PAIR, MaxFaces=1)["FaceRecords"]
    records = api("IndexFaces", CollectionId=collection, Image=PAIR)["FaceRecords"]
    assert first["Face"]["FaceId"] in {each["Face"]["FaceId"] for each in records}
    assert api("DescribeCollection", CollectionId=collection)["FaceCount"] == len(records) == 2


def test_an_image_keeps_its_id_after_deletion_and_its_face_does_not(api: Api, collection: str) -> None:
    (first,) = api("IndexFaces", CollectionId=collection, Image=ASTRONAUT)["FaceRecords"]
    api("DeleteFaces", CollectionId=collection, FaceIds=[first["Face"]["FaceId"]])
    (second,) = api("IndexFaces", CollectionId=collection, Image=ASTRONAUT)["FaceRecords"]
    assert second["Face"]["ImageId"] == first["Face"]["ImageId"]
    assert second["Face"]["FaceId"] != first["Face"]["FaceId"]


def test_attributes_change_the_detail_and_not_what_is_kept(api: Api, collection: str) -> None:
    plain = api("IndexFaces", CollectionId=collection, Image=ASTRONAUT)["FaceRecords"][0]
    asked = api("IndexFaces", CollectionId=collection, Image=ASTRONAUT, DetectionAttributes=["ALL"])["FaceRecords"][0]
    assert asked["Face"] == plain["Face"]
    assert asked["FaceDetail"].keys() > DETAIL
    (listed,) = api("ListFaces", CollectionId=collection)["Faces"]
    assert not listed.keys() & {"Landmarks", "Smile", "Pose"}


@pytest.mark.parametrize(
    ("data", "code", "text"),
    [
        (b"GIF89a" + b"\0" * 500, "InvalidImageFormatException", "Request has invalid image format"),
        (photos.hopper().data[:20_000], "InvalidImageFormatException", "Request has invalid image format"),
        (
            photos.encoded(np.zeros((79, 300, 3), np.uint8), "PNG"),
            "InvalidParameterException",
            "Request has invalid parameters",
        ),
        (
            photos.encoded(np.zeros((80, 10_800), np.uint8), "PNG"),
            "ImageTooLargeException",
            "Input image dimensions 10800 x 80 exceed maximum dimension size of 10000 pixels",
        ),
    ],
    ids=["gif", "cut short", "too small", "too large"],
)
def test_a_bad_image_is_refused_and_nothing_is_kept(
    api: Api, collection: str, data: bytes, code: str, text: str
) -> None:
    assert api.refused("IndexFaces", CollectionId=collection, Image=image(data)) == (code, text)
    assert api.refused("DetectFaces", Image=image(data)) == (code, text)
    assert api.refused("SearchFacesByImage", CollectionId=collection, Image=image(data)) == (code, text)
    assert api.refused("CompareFaces", SourceImage=ASTRONAUT, TargetImage=image(data)) == (code, text)
    assert api("DescribeCollection", CollectionId=collection)["FaceCount"] == 0
