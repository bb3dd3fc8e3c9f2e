"""Measures the pose and the quality of a face from its landmarks and its crop, without a further network."""

import cv2
import numpy as np
from numpy.typing import NDArray

from mien.face.types import Pixels, Points, Pose, Quality

# A mean face in units of the distance between the eyes: x right, y down, z towards the camera. The x and y are the
# medians that YuNet gives for 600 faces of LFW once they are upright. The mouth's corners lie 0.05 in front of the
# eyes, and the nose tip 0.60, with which yaws are as large as by a mesh: see `benchmarks/README.md`, "Attributes".
_HEAD = np.array(
    [(-0.5, 0.0, 0.0), (0.5, 0.0, 0.0), (0.0, 0.61, 0.60), (-0.45, 1.05, 0.05), (0.45, 1.05, 0.05)], np.float64
)
_SOLVE = np.linalg.pinv(_HEAD - _HEAD.mean(axis=0)).T

# The detail that gives half of full sharpness. Detail is the mean square of the Laplacian of an aligned crop's luma,
# divided by the luma's variance so that contrast and exposure do not count as sharpness.
_HALF_SHARP = 0.03

# The mean square that rounding to whole numbers alone adds: the squares of the Laplacian's weights sum to 20, and
# rounding has a variance of 1/12. Unless it is subtracted, a face blurred to nothing seems to have detail again.
_ROUNDING = 20 / 12


def pose(landmarks: Points) -> Pose:
    """Estimates the pose of the head by fitting a mean face to five points under scaled orthography.

    Roll is the slope of the line between the eyes. With that undone, least squares gives the affine camera that maps
    the mean face to the points; its image of the face's forward axis gives yaw and pitch.

    Args:
        landmarks: float32 (5, 2), x right, y down.

    Returns:
        Degrees; yaw and pitch within ±90.
    """
    points = landmarks.astype(np.float64)
    across = points[1] - points[0]
    roll = np.arctan2(across[1], across[0])
    turn = np.array([[np.cos(roll), np.sin(roll)], [-np.sin(roll), np.cos(roll)]])
    upright = (points - points.mean(axis=0)) @ turn.T
    camera = upright.T @ _SOLVE  # (2, 3): rows are the image's x and y as directions in the head
    forward = camera[:, 2] / np.maximum(np.hypot(camera[:, 0], camera[:, 1]), 1e-9)
    yaw, pitch = np.degrees(np.arctan(forward))
    return Pose(float(np.degrees(roll)), float(yaw), float(-pitch))


def quality(crop: Pixels, points: Points) -> Quality:
    """Measures brightness, sharpness and contrast of the part of the crop that shows the face.

    Args:
        crop: uint8 RGB (size, size, 3), aligned.
        points: float32 (5, 2), the landmarks' places in the crop, in pixels.
    """
    luma = cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY)[_face_area(points, crop.shape[0])]
    mean, spread = (float(each[0, 0]) for each in cv2.meanStdDev(luma))
    bend = float(cv2.norm(cv2.Laplacian(luma, cv2.CV_32F), cv2.NORM_L2SQR)) / luma.size
    detail = max(bend - _ROUNDING, 0.0) / max(spread * spread, 1.0)
    return Quality(
        brightness=mean / 2.55,
        sharpness=100 * detail / (detail + _HALF_SHARP),
        contrast=min(100.0, spread / 1.275),
    )


def _face_area(points: Points, size: int) -> tuple[slice, slice]:
    """Returns the rows and columns of the landmarks, a third wider each way: brow to chin, cheek to cheek."""
    low, high = points.min(axis=0), points.max(axis=0)
    margin = (high - low) / 3
    left, top = np.clip(low - margin, 0, size).astype(int)
    right, bottom = np.clip(high + margin, 0, size).astype(int)
    return slice(top, bottom), slice(left, right)


def eye_distance(landmarks: NDArray[np.floating]) -> float:
    """Returns the pixels between the eyes, a measure of size that hats do not change but turning does."""
    return float(np.hypot(*(landmarks[1] - landmarks[0])))
