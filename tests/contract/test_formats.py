"""The setting `formats` over HTTP: what AWS takes, and what the operator allows besides."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from botocore.exceptions import ClientError
from PIL import Image

from mien import Faces
from tests import live as servers
from tests import photos
from tests.image import formats
from tests.live import Live


@pytest.fixture(scope="module")
def wider(packs: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    started = servers.serve(packs, tmp_path_factory.mktemp("formats") / "data", "--formats", "webp, TIFF")
    yield started
    started.stop()


def file(name: str) -> bytes:
    return formats.encoded(Image.fromarray(photos.hopper().pixels), name)


@pytest.mark.parametrize("name", ["webp", "tiff"])
def test_what_is_allowed_is_taken_by_every_operation(wider: Live, name: str) -> None:
    client, image = wider.client(), {"Bytes": file(name)}
    client.create_collection(CollectionId=name)
    assert len(client.index_faces(CollectionId=name, Image=image)["FaceRecords"]) == 1
    (match,) = client.search_faces_by_image(CollectionId=name, Image=image)["FaceMatches"]
    assert match["Similarity"] > 99
    (same,) = client.compare_faces(SourceImage={"Bytes": photos.hopper().data}, TargetImage=image)["FaceMatches"]
    assert same["Similarity"] > 99


@pytest.mark.parametrize("name", ["avif", "gif", "bmp", "heic"])
def test_what_is_not_is_refused_as_by_aws(wider: Live, live: Live, name: str) -> None:
    for server in (wider, live):
        with pytest.raises(ClientError, match="Request has invalid image format") as refused:
            server.client().detect_faces(Image={"Bytes": file(name)})
        assert refused.value.response["Error"]["Code"] == "InvalidImageFormatException"


def test_a_format_that_does_not_exist_ends_the_start(packs: str, tmp_path: Path) -> None:
    command = servers.command("serve", "--data", str(tmp_path), "--packs", packs, "--formats", "jpeg,raw")
    ran = subprocess.run(command, capture_output=True, text=True, check=False, env=servers.environment())
    assert ran.returncode
    assert "not raw" in ran.stderr


@pytest.mark.parametrize("name", formats.APART)
def test_the_library_finds_the_same_face_in_every_format(packs: str, tmp_path: Path, name: str) -> None:
    (tmp_path / "photograph").write_bytes(file(name))  # told by its bytes
    with Faces(packs=packs, threads=1) as faces:
        (match,) = faces.compare(photos.hopper().data, tmp_path / "photograph")
    assert match.similarity > 99
