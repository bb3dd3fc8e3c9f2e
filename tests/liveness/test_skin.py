"""Colours of cells of a face and of the ground beside it."""

import numpy as np

from mien.liveness.skin import CELLS, FRONT, colours

BOX = (100.0, 80.0, 220.0, 240.0)


def picture() -> np.ndarray:
    """A frame, BGR: an orange face on a ground that is green on the left and violet on the right."""
    pixels = np.zeros((320, 320, 3), np.uint8)
    pixels[:, :160], pixels[:, 160:] = (20, 200, 30), (200, 40, 120)
    pixels[80:240, 100:220] = (60, 120, 220)
    return pixels


def mesh() -> np.ndarray:
    x1, y1, x2, y2 = BOX
    random = np.random.default_rng(1)
    points = np.column_stack([random.uniform(x1 + 12, x2 - 12, 478), random.uniform(y1 + 12, y2 - 12, 478)])
    points[0], points[1] = (x1, y1), (x2, y2)
    return points


def test_cells_are_of_the_face_and_the_ground_is_beside_it() -> None:
    for points in (mesh(), None):
        found = colours(picture(), points, BOX)
        assert found.shape == (len(CELLS) + 2, 3) and found.dtype == np.float32
        assert np.abs(found[: len(FRONT)] - (220, 120, 60)).max() < 30  # RGB
        np.testing.assert_allclose(found[-2], (30, 200, 20), atol=1)
        np.testing.assert_allclose(found[-1], (120, 40, 200), atol=1)


def test_what_lies_outside_the_frame_is_not_a_number() -> None:
    found = colours(picture()[:, 98:222], None, (2.0, 80.0, 122.0, 240.0))
    assert np.isnan(found[-2:]).all() and np.isfinite(found[: len(FRONT)]).all()
    found = colours(picture(), None, (400.0, 400.0, 500.0, 500.0))
    assert np.isnan(found[: len(CELLS)]).all()
    found = colours(picture(), None, (-200.0, 80.0, -80.0, 240.0))
    assert np.isnan(found[: len(FRONT)]).all()


def test_each_cell_is_measured_where_it_lies() -> None:
    points = mesh()
    pixels = picture()
    x, y = points[CELLS[5]].round().astype(int)
    pixels[y - 12 : y + 13, x - 12 : x + 13] = (0, 0, 255)
    before, after = (colours(each, points, BOX) for each in (picture(), pixels))
    assert np.abs(after[5] - (255, 0, 0)).max() < 1
    assert np.abs(after - before).max(axis=1).argmax() == 5 or (after[5] != before[5]).any()
