"""A database is put back to an earlier copy under running servers, as an asynchronous fail-over does.

Seen: B's photograph was answered with D at 100.0, D's own found nothing, `/readyz` said ready, nothing was logged, and
only a restart healed it, since revisions and keys are assigned a second time after a put-back.
"""

import base64
import json
import time
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from tests import live as servers
from tests import photos
from tests.live import Live
from tests.postgres import Postgres
from tests.putback import Copy


def picture(pixels: Any) -> dict[str, str]:
    small = photos.resized(pixels, 240 / len(pixels))
    return {"Bytes": base64.b64encode(photos.jpeg(small)).decode()}


HOPPER, ASTRONAUT = picture(photos.hopper().pixels), picture(photos.astronaut().pixels)
MIRRORED = picture(photos.astronaut().pixels[:, ::-1])
ALIKE = 99.0


@pytest.fixture(scope="module")
def pair(packs: str, postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[list[Live], str]]:
    """Starts two servers on one schema; returns them and its address."""
    with postgres.schema() as address:
        running: list[Live] = []
        try:
            for _ in range(2):
                data = tmp_path_factory.mktemp("putback") / "data"
                running.append(servers.serve(packs, data, "--store", address, "--threads", "1"))
            yield running, address
        finally:
            for server in running:
                server.stop()


@pytest.fixture
def name() -> str:
    return f"putback-{uuid.uuid4()}"


def call(server: Live, operation: str, **members: Any) -> Any:
    """Calls as an SDK does, with its retries."""
    for _ in range(20):
        answer = server.post(operation, json.dumps(members).encode())
        if answer.status == 200:
            return answer.json
        assert answer.json["__type"] in {"ThrottlingException", "InternalServerError"}, answer.body
        time.sleep(0.1)
    raise AssertionError(answer.body)


def index(server: Live, name: str, image: dict[str, str], external: str) -> str:
    answer = call(server, "IndexFaces", CollectionId=name, Image=image, ExternalImageId=external)
    return str(answer["FaceRecords"][0]["Face"]["FaceId"])


def found(server: Live, name: str, image: dict[str, str]) -> set[str]:
    answer = call(server, "SearchFacesByImage", CollectionId=name, Image=image, FaceMatchThreshold=ALIKE)
    return {match["Face"]["ExternalImageId"] for match in answer["FaceMatches"]}


def users(server: Live, name: str, image: dict[str, str]) -> set[str]:
    answer = call(server, "SearchUsersByImage", CollectionId=name, Image=image, UserMatchThreshold=ALIKE)
    return {match["User"]["UserId"] for match in answer["UserMatches"]}


def join(server: Live, name: str, user: str, face_id: str) -> None:
    call(server, "CreateUser", CollectionId=name, UserId=user)
    call(server, "AssociateFaces", CollectionId=name, UserId=user, FaceIds=[face_id], UserMatchThreshold=0)


@pytest.mark.parametrize("cut", [False, True])
def test_a_photograph_of_the_lost_history_answers_nobody_of_the_new(
    pair: tuple[list[Live], str], name: str, cut: bool
) -> None:
    """Faces and users are searched at the server that indexes and at another one."""
    (first, second), address = pair
    call(first, "CreateCollection", CollectionId=name)
    join(first, name, "a", index(first, name, HOPPER, "A"))
    copy = Copy(address)
    join(first, name, "b", index(first, name, ASTRONAUT, "B"))
    index(first, name, MIRRORED, "C")
    for server in (first, second):
        assert found(server, name, ASTRONAUT) >= {"B"}
        assert users(server, name, ASTRONAUT) == {"b"}
    copy.put_back(cut)
    join(first, name, "d", index(first, name, picture(photos.hopper().pixels[:, ::-1]), "D"))
    for server in (first, second):
        assert found(server, name, ASTRONAUT) == set(), "the lost face's photograph finds another face"
        assert users(server, name, ASTRONAUT) == set()
        assert found(server, name, HOPPER) == {"A", "D"}
        assert users(server, name, HOPPER) == {"a", "d"}
        log = server.log.read_text()
        assert "put back" in log
        assert name not in log
        assert forked(server) >= 1
    index(second, name, ASTRONAUT, "B-again")
    assert found(first, name, ASTRONAUT) == {"B-again"}
    copy.drop()


def test_a_collection_made_after_a_put_back_is_not_taken_for_the_lost_one(
    pair: tuple[list[Live], str], name: str
) -> None:
    (first, second), address = pair
    copy = Copy(address)
    call(first, "CreateCollection", CollectionId=f"{name}-lost")
    index(first, f"{name}-lost", ASTRONAUT, "secret")
    for server in (first, second):
        assert found(server, f"{name}-lost", ASTRONAUT) == {"secret"}
    copy.put_back()
    call(second, "CreateCollection", CollectionId=f"{name}-new")
    index(second, f"{name}-new", HOPPER, "mine")
    for server in (first, second):
        assert found(server, f"{name}-new", ASTRONAUT) == set()
        assert found(server, f"{name}-new", HOPPER) == {"mine"}
        gone = server.post("DescribeCollection", json.dumps({"CollectionId": f"{name}-lost"}).encode())
        assert gone.json["__type"] == "ResourceNotFoundException"
    copy.drop()


def test_ordinary_changes_by_another_server_are_no_fork(pair: tuple[list[Live], str], name: str) -> None:
    (first, second), _ = pair
    call(first, "CreateCollection", CollectionId=name)
    index(first, name, HOPPER, "A")
    found(first, name, HOPPER), found(second, name, HOPPER)
    before = [forked(server) for server in (first, second)]
    for number in range(5):
        index(second, name, ASTRONAUT, f"x{number}")
        assert len(found(first, name, ASTRONAUT)) == number + 1
    assert [forked(server) for server in (first, second)] == before


def forked(server: Live) -> float:
    text = server.send("GET", "/metrics", None, {}).body.decode()
    (line,) = [each for each in text.splitlines() if each.startswith("mien_histories_forked_total ")]
    return float(line.split()[1])
