"""Video jobs through boto3 against a live server, with S3 and SNS on loopback."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests import live as servers
from tests import photos
from tests.jobs.cloud import Cloud, ended, film
from tests.live import Live
from tests.operations.api import DETAIL, all_single

SAMPLES = [500 * number for number in range(12)]  # milliseconds of a film of six seconds
HALF = SAMPLES[6:]
ATTRIBUTES = {
    "AgeRange", "Beard", "Emotions", "Eyeglasses", "EyesOpen", "Gender", "MouthOpen", "Mustache", "Smile", "Sunglasses",
}  # fmt: skip
HEADER = {
    "Codec": "h264", "DurationMillis": 6000, "Format": "QuickTime / MOV", "FrameRate": 10.0, "FrameHeight": 240,
    "FrameWidth": 480, "ColorRange": "LIMITED",
}  # fmt: skip


@pytest.fixture(scope="module")
def server(packs: str, cloud: Cloud, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """A server with a collection of both persons of the film."""
    data = tmp_path_factory.mktemp("jobs") / "data"
    started = servers.serve(packs, data, *cloud.flags, "--video-jobs", "2")
    client = started.client()
    client.create_collection(CollectionId="known")
    for name, photo in (("hopper", photos.hopper()), ("astronaut", photos.astronaut())):
        client.index_faces(CollectionId="known", Image={"Bytes": photo.data}, ExternalImageId=name)
    yield started
    started.stop()


@pytest.fixture(scope="module")
def search(server: Live, cloud: Cloud) -> dict[str, Any]:
    """The answer about a search that has succeeded."""
    job_id = server.client().start_face_search(
        Video=film(), CollectionId="known", JobTag="a/tag", NotificationChannel=cloud.channel, ClientRequestToken="once"
    )["JobId"]
    return ended(server, "GetFaceSearch", job_id)


def named(person: dict[str, Any]) -> str | None:
    matches = person.get("FaceMatches", [])
    return matches[0]["Face"]["ExternalImageId"] if matches else None


def test_each_person_of_a_film_is_one_index_with_the_right_name(search: dict[str, Any]) -> None:
    assert search["JobStatus"] == "SUCCEEDED"
    persons = search["Persons"]
    first = persons[0]["Person"]["Index"]
    assert [each["Timestamp"] for each in persons if each["Person"]["Index"] == first] == SAMPLES
    assert [each["Timestamp"] for each in persons if each["Person"]["Index"] != first] == HALF
    assert {(each["Person"]["Index"] == first, named(each)) for each in persons} == {
        (True, "hopper"), (False, "astronaut"),
    }  # fmt: skip
    assert [each["Timestamp"] for each in persons] == sorted(each["Timestamp"] for each in persons)
    assert {frozenset(each["Person"]) for each in persons} == {frozenset({"Index", "Face"})}
    assert {frozenset(each["Person"]["Face"]) for each in persons} == {frozenset(DETAIL)}
    assert all_single(persons)


def test_what_the_caller_said_of_the_job_comes_back(search: dict[str, Any], cloud: Cloud) -> None:
    assert (search["JobTag"], search["Video"], search["VideoMetadata"]) == ("a/tag", film(), HEADER)
    told = cloud.heard(search["JobId"])
    assert isinstance(told.pop("Timestamp"), int)
    assert told == {
        "JobId": search["JobId"], "Status": "SUCCEEDED", "API": "StartFaceSearch", "JobTag": "a/tag",
        "Video": {"S3ObjectName": "two.mp4", "S3Bucket": "films"},
    }  # fmt: skip


@pytest.mark.parametrize("order", ["TIMESTAMP", "INDEX"])
def test_pages_put_together_are_the_whole_listing(server: Live, search: dict[str, Any], order: str) -> None:
    def key(each: dict[str, Any]) -> tuple[int, int]:
        place = each["Person"]["Index"], each["Timestamp"]
        return place if order == "INDEX" else (place[1], place[0])

    whole = ended(server, "GetFaceSearch", search["JobId"], SortBy=order)["Persons"]
    assert [key(each) for each in whole] == sorted(key(each) for each in search["Persons"])
    pages, token = [], dict[str, str]()
    while True:
        page = ended(server, "GetFaceSearch", search["JobId"], SortBy=order, MaxResults=5, **token)
        assert page["VideoMetadata"] == HEADER
        pages.append(page["Persons"])
        if "NextToken" not in page:
            break
        token = {"NextToken": page["NextToken"]}
    assert [len(page) for page in pages] == [5, 5, 5, 3]
    assert [each for page in pages for each in page] == whole
    other = "INDEX" if order == "TIMESTAMP" else "TIMESTAMP"
    with pytest.raises(ClientError, match="InvalidPaginationTokenException"):
        server.client().get_face_search(JobId=search["JobId"], SortBy=other, **token)


def test_every_attribute_of_every_face_but_for_two(server: Live) -> None:
    client = server.client()
    job_id = client.start_face_detection(Video=film(), FaceAttributes="ALL")["JobId"]
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        client.get_face_search(JobId=job_id)
    found = ended(server, "GetFaceDetection", job_id)
    assert (found["JobStatus"], found["VideoMetadata"]) == ("SUCCEEDED", HEADER)
    faces = found["Faces"]
    assert [each["Timestamp"] for each in faces] == sorted(SAMPLES + HALF)
    assert {frozenset(each["Face"]) for each in faces} == {frozenset(DETAIL | ATTRIBUTES)}
    assert {len(each["Face"]["Landmarks"]) for each in faces} == {30}
    assert all_single(faces)
    picture = photos.jpeg(photos.hopper().pixels)
    alone = client.detect_faces(Image={"Bytes": picture}, Attributes=["ALL"])["FaceDetails"][0]
    for name in ("Gender", "Smile", "Eyeglasses", "EyesOpen"):
        assert faces[0]["Face"][name]["Value"] == alone[name]["Value"]


@pytest.mark.parametrize("name", ["cut.mp4", "words.mp4"])
def test_what_is_no_whole_film_fails_with_a_sentence(server: Live, cloud: Cloud, name: str) -> None:
    started = server.client().start_face_detection(Video=film(name), NotificationChannel=cloud.channel)
    found = ended(server, "GetFaceDetection", started["JobId"])
    assert found["JobStatus"] == "FAILED"
    assert found["StatusMessage"].startswith("The film is ")
    assert found["StatusMessage"].endswith(".")
    assert "Faces" not in found
    assert cloud.heard(started["JobId"])["Status"] == "FAILED"


def test_a_token_starts_one_job(server: Live, search: dict[str, Any]) -> None:
    client, token = server.client(), "once"
    with pytest.raises(ClientError, match="IdempotentParameterMismatchException"):
        client.start_face_search(Video=film(), CollectionId="known", JobTag="other", ClientRequestToken=token)
    again = {"JobTag": "a/tag", "NotificationChannel": {"SNSTopicArn": "arn:aws:sns:us-east-1:000000000000:x",
             "RoleArn": "arn:aws:iam::000000000000:role/any"}}  # fmt: skip
    with pytest.raises(ClientError, match="IdempotentParameterMismatchException"):
        client.start_face_search(Video=film(), CollectionId="known", ClientRequestToken=token, **again)


def test_so_many_jobs_at_a_time_and_no_more(server: Live) -> None:
    client = server.client()
    started = [client.start_face_detection(Video=film("words.mp4"))["JobId"] for _ in range(2)]
    with pytest.raises(ClientError, match="LimitExceededException"):
        client.start_face_detection(Video=film("words.mp4"))
    for job_id in started:
        ended(server, "GetFaceDetection", job_id)


def test_jobs_are_listed_and_counted(server: Live, search: dict[str, Any]) -> None:
    listed = server.post("Mien.ListVideoJobs", json.dumps({"Status": "SUCCEEDED"}).encode()).json["Jobs"]
    (job,) = [each for each in listed if each["JobId"] == search["JobId"]]
    assert job.pop("CreationTimestamp") > 1.7e9
    assert job == {
        "JobId": search["JobId"], "Operation": "StartFaceSearch", "Status": "SUCCEEDED", "Progress": 1.0,
        "Video": film(), "FaceCount": 18, "JobTag": "a/tag", "CollectionId": "known", "VideoMetadata": HEADER,
    }  # fmt: skip
    page = server.send("GET", "/metrics", None, {}).body.decode()
    assert f'mien_video_jobs{{state="succeeded"}} {float(len(listed))}' in page
    assert "mien_video_seconds_left 0.0" in page


def test_a_face_that_was_deleted_is_found_no_more(server: Live, search: dict[str, Any]) -> None:
    client = server.client()
    client.create_collection(CollectionId="brief")
    (record,) = client.index_faces(CollectionId="brief", Image={"Bytes": photos.hopper().data})["FaceRecords"]
    job_id = client.start_face_search(Video=film(), CollectionId="brief", FaceMatchThreshold=90)["JobId"]
    found = ended(server, "GetFaceSearch", job_id)["Persons"]
    assert {each["FaceMatches"][0]["Face"]["FaceId"] for each in found if "FaceMatches" in each} == {
        record["Face"]["FaceId"]
    }
    client.delete_faces(CollectionId="brief", FaceIds=[record["Face"]["FaceId"]])
    assert not [each for each in ended(server, "GetFaceSearch", job_id)["Persons"] if "FaceMatches" in each]
    client.delete_collection(CollectionId="brief")
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        client.get_face_search(JobId=job_id)
