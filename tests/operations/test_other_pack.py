"""A collection is bound to the pack that made it: another pack's embeddings are never mixed in."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from mien.store.open import FILE
from tests import live
from tests.operations.api import ASTRONAUT, NO_SUCH_FACE, Api


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
    assert "7.1" in text
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
