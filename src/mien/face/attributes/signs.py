"""Signs of what a face wears or shows, read from the layers of the mesh network: linear probes.

The network has learnt to find a face behind glasses, beards and hands, so its layers tell them apart, and a weighted
sum of what they hold at points of the mesh is enough. The weights come from generated faces alone (`benchmarks/signs`).
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mien.face.attributes.mesh import CHANNELS, DEPTHS, EYES, SEEN, Mesh


@dataclass(frozen=True, slots=True)
class Look:
    """Where a sign is looked for: the points of SEEN, and the layers (DEPTHS)."""

    points: slice
    layers: tuple[str, ...]

    @property
    def size(self) -> int:
        """The numbers by which it is judged."""
        channels = dict(zip(DEPTHS, CHANNELS, strict=True))
        return len(range(len(SEEN))[self.points]) * sum(channels[layer] for layer in self.layers)


_EYES, _LOWER = slice(0, len(EYES)), slice(len(EYES), len(SEEN))
LOOKS: Mapping[str, Look] = {
    "eyeglasses": Look(_EYES, ("middle", "coarse")),
    "sunglasses": Look(_EYES, ("middle", "coarse")),
    "eyes_shut": Look(_EYES, ("fine", "middle", "coarse")),
    "eyes_hidden": Look(_EYES, ("middle", "coarse")),
    "beard": Look(_LOWER, ("fine", "coarse")),
    "mustache": Look(_LOWER, ("fine",)),
    "mouth_hidden": Look(_LOWER, ("middle",)),
}
Weights = Mapping[str, NDArray[np.float32]]  # the name of a sign → a weight for each number of its row, and the bias


def strength(name: str, weights: Weights, mesh: Mesh) -> float:
    """Returns how clear a sign is, as a logit that is above 0 on generated faces with it; attributes calibrate it."""
    return float(row(LOOKS[name], mesh) @ weights[name][:-1] + weights[name][-1])


def row(look: Look, mesh: Mesh) -> NDArray[np.float32]:
    """Returns what a sign is judged by, as one row of numbers."""
    return np.concatenate([mesh.seen[layer][look.points].ravel() for layer in look.layers])


def read_weights(found: Mapping[str, NDArray[np.float32]]) -> Weights:
    """Checks the weights of all signs.

    Raises:
        ValueError: they lack a sign, or fit no row of it.
    """
    for name, look in LOOKS.items():
        if name not in found or found[name].shape != (look.size + 1,):
            raise ValueError(f"the sign {name} needs {look.size + 1} weights")
    return {name: np.asarray(found[name], np.float32) for name in LOOKS}
