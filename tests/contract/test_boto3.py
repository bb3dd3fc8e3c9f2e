"""boto3 as its users use it: every operation, the paginators, typed exceptions, environment variables, two at once."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import pytest
from botocore.exceptions import ClientError

from mien.app import OPERATIONS
from mien.operations.video import face_detection, face_search
from tests import live as servers
from tests import photos
from tests.live import Live


@pytest.fixture
def name(live: Live) -> Iterator[str]:
    """A collection's name; the collection is taken away afterwards if the test has made it."""
    chosen = f"boto3-{uuid4()}"
    yield chosen
    client = live.client()
    if chosen in client.list_collections()["CollectionIds"]:
        client.delete_collection(CollectionId=chosen)


def face_of(client: Any, collection: str, image: bytes, **more: Any) -> str:
    (record,) = client.index_faces(CollectionId=collection, Image={"Bytes": image}, **more)["FaceRecords"]
    return str(record["Face"]["FaceId"])


def test_every_operation_in_one_life(live: Live, name: str) -> None:
    client, called = live.client(), set()
    client.meta.events.register("before-call.rekognition", lambda model, **_: called.add(model.name))
    astronaut, hopper, pair = photos.astronaut().data, photos.hopper().data, photos.pair()
    where = {"CollectionId": name}

    arn = client.create_collection(**where, Tags={"team": "a"})["CollectionArn"]
    client.tag_resource(ResourceArn=arn, Tags={"place": "b"})
    client.untag_resource(ResourceArn=arn, TagKeys=["team"])
    assert client.list_tags_for_resource(ResourceArn=f"arn:{arn}")["Tags"] == {"place": "b"}
    assert len(client.detect_faces(Image={"Bytes": pair})["FaceDetails"]) == 2
    compared = client.compare_faces(SourceImage={"Bytes": astronaut}, TargetImage={"Bytes": pair})
    assert (len(compared["FaceMatches"]), len(compared["UnmatchedFaces"])) == (1, 1)

    ann, bob = (face_of(client, name, image) for image in (astronaut, hopper))
    assert {face["FaceId"] for face in client.list_faces(**where)["Faces"]} == {ann, bob}
    both = client.index_faces(**where, Image={"Bytes": pair})["FaceRecords"]
    (found,) = client.search_faces(**where, FaceId=ann)["FaceMatches"]
    assert found["Face"]["FaceId"] in {record["Face"]["FaceId"] for record in both}
    matches = client.search_faces_by_image(**where, Image={"Bytes": astronaut})["FaceMatches"]
    assert matches[0]["Face"]["FaceId"] == ann

    for user, face in (("ann", ann), ("bob", bob)):
        client.create_user(**where, UserId=user)
        answer = client.associate_faces(**where, UserId=user, FaceIds=[face])
        assert answer["AssociatedFaces"] == [{"FaceId": face}]
    assert [user["UserId"] for user in client.list_users(**where)["Users"]] == ["ann", "bob"]
    (match,) = client.search_users(**where, FaceId=found["Face"]["FaceId"])["UserMatches"]
    assert match["User"] == {"UserId": "ann", "UserStatus": "ACTIVE"}
    (match,) = client.search_users_by_image(**where, Image={"Bytes": pair})["UserMatches"]
    assert match["User"]["UserId"] == "bob"
    described = client.describe_collection(**where)
    assert (described["FaceCount"], described["UserCount"]) == (4, 2)
    assert time.time() - 60 < described["CreationTimestamp"].timestamp() < time.time() + 1

    assert client.delete_faces(**where, FaceIds=[ann])["DeletedFaces"] == []
    client.disassociate_faces(**where, UserId="ann", FaceIds=[ann])
    assert client.delete_faces(**where, FaceIds=[ann])["DeletedFaces"] == [ann]
    client.delete_user(**where, UserId="bob")
    assert client.describe_collection(**where)["FaceCount"] == 3
    assert name in client.list_collections()["CollectionIds"]
    assert client.delete_collection(**where)["StatusCode"] == 200
    assert name not in client.list_collections()["CollectionIds"]
    session = client.create_face_liveness_session()["SessionId"]
    assert client.get_face_liveness_session_results(SessionId=session)["Status"] == "CREATED"
    of_films = {*face_detection.OPERATIONS, *face_search.OPERATIONS}  # they need a bucket: tests/jobs
    assert called == set(OPERATIONS) - of_films


