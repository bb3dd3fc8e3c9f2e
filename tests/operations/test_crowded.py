"""A face whose vector is short is found by its own picture, first and at 100, whatever the bar."""

from pathlib import Path

import numpy as np
import pytest

from mien.packs import install, manifest
from tests import live as servers
from tests import photos


def test_its_own_picture_comes_first_at_100(packs: str, tmp_path: Path) -> None:
    if install.find(manifest.named("duo"), packs) is None:
        pytest.skip("the files of the pack duo are not here")
    server = servers.serve(packs, tmp_path / "data", "--pack", "duo")
    try:
        client = server.client()
        client.create_collection(CollectionId="own")
        shown = {}
        for name, photo in (("hopper", photos.hopper()), ("astronaut", photos.astronaut())):
            for shade in (1.0, 0.9, 0.8, 0.7):
                data = photos.jpeg((photo.pixels * shade).astype(np.uint8))
                external = f"{name}:{shade}"
                client.index_faces(
                    CollectionId="own",
                    Image={"Bytes": data},
                    ExternalImageId=external,
                    QualityFilter="NONE",
                    MaxFaces=1,
                )
                shown[external] = data
        for external, data in shown.items():
            for bar in (0, 80, 99.9, 100):
                found = client.search_faces_by_image(
                    CollectionId="own", Image={"Bytes": data}, FaceMatchThreshold=bar, MaxFaces=1
                )["FaceMatches"]
                assert [(each["Face"]["ExternalImageId"], each["Similarity"]) for each in found] == [(external, 100)]
            compared = client.compare_faces(
                SourceImage={"Bytes": data}, TargetImage={"Bytes": data}, SimilarityThreshold=100
            )
            assert compared["FaceMatches"][0]["Similarity"] == 100
    finally:
        server.stop()
