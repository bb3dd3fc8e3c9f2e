"""`mien detect`, `compare` and `search`, as a user runs them: on files, without a server."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from tests import photos
from tests.commands.people import answer, folder, mien
from tests.image import formats
from tests.live import Live


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    (tmp_path / "pair.jpg").write_bytes(photos.pair())
    (tmp_path / "hopper.jpg").write_bytes(photos.hopper().data)
    (tmp_path / "nobody.jpg").write_bytes(photos.nobody())
    (tmp_path / "words.jpg").write_text("no image")
    return tmp_path


def drawn(path: Path, original: bytes) -> float:
    """What share of the picture's pixels differ from the original."""
    image, before = cv2.imread(str(path)), cv2.imdecode(np.frombuffer(original, np.uint8), cv2.IMREAD_COLOR)
    assert image is not None
    assert before is not None
    assert image.shape == before.shape
    return float(np.mean(np.abs(image.astype(int) - before.astype(int)).max(axis=2) > 60))


def test_detect_answers_as_the_server_and_draws(packs: str, live: Live, pictures: Path) -> None:
    pair, nobody = pictures / "pair.jpg", pictures / "nobody.jpg"
    rows = answer("detect", pair, nobody, MIEN_PACKS=packs)
    expected = live.client().detect_faces(Image={"Bytes": photos.pair()}, Attributes=["ALL"])["FaceDetails"]
    assert [row["File"] for row in rows] == [str(pair), str(nobody)]
    assert rows[0]["FaceDetails"] == expected
    assert rows[1]["FaceDetails"] == []
    said = mien("detect", pair, nobody, MIEN_PACKS=packs).stdout
    assert f"{pair}: 2 faces" in said
    assert f"{nobody}: 0 faces" in said
    mien("detect", pair, "--draw", pictures / "out.png", MIEN_PACKS=packs)
    assert 0.005 < drawn(pictures / "out.png", photos.pair()) < 0.2


def test_a_photograph_of_any_format_is_told_by_its_bytes(packs: str, pictures: Path) -> None:
    hopper = Image.fromarray(photos.hopper().pixels)
    for number, name in enumerate(("webp", "avif", "tiff", "bmp")):
        (pictures / f"{number}.jpg").write_bytes(formats.encoded(hopper, name))
    hopper.resize((12_000, 14_000)).save(pictures / "large.jpg", quality=70)
    rows = answer("detect", *(pictures / f"{each}.jpg" for each in ("0", "1", "2", "3", "large")), MIEN_PACKS=packs)
    assert [len(row["FaceDetails"]) for row in rows] == [1] * 5
    lefts = [row["FaceDetails"][0]["BoundingBox"]["Left"] for row in rows]
    assert max(lefts) - min(lefts) < 0.02
    (pictures / "cut.webp").write_bytes((pictures / "0.jpg").read_bytes()[:2000])
    assert "damaged or cut short" in mien("detect", pictures / "cut.webp", code=1, MIEN_PACKS=packs).stderr
    assert "one of the texts" in mien("detect", pictures / "words.jpg", code=1, MIEN_PACKS=packs).stderr


def test_compare_says_what_the_similarity_means(packs: str, live: Live, pictures: Path) -> None:
    one, other = pictures / "hopper.jpg", pictures / "pair.jpg"
    found = answer("compare", one, other, MIEN_PACKS=packs)
    expected = live.client().compare_faces(
        SourceImage={"Bytes": one.read_bytes()}, TargetImage={"Bytes": other.read_bytes()}
    )
    assert found == {name: value for name, value in expected.items() if name != "ResponseMetadata"}
    ran = mien("compare", one, other, "--draw", pictures / "both.jpg", MIEN_PACKS=packs)
    assert "a match" in ran.stdout
    assert "no match" in ran.stdout
    assert "Fewer than one pair of strangers in 1,000,000" in ran.stdout
    assert cv2.imread(str(pictures / "both.jpg")) is not None


def test_search_in_a_folder_and_in_a_collection(packs: str, pictures: Path) -> None:
    people = folder(pictures / "people", each=1)
    probe, out = pictures / "pair.jpg", pictures / "who.jpg"
    found = answer("search", probe, "--folder", people, "--draw", out, MIEN_PACKS=packs)
    assert [match["Face"]["UserId"] for match in found["FaceMatches"]] == ["Grace:20Hopper"]
    assert drawn(out, photos.pair()) > 0.003
    data = pictures / "data"
    mien("import", people, "--collection", "family", "--data", data, MIEN_PACKS=packs)
    same = answer("search", probe, "--collection", "family", "--data", data, MIEN_PACKS=packs)
    assert [match["Similarity"] for match in same["FaceMatches"]] == [
        match["Similarity"] for match in found["FaceMatches"]
    ]
    said = mien("search", probe, "--collection", "family", "--data", data, MIEN_PACKS=packs).stdout
    assert said.strip().endswith(" Grace Hopper")
    assert not list((pictures / "data").glob("lock*/*"))


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["detect", "none.jpg"], 1, "none.jpg cannot be read"),
        (["detect", "words.jpg"], 1, "words.jpg: The file is no photograph; it is one of the texts"),
        (["detect", "pair.jpg", "--draw", "out.gif"], 1, "must end in .jpg or .png"),
        (["detect", "pair.jpg", "nobody.jpg", "--draw", "out.jpg"], 1, "one image at a time"),
        (["detect"], 2, "usage"),
        (["compare", "nobody.jpg", "pair.jpg"], 1, "there is no face"),
        (["search", "pair.jpg"], 2, "--collection"),
        (["search", "pair.jpg", "--collection", "family", "--data", "nowhere"], 1, "There is no store"),
        (["search", "nobody.jpg", "--folder", "."], 1, "there is no face"),
        (["compare", "pair.jpg", "pair.jpg", "--threshold", "101"], 2, "between 0 and 100"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence(
    packs: str, pictures: Path, arguments: list[str], code: int, words: str
) -> None:
    ran = mien(*arguments, code=code, folder=pictures, MIEN_PACKS=packs)
    assert words in ran.stderr


def test_json_is_one_document(packs: str, pictures: Path) -> None:
    ran = mien("detect", pictures / "pair.jpg", "--json", MIEN_PACKS=packs)
    assert isinstance(json.loads(ran.stdout), list)
