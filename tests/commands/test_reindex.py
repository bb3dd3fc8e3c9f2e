"""`mien reindex`: a collection taken to another pack and back, its ids and users kept, while a server answers."""

import csv
import json
import shutil
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mien.packs import install, manifest
from mien.store import open as stores
from tests import live as servers
from tests import photos
from tests.commands.people import answer, folder, mien
from tests.commands.test_export import everything

pytestmark = pytest.mark.skipif(
    install.find(manifest.named("dlib"), "") is None, reason="the packages of the pack dlib are not here"
)


@pytest.fixture
def data(packs: str, tmp_path: Path) -> Path:
    folder(tmp_path / "people")
    (tmp_path / "people" / "pair.jpg").write_bytes(photos.pair())
    into = ("import", tmp_path / "people", "--collection", "family", "--data", tmp_path / "data")
    assert answer(*into, MIEN_PACKS=packs)["faces"] == 6
    return tmp_path / "data"


def kept(data: Path) -> dict[str, Any]:
    """Returns everything that must stay: ids, external ids and users of faces, users, and tags."""
    found = everything(data)
    return {
        "faces": sorted((row[1], row[3] or "", row[9] or "") for row in found["faces"]),
        "users": sorted((row[1], row[2]) for row in found["users"]),
        "tags": found["tags"],
    }


def test_there_and_back_while_a_server_answers(packs: str, data: Path, tmp_path: Path) -> None:
    images, before, exact = tmp_path / "people", kept(data), everything(data)
    move = ("reindex", "--collection", "family", "--images", images, "--data", data)
    server = servers.serve(packs, data)
    try:
        client = server.client()
        client.tag_resource(
            ResourceArn=client.describe_collection(CollectionId="family")["CollectionARN"], Tags={"a": "b"}
        )
        before["tags"] = [("family", "a", "b")]
        assert answer(*move, "--pack", "dlib") == {"faces": 6, "missing": [], "switched": True, "failed": 0}
        assert kept(data) == before
        with pytest.raises(client.exceptions.InvalidParameterException, match="cannot be compared"):
            client.search_faces_by_image(CollectionId="family", Image={"Bytes": photos.pair()})
        assert len(client.list_faces(CollectionId="family")["Faces"]) == 6
    finally:
        server.stop()
    other = servers.serve(packs, data, "--pack", "dlib")
    try:
        client = other.client()
        found = client.search_users_by_image(CollectionId="family", Image={"Bytes": photos.pair()})
        assert [match["User"]["UserId"] for match in found["UserMatches"]] == ["Grace:20Hopper"]
        again = client.index_faces(CollectionId="family", Image={"Bytes": photos.pair()}, ExternalImageId="pair.jpg")
        assert {record["Face"]["FaceId"] for record in again["FaceRecords"]} <= {
            face["FaceId"] for face in client.list_faces(CollectionId="family")["Faces"]
        }
        client.delete_faces(
            CollectionId="family", FaceIds=[each["Face"]["FaceId"] for each in again["FaceRecords"]][:1]
        )
    finally:
        other.stop()
    assert answer(*move, MIEN_PACKS=packs) == {"faces": 5, "missing": [], "switched": True, "failed": 0}
    ours = {row[1]: row for row in everything(data)["faces"]}
    theirs = {row[1]: row for row in exact["faces"]}
    assert ours.keys() < theirs.keys()
    for name, row in ours.items():  # the same pack, the same photographs: the same embeddings
        one, other_one = (np.frombuffer(each[10], np.float16).astype(np.float32) for each in (row, theirs[name]))
        assert float(one @ other_one) > 0.9999 * float(one @ one)
        assert row[4:9] == pytest.approx(theirs[name][4:9])


