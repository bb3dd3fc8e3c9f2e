"""The AWS command line, unmodified: its files, its pages, its errors."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from tests import photos
from tests.live import Live

AWS = Path(sys.executable).with_name("aws")
pytestmark = pytest.mark.skipif(not AWS.exists(), reason="the AWS command line is not installed beside Python")


class Shell:
    """A shell with credentials and nothing else of AWS's configuration."""

    def __init__(self, folder: Path, live: Live) -> None:
        self.live = live
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")} | {
            "AWS_ACCESS_KEY_ID": "any", "AWS_SECRET_ACCESS_KEY": "any", "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_CONFIG_FILE": str(folder / "none"), "AWS_PAGER": "", "AWS_MAX_ATTEMPTS": "1",
        }  # fmt: skip

    def run(self, *arguments: str, **variables: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [str(AWS), *arguments], env=self.environment | variables, capture_output=True, text=True, timeout=60,
            check=False,
        )  # fmt: skip

    def call(self, *arguments: str) -> Any:
        """Run an operation; what it prints."""
        done = self.run("--endpoint-url", self.live.address, "rekognition", *arguments)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout) if done.stdout else None


@pytest.fixture
def shell(live: Live, tmp_path: Path) -> Shell:
    return Shell(tmp_path, live)


@pytest.fixture
def name(live: Live) -> Iterator[str]:
    chosen = f"cli-{uuid4()}"
    live.client().create_collection(CollectionId=chosen)
    yield chosen
    live.client().delete_collection(CollectionId=chosen)


def test_images_come_from_files(shell: Shell, name: str, tmp_path: Path) -> None:
    image = tmp_path / "hopper.jpg"
    image.write_bytes(photos.hopper().data)
    indexed = shell.call(
        "index-faces", "--collection-id", name, "--image-bytes", f"fileb://{image}", "--external-image-id", "hopper"
    )
    (record,) = indexed["FaceRecords"]
    assert record["Face"]["ExternalImageId"] == "hopper"
    found = shell.call("search-faces-by-image", "--collection-id", name, "--image-bytes", f"fileb://{image}")
    (match,) = found["FaceMatches"]
    assert match["Face"]["FaceId"] == record["Face"]["FaceId"]
    assert match["Similarity"] > 99.9
    pair = tmp_path / "pair.jpg"
    pair.write_bytes(photos.pair())
    compared = shell.call(
        "compare-faces", "--source-image-bytes", f"fileb://{image}", "--target-image-bytes", f"fileb://{pair}",
        "--similarity-threshold", "90",
    )  # fmt: skip
    assert (len(compared["FaceMatches"]), len(compared["UnmatchedFaces"])) == (1, 1)


def test_it_turns_the_pages_itself(shell: Shell, name: str) -> None:
    client = shell.live.client()
    for number in range(5):
        client.create_user(CollectionId=name, UserId=f"u{number}")
    listed = shell.call("list-users", "--collection-id", name, "--page-size", "2")
    assert [user["UserId"] for user in listed["Users"]] == ["u0", "u1", "u2", "u3", "u4"]
    assert "NextToken" not in listed


def test_users_and_tags(shell: Shell, name: str) -> None:
    face = shell.live.client().index_faces(CollectionId=name, Image={"Bytes": photos.hopper().data})
    face_id = face["FaceRecords"][0]["Face"]["FaceId"]
    assert shell.call("create-user", "--collection-id", name, "--user-id", "grace") is None
    answer = shell.call("associate-faces", "--collection-id", name, "--user-id", "grace", "--face-ids", face_id)
    assert answer["AssociatedFaces"] == [{"FaceId": face_id}]
    described = shell.call("describe-collection", "--collection-id", name)
    assert (described["FaceCount"], described["UserCount"]) == (1, 1)
    shell.call("tag-resource", "--resource-arn", described["CollectionARN"], "--tags", "team=a,place=b c")
    shown = shell.call("list-tags-for-resource", "--resource-arn", described["CollectionARN"])
    assert shown == {"Tags": {"place": "b c", "team": "a"}}


def test_an_error_is_told_in_its_words(shell: Shell) -> None:
    done = shell.run(
        "--endpoint-url", shell.live.address, "rekognition", "describe-collection", "--collection-id", "nowhere"
    )
    assert done.returncode in (254, 255)  # its own for an error that the service answers: version 2, version 1
    assert (
        "An error occurred (ResourceNotFoundException) when calling the DescribeCollection operation: The collection "
        "id: nowhere does not exist" in done.stderr
    )


def test_the_environment_points_it_here_signed_or_not(shell: Shell, name: str) -> None:
    for flags in ((), ("--no-sign-request",)):
        done = shell.run("rekognition", "list-collections", *flags, AWS_ENDPOINT_URL_REKOGNITION=shell.live.address)
        assert done.returncode == 0, done.stderr
        assert name in json.loads(done.stdout)["CollectionIds"]
