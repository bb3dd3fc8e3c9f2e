"""What is measured of a face of one sample to follow it: how it looks, where it is, and how well it is seen."""

import cv2
import numpy as np
from numpy.typing import NDArray

from mien.face.certainty import confidence
from mien.face.quality import eye_distance
from mien.face.types import Face

SIDE = 16  # rows and columns of a look; see `benchmarks/README.md`, "Films"
LARGE = 40.0  # pixels between the eyes from which more do not help


def look(face: Face) -> NDArray[np.float32]:
    """Returns the aligned luma of a face in few pixels, float32 (SIDE²,), of length 1 and mean 0.

    The product of two is their correlation.
    """
    grey = cv2.cvtColor(face.crops[0].straight, cv2.COLOR_RGB2GRAY)
    small = cv2.resize(grey, (SIDE, SIDE), interpolation=cv2.INTER_AREA).astype(np.float32).ravel()
    small -= small.mean()
    return np.asarray(small / max(float(np.linalg.norm(small)), 1e-6), np.float32)


def seen_well(face: Face) -> float:
    """Returns how well a face is seen, 0–1: large, sharp, from the front, and surely a face."""
    turn = max(abs(face.posed.yaw), abs(face.posed.pitch)) / 90
    size = min(1.0, eye_distance(face.detection.landmarks) / LARGE) ** 0.5
    clear = 0.5 + face.quality.sharpness / 200
    return float(confidence(face) * size * clear * (1 - 0.5 * min(turn, 1.0)))
