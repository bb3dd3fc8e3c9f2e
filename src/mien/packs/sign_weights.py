"""Reads the weights of the signs, which come with mien (`benchmarks/signs` fits them)."""

from importlib import resources

import numpy as np

from mien.face.attributes.signs import Weights, read_weights


def read() -> Weights:
    """Returns the weights of every sign."""
    with resources.as_file(resources.files("mien.packs") / "catalog" / "signs.npz") as file:
        return read_weights(np.load(file, allow_pickle=False))
