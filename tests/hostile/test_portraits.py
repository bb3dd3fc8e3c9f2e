"""Whoever holds a key that may not see a collection, or the files of one that was deleted, sees no portrait."""

import json
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from mien.store import open as stores
from mien.store.tables.portraits import PortraitsLockedError
from tests import live, photos
from tests.congruence.faces import until
from tests.live import JSON
from tests.locked import Key, Locked, mien

KEEPS = {"mien:portraits": "true"}


@pytest.fixture
def locked(packs: str, tmp_path: Path) -> Iterator[Locked]:
    """A server that requires signatures."""
    server = live.serve(packs, tmp_path / "data")
    yield Locked(server)
    server.stop()


def indexed(client: Any, collection: str) -> str:
    client.create_collection(CollectionId=collection, Tags=KEEPS)
    answer = client.index_faces(CollectionId=collection, Image={"Bytes": photos.astronaut().data})
    return str(answer["FaceRecords"][0]["Face"]["FaceId"])


def asked(locked: Locked, key: Key | None, collection: str, face: str) -> live.Answer:
    """Calls GetPortraits, signed as SDKs sign; without a key not signed at all."""
    body = json.dumps({"CollectionId": collection, "FaceIds": [face]}).encode()
    headers = {"Content-Type": JSON, "X-Amz-Target": "Mien.GetPortraits"}
    request = AWSRequest("POST", f"{locked.server.address}/", headers, body)
    if key:
        SigV4Auth(Credentials(key.id, key.secret), "rekognition", "us-east-1").add_auth(request)
    return locked.server.send("POST", "/", body, dict(request.headers.items()))


def test_a_key_sees_the_portraits_of_its_collections_alone(locked: Locked) -> None:
    face = indexed(locked.client(locked.admin), "club")
    keys = {
        "theirs": locked.key("theirs", collections=("club",)),
        "others": locked.key("others", collections=("other-*",)),
        "searches": locked.key("searches", operations=("Search*", "List*")),
        "account": locked.key("account", account="111111111111"),
    }
    seen = {name: asked(locked, key, "club", face) for name, key in keys.items()}
    assert {name: (each.status, each.json.get("__type")) for name, each in seen.items()} == {
        "theirs": (200, None),
        "others": (400, "AccessDeniedException"),
        "searches": (400, "AccessDeniedException"),
        "account": (400, "ResourceNotFoundException"),
    }
    assert [each["FaceId"] for each in seen["theirs"].json["Portraits"]] == [face]
    unsigned = asked(locked, None, "club", face)
    assert (unsigned.status, unsigned.json["__type"]) == (400, "MissingAuthenticationTokenException")


def test_nothing_of_a_deleted_collections_key_is_left_in_the_files(packs: str, tmp_path: Path) -> None:
    """Its key lies in no page, free or not, and not in the write-ahead log, while the server runs."""
    server = live.serve(packs, data := tmp_path / "data")
    try:
        client = server.client()
        for number in range(60):  # so that the table of keys has more than one page
            client.create_collection(CollectionId=f"c-{number}", Tags=KEEPS)
        indexed(client, "club")
        with closing(sqlite3.connect(data / stores.FILE)) as reading:
            keys = [bytes(row[0]) for row in reading.execute("SELECT key FROM portrait_keys").fetchall()]
            pictures = [bytes(row[0]) for row in reading.execute("SELECT picture FROM portraits").fetchall()]
        assert (len(keys), len(pictures)) == (61, 1)

        def left(marks: list[bytes]) -> int:
            files = [path.read_bytes() for path in data.glob("mien.db*")]
            return sum(any(mark in file for file in files) for mark in marks)

        assert left(keys) == 61  # the test finds what is there
        client.delete_collection(CollectionId="club")
        for number in range(1, 60):
            client.delete_collection(CollectionId=f"c-{number}")
        until(lambda: left(keys) == 1)  # that of the collection that is still there
    finally:
        server.stop()


def test_rows_from_before_open_only_with_the_key_from_before(packs: str, tmp_path: Path) -> None:
    """A portrait in a copy of the file opens with the key in that copy, and with no other."""
    server = live.serve(packs, data := tmp_path / "data")
    try:
        client = server.client()
        face = UUID(indexed(client, "club"))
        assert mien("store", "backup", str(tmp_path / "kept.db"), "--data", str(data)).returncode == 0
        client.delete_collection(CollectionId="club")
        client.create_collection(CollectionId="club", Tags=KEEPS)
    finally:
        server.stop()
    shutil.copy(data / stores.MASTER_KEY, tmp_path / stores.MASTER_KEY)
    with closing(sqlite3.connect(data / stores.FILE)) as live_store:
        ((fresh,),) = live_store.execute("SELECT key FROM portrait_keys WHERE live = 1").fetchall()
    with closing((copy := stores.open_store(f"sqlite:///{tmp_path}/kept.db", "")).database):
        found = copy.collections.find("0" * 12, "club")
        assert found
        assert list(copy.portraits.of(found.key, [face])) == [face]
        copy.database.write(lambda cursor: cursor.run("UPDATE portrait_keys SET key = ?", fresh))
        with pytest.raises(PortraitsLockedError):
            copy.portraits.of(found.key, [face])
