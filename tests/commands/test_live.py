"""`mien live`, as a user runs it: on files, without a server."""

import json
from pathlib import Path

import pytest

from mien import cli
from mien.packs import install, network_set
from tests import photos


@pytest.fixture
def pictures(tmp_path: Path, packs: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A person, the same cut tight, and nobody."""
    if install.find(network_set.catalogue()["living"], packs) is None:
        pytest.skip("the files of the living set are not here; run `mien packs install living`")
    monkeypatch.setenv("MIEN_PACKS", packs)
    (tmp_path / "person.jpg").write_bytes(photos.hopper().data)
    (tmp_path / "tight.jpg").write_bytes(photos.jpeg(photos.hopper().pixels[100:360, 160:380]))
    (tmp_path / "nobody.jpg").write_bytes(photos.nobody())
    return tmp_path


def test_it_says_how_likely_each_face_is_living_or_why_not(pictures: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = [str(pictures / name) for name in ("person.jpg", "tight.jpg", "nobody.jpg")]
    assert cli.main(["live", *files]) == 0
    person, living, tight, untold, nobody = capsys.readouterr().out.splitlines()
    assert person == f"{files[0]}: 1 face"
    assert living.startswith("  living ")
    assert " of 100: left " in living
    assert tight == f"{files[1]}: 1 face"
    assert untold.startswith("  cannot be told, the face fills too much of the picture: left ")
    assert nobody == f"{files[2]}: 0 faces"
    assert cli.main(["live", "--json", *files[:2]]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [row["File"] for row in rows] == files[:2]
    assert [[face["Reasons"] for face in row["Faces"]] for row in rows] == [[[]], [["FACE_TOO_CLOSE"]]]
    assert 0 < rows[0]["Faces"][0]["LivingConfidence"] < 100
