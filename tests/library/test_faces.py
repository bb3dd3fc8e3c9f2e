"""`from mien import Faces`: what a program without a server gets, held against a server's answers over HTTP."""

import json
import re
import subprocess
import sys
import unicodedata
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import pytest

from mien import Faces
from mien.errors import InvalidImageFormatError, InvalidParameterError, NoFaceError, SetupError
from mien.face.types import Face, Gaze
from mien.operations.attributes import BASE_LANDMARKS
from mien.operations.shapes import single
from mien.packs import install, network_set
from tests import photos
from tests.live import Live

DOCS = Path(__file__).resolve().parents[2] / "docs"
PICTURES = {"hopper": photos.hopper, "astronaut": photos.astronaut}
NAMES = {"eyeLeft": 0, "eyeRight": 1, "nose": 2, "mouthLeft": 3, "mouthRight": 4}


@pytest.fixture(scope="module")
def faces(packs: str) -> Iterator[Faces]:
    with Faces(packs=packs, threads=2) as opened:
        yield opened


def shares(face: Face, width: int, height: int) -> dict[str, float]:
    box = face.box
    return {
        "Left": single(box.x1 / width), "Top": single(box.y1 / height),
        "Width": single(box.width / width), "Height": single(box.height / height),
    }  # fmt: skip


def test_it_tells_how_likely_a_face_is_living_as_a_server_does(faces: Faces, live: Live, packs: str) -> None:
    if install.find(network_set.catalogue()["living"], packs) is None:
        pytest.skip("the files of the living set are not here; run `mien packs install living`")
    data = photos.pair()
    answer = live.post("Mien.DetectLivingFaces", json.dumps({"Image": {"Bytes": b64encode(data).decode()}}).encode())
    found = faces.live(data)
    assert len(found) == len(answer.json["Faces"]) == 2
    for each, expected in zip(found, answer.json["Faces"], strict=True):
        assert (each.confidence is None) == bool(each.reasons)
        assert (each.confidence and single(each.confidence)) == expected.get("LivingConfidence")
        assert list(each.reasons) == expected["Reasons"]
    assert faces.live(photos.nobody()) == []


@pytest.mark.parametrize("data", [photos.hopper().data, photos.astronaut().data, photos.pair(), photos.nobody()])
def test_it_detects_what_a_server_detects(faces: Faces, live: Live, data: bytes) -> None:
    height, width = photos.pixels(data).shape[:2]
    found = faces.detect(data)
    details = live.client().detect_faces(Image={"Bytes": data})["FaceDetails"]
    assert len(found) == len(details)
    for face, detail in zip(found, details, strict=True):
        assert shares(face, width, height) == detail["BoundingBox"]
        assert single(100 * face.detection.confidence) == detail["Confidence"]
        assert detail["Quality"] == {
            "Brightness": single(face.quality.brightness), "Sharpness": single(face.quality.sharpness)
        }  # fmt: skip
        assert detail["Pose"]["Yaw"] == single(face.pose.yaw)
        points = {each["Type"]: (each["X"], each["Y"]) for each in detail["Landmarks"]}
        assert set(points) == set(BASE_LANDMARKS)
        for name, row in NAMES.items():
            x, y = face.detection.landmarks[row]
            assert points[name] == (single(x / width), single(y / height))


def test_it_measures_what_a_server_measures(faces: Faces, live: Live) -> None:
    data = photos.astronaut().data
    (found,) = faces.detect(data, attributes="all")
    (detail,) = live.client().detect_faces(Image={"Bytes": data}, Attributes=["ALL"])["FaceDetails"]
    if found.features.pose is None:
        pytest.skip("the files of the attribute set are not here; run `mien packs install attributes`")
    assert detail["Pose"]["Pitch"] == single(found.features.pose.pitch)
    gaze = found.features.answers["eye_direction"]
    assert isinstance(gaze, Gaze)
    assert detail["EyeDirection"]["Yaw"] == single(gaze.yaw)
    (other,) = faces.detect(data, attributes="eye_direction")
    assert set(other.features.answers) == {"eye_direction"}
    with pytest.raises(SetupError, match="hair is none of them"):
        faces.detect(data, attributes="hair")


