"""A key of one account names images in another's bucket, through every operation that reads S3."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError
from moto.server import ThreadedMotoServer

from tests import live as servers
from tests import photos
from tests.contract.test_s3 import UNREADABLE, at, bucket_client
from tests.locked import Locked

MINE, THEIRS = "a-photos", "b-photos"
COLLECTION = {"CollectionId": "b-people"}


@pytest.fixture(scope="module")
def shared(packs: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Locked]:
    """Starts a server with keys that may read two buckets."""
    moto = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    moto.start()
    host, port = moto.get_host_and_port()
    s3 = bucket_client(f"http://{host}:{port}")
    for bucket in (MINE, THEIRS):
        s3.create_bucket(Bucket=bucket)
        s3.put_object(Bucket=bucket, Key="pair.jpg", Body=photos.pair())
    server = servers.serve(
        packs, tmp_path_factory.mktemp("buckets") / "data", "--s3-endpoint", f"http://{host}:{port}",
        "--s3-access-key", "a", "--s3-secret-key", "b", "--s3-buckets", f"{MINE},{THEIRS}",
    )  # fmt: skip
    yield Locked(server)
    server.stop()
    moto.stop()


def calls(client: Any, image: dict[str, Any], other: dict[str, Any]) -> Iterator[Callable[[], Any]]:
    """Returns a call of every operation that takes an image, and two of the one that takes two."""
    yield lambda: client.detect_faces(Image=image)
    yield lambda: client.compare_faces(SourceImage=image, TargetImage=other)
    yield lambda: client.compare_faces(SourceImage=other, TargetImage=image)
    yield lambda: client.index_faces(**COLLECTION, Image=image)
    yield lambda: client.search_faces_by_image(**COLLECTION, Image=image)
    yield lambda: client.search_users_by_image(**COLLECTION, Image=image)


def refused(call: Callable[[], Any]) -> bool:
    try:
        call()
    except ClientError as error:
        said = error.response["Error"]
        assert (said["Code"], said["Message"]) == ("InvalidS3ObjectException", UNREADABLE)
        return True
    return False


@pytest.mark.parametrize(
    ("grant", "readable"),
    [
        ({"account": "123456789012", "collections": ("b-*",)}, set()),
        ({"account": "123456789013", "buckets": ("a-*",)}, {MINE}),
        ({"buckets": ("b-*", "c-*")}, {THEIRS}),
        ({"buckets": ()}, set()),
        ({"collections": ("b-*",)}, {MINE, THEIRS}),
    ],
)
def test_a_key_reads_its_own_buckets(shared: Locked, grant: dict[str, Any], readable: set[str]) -> None:
    client = shared.client(shared.key(f"key-{uuid4()}", **grant))
    with suppress(client.exceptions.ResourceAlreadyExistsException):
        client.create_collection(**COLLECTION)
    inline = {"Bytes": photos.pair()}
    for bucket in (MINE, THEIRS):
        seen = {refused(call) for call in calls(client, at("pair.jpg", bucket), inline)}
        assert seen == {bucket not in readable}
    assert refused(lambda: client.detect_faces(Image=at("pair.jpg", "c-photos")))  # the server itself reads it not


def test_what_is_not_there_and_what_is_not_readable_look_the_same(shared: Locked) -> None:
    client = shared.client(shared.key("looking", account="123456789014", buckets=("a-*",)))
    for image in (at("pair.jpg", THEIRS), at("nothing.jpg", THEIRS), at("nothing.jpg", MINE), at("pair.jpg", "a-none")):
        assert refused(lambda image=image: client.detect_faces(Image=image))  # type: ignore[misc]
