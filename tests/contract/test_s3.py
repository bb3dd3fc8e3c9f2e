"""S3Object against a real S3 server on loopback (moto's), through boto3 and a live server."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto.server import ThreadedMotoServer

from mien.errors import ImageTooLargeError, InvalidS3ObjectError
from mien.image import source
from mien.image.source import MOST_OBJECT, S3, ObjectChangedError, ObjectPlace, S3Settings
from tests import live as servers
from tests import photos
from tests.live import Live

BUCKET, OTHER = "family-photos", "somebody-elses"
UNREADABLE = "Unable to get object metadata from S3. Check object key, region and/or access permissions."
TOO_LARGE = "Image size is too large."
PATIENCE = 8  # seconds that any failure may take, on a busy machine


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


def bucket_client(endpoint: str) -> Any:
    return boto3.client(
        "s3", endpoint_url=endpoint, region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b"
    )


@pytest.fixture(scope="module")
def versions(endpoint: str) -> dict[str, str]:
    """Two buckets with pictures; the versions of `changed.jpg`, by who is on it."""
    s3 = bucket_client(endpoint)
    for bucket in (BUCKET, OTHER, "family-videos"):
        s3.create_bucket(Bucket=bucket)
    s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    for bucket in (BUCKET, OTHER, "family-videos"):
        s3.put_object(Bucket=bucket, Key="pair.jpg", Body=photos.pair())
    s3.put_object(Bucket=BUCKET, Key="2024/for my mother/été +&?#%.jpg", Body=photos.pair())
    s3.put_object(Bucket=BUCKET, Key="words.jpg", Body=b"no image")
    s3.put_object(Bucket=BUCKET, Key="empty.jpg", Body=b"")
    s3.put_object(Bucket=BUCKET, Key="large.jpg", Body=photos.pair() + bytes(MOST_OBJECT + 1 - len(photos.pair())))
    s3.put_object(Bucket=BUCKET, Key="six-megabytes.jpg", Body=photos.pair() + bytes(6 * 1024 * 1024))
    return {
        person: str(s3.put_object(Bucket=BUCKET, Key="changed.jpg", Body=data)["VersionId"])
        for person, data in (("astronaut", photos.astronaut().data), ("hopper", photos.hopper().data))
    }


@pytest.fixture(scope="module")
def server(
    packs: str, endpoint: str, versions: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Live]:
    started = servers.serve(
        packs, tmp_path_factory.mktemp("s3") / "data", "--s3-endpoint", endpoint, "--s3-access-key", "a",
        "--s3-secret-key", "b", "--s3-buckets", f"{BUCKET},missing-*,family-vid*",
    )  # fmt: skip
    yield started
    started.stop()


def at(name: str, bucket: str = BUCKET, version: str | None = None) -> dict[str, Any]:
    which = {"Bucket": bucket, "Name": name} | ({"Version": version} if version else {})
    return {"S3Object": which}


def without_metadata(answer: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in answer.items() if name != "ResponseMetadata"}


@pytest.mark.parametrize(
    "image", [at("pair.jpg"), at("2024/for my mother/été +&?#%.jpg"), at("pair.jpg", "family-videos")]
)
def test_an_object_is_as_good_as_its_bytes(server: Live, image: dict[str, Any]) -> None:
    client = server.client()
    direct = client.detect_faces(Image={"Bytes": photos.pair()})
    assert without_metadata(client.detect_faces(Image=image)) == without_metadata(direct)


def test_every_image_operation_reads_objects(server: Live) -> None:
    client, where, image = server.client(), {"CollectionId": "s3"}, at("pair.jpg")
    client.create_collection(**where)
    indexed = client.index_faces(**where, Image=image)["FaceRecords"]
    again = client.index_faces(**where, Image={"Bytes": photos.pair()})["FaceRecords"]
    assert [each["Face"]["FaceId"] for each in indexed] == [each["Face"]["FaceId"] for each in again]
    assert len({each["Face"]["ImageId"] for each in (*indexed, *again)}) == 1  # one image, however it came
    assert client.search_faces_by_image(**where, Image=image)["FaceMatches"][0]["Similarity"] > 99.9
    assert "SearchedFace" in client.search_users_by_image(**where, Image=image)
    compared = client.compare_faces(SourceImage=at("changed.jpg"), TargetImage=image)
    assert (len(compared["FaceMatches"]), len(compared["UnmatchedFaces"])) == (1, 1)
    client.delete_collection(**where)


def test_a_version_is_read_when_it_is_named(server: Live, versions: dict[str, str]) -> None:
    client = server.client()

    def shows(person: bytes, version: str | None) -> bool:
        answer = client.compare_faces(SourceImage={"Bytes": person}, TargetImage=at("changed.jpg", version=version))
        return bool(answer["FaceMatches"])

    astronaut, hopper = photos.astronaut().data, photos.hopper().data
    assert shows(hopper, None)  # the latest
    assert not shows(astronaut, None)
    assert shows(astronaut, versions["astronaut"])
    assert shows(hopper, versions["hopper"])


def test_more_than_five_megabytes_may_come_from_an_object(server: Live) -> None:
    assert len(server.client().detect_faces(Image=at("six-megabytes.jpg"))["FaceDetails"]) == 2


@pytest.mark.parametrize(
    ("image", "code", "text"),
    [
        (at("missing.jpg"), "InvalidS3ObjectException", UNREADABLE),
        (at("pair.jpg", "missing-bucket"), "InvalidS3ObjectException", UNREADABLE),
        (at("pair.jpg", OTHER), "InvalidS3ObjectException", UNREADABLE),  # it is there, and not allowed
        (at("pair.jpg", version="no-such-version"), "InvalidS3ObjectException", UNREADABLE),
        (at(f"../{OTHER}/pair.jpg"), "InvalidS3ObjectException", UNREADABLE),
        (at(f"a/../../{OTHER}/pair.jpg"), "InvalidS3ObjectException", UNREADABLE),
        (at("./pair.jpg"), "InvalidS3ObjectException", UNREADABLE),
        (at(f"%2e%2e/{OTHER}/pair.jpg"), "InvalidS3ObjectException", UNREADABLE),
        (at(f"..\\{OTHER}\\pair.jpg"), "InvalidS3ObjectException", UNREADABLE),
        (at("/pair.jpg"), "InvalidS3ObjectException", UNREADABLE),
        (at("pair.jpg", "..."), "InvalidS3ObjectException", UNREADABLE),
        (at("a\x00b\r\nHost: x"), "InvalidS3ObjectException", UNREADABLE),
        (at("words.jpg"), "InvalidImageFormatException", "Request has invalid image format"),
        (at("empty.jpg"), "InvalidImageFormatException", "Request has invalid image format"),
        (at("large.jpg"), "ImageTooLargeException", TOO_LARGE),
    ],
)
def test_what_cannot_be_read_is_told_in_awss_words(server: Live, image: dict[str, Any], code: str, text: str) -> None:
    started = time.monotonic()
    with pytest.raises(ClientError) as caught:
        server.client().detect_faces(Image=image)
    error = caught.value.response["Error"]
    assert (error["Code"], error["Message"]) == (code, text)
    assert time.monotonic() - started < PATIENCE


def s3(endpoint: str, buckets: tuple[str, ...] = ("*",)) -> S3:
    return S3(S3Settings(endpoint, "us-east-1", "a", "b", buckets))


def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_no_bucket_is_allowed_unless_it_is_named(endpoint: str, versions: dict[str, str]) -> None:
    assert s3(endpoint, (BUCKET,)).read(BUCKET, "pair.jpg", None) == photos.pair()
    for buckets in ((), ("family",), ("*-videos",)):
        with pytest.raises(InvalidS3ObjectError):
            s3(endpoint, buckets).read(BUCKET, "pair.jpg", None)


def test_an_endpoint_that_is_down_is_told_soon() -> None:
    started = time.monotonic()
    with pytest.raises(InvalidS3ObjectError):
        s3(f"http://127.0.0.1:{closed_port()}").read(BUCKET, "pair.jpg", None)
    assert time.monotonic() - started < PATIENCE


@pytest.fixture
def strange() -> Iterator[Callable[[bytes, bool], str]]:
    """Endpoints that answer some bytes, whatever they are asked, and then hang up or say nothing more."""
    over = threading.Event()
    sockets: list[socket.socket] = []

    def serve(listening: socket.socket, answer: bytes, hangs_up: bool) -> None:
        callers = []
        while not over.is_set():
            try:
                caller, _ = listening.accept()
                caller.recv(65536)
                caller.sendall(answer)
            except OSError:
                return
            if hangs_up:
                caller.close()
            callers.append(caller)

    def start(answer: bytes, hangs_up: bool) -> str:
        listening = socket.create_server(("127.0.0.1", 0))
        sockets.append(listening)
        threading.Thread(target=serve, args=(listening, answer, hangs_up), daemon=True).start()
        return f"http://127.0.0.1:{listening.getsockname()[1]}"

    yield start
    over.set()
    for each in sockets:
        each.close()


def test_an_endpoint_that_says_nothing_is_given_up(
    strange: Callable[[bytes, bool], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source, "READ_TIMEOUT", 0.5)
    started = time.monotonic()
    with pytest.raises(InvalidS3ObjectError):
        s3(strange(b"", False)).read(BUCKET, "pair.jpg", None)
    assert time.monotonic() - started < PATIENCE


def test_an_object_that_is_announced_too_large_is_not_read(strange: Callable[[bytes, bool], str]) -> None:
    head = f"HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\nContent-Length: {MOST_OBJECT + 1}\r\n\r\n".encode()
    started = time.monotonic()
    with pytest.raises(ImageTooLargeError):
        s3(strange(head, False)).read(BUCKET, "pair.jpg", None)
    assert time.monotonic() - started < PATIENCE


def test_an_object_cut_short_is_no_object(strange: Callable[[bytes, bool], str]) -> None:
    cut = b"HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\nContent-Length: 1000\r\n\r\nonly this"
    with pytest.raises(InvalidS3ObjectError):
        s3(strange(cut, True)).read(BUCKET, "pair.jpg", None)


def test_a_server_without_s3_reads_no_object(live: Live) -> None:
    with pytest.raises(ClientError) as caught:
        live.client().detect_faces(Image=at("pair.jpg"))
    assert caught.value.response["Error"]["Message"] == UNREADABLE


def reader(endpoint: str) -> S3:
    return S3(S3Settings(endpoint, "us-east-1", "a", "b", (BUCKET,)))


def test_a_part_of_an_object_is_read_by_its_content(endpoint: str, versions: dict[str, str]) -> None:
    s3, place = reader(endpoint), ObjectPlace(BUCKET, "pair.jpg")
    facts = s3.facts(place)
    assert facts.size == len(photos.pair())
    assert s3.part(place, facts.etag, 1000, 500) == photos.pair()[1000:1500]
    assert s3.part(place, facts.etag, facts.size - 10, 10) == photos.pair()[-10:]
    with pytest.raises(InvalidS3ObjectError):
        s3.part(place, facts.etag, facts.size - 10, 11)
    old, new = (s3.facts(ObjectPlace(BUCKET, "changed.jpg", versions[each])) for each in ("astronaut", "hopper"))
    assert s3.part(ObjectPlace(BUCKET, "changed.jpg"), new.etag, 0, 4)
    assert s3.part(ObjectPlace(BUCKET, "changed.jpg", versions["astronaut"]), old.etag, 0, 4)
    for changed in (ObjectPlace(BUCKET, "changed.jpg"), ObjectPlace(BUCKET, "nowhere.jpg")):
        with pytest.raises(ObjectChangedError):
            s3.part(changed, old.etag, 0, 4)


@pytest.mark.parametrize("place", [("family-photos", "nowhere.mp4"), (OTHER, "pair.jpg"), (BUCKET, "../x/y.mp4")])
def test_facts_of_what_may_not_be_read_are_refused(endpoint: str, place: tuple[str, str]) -> None:
    with pytest.raises(InvalidS3ObjectError):
        reader(endpoint).facts(ObjectPlace(*place))
