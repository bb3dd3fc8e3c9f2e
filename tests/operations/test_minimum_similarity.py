"""`minimum_similarity` holds every search, whatever threshold a request names; comparing two faces is no search."""

from pathlib import Path

import pytest

from mien import config
from mien.errors import SetupError
from tests import live as servers
from tests import photos


def test_no_search_answers_below_it(packs: str, tmp_path: Path) -> None:
    server = servers.serve(packs, tmp_path / "data", "--minimum-similarity", "99.9999")
    try:
        client = server.client()
        client.create_collection(CollectionId="held")
        original = photos.jpeg(photos.hopper().pixels)
        other = photos.jpeg(photos.resized(photos.hopper().pixels, 0.3))
        faces = [
            client.index_faces(CollectionId="held", Image={"Bytes": data})["FaceRecords"][0]["Face"]["FaceId"]
            for data in (original, other)
        ]
        client.create_user(CollectionId="held", UserId="hopper")
        client.associate_faces(CollectionId="held", UserId="hopper", FaceIds=faces[1:])
        by_image = client.search_faces_by_image(
            CollectionId="held", Image={"Bytes": original}, FaceMatchThreshold=0, MaxFaces=10
        )
        assert [match["Face"]["FaceId"] for match in by_image["FaceMatches"]] == faces[:1]  # itself, at 100
        assert client.search_faces(CollectionId="held", FaceId=faces[0], FaceMatchThreshold=0)["FaceMatches"] == []
        users = client.search_users_by_image(CollectionId="held", Image={"Bytes": original}, UserMatchThreshold=0)
        assert users["UserMatches"] == []
        users = client.search_users(CollectionId="held", FaceId=faces[0], UserMatchThreshold=0)
        assert users["UserMatches"] == []
        compared = client.compare_faces(
            SourceImage={"Bytes": original}, TargetImage={"Bytes": other}, SimilarityThreshold=80
        )
        assert len(compared["FaceMatches"]) == 1
    finally:
        server.stop()


@pytest.mark.parametrize("value", ["-1", "100.5", "nan"])
def test_it_is_a_percentage(value: str) -> None:
    with pytest.raises(SetupError, match="--minimum-similarity must be between 0 and 100"):
        config.load({"minimum_similarity": value}, {})