def test_paginators_give_everything_once_in_order(live: Live, name: str) -> None:
    client = live.client()
    client.create_collection(CollectionId=name)
    others = sorted(f"{name}.{number}" for number in range(5))
    for other in others:
        client.create_collection(CollectionId=other)
    users = [f"user-{number}" for number in (3, 1, 4, 0, 2, 9, 5)]
    for user in users:
        client.create_user(CollectionId=name, UserId=user)
    faces = sorted(face_of(client, name, photos.hopper().data, ExternalImageId=f"e{number}") for number in range(5))
    client.associate_faces(CollectionId=name, UserId="user-4", FaceIds=faces[1:4])

    for size in (1, 2, 3, 5, 100):
        paging = {"PageSize": size}
        pages = list(client.get_paginator("list_users").paginate(CollectionId=name, PaginationConfig=paging))
        assert [user["UserId"] for page in pages for user in page["Users"]] == users
        assert len(pages) == -(-len(users) // size)  # no empty page at the end
        pages = list(client.get_paginator("list_faces").paginate(CollectionId=name, PaginationConfig=paging))
        assert [face["FaceId"] for page in pages for face in page["Faces"]] == faces
        only = client.get_paginator("list_faces").paginate(CollectionId=name, UserId="user-4", PaginationConfig=paging)
        assert [face["FaceId"] for page in only for face in page["Faces"]] == faces[1:4]
        named = client.get_paginator("list_faces").paginate(
            CollectionId=name, FaceIds=faces[::-1], PaginationConfig=paging
        )
        assert list(named.search("Faces[].FaceId")) == faces
        whole = client.get_paginator("list_collections").paginate(PaginationConfig=paging).build_full_result()
        assert [each for each in whole["CollectionIds"] if each.startswith(name)] == [name, *others]
        assert len(whole["FaceModelVersions"]) == len(whole["CollectionIds"])

    part = client.get_paginator("list_users").paginate(
        CollectionId=name, PaginationConfig={"PageSize": 2, "MaxItems": 3}
    )
    first = part.build_full_result()
    rest = client.get_paginator("list_users").paginate(
        CollectionId=name, PaginationConfig={"StartingToken": first["NextToken"]}
    ).build_full_result()  # fmt: skip
    assert [user["UserId"] for user in (*first["Users"], *rest["Users"])] == users
    for other in others:
        client.delete_collection(CollectionId=other)


def test_a_loop_that_looks_for_the_token_ends(live: Live, name: str) -> None:
    client = live.client()
    client.create_collection(CollectionId=name)
    for number in range(4):
        client.create_user(CollectionId=name, UserId=f"u{number}")
    seen: list[str] = []
    response = client.list_users(CollectionId=name, MaxResults=2)
    for _ in range(5):
        seen += [user["UserId"] for user in response["Users"]]
        if "NextToken" not in response:
            break
        response = client.list_users(CollectionId=name, MaxResults=2, NextToken=response["NextToken"])
    assert seen == ["u0", "u1", "u2", "u3"]
    assert "NextToken" not in response


def test_no_waiter_of_boto3_waits_for_anything_here(live: Live) -> None:
    client = live.client()
    waiting = {client.get_waiter(each).config.operation for each in client.waiter_names}
    assert not waiting & set(OPERATIONS)  # they are for custom labels; new ones would have to be looked at


def test_pages_hold_while_the_listing_changes(live: Live, name: str) -> None:
    client = live.client()
    client.create_collection(CollectionId=name)
    for number in range(6):
        client.create_user(CollectionId=name, UserId=f"u{number}")
    page = client.list_users(CollectionId=name, MaxResults=3)
    client.delete_user(CollectionId=name, UserId="u2")  # the one the token stands at
    client.delete_user(CollectionId=name, UserId="u4")
    client.create_user(CollectionId=name, UserId="u6")
    rest = client.list_users(CollectionId=name, NextToken=page["NextToken"])
    assert [user["UserId"] for user in rest["Users"]] == ["u3", "u5", "u6"]


@pytest.mark.parametrize(
    ("operation", "arguments", "kind"),
    [
        ("describe_collection", {"CollectionId": "nowhere"}, "ResourceNotFoundException"),
        ("detect_faces", {"Image": {"Bytes": b"x"}}, "InvalidImageFormatException"),
        ("detect_faces", {"Image": {}}, "InvalidParameterException"),
        ("detect_faces", {"Image": {"S3Object": {"Bucket": "abc", "Name": "n"}}}, "InvalidS3ObjectException"),
        ("list_collections", {"NextToken": "x"}, "InvalidPaginationTokenException"),
    ],
)
def test_errors_are_typed(live: Live, operation: str, arguments: dict[str, Any], kind: str) -> None:
    client = live.client()
    with pytest.raises(getattr(client.exceptions, kind)) as caught:
        getattr(client, operation)(**arguments)
    answer = caught.value.response
    assert answer["Error"]["Code"] == kind
    assert answer["Error"]["Message"]
    assert len(answer["ResponseMetadata"]["RequestId"]) == 36


def test_an_operation_that_is_not_here_says_so(live: Live) -> None:
    with pytest.raises(ClientError, match=r"UnknownOperationException.*mien has no operation DetectLabels\."):
        live.client().detect_labels(Image={"Bytes": b"x"})


def test_the_environment_points_boto3_here(live: Live, name: str) -> None:
    live.client().create_collection(CollectionId=name)
    program = "import boto3; print(boto3.client('rekognition').list_collections()['CollectionIds'])"
    variables = {
        "AWS_ENDPOINT_URL_REKOGNITION": live.address, "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b",
        "AWS_DEFAULT_REGION": "eu-north-1",
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", program], env=os.environ | variables, capture_output=True, text=True, timeout=60,
        check=True,
    )  # fmt: skip
    assert name in done.stdout


def test_many_clients_on_one_collection_get_answers_that_agree(live: Live, name: str) -> None:
    """Made, filled, searched, emptied and deleted at the same time."""
    allowed = {"ResourceAlreadyExistsException", "ResourceNotFoundException", "InvalidParameterException"}
    hopper, where = {"Bytes": photos.jpeg(photos.resized(photos.hopper().pixels, 0.4))}, {"CollectionId": name}

    def work(seed: int) -> set[str]:
        client, codes = live.client(), set()
        random = np.random.default_rng(seed)

        def clear() -> None:
            ids = [face["FaceId"] for face in client.list_faces(**where)["Faces"]]
            if ids:
                client.delete_faces(**where, FaceIds=ids)

        calls = (
            lambda: client.create_collection(**where),
            lambda: client.create_collection(**where),
            lambda: client.index_faces(**where, Image=hopper, ExternalImageId=str(random.integers(5))),
            lambda: client.index_faces(**where, Image=hopper, ExternalImageId=str(random.integers(5))),
            lambda: client.search_faces_by_image(**where, Image=hopper),
            lambda: client.describe_collection(**where),
            lambda: client.create_user(**where, UserId=f"u{seed}-{random.integers(10**6)}"),
            clear,
            lambda: client.delete_collection(**where),
        )
        for _ in range(30):
            try:
                calls[int(random.integers(len(calls)))]()
            except ClientError as error:
                codes.add(error.response["Error"]["Code"])
        return codes

    with ThreadPoolExecutor(6) as pool:
        assert set().union(*pool.map(work, range(6))) <= allowed
    client = live.client()
    if name not in client.list_collections()["CollectionIds"]:
        client.create_collection(**where)
    described = client.describe_collection(**where)
    faces, users = client.list_faces(**where)["Faces"], client.list_users(**where)["Users"]
    assert (described["FaceCount"], described["UserCount"]) == (len(faces), len(users))
    assert len({face["ExternalImageId"] for face in faces}) == len(faces)  # no image is in it twice


def test_tokens_outlive_the_server(packs: str, tmp_path: Path) -> None:
    where = {"CollectionId": "kept", "UserId": "ann"}
    server = servers.serve(packs, tmp_path / "data")
    client = server.client()
    client.create_collection(CollectionId="kept")
    face = face_of(client, "kept", photos.hopper().data)
    client.create_user(**where, ClientRequestToken="made")
    given = client.associate_faces(**where, FaceIds=[face], ClientRequestToken="given")
    client.disassociate_faces(**where, FaceIds=[face], ClientRequestToken="taken")
    server.kill()
    server = servers.serve(packs, tmp_path / "data")
    try:
        client = server.client()
        client.create_user(**where, ClientRequestToken="made")  # no conflict
        again = client.associate_faces(**where, FaceIds=[face], ClientRequestToken="given")
        assert again["AssociatedFaces"] == given["AssociatedFaces"] == [{"FaceId": face}]
        assert again["UserStatus"] == given["UserStatus"]
        assert "UserId" not in client.list_faces(CollectionId="kept")["Faces"][0]  # no second effect
        with pytest.raises(client.exceptions.IdempotentParameterMismatchException):
            client.create_user(CollectionId="kept", UserId="bob", ClientRequestToken="made")
        with pytest.raises(client.exceptions.ConflictException):
            client.create_user(**where)
    finally:
        server.stop()
