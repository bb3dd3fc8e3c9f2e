"""What one frame of a film shows, as numbers; a session is decided by these and never by pixels."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mien.liveness.told import Rectangle


@dataclass(frozen=True, slots=True)
class Seen:
    """What a frame shows. Coordinates are pixels of the frame; x right, y down.

    Attributes:
        at_ms: when, from the start of the film.
        faces: how many faces there are.
        box: around the largest face; None if there is none.
        landmarks: float32 (5, 2), of that face, as a `Detection` has them.
        embedding: float32 (D,), as the pack's ensemble gives it; None in frames that were not embedded.
        mesh: float (478, 3), `Mesh.placed` and z in pixels of the frame; None where no mesh can be trusted.
        blendshapes: float32 (52,), 0–1.
        colours: float32 (N, 3), RGB 0–255, as `skin.colours` measures them.
        living: float32 (3,), probabilities of spoof, live, spoof; None in frames at which the networks did not look.
        stripes: how far a regular pattern stands out on the face (`stripes.stripes`); None where it was not looked for.
    """

    at_ms: int
    faces: int = 0
    box: Rectangle | None = None
    landmarks: NDArray[np.float32] | None = None
    embedding: NDArray[np.float32] | None = None
    mesh: NDArray[np.floating] | None = None
    blendshapes: NDArray[np.float32] | None = None
    colours: NDArray[np.float32] | None = None
    living: NDArray[np.float32] | None = None
    stripes: float | None = None
