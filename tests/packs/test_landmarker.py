"""What the reader of the face landmarker adds to its network: the layers, read between their cells."""

from pathlib import Path

import numpy as np
import pytest

from mien.engine.quiet import ov
from mien.face.attributes.mesh import SEEN
from mien.packs.readers import landmarker

op = ov.opset15
CELLS, CHANNELS, SIDE = 8, 3, 64


def sampled(layer: np.ndarray, points: np.ndarray) -> np.ndarray:
    """What the graph reads from a layer at the points of a mesh."""
    cells, places = (op.parameter(ov.PartialShape(list(each.shape)), np.float32) for each in (layer, points))
    answer = landmarker._sampled(cells.output(0), places, SIDE)
    model = ov.Model([op.result(answer)], [cells, places], "sampled")
    compiled = ov.Core().compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    (found,) = compiled([layer.astype(np.float32), points.astype(np.float32)]).values()
    return np.asarray(found)


def test_a_layer_is_interpolated_at_the_points() -> None:
    """A layer whose cells hold their own middles, in pixels, gives each point's place back."""
    middles = (np.arange(CELLS) + 0.5) * SIDE / CELLS
    columns, rows = np.meshgrid(middles, middles)
    layer = np.stack([columns, rows, np.full_like(rows, 7.0)])[None]
    points = np.random.default_rng(5).uniform(middles[0], middles[-1], (1, 478, 3))
    found = sampled(layer, points)
    assert found.shape == (1, len(SEEN), CHANNELS)
    assert found[0, :, :2] == pytest.approx(points[0, list(SEEN), :2], abs=1e-2)
    assert found[0, :, 2] == pytest.approx(7.0, abs=1e-4)


def test_beyond_its_edge_a_layer_goes_on_as_it_ends() -> None:
    layer = np.zeros((1, CHANNELS, CELLS, CELLS))
    layer[..., 0] = 5.0
    points = np.full((1, 478, 3), -40.0)
    assert sampled(layer, points)[0] == pytest.approx(5.0, abs=1e-4)


def test_another_zip_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "face_landmarker.task").write_bytes(b"PK\x05\x06" + bytes(18))
    with pytest.raises(ValueError, match="is not a face landmarker"):
        landmarker.read(tmp_path / "face_landmarker.task")