def test_it_compares_as_a_server_does(faces: Faces, live: Live) -> None:
    source, target = photos.jpeg(photos.resized(photos.hopper().pixels, 0.6)), photos.pair()
    width = photos.pixels(target).shape[1]
    matches = faces.compare(source, target)
    answer = live.client().compare_faces(
        SourceImage={"Bytes": source}, TargetImage={"Bytes": target}, SimilarityThreshold=0
    )["FaceMatches"]
    assert [match.similarity for match in matches] == [match["Similarity"] for match in answer]
    assert [single(match.face.box.x1 / width) for match in matches] == [
        match["Face"]["BoundingBox"]["Left"] for match in answer
    ]
    assert matches[0].similarity > 95
    assert matches[1].similarity < 80


def test_a_gallery_finds_what_a_server_finds(faces: Faces, live: Live, tmp_path: Path) -> None:
    client, name = live.client(), f"library-{uuid4()}"
    client.create_collection(CollectionId=name)
    probe = photos.jpeg(photos.resized(photos.astronaut().pixels, 0.7))
    with faces.gallery() as passing, faces.gallery(tmp_path / "kept") as kept:
        for who, photo in PICTURES.items():
            client.index_faces(CollectionId=name, Image={"Bytes": photo().data}, ExternalImageId=who)
            assert len(passing.add(photo().data, who)) == len(kept.add(photo().data, who)) == 1
            assert kept.add(photo().data, who) == kept.add(photo().data, who)  # not kept twice
        assert len(passing) == len(kept) == 2
        answer = client.search_faces_by_image(CollectionId=name, Image={"Bytes": probe}, FaceMatchThreshold=0)
        expected = [(match["Face"]["ExternalImageId"], match["Similarity"]) for match in answer["FaceMatches"]]
        for gallery in (passing, kept):
            assert [(each.name, each.similarity) for each in gallery.search(probe, threshold=0)] == expected
        kept.remove([kept.search(probe)[0].face_id])
        assert kept.search(probe) == []
    with faces.gallery(tmp_path / "kept") as again:
        assert [each.name for each in again.search(photos.hopper().data)] == ["hopper"]
    client.delete_collection(CollectionId=name)


def test_an_image_is_a_path_bytes_or_pixels(faces: Faces, tmp_path: Path) -> None:
    photo = photos.astronaut()  # a PNG, so that its pixels are the same however they are decoded
    (tmp_path / "a.png").write_bytes(photo.data)
    one, *others = (
        faces.embed(each) for each in (photo.data, tmp_path / "a.png", str(tmp_path / "a.png"), photo.pixels)
    )
    assert one.shape == (1, 384)
    assert one.dtype == np.float32
    assert 0.3 < np.linalg.norm(one) <= 1.0001
    assert all(np.array_equal(one, each) for each in others)
    assert np.array_equal(one, faces.embed(faces.detect(photo.data)))
    assert faces.similarity(one[0] @ one[0], one[0] @ one[0]) == 100


