"""One key or one lock takes no more than its share of threads and pixels from the others."""

import asyncio
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from botocore.exceptions import ClientError

from tests import live, photos
from tests.hostile import attack
from tests.hostile.attack import Target
from tests.hostile.test_bodies import digest, signed
from tests.locked import Locked
from tests.wire.conversation import body


@pytest.fixture(params=["60"])
def narrow(packs: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Locked]:
    """Starts a server with two threads for images and a short request_timeout."""
    flags = "--threads", "1", "--request-timeout", request.param, "--image-cache", "0", "--queue-timeout", "60"
    server = live.serve(packs, tmp_path / "data", *flags)
    try:
        yield Locked(server)
    finally:
        server.stop()


@cache
def large() -> bytes:
    """Returns an image of 25 megapixels with a face in a corner."""
    image = np.full((5_000, 5_000, 3), 255, np.uint8)
    face = photos.hopper().pixels
    image[: len(face), : face.shape[1]] = face
    return photos.encoded(image, "PNG")


async def picture(target: Target, request: bytes) -> None:
    async with target.connection() as peer:
        await peer.send(request)
        await peer.answer()
        await asyncio.sleep(0)


def timed(call: Any, **members: Any) -> float:
    began = time.monotonic()
    call(**members)
    return time.monotonic() - began


def test_pictures_that_take_seconds_leave_others_their_turn(narrow: Locked) -> None:
    """Seen: four such images of a key that may only detect throttled another key for 58 seconds."""
    key, other = narrow.key("pictures", operations=("DetectFaces",)), narrow.client(narrow.key("other"))
    data, small = body(large()), {"Bytes": photos.astronaut().data}
    alone = timed(narrow.client(key).detect_faces, Image={"Bytes": large()}) + timed(other.detect_faces, Image=small)
    request = signed(narrow, key, "DetectFaces", digest(data), **{"Content-Length": str(len(data))}) + data
    waited: list[float] = []

    def meanwhile() -> None:
        waited.extend(timed(other.detect_faces, Image=small) for _ in range(3))

    report = attack.run(narrow, partial(picture, request=request), 8, meanwhile=meanwhile)
    print(report, waited)
    assert not report.failures
    assert report.p99 <= attack.MOST_WAIT
    assert max(waited) < 6 * alone + 1, (waited, alone)  # two pictures that had begun, and both cores are taken


def test_a_lock_on_the_store_stops_neither_reading_nor_pictures(narrow: Locked) -> None:
    client = narrow.client(narrow.admin)
    client.create_collection(CollectionId="locked")
    client.index_faces(CollectionId="locked", Image={"Bytes": photos.hopper().data})
    held = sqlite3.connect(narrow.server.data / "mien.db", isolation_level=None)
    held.execute("BEGIN IMMEDIATE")
    outcomes: list[str] = []

    def write(number: int) -> None:
        try:
            narrow.client(narrow.admin).create_user(CollectionId="locked", UserId=f"user-{number}")
            outcomes.append("OK")
        except ClientError as error:
            outcomes.append(error.response["Error"]["Code"])

    writers = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    try:
        for each in writers:
            each.start()
        time.sleep(0.5)
        slowest = 0.0
        for _ in range(10):
            slowest = max(slowest, timed(client.list_collections), timed(client.list_faces, CollectionId="locked"))
            slowest = max(slowest, timed(client.describe_collection, CollectionId="locked"))
        assert slowest < 0.5
    finally:
        held.execute("ROLLBACK")
        held.close()
        for each in writers:
            each.join()
    assert client.create_user(CollectionId="locked", UserId="after")
    assert set(outcomes) <= {"OK", "ThrottlingException", "ServiceUnavailableException", "InternalServerError"}


@pytest.mark.parametrize("narrow", ["0.3"], indirect=True)
def test_readiness_says_when_operations_stand_still(narrow: Locked) -> None:
    """Seen: operations stuck on S3 kept four threads for good, while /readyz stayed true."""
    held = sqlite3.connect(narrow.server.data / "mien.db", isolation_level=None)
    held.execute("BEGIN IMMEDIATE")

    def write(name: str) -> None:
        with suppress(ClientError):
            narrow.client(narrow.admin).create_collection(CollectionId=name)

    writers = [threading.Thread(target=write, args=(f"waits-{number}",)) for number in range(2)]
    try:
        for each in writers:
            each.start()
        time.sleep(0.6)  # both are past their time limit, and the store gives up its wait for the lock after three
        reason, due = "", time.monotonic() + 10
        while "do not finish" not in reason and time.monotonic() < due:
            answer = narrow.server.send("GET", "/readyz", None, {})
            reason = answer.json.get("reason", "")
            time.sleep(0.1)
    finally:
        held.execute("ROLLBACK")
        held.close()
        for each in writers:
            each.join()
    assert "do not finish" in reason
    time.sleep(2.2)
    assert narrow.server.send("GET", "/readyz", None, {}).json == {"ready": True}
