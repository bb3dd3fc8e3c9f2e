"""Reads what a pack corrects its vectors by, the crowd and the trust, from the pack's arrays."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mien.face.crowd import Crowd
from mien.face.embed import Ensemble
from mien.face.trust import Trust
from mien.packs.specs import CrowdSpec, TrustSpec


def crowd(spec: CrowdSpec, files: dict[str, Path], ensemble: Ensemble) -> Crowd:
    """Returns the pack's crowd, joined from its files as the networks' vectors are.

    Raises:
        ValueError: a file holds something else.
    """
    each = zip(spec.files, ensemble.embedders, strict=True)
    middle, *faces = ensemble.joined([_vectors(files[name], embedder.dimension) for name, embedder in each])
    return Crowd.of(np.stack(faces), middle, spec.nearest, spec.usual, spec.strength, nearer=spec.nearer)


def trust(spec: TrustSpec, files: dict[str, Path], ensemble: Ensemble) -> Trust:
    """Returns the pack's trust.

    Raises:
        ValueError: the file holds something else.
    """
    rows = _vectors(files[spec.file], ensemble.dimension)
    count, over = divmod(len(rows) - 1, 2)
    if over or count < 1:
        raise ValueError(f"{spec.file} does not hold a mean and as many filters as faults")
    return Trust(
        rows[0], rows[1 : 1 + count], rows[1 + count :], spec.usual, spec.fault, tuple(spec.lengths),
        tuple(spec.length), spec.blank, spec.most_blank, spec.eyes_blank, spec.most_eyes_blank,
        spec.allowance,
    )  # fmt: skip


def _vectors(file: Path, dimension: int) -> NDArray[np.float32]:
    part = np.load(file, allow_pickle=False)
    if part.ndim != 2 or part.shape[1] != dimension or not np.isfinite(part).all():
        raise ValueError(f"{file.name} holds no vectors of {dimension} numbers")
    return np.asarray(part, np.float32)
