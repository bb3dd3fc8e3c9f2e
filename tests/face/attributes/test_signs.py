"""Signs: a weighted sum of what the layers of the mesh network hold at the points of the mesh."""

import numpy as np
import pytest

from mien.face.attributes.mesh import CHANNELS, DEPTHS, EYES, SEEN, Mesh
from mien.face.attributes.signs import LOOKS, Look, read_weights, row, strength
from mien.packs import sign_weights
from tests.face.attributes.networks import signs


def seeing() -> Mesh:
    """A mesh whose every number tells its layer, point and channel."""
    seen = {
        depth: (1e6 * layer + 1e3 * np.arange(len(SEEN))[:, None] + np.arange(count)).astype(np.float32)
        for layer, (depth, count) in enumerate(zip(DEPTHS, CHANNELS, strict=True))
    }
    return Mesh(np.zeros((478, 3), np.float32), np.zeros((478, 2)), 1.0, np.zeros(52, np.float32), seen)


@pytest.mark.parametrize("look", LOOKS.values())
def test_a_row_has_the_layers_of_its_points_one_after_the_other(look: Look) -> None:
    found = row(look, seeing())
    assert len(found) == look.size
    first, last = range(len(SEEN))[look.points][0], range(len(SEEN))[look.points][-1]
    assert found[0] == 1e6 * DEPTHS.index(look.layers[0]) + 1e3 * first
    depth = DEPTHS.index(look.layers[-1])
    assert found[-1] == 1e6 * depth + 1e3 * last + CHANNELS[depth] - 1


def test_a_sign_is_a_weighted_sum_and_a_bias() -> None:
    weights = dict(signs(mustache=-2.0))
    weights["mustache"][0] = 1e-3
    assert strength("mustache", weights, seeing()) == pytest.approx(-2.0 + 1e-3 * 1e3 * len(EYES))


def test_weights_that_fit_no_row_are_refused() -> None:
    with pytest.raises(ValueError, match="the sign mustache needs 1601 weights"):
        read_weights({**signs(), "mustache": np.zeros(3, np.float32)})
    lacking = {name: value for name, value in signs().items() if name != "beard"}
    with pytest.raises(ValueError, match="the sign beard needs"):
        read_weights(lacking)


def test_the_weights_that_come_with_mien_are_whole() -> None:
    assert all(np.isfinite(each).all() and np.any(each) for each in sign_weights.read().values())