@pytest.mark.parametrize(
    ("image", "error"),
    [
        (b"no image", InvalidImageFormatError),
        (photos.jpeg(np.zeros((40, 40, 3), np.uint8)), InvalidParameterError),
        (np.zeros((100, 100), np.uint8), InvalidParameterError),
        (np.zeros((100, 100, 3), np.float32), InvalidParameterError),
        ("not/there.jpg", FileNotFoundError),
    ],
)
def test_what_is_no_image_is_refused(faces: Faces, image: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        faces.detect(image)
    with faces.gallery() as gallery, pytest.raises(error):
        gallery.add(image)


def test_no_face_and_bad_names_are_said(faces: Faces) -> None:
    with pytest.raises(InvalidParameterError):
        faces.compare(photos.nobody(), photos.hopper().data)
    with faces.gallery() as gallery:
        assert gallery.add(photos.nobody()) == []
        with pytest.raises(NoFaceError):
            gallery.search(photos.nobody())
        for name, words in (("a\nb", "control character"), (" \u200b", "empty"), ("x" * 1001, "1,001")):
            with pytest.raises(InvalidParameterError, match=words):
                gallery.add(photos.hopper().data, name)
        assert len(gallery) == 0


@pytest.mark.parametrize("name", ["two words", "Анна", "สมชาย ใจดี", "Al:20Gore", "Zoe\u0308", "я" * 100])
def test_a_name_is_of_any_script(faces: Faces, name: str) -> None:
    with faces.gallery() as gallery:
        assert gallery.add(photos.hopper().data, name) == gallery.add(photos.hopper().data, f" {name} ")
        assert [each.name for each in gallery.search(photos.hopper().data)] == [unicodedata.normalize("NFC", name)]


def test_large_images_are_taken(faces: Faces) -> None:
    """An image over the API may have 5 MiB; here nothing is sent."""
    data = photos.hopper().data + bytes(6 * 2**20)
    with faces.gallery() as gallery:
        assert len(gallery.add(data)) == 1


def test_a_folder_that_is_in_use_and_an_unknown_setting_are_refused(faces: Faces, tmp_path: Path) -> None:
    with faces.gallery(tmp_path), pytest.raises(SetupError, match="in use"):
        faces.gallery(tmp_path)
    faces.gallery(tmp_path).close()
    with pytest.raises(SetupError, match="colour"):
        Faces(colour="red")


def test_importing_mien_loads_nothing() -> None:
    program = "import sys, mien; print([name for name in ('numpy', 'cv2', 'openvino') if name in sys.modules])"
    printed = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    assert printed.stdout == "[]\n"


def test_what_the_documents_show_runs(packs: str, tmp_path: Path) -> None:
    """me.jpg shows Grace Hopper, us.jpg her beside scikit-image's astronaut; she is found as the larger of the two."""
    (tmp_path / "me.jpg").write_bytes(photos.hopper().data)
    (tmp_path / "us.jpg").write_bytes(photos.pair())
    (program,) = re.findall(r"```python\n(.*?)```", (DOCS / "library.md").read_text(), re.DOTALL)
    pointed = program.replace("Faces()", f"Faces(packs={packs!r})")
    printed = subprocess.run(
        [sys.executable, "-c", pointed], cwd=tmp_path, capture_output=True, text=True, timeout=120, check=True
    ).stdout
    assert printed.count("Box(") == 4  # two faces found, and compared
    assert "name='me'" in printed
    assert (tmp_path / "people" / "mien.db").exists()


def test_everyone_in_a_picture_is_named(faces: Faces) -> None:
    with faces.gallery() as gallery:
        gallery.name_person("Грейс", gallery.add(photos.hopper().data))
        hopper, other = gallery.search_people_by_image(photos.pair())
    assert [(each.name, each.similarity > 99) for each in hopper.people] == [("Грейс", True)]
    assert other.people == []
    found = faces.detect(photos.pair())
    for one, face in zip((hopper, other), found, strict=True):
        assert np.allclose(
            [one.box.x1, one.box.y1, one.box.x2, one.box.y2], [face.box.x1, face.box.y1, face.box.x2, face.box.y2],
            atol=0.01,
        )  # fmt: skip


def test_a_gallery_keeps_portraits_if_that_is_chosen(faces: Faces, tmp_path: Path) -> None:
    with faces.gallery(tmp_path / "kept", portraits=True) as kept:
        added = kept.add(photos.pair())
        found = kept.portraits([*added, uuid4()])
        assert found.keys() == set(added)
        assert all(faces.compare(each, photos.pair())[0].similarity > 99 for each in found.values())
    with faces.gallery(tmp_path / "kept") as again:  # the choice stays
        assert again.portraits(added) == found
    with faces.gallery() as plain:
        assert plain.portraits(plain.add(photos.pair())) == {}
    faces.gallery(tmp_path / "plain").close()
    with pytest.raises(SetupError, match="keeps no portraits"):
        faces.gallery(tmp_path / "plain", portraits=True)
    faces.gallery(tmp_path / "plain").close()  # nothing holds the folder


def test_a_gallery_names_merges_and_splits_its_people(faces: Faces) -> None:
    with faces.gallery() as gallery:
        added = {
            name: [face for size in (1.0, 0.7) for face in gallery.add(photos.resized(photo().pixels, size), name)]
            for name, photo in PICTURES.items()
        }
        grace = gallery.name_person("Grace Hopper", added["hopper"])
        assert (grace.person.name, grace.gained, grace.left_out) == ("Grace Hopper", added["hopper"], [])
        other = gallery.name_person("Ann", added["astronaut"]).person
        gallery.judge("UNSURE", users=[grace.person.user_id, other.user_id])
        whole = gallery.merge_people(grace.person.user_id, [other.user_id])
        assert whole.faces == 4
        listed = gallery.list_person_faces(whole.user_id)
        assert {face.face for face in listed} == {face for some in added.values() for face in some}
        apart = gallery.split_person(whole.user_id, added["astronaut"], "Eileen")
        assert gallery.update_person(apart.user_id, "Анна", added["astronaut"][1]).portrait == added["astronaut"][1]
        assert [person.name for person in gallery.list_people("анна")] == ["Анна"]
        assert gallery.remove_from_person(apart.user_id, added["astronaut"]).faces == 0
