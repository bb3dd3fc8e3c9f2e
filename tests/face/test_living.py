"""What the networks that tell a living face are shown: the surroundings of its box, inside the picture."""

import numpy as np
import pytest

from mien.engine.session import Outputs, Pixels, Recorded
from mien.face.living import Living, surroundings


@pytest.mark.parametrize(
    ("box", "scale", "size", "expected"),
    [
        ((40, 40, 60, 70), 2.0, (200, 200), (30, 25, 70, 85)),  # about its middle, each side for itself
        ((5, 150, 25, 180), 2.0, (200, 200), (0, 135, 40, 195)),  # pushed to the right
        ((180, 180, 200, 200), 3.0, (200, 200), (140, 140, 200, 200)),  # pushed up and to the left
        ((10, 10, 90, 90), 4.0, (100, 300), (0, 0, 99, 99)),  # enlarged as far as the picture goes
        ((-10, -10, 110, 110), 2.7, (100, 100), (0, 0, 99, 99)),  # the face fills more than the picture
        ((30, 30, 30, 30), 2.7, (100, 100), (28, 28, 31, 31)),  # a box without extent
    ],
)
def test_surroundings(box: tuple[float, ...], scale: float, size: tuple[int, int], expected: tuple[int, ...]) -> None:
    assert surroundings(box, scale, *size) == expected


class Shown(Recorded):
    """A session that keeps what it is shown."""

    def __init__(self, *probabilities: float) -> None:
        super().__init__((80, 80, 3), {"probabilities": np.array(probabilities, np.float32)})
        self.pixels: list[Pixels] = []

    def run(self, pixels: Pixels) -> Outputs:
        self.pixels.extend(pixels)
        return super().run(pixels)


def test_both_networks_are_asked_and_see_the_same_colours_in_any_order() -> None:
    near, wide = Shown(0.1, 0.8, 0.1), Shown(0.3, 0.4, 0.3)
    picture = np.random.default_rng(1).integers(0, 256, (300, 400, 3)).astype(np.uint8)
    living = Living(near, wide)
    assert living.probabilities(picture, (100, 100, 150, 160)) == pytest.approx([0.2, 0.6, 0.2])
    living.probabilities(np.ascontiguousarray(picture[:, :, ::-1]), (100, 100, 150, 160), rgb=True)
    for shown in (near.pixels, wide.pixels):
        assert np.array_equal(shown[0], shown[1])
    assert not np.array_equal(near.pixels[0], wide.pixels[0])


def test_what_is_shown_is_not_smoothed() -> None:
    """A picture is stretched as in training, where a fine pattern of a screen becomes a coarse one."""
    near, wide = Shown(0, 1, 0), Shown(0, 1, 0)
    stripes = np.zeros((1200, 1200, 3), np.uint8)
    stripes[:, ::3] = 255
    Living(near, wide).probabilities(stripes, (500, 500, 700, 700))
    assert near.pixels[0].std() > 60