def test_missing_photographs_are_listed_and_nothing_is_switched(packs: str, data: Path, tmp_path: Path) -> None:
    images, before = tmp_path / "people", everything(data)
    gone = images / "Astronautin" / "000.jpg"
    content = gone.read_bytes()
    gone.unlink()
    pair = images / "pair.jpg"  # other bytes, the same name and picture
    pair.write_bytes(photos.jpeg(photos.pixels(pair.read_bytes()), quality=80))
    move = ("reindex", "--collection", "family", "--images", images, "--data", data, "--pack", "dlib")
    report = tmp_path / "missing.csv"
    refused = mien(*move, "--report", report, code=1)
    assert "1 of 6 faces were not found" in refused.stderr
    assert " of 000.jpg\n" in refused.stderr
    with report.open(newline="") as file:
        (row,) = csv.DictReader(file)
    assert (row["external_image_id"], row["image"]) == ("000.jpg", "000.jpg")
    assert (row["user_id"], row["user"]) == ("Astronautin", "Astronautin")
    assert everything(data)["faces"][:1] == before["faces"][:1]
    visible = [each for each in everything(data)["collections"] if each[0].isdigit()]
    assert visible == before["collections"]
    assert json.loads(mien(*move, "--json", code=1).stdout)["missing"] == [row["face_id"]]
    gone.write_bytes(content)
    assert answer(*move) == {"faces": 6, "missing": [], "switched": True, "failed": 0}


def test_faces_are_left_behind_only_when_asked(packs: str, data: Path, tmp_path: Path) -> None:
    images, before = tmp_path / "people", kept(data)
    (images / "Astronautin" / "000.jpg").unlink()
    move = ("reindex", "--collection", "family", "--images", images, "--data", data, "--pack", "dlib")
    moved = answer(*move, "--allow-missing")
    assert (moved["faces"], moved["switched"], len(moved["missing"])) == (5, True, 1)
    after = kept(data)
    assert after["faces"] == [row for row in before["faces"] if str(_uuid(row[0])) not in moved["missing"]]
    assert after["users"] == [("Astronautin", 1), ("Grace:20Hopper", 2)]
    assert "already" in mien(*move, code=1).stderr
    assert "no collection" in mien("reindex", "--collection", "x", "--images", images, "--data", data, code=1,
                                   MIEN_PACKS=packs).stderr  # fmt: skip


def _uuid(raw: bytes) -> object:
    from uuid import UUID

    return UUID(bytes=raw)


def test_a_collection_with_portraits_needs_no_photographs(packs: str, tmp_path: Path) -> None:
    folder(tmp_path / "people")
    data = tmp_path / "data"
    into = ("import", tmp_path / "people", "--collection", "family", "--data", data)
    assert answer(*into, "--portraits", MIEN_PACKS=packs)["faces"] == 4
    before, exact = kept(data), everything(data)
    assert before["tags"] == [("family", "mien:portraits", "true")]
    shutil.rmtree(tmp_path / "people")
    move = ("reindex", "--collection", "family", "--data", data)
    done = {"faces": 4, "missing": [], "switched": True, "failed": 0, "from_portraits": 4}
    assert answer(*move, "--pack", "dlib") == done
    assert kept(data) == before
    assert answer(*move, MIEN_PACKS=packs) == done
    assert kept(data) == before
    theirs = {row[1]: row for row in exact["faces"]}
    for row in everything(data)["faces"]:
        assert row[4:9] == theirs[row[1]][4:9]  # the box in the photograph, and its confidence
        one, other = (np.frombuffer(each[10], np.float16).astype(np.float32) for each in (row, theirs[row[1]]))
        assert float(one @ other) > 0.98 * float(np.linalg.norm(one) * np.linalg.norm(other))
    with closing((store := stores.open_store("", str(data))).database):
        found = store.collections.find("0" * 12, "family")
        assert found
        faces = [face.face_id for face in store.faces.page(found.key, None, 10)]
        assert len(store.portraits.of(found.key, faces)) == 4


def test_a_collection_without_portraits_needs_photographs(packs: str, data: Path) -> None:
    done = mien("reindex", "--collection", "family", "--data", data, "--pack", "dlib", code=1, MIEN_PACKS=packs)
    assert "keeps no portraits: name its photographs with --images" in done.stderr
    into = ("import", data.parent / "people", "--collection", "family", "--data", data)
    again = mien(*into, "--portraits", code=1, MIEN_PACKS=packs)
    assert "is there already and keeps no portraits" in again.stderr
