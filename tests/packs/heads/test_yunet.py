"""YuNet's outputs are read by its publisher's formulas."""

import numpy as np
import pytest
from numpy.typing import NDArray

from mien.packs.heads import yunet

CANVAS = (64, 96)  # rows and columns; a grid of 8 × 12, 4 × 6 and 2 × 3 cells
Outputs = dict[str, NDArray[np.float32]]


def blank() -> Outputs:
    outputs = {}
    for stride in (8, 16, 32):
        cells = (CANVAS[0] // stride) * (CANVAS[1] // stride)
        for name, width in (("cls", 1), ("obj", 1), ("bbox", 4), ("kps", 10)):
            outputs[f"{name}_{stride}"] = np.zeros((cells, width), np.float32)
    return outputs


@pytest.mark.parametrize("stride", [8, 16, 32])
def test_one_active_cell_is_one_candidate_where_the_formulas_put_it(stride: int) -> None:
    outputs, row, column = blank(), 1, 2
    cell = row * (CANVAS[1] // stride) + column
    outputs[f"cls_{stride}"][cell], outputs[f"obj_{stride}"][cell] = 0.9, 0.4
    outputs[f"bbox_{stride}"][cell] = (0.25, -0.5, np.log(3), np.log(2))
    outputs[f"kps_{stride}"][cell] = np.arange(10) / 10
    found = yunet.read(outputs, CANVAS, 0.5)
    assert found.scores == pytest.approx([0.6])  # the root of 0.9 · 0.4
    x, y = (column + 0.25) * stride, (row - 0.5) * stride
    np.testing.assert_allclose(found.boxes, [[x - 1.5 * stride, y - stride, x + 1.5 * stride, y + stride]], rtol=1e-5)
    np.testing.assert_allclose(found.landmarks[0, 0], [column * stride, (row + 0.1) * stride], rtol=1e-5)
    np.testing.assert_allclose(found.landmarks[0, 4], [(column + 0.8) * stride, (row + 0.9) * stride], rtol=1e-5)


def test_candidates_below_the_least_score_are_left_out() -> None:
    outputs = blank()
    outputs["cls_8"][:3] = outputs["obj_8"][:3] = np.array([[0.59], [0.61], [0.9]], np.float32)
    assert yunet.read(outputs, CANVAS, 0.6).scores == pytest.approx([0.61, 0.9])


def test_scores_beyond_their_range_are_cut_to_it() -> None:
    outputs = blank()
    outputs["cls_16"][0], outputs["obj_16"][0] = 1.2, 1.1
    outputs["cls_16"][1], outputs["obj_16"][1] = -0.9, -0.9
    assert yunet.read(outputs, CANVAS, 0.6).scores.tolist() == [1.0]


def test_zeros_are_no_candidate() -> None:
    found = yunet.read(blank(), CANVAS, 0.6)
    assert (found.boxes.shape, found.scores.shape, found.landmarks.shape) == ((0, 4), (0,), (0, 5, 2))
