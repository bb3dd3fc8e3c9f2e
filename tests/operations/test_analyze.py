"""DetectFaces and CompareFaces."""

import itertools

import pytest

from tests import photos
from tests.operations.api import ASTRONAUT, BOX, CROWD, DETAIL, HOPPER, NOBODY, PAIR, Api, all_single, image


def area(box: dict[str, float]) -> float:
    return box["Width"] * box["Height"]


def test_a_detail_has_the_members_aws_always_sends_and_no_other(api: Api) -> None:
    answer = api("DetectFaces", Image=HOPPER)
    assert answer.keys() == {"FaceDetails"}
    (detail,) = answer["FaceDetails"]
    assert detail.keys() == DETAIL
    assert detail["BoundingBox"].keys() == BOX
    assert detail["Pose"].keys() == {"Roll", "Yaw", "Pitch"}
    assert detail["Quality"].keys() == {"Brightness", "Sharpness"}
    assert [each["Type"] for each in detail["Landmarks"]] == ["eyeLeft", "eyeRight", "mouthLeft", "mouthRight", "nose"]
    assert 0 <= detail["Quality"]["Brightness"] <= 100
    assert 0 <= detail["Quality"]["Sharpness"] <= 100
    assert all_single(answer)


@pytest.mark.parametrize("attributes", [[], ["DEFAULT"]])
def test_default_attributes_add_nothing(api: Api, attributes: list[str]) -> None:
    assert api("DetectFaces", Image=HOPPER, Attributes=attributes) == api("DetectFaces", Image=HOPPER)


def test_faces_are_largest_first(api: Api) -> None:
    areas = [area(detail["BoundingBox"]) for detail in api("DetectFaces", Image=CROWD)["FaceDetails"]]
    assert len(areas) == 4
    assert all(larger > smaller for larger, smaller in itertools.pairwise(areas))


def test_no_face_is_an_empty_list(api: Api) -> None:
    assert api("DetectFaces", Image=NOBODY) == {"FaceDetails": []}


def test_coordinates_are_shares_whatever_the_size(api: Api) -> None:
    (small,) = api("DetectFaces", Image=HOPPER)["FaceDetails"]
    enlarged = image(photos.jpeg(photos.resized(photos.hopper().pixels, 3.5)))
    (large,) = api("DetectFaces", Image=enlarged)["FaceDetails"]
    for side in BOX:
        assert large["BoundingBox"][side] == pytest.approx(small["BoundingBox"][side], abs=0.02)
    for one, other in zip(small["Landmarks"], large["Landmarks"], strict=True):
        assert (one["X"], one["Y"]) == pytest.approx((other["X"], other["Y"]), abs=0.015)


def test_a_comparison_has_the_members_aws_sends_and_no_other(api: Api) -> None:
    answer = api("CompareFaces", SourceImage=ASTRONAUT, TargetImage=PAIR)
    assert answer.keys() == {"SourceImageFace", "FaceMatches", "UnmatchedFaces"}
    assert answer["SourceImageFace"].keys() == {"BoundingBox", "Confidence"}
    (match,) = answer["FaceMatches"]
    assert match.keys() == {"Similarity", "Face"}
    assert match["Face"].keys() == DETAIL
    (unmatched,) = answer["UnmatchedFaces"]
    assert unmatched.keys() == DETAIL
    assert all_single(answer)


def test_the_same_picture_is_the_same_person(api: Api) -> None:
    answer = api("CompareFaces", SourceImage=HOPPER, TargetImage=HOPPER)
    assert answer["FaceMatches"][0]["Similarity"] > 99.9
    assert answer["UnmatchedFaces"] == []


def test_every_face_of_the_target_is_in_one_list(api: Api) -> None:
    for threshold in (0, 20, 80, 100):
        answer = api("CompareFaces", SourceImage=ASTRONAUT, TargetImage=CROWD, SimilarityThreshold=threshold)
        matched = [match["Face"] for match in answer["FaceMatches"]]
        assert len(matched) + len(answer["UnmatchedFaces"]) == 4
        boxes = {tuple(face["BoundingBox"].values()) for face in matched + answer["UnmatchedFaces"]}
        assert len(boxes) == 4
        assert all(match["Similarity"] >= threshold for match in answer["FaceMatches"])


def test_threshold_0_matches_everyone_the_most_similar_first(api: Api) -> None:
    answer = api("CompareFaces", SourceImage=ASTRONAUT, TargetImage=CROWD, SimilarityThreshold=0)
    similarities = [match["Similarity"] for match in answer["FaceMatches"]]
    assert similarities == sorted(similarities, reverse=True)
    assert [each > 80 for each in similarities] == [True, True, False, False]
    assert answer["UnmatchedFaces"] == []


def test_the_threshold_is_80_when_none_is_named(api: Api) -> None:
    assert api("CompareFaces", SourceImage=ASTRONAUT, TargetImage=CROWD) == api(
        "CompareFaces", SourceImage=ASTRONAUT, TargetImage=CROWD, SimilarityThreshold=80
    )


def test_the_source_is_the_largest_face_of_its_image(api: Api) -> None:
    answer = api("CompareFaces", SourceImage=PAIR, TargetImage=HOPPER)
    assert len(answer["FaceMatches"]) == 1
    box = answer["SourceImageFace"]["BoundingBox"]
    assert box == api("DetectFaces", Image=PAIR)["FaceDetails"][0]["BoundingBox"]


@pytest.mark.parametrize(
    "images",
    [
        {"SourceImage": NOBODY, "TargetImage": HOPPER},
        {"SourceImage": HOPPER, "TargetImage": NOBODY},
        {"SourceImage": NOBODY, "TargetImage": NOBODY},
    ],
    ids=["source", "target", "both"],
)
def test_no_face_in_either_image_is_an_invalid_parameter(api: Api, images: dict[str, dict[str, str]]) -> None:
    assert api.refused("CompareFaces", **images) == ("InvalidParameterException", "Request has invalid parameters")


def test_a_filter_that_refuses_every_face_leaves_no_face(api: Api) -> None:
    dark = image(photos.encoded((photos.hopper().pixels // 10), "PNG"))
    refused = ("InvalidParameterException", "Request has invalid parameters")
    assert api.refused("CompareFaces", SourceImage=dark, TargetImage=HOPPER, QualityFilter="HIGH") == refused
    assert api.refused("CompareFaces", SourceImage=HOPPER, TargetImage=dark, QualityFilter="HIGH") == refused
    assert api("CompareFaces", SourceImage=dark, TargetImage=HOPPER)["FaceMatches"]
