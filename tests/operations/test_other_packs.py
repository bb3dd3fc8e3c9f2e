"""A collection is bound to the pack that made it: another pack's embeddings are never mixed in, and mien says so."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from mien.store.open import FILE
from tests import live, photos
from tests.commands.people import answer
from tests.operations.api import ASTRONAUT, NO_SUCH_FACE, Api
from tests.test_doctor import findings

OTHER, UNKNOWN = "older-family", "unknown-family"
DUO = ("--pack", "duo")  # without it, the pack that made the store's collections would serve


@pytest.mark.parametrize(
    ("operation", "members"),
    [
        ("IndexFaces", {"Image": ASTRONAUT}),
        ("SearchFaces", {"FaceId": NO_SUCH_FACE}),
        ("SearchFacesByImage", {"Image": ASTRONAUT}),
    ],
)
def test_a_collection_of_another_pack_is_refused_by_name_and_still_listed(
    other_packs: Api, operation: str, members: dict[str, object]
) -> None:
    code, text = other_packs.refused(operation, CollectionId="older", **members)
    assert code == "InvalidParameterException"
    assert "older" in text
    assert "made with a pack that is not known here (7.1)" in text
    assert "`mien reindex --pack duo`" in text
    assert other_packs("DescribeCollection", CollectionId="older")["FaceModelVersion"] == "7.1"
    assert other_packs("ListFaces", CollectionId="older") == {"Faces": [], "FaceModelVersion": "7.1"}
    assert other_packs("ListCollections") == {"CollectionIds": ["older"], "FaceModelVersions": ["7.1"]}


@pytest.fixture(scope="module")
def other_packs(packs: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """A server whose store holds a collection that another pack made."""
    data: Path = tmp_path_factory.mktemp("other") / "data"
    server = live.serve(packs, data)
    Api(server)("CreateCollection", CollectionId="older")
    with closing(sqlite3.connect(data / FILE)) as connection:
        connection.execute("UPDATE collections SET contract = 'another digest', model_version = '7.1'")
        connection.commit()
    yield Api(server)
    server.stop()


@pytest.fixture
def mixed(packs: str, tmp_path: Path) -> Path:
    """A data directory with collections of `retail`, of an unknown pack and of the default pack, a face in each."""
    data = tmp_path / "data"
    for flags, names in ((("--pack", "retail"), (OTHER, UNKNOWN)), (DUO, ("new-family",))):
        server = live.serve(packs, data, *flags)
        for name in names:
            Api(server)("CreateCollection", CollectionId=name)
            Api(server)("IndexFaces", CollectionId=name, Image=ASTRONAUT, ExternalImageId="astronaut.jpg")
        server.stop()
    with closing(sqlite3.connect(data / FILE)) as connection:
        change = "UPDATE collections SET contract = 'another digest', model_version = '7.1' WHERE name = ?"
        connection.execute(change, (UNKNOWN,))
        connection.commit()
    return data


def warnings(server: live.Live) -> list[str]:
    lines = [json.loads(line) for line in server.log.read_text().splitlines()]
    return [line["event"] for line in lines if line["level"] == "warning" and "made with" in line["event"]]


def test_the_start_and_doctor_say_what_to_do_with_collections_of_other_packs(packs: str, mixed: Path) -> None:
    server = live.serve(packs, mixed, *DUO)
    try:
        told = warnings(server)
        code, text = Api(server).refused("SearchFacesByImage", CollectionId=OTHER, Image=ASTRONAUT)
        (match,) = Api(server)("SearchFacesByImage", CollectionId="new-family", Image=ASTRONAUT)["FaceMatches"]
    finally:
        server.stop()
    assert match["Similarity"] > 99
    assert code == "InvalidParameterException"
    assert "made with the pack retail (7.3053489074)" in text
    assert "`mien reindex --pack duo`" in text
    assert "`--pack retail`" in text
    retail, unknown = sorted(told, key=lambda sentence: "not known here" in sentence)
    assert retail.startswith("1 collection with 1 face was made with the pack retail (7.3053489074); the pack duo")
    assert retail.endswith("and its photographs, or serve with `--pack retail`.")
    assert "not known here (7.1)" in unknown
    assert "family" not in server.log.read_text()
    exit_code, said = findings(packs, mixed, *DUO)
    assert (exit_code, said["ok"], sorted(said["notes"])) == (0, True, sorted(told))


def test_what_was_brought_to_the_pack_is_not_told(packs: str, mixed: Path, tmp_path: Path) -> None:
    images = tmp_path / "images"
    images.mkdir()
    (images / "astronaut.jpg").write_bytes(photos.astronaut().data)
    move = ("reindex", "--pack", "duo", "--images", images, "--data", mixed)
    for name in (OTHER, UNKNOWN):
        moved = answer(*move, "--collection", name, MIEN_PACKS=packs)
        assert moved == {"faces": 1, "missing": [], "failed": 0, "switched": True}
    server = live.serve(packs, mixed)
    try:
        assert warnings(server) == []
        (match,) = Api(server)("SearchFacesByImage", CollectionId=OTHER, Image=ASTRONAUT)["FaceMatches"]
        assert match["Similarity"] > 99
    finally:
        server.stop()
    assert findings(packs, mixed)[1]["notes"] == []
