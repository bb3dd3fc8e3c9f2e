"""The comparison with peers (`benchmarks/peers`), as far as it goes without any of them installed."""

import importlib
import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

PEERS = Path(__file__).resolve().parents[3] / "benchmarks" / "peers"


@pytest.fixture
def accuracy(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(PEERS))
    return importlib.import_module("accuracy")


def test_a_gallery_is_searched_as_a_peer_is(tmp_path: Path) -> None:
    file = tmp_path / "rows.json"
    asked = ["--faces", "2000", "--peers", "mien", "--seconds", "0.1", "--json", str(file)]
    done = subprocess.run(
        [sys.executable, str(PEERS / "galleries.py"), *asked], capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    (row,) = json.loads(file.read_text())
    assert (row["peer"], row["faces"], row["found"]) == ("mien", 2000, 1)
    assert row["mates"] == row["mates_exact"] > 0.9
    assert 0 < row["p50_ms"] <= row["p99_ms"]
    assert row["floor_ms"] > 0
    assert row["searches_per_second"] > 0
    heading, rule, line = done.stdout.strip().splitlines()
    assert line.startswith("| 2,000 | mien |")
    assert heading.count("|") == rule.count("|") == line.count("|")


def test_what_was_not_built_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(PEERS))
    line = importlib.import_module("galleries").line
    said = line({"peer": "pgvector HNSW", "faces": 1000, "unfinished": "all faces in, the index not", "build_s": 60.2})
    assert said == "| 1,000 | pgvector HNSW | not built: all faces in, the index not after 60 s |"


def test_a_face_that_is_not_found_is_a_pair_missed(accuracy: ModuleType) -> None:
    random = np.random.default_rng(1)
    people = np.repeat(np.arange(100), 2)
    vectors = random.normal(size=(100, 64))[people] + 0.1 * random.normal(size=(200, 64))
    album = accuracy.Sample(tuple(map(Path, map(str, range(200)))), people, ())
    assert accuracy.measured(vectors, album)["tar"] == 1
    vectors[:20:2] = np.nan
    row = accuracy.measured(vectors, album)
    assert row["found"] == pytest.approx(0.95)
    assert row["tar"] == pytest.approx(0.9)


def test_vectors_compared_by_distance_keep_their_order(accuracy: ModuleType) -> None:
    vectors = np.random.default_rng(1).normal(size=(50, 128)) * 0.12
    lifted = accuracy.lifted(vectors)
    np.testing.assert_allclose(np.linalg.norm(lifted, axis=1), 1)
    pairs = np.triu_indices(50, 1)
    distances = np.linalg.norm(vectors[pairs[0]] - vectors[pairs[1]], axis=1)
    cosines = (lifted @ lifted.T)[pairs]
    np.testing.assert_allclose(2 * (1 - cosines) / accuracy.LIFT**2, distances**2, rtol=0.01)


def test_the_picture_holds_every_peer_that_was_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(PEERS))
    names = ("mien, `retail`", "mien, `retail`, over HTTP", "other")
    rows = [{"peer": name, "p50_ms_1080p": 20, "tar": 0.9} for name in names]
    del rows[1]["tar"]  # a server has that of its pack
    rows.append({"peer": "no accuracy", "p50_ms_1080p": 100})
    file = tmp_path / "peers.svg"
    importlib.import_module("picture").draw(rows, file)
    text = file.read_text()
    assert all(f">{name}<" in text for name in ("mien, retail", "other"))
    assert "no accuracy" not in text
    assert "over HTTP<" in text
    assert file.stat().st_size < 60_000
