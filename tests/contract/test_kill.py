"""A face that IndexFaces has answered survives `kill -9` at any moment."""

import random
import signal
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from tests import live, photos
from tests.live import Live

ROUNDS, WRITERS = 3, 3
COLLECTION = "survivors"


def index(server: Live, round_: int, writer: int, acknowledged: dict[str, str], failures: list[str]) -> None:
    """Index pictures of one or two people until the server is gone; note each face that was answered."""
    client = server.client()
    pictures = (photos.astronaut().data, photos.hopper().data, photos.pair())
    for number in range(10_000):
        external = f"{round_}-{writer}-{number}"
        try:
            answer = client.index_faces(
                CollectionId=COLLECTION, Image={"Bytes": pictures[number % 3]}, ExternalImageId=external
            )
        except ClientError as error:
            failures.append(str(error))
            return
        except BotoCoreError:
            return  # the server was killed
        for record in answer["FaceRecords"]:
            acknowledged[record["Face"]["FaceId"]] = external


def listed(client: Any) -> dict[str, Any]:
    pages = client.get_paginator("list_faces").paginate(CollectionId=COLLECTION, MaxResults=50)
    return {face["FaceId"]: face for page in pages for face in page["Faces"]}


@pytest.fixture
def data(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "data"


def test_every_acknowledged_face_survives(packs: str, data: Path) -> None:
    acknowledged: dict[str, str] = {}
    failures: list[str] = []
    server = live.serve(packs, data)
    server.client().create_collection(CollectionId=COLLECTION)
    for round_ in range(ROUNDS):
        before = len(acknowledged)
        writers = [
            threading.Thread(target=index, args=(server, round_, writer, acknowledged, failures))
            for writer in range(WRITERS)
        ]
        for writer in writers:
            writer.start()
        wait_for(partial(lambda before: len(acknowledged) > before, before))
        time.sleep(random.uniform(0.1, 1.0))
        server.kill()
        for writer in writers:
            writer.join(30)
        assert not failures
        server = live.serve(packs, data)
        survived(server.client(), acknowledged)
    server.stop()


def wait_for(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < until, "nothing was indexed"
        time.sleep(0.01)


def survived(client: Any, acknowledged: dict[str, str]) -> None:
    faces = listed(client)
    assert set(acknowledged) <= set(faces)
    assert all(faces[face]["ExternalImageId"] == external for face, external in acknowledged.items())
    assert client.describe_collection(CollectionId=COLLECTION)["FaceCount"] == len(faces)
    whole_pictures(faces)
    found = set()
    for person in (photos.astronaut(), photos.hopper()):
        answer = client.search_faces_by_image(CollectionId=COLLECTION, Image={"Bytes": person.data})
        found |= {match["Face"]["FaceId"] for match in answer["FaceMatches"]}
    assert set(acknowledged) <= found
    assert found == set(faces)
    for face in random.sample(sorted(acknowledged), min(60, len(acknowledged))):
        answer = client.search_faces(CollectionId=COLLECTION, FaceId=face, MaxFaces=1)
        assert answer["SearchedFaceId"] == face


def whole_pictures(faces: dict[str, Any]) -> None:
    """What was not answered may be there or not, but a picture of two is there with both or with none."""
    sizes: dict[str, int] = {}
    for face in faces.values():
        sizes[face["ExternalImageId"]] = sizes.get(face["ExternalImageId"], 0) + 1
    for external, size in sizes.items():
        assert size == (2 if int(external.split("-")[-1]) % 3 == 2 else 1), external


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stopped_server_ends_well_and_loses_nothing(packs: str, data: Path, number: signal.Signals) -> None:
    server = live.serve(packs, data)
    client = server.client()
    client.create_collection(CollectionId=COLLECTION)
    client.index_faces(CollectionId=COLLECTION, Image={"Bytes": photos.pair()})
    assert server.stop(number) == 0
    assert "Traceback" not in server.log.read_text()
    server = live.serve(packs, data)
    assert server.client().describe_collection(CollectionId=COLLECTION)["FaceCount"] == 2
    assert len(listed(server.client())) == 2
    server.stop()
