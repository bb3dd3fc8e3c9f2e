"""Whoever holds a key that may not see a collection, or the files of one that was deleted, sees no portrait."""

import json
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


def portraits(data: Path, face: UUID) -> list[UUID]:
    """Returns which of a face's portraits the store opens, with the master key that lies beside it."""
    with closing((store := stores.open_store("", str(data))).database):
        found = store.collections.find("0" * 12, "club")
        return list(store.portraits.of(found.key, [face])) if found else []


def test_a_backup_does_not_bring_the_portraits_of_a_deleted_collection_back(packs: str, tmp_path: Path) -> None:
    """Its faces come back, and its new portraits are kept; with the keys of that time its portraits come back, too."""
    data, kept, keys = tmp_path / "data", tmp_path / "kept.db", tmp_path / "keys"
    server = live.serve(packs, data)
    try:
        client = server.client()
        face = UUID(indexed(client, "club"))
        for more in ((), ("--keys", str(keys), "--force")):
            done = mien("store", "backup", str(kept), "--data", str(data), *more)
            assert done.returncode == 0, done.stderr
        with closing(sqlite3.connect(data / stores.FILE)) as reading:
            ((key,),) = reading.execute("SELECT key FROM portrait_keys").fetchall()
        assert key not in kept.read_bytes()
        assert keys.stat().st_mode & 0o777 == 0o600
    finally:
        server.stop()
    done = mien("store", "restore", str(kept), "--data", str(data))
    assert (done.returncode, "portraits" in done.stdout) == (0, False), done.stderr
    assert portraits(data, face) == [face]  # the store that was replaced had the key
    with closing((store := stores.open_store("", str(data))).database):
        assert store.collections.delete("0" * 12, "club")
    done = mien("store", "restore", str(kept), "--data", str(data), "--force")
    assert "1 portraits were dropped: no key opens them" in done.stdout, done.stderr
    assert portraits(data, face) == []
    server = live.serve(packs, data)
    try:
        client = server.client()
        assert client.describe_collection(CollectionId="club")["FaceCount"] == 1
        answer = client.index_faces(CollectionId="club", Image={"Bytes": photos.astronaut().data})
        assert answer["FaceRecords"][0]["Face"]["FaceId"] == str(face)
    finally:
        server.stop()
    assert portraits(data, face) == [face]  # the photograph was sent again
    done = mien("store", "restore", str(kept), "--data", str(data), "--force", "--keys", str(keys))
    assert done.returncode == 0, done.stderr
    assert portraits(data, face) == [face]
    done = mien("store", "restore", str(kept), "--data", str(data), "--force", "--keys", str(kept))
    assert (done.returncode, "is not a file of keys" in done.stderr) == (1, True)


def test_another_collections_key_opens_nothing(packs: str, tmp_path: Path) -> None:
    server = live.serve(packs, data := tmp_path / "data")
    try:
        client = server.client()
        client.create_collection(CollectionId="other", Tags=KEEPS)
        face = UUID(indexed(client, "club"))
    finally:
        server.stop()
    with closing((store := stores.open_store("", str(data))).database):
        other, club = (store.collections.find("0" * 12, name) for name in ("other", "club"))
        assert other and club
        keys = "SELECT key FROM portrait_keys WHERE collection = ?"
        theirs = store.database.read(lambda cursor: cursor.row(keys, other.key))
        assert theirs
        store.database.write(
            lambda cursor: cursor.run("UPDATE portrait_keys SET key = ? WHERE collection = ?", theirs[0], club.key)
        )
        with pytest.raises(PortraitsLockedError):
            store.portraits.of(club.key, [face])
