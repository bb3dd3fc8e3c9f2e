"""Idempotency tokens keep the first answer for a repeated call, and nothing of a deleted face."""

import sqlite3
from contextlib import closing
from pathlib import Path
from uuid import UUID

import pytest

from mien.store import open as stores
from tests import live, photos
from tests.locked import mien


def held(data: Path) -> bytes:
    """Returns every byte of the store, with its write-ahead log."""
    return b"".join(each.read_bytes() for each in sorted(data.glob("mien.db*")))


@pytest.mark.parametrize("erased", ["faces", "collection"])
def test_nothing_of_an_erased_face_or_user_stays_behind_with_a_token(packs: str, tmp_path: Path, erased: str) -> None:
    data = tmp_path / "data"
    server = live.serve(packs, data)
    try:
        client = server.client()
        client.create_collection(CollectionId="people")
        indexed = client.index_faces(CollectionId="people", Image={"Bytes": photos.pair()})
        ids = [each["Face"]["FaceId"] for each in indexed["FaceRecords"]]
        for user in ("grace-of-the-tokens", "ann-of-the-tokens"):
            client.create_user(CollectionId="people", UserId=user, ClientRequestToken=f"make-{user[:3]}")
        to = {"CollectionId": "people", "UserMatchThreshold": 0, "FaceIds": ids}
        first = client.associate_faces(UserId="grace-of-the-tokens", ClientRequestToken="one", **to)
        other = client.associate_faces(UserId="ann-of-the-tokens", ClientRequestToken="two", **to)
        assert [each["FaceId"] for each in first["AssociatedFaces"]] == ids
        assert other["UnsuccessfulFaceAssociations"][0]["UserId"] == "grace-of-the-tokens"
        again = client.associate_faces(UserId="grace-of-the-tokens", ClientRequestToken="one", **to)
        assert again["AssociatedFaces"] == first["AssociatedFaces"]
        again = client.associate_faces(UserId="ann-of-the-tokens", ClientRequestToken="two", **to)
        assert again["UnsuccessfulFaceAssociations"] == other["UnsuccessfulFaceAssociations"]
        if erased == "faces":
            for user in ("grace-of-the-tokens", "ann-of-the-tokens"):
                client.delete_user(CollectionId="people", UserId=user, ClientRequestToken=f"drop-{user[:3]}")
            assert sorted(client.delete_faces(CollectionId="people", FaceIds=ids)["DeletedFaces"]) == sorted(ids)
        else:
            client.delete_collection(CollectionId="people")
        with closing(sqlite3.connect(data / stores.FILE)) as beside:
            assert beside.execute("SELECT COUNT(*) FROM tokens").fetchone()[0] >= 4
            kept = b"".join(bytes(row[0]) for row in beside.execute("SELECT answer FROM tokens"))
        assert not [each for each in ids if each.encode() in kept or UUID(each).bytes in kept]
    finally:
        server.stop()
    assert mien("store", "compact", "--data", str(data)).returncode == 0
    content = held(data)
    for face in ids:
        assert face.encode() not in content
        assert UUID(face).bytes not in content
    assert b"of-the-tokens" not in content
