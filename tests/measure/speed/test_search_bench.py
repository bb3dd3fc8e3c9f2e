"""`mien bench --gallery` measures what it says: what is found, beside exact search, and how fast, beside memory."""

import json
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest

from mien.cli import main
from mien.errors import SetupError
from mien.measure.speed import population
from mien.measure.speed.search_at_size import GalleryRow

FACES = 60_000  # enough to be sketched


@pytest.mark.parametrize("codes", ["memory", "mapped"])
def test_a_row_says_what_was_found_and_how_fast(tmp_path: Path, codes: str) -> None:
    file = tmp_path / "rows.json"
    sizes = ["--gallery", f"2000,{FACES}", "--seconds", "0.2", "--json", str(file)]
    assert main(["bench", *sizes, "--gallery-codes", codes]) == 0
    small, large = json.loads(file.read_text())
    assert {*small} == {*large} == {field.name for field in fields(GalleryRow)}
    assert (small["faces"], small["found"], small["snapshot_s"]) == (2000, 1, 0)
    assert large["faces"] == FACES
    assert large["found"] >= 0.99
    assert large["mates"] == pytest.approx(large["mates_exact"], abs=0.003)
    assert 0.9 < large["mates"] <= 1
    assert large["floor_ms"] > 0
    assert 0 < large["p50_ms"] <= large["p99_ms"]
    assert large["adds_per_second"] > 0
    assert large["snapshot_s"] > 0
    assert large["resume_s"] > 0


@pytest.mark.parametrize("size", ["many", "1e5,", "100"])
def test_a_size_that_cannot_be_measured_is_refused(size: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "--gallery", size]) == 1
    assert "gallery" in capsys.readouterr().err


def test_what_is_drawn_is_spread_as_what_was_measured() -> None:
    drawn = population.shipped(200)
    strangers = drawn.draw(4000, np.random.default_rng(1))
    assert strangers.dtype == np.float32
    lengths = np.linalg.norm(strangers, axis=1)
    found = np.quantile(lengths, np.linspace(0.05, 0.95, 19))
    np.testing.assert_allclose(
        found, np.interp(np.linspace(0.05, 0.95, 19), np.linspace(0, 1, 101), drawn.lengths), atol=0.01
    )
    np.testing.assert_allclose((strangers / lengths[:, None]).mean(axis=0), drawn.mean, atol=0.02)
    same = np.vecdot(drawn.probes, drawn.mates)
    assert np.median(same) > 0.55
    assert np.quantile(strangers[:2000] @ strangers[2000:].T, 0.999) < 0.45


def test_real_people_are_the_probes_where_there_are_enough() -> None:
    random = np.random.default_rng(1)
    people = np.repeat(np.arange(60), 2)
    faces = random.normal(size=(60, 16))[people] + 0.3 * random.normal(size=(120, 16))
    faces = (faces / np.linalg.norm(faces, axis=1, keepdims=True)).astype(np.float32)
    drawn = population.measured(faces, people, "photographs", 50)
    assert drawn.probes.shape == drawn.mates.shape == (50, 16)
    np.testing.assert_allclose(drawn.lengths, 1, atol=1e-5)
    np.testing.assert_allclose(
        np.sort(np.vecdot(drawn.probes, drawn.mates))[-1], np.sort(np.vecdot(faces[::2], faces[1::2]))[-1], atol=1e-4
    )
    with pytest.raises(SetupError, match="50 people"):
        population.measured(faces[:60], people[:60], "photographs", 50)
