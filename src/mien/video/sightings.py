"""What is measured of one sample to follow its faces: how each looks, how well it is seen, and how the frame looks."""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from mien.face.certainty import confidence
from mien.face.quality import eye_distance
from mien.face.types import Face, Pixels

SIDE = 16  # rows and columns of a look; see `benchmarks/README.md`, "Films"
LARGE = 40.0  # pixels between the eyes from which more do not help
GLANCE = (32, 18)  # columns and rows of a glance
CUT = 0.35  # correlation of two glances half a second apart, below which they are of different scenes


def look(face: Face) -> NDArray[np.float32]:
    """Returns the aligned luma of a face in few pixels, float32 (SIDE²,), of length 1 and mean 0.

    The product of two is their correlation.
    """
    return _small(cv2.cvtColor(face.crops[0].straight, cv2.COLOR_RGB2GRAY), (SIDE, SIDE))


def glance(picture: Pixels) -> NDArray[np.float32]:
    """Returns the green of a whole frame in few pixels, float32, of length 1 and mean 0 (see `look`).

    It tells a cut of the film, after which another person may be in the same place.
    """
    return _small(picture[..., 1], GLANCE)


def seen_well(face: Face) -> float:
    """Returns how well a face is seen, 0–1: large, sharp, from the front, and surely a face."""
    turn = max(abs(face.posed.yaw), abs(face.posed.pitch)) / 90
    size = min(1.0, eye_distance(face.detection.landmarks) / LARGE) ** 0.5
    clear = 0.5 + face.quality.sharpness / 200
    return float(confidence(face) * size * clear * (1 - 0.5 * min(turn, 1.0)))


def _small(grey: NDArray[Any], size: tuple[int, int]) -> NDArray[np.float32]:
    small = cv2.resize(grey, size, interpolation=cv2.INTER_AREA).astype(np.float32).ravel()
    small -= small.mean()
    return np.asarray(small / max(float(np.linalg.norm(small)), 1e-6), np.float32)
