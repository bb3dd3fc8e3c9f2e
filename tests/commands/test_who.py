"""`mien who`, as a user runs it: everyone in photographs, on a data directory, through a server, and without either."""

import csv
import io
import json
import re
import shutil
import subprocess
from pathlib import Path
from uuid import uuid4

import pytest

from tests import photos
from tests.commands.albums import GRACE, album, face_in_stored, knowing, turned
from tests.commands.people import mien
from tests.live import Live


@pytest.fixture(scope="module")
def data(packs: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("known")
    knowing(place, packs, "--data", place / "data")
    return place / "data"


def test_everyone_is_named_or_numbered(packs: str, data: Path, tmp_path: Path) -> None:
    pictures = album(tmp_path)
    arguments = ("who", pictures, pictures / "none.jpg", "--collection", "fam", "--data", data)
    found = {
        str(Path(each["File"]).relative_to(pictures)): each
        for each in json.loads(mien(*arguments, "--json", code=1, MIEN_PACKS=packs).stdout)
    }
    who = {
        name: [face.get("Name", face.get("Unknown")) for face in each["Faces"]]
        for name, each in found.items() if "Faces" in each
    }  # fmt: skip
    assert who == {
        "2024/img.jpg": [GRACE], "2025/img.jpg": [GRACE], "both.jpg": [GRACE, 1], "sea.jpg": [],
        "space/one.jpg": [1], "space/two.jpg": [1], "turned.jpg": [GRACE],
    }  # fmt: skip
    assert all(face["Similarity"] > 99 for face in found["both.jpg"]["Faces"] if "Name" in face)
    assert found["cut.jpg"]["Error"] == "The photograph is damaged or cut short."
    assert found["none.jpg"]["Error"] == "It cannot be read: No such file or directory."
    box = found["both.jpg"]["Faces"][0]["BoundingBox"]
    offset = photos.astronaut().pixels.shape[1]
    width = offset + photos.hopper().pixels.shape[1]
    face = photos.hopper().face
    assert (face.x1 + offset) / width < box["Left"] + box["Width"] / 2 < (face.x2 + offset) / width
    ran = mien(*arguments, code=1, MIEN_PACKS=packs)
    assert re.search(rf"both.jpg: 2 faces\n  {re.escape(GRACE)}  similarity \d.*\n  unknown person 1  left", ran.stdout)
    rows = list(csv.DictReader(io.StringIO(mien(*arguments, "--csv", code=1, MIEN_PACKS=packs).stdout)))
    assert [(row["person"], row["unknown"]) for row in rows if row["image"].endswith("both.jpg")] == [
        (GRACE, ""), ("", "1")
    ]  # fmt: skip
    assert not list(pictures.rglob("*.xmp"))


def test_a_server_answers_as_the_data_directory(packs: str, live: Live, data: Path, tmp_path: Path) -> None:
    (tmp_path / "both.jpg").write_bytes(photos.pair())
    name = f"who-{uuid4()}"
    (tmp_path / "people" / GRACE).mkdir(parents=True)
    (tmp_path / "people" / GRACE / "both.jpg").write_bytes(photos.pair())
    there = ("--endpoint", live.address)
    mien("import", tmp_path / "people", "--collection", name, *there, MIEN_PACKS=packs)
    asked = ("who", tmp_path / "both.jpg", "--json", "--collection")
    remote = json.loads(mien(*asked, name, *there, MIEN_PACKS=packs).stdout)
    local = json.loads(mien(*asked, "fam", "--data", data, MIEN_PACKS=packs).stdout)
    assert [face.get("Name", face.get("Unknown")) for face in remote[0]["Faces"]] == [GRACE, 1]
    assert [face["BoundingBox"] for face in remote[0]["Faces"]] == [face["BoundingBox"] for face in local[0]["Faces"]]
    ran = mien(*asked, "none", *there, code=1, MIEN_PACKS=packs)
    assert "The collection none cannot be used" in ran.stderr


@pytest.mark.parametrize("orientation", [1, 6, 7])  # tests/sorting/test_regions.py has all eight by hand
def test_regions_lie_over_the_stored_face(packs: str, data: Path, tmp_path: Path, orientation: int) -> None:
    (tmp_path / "grace.jpg").write_bytes(turned(orientation))
    mien("who", tmp_path / "grace.jpg", "--xmp", "--collection", "fam", "--data", data, MIEN_PACKS=packs)
    text = (tmp_path / "grace.jpg.xmp").read_text()
    x, y, w, h = (float(re.findall(rf"<stArea:{side}>([\d.]+)<", text)[0]) for side in "xywh")
    face, width, height = face_in_stored(orientation)
    assert f"<stDim:w>{width}</stDim:w><stDim:h>{height}</stDim:h>" in text
    assert face.x1 < x * width < face.x2
    assert face.y1 < y * height < face.y2
    assert (w * width > h * height) == (face.width > face.height)
    before = (tmp_path / "grace.jpg.xmp").stat().st_mtime_ns
    mien("who", tmp_path / "grace.jpg", "--xmp", "--collection", "fam", "--data", data, MIEN_PACKS=packs)
    assert (tmp_path / "grace.jpg.xmp").stat().st_mtime_ns == before


def test_exiftool_reads_the_sidecar(packs: str, data: Path, tmp_path: Path) -> None:
    if not shutil.which("exiftool"):
        pytest.skip("exiftool is not installed")
    (tmp_path / "both.jpg").write_bytes(photos.pair())
    mien("who", tmp_path / "both.jpg", "--xmp", "--collection", "fam", "--data", data, MIEN_PACKS=packs)
    sidecar = tmp_path / "both.jpg.xmp"
    ran = subprocess.run(["exiftool", "-struct", "-j", str(sidecar)], capture_output=True, text=True, check=True)
    found = json.loads(ran.stdout)[0]
    assert [each["Name"] for each in found["RegionInfo"]["RegionList"]] == [GRACE]
    assert found["TagsList"] in (f"People/{GRACE}", [f"People/{GRACE}"])
    assert found["Subject"] in (GRACE, [GRACE])


def test_a_damaged_sidecar_never_stops_the_rest(packs: str, data: Path, tmp_path: Path) -> None:
    for name in ("a.jpg", "b.jpg"):
        (tmp_path / name).write_bytes(photos.hopper().data)
    (tmp_path / "a.jpg.xmp").write_bytes(b'<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>')
    ran = mien("who", tmp_path, "--xmp", "--collection", "fam", "--data", data, code=1, MIEN_PACKS=packs)
    assert "a.jpg.xmp was left as it is: it has a document type" in ran.stderr
    assert (tmp_path / "a.jpg.xmp").read_bytes().startswith(b"<!DOCTYPE")
    assert GRACE in (tmp_path / "b.jpg.xmp").read_text()
    assert ran.stdout.count(GRACE) == 2
