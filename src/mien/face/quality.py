"""Measures the pose and the quality of a face from its landmarks and its crop, without a further network."""

import cv2
import numpy as np
from numpy.typing import NDArray

from mien.face.types import Pixels, Points, Pose, Quality
from mien.face.view import roll

# A mean face in units of the distance between the eyes: x right, y down, z towards the camera. The x and y are the
# medians that YuNet gives for 600 faces of LFW once they are upright. The mouth's corners lie 0.05 in front of the
# eyes, and the nose tip 0.60, with which yaws are as large as by a mesh: see `benchmarks/README.md`,
# "Landmarks, pose and the cost of attributes".
_HEAD = np.array(
    [(-0.5, 0.0, 0.0), (0.5, 0.0, 0.0), (0.0, 0.61, 0.60), (-0.45, 1.05, 0.05), (0.45, 1.05, 0.05)], np.float64
)
_SOLVE = np.linalg.pinv(_HEAD - _HEAD.mean(axis=0)).T

# The face is halved again and again. Detail is the mean square of the Laplacian of its luma, and natural pictures have
# about as much at every size. Sharpness compares the first half, whose pixels are the finest that networks go by, with
# the coarsest, so contrast and exposure do not count. What is finer may be noise or the edges of enlarged pixels; the
# share of it that noise keeps in a halving is subtracted.
_HALVINGS = 3
_NOISE = 0.1
_HALF_SHARP = 0.09  # the ratio of detail that gives half of full sharpness

# Parts of a face that show nothing: windows whose luma has less than this share of the face's deviation.
_WINDOW = 7
_BLANK = 0.03
_EYES = 0.26  # half the height of the band of the eyes, in shares of the way to the mouth


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
    eyes = roll(landmarks)
    cos, sin = np.cos(np.radians(eyes)), np.sin(np.radians(eyes))
    turn = np.array([[cos, sin], [-sin, cos]])
    upright = (points - points.mean(axis=0)) @ turn.T
    camera = upright.T @ _SOLVE  # (2, 3): rows are the image's x and y as directions in the head
    forward = camera[:, 2] / np.maximum(np.hypot(camera[:, 0], camera[:, 1]), 1e-9)
    yaw, pitch = np.degrees(np.arctan(forward))
    return Pose(eyes, float(yaw), float(-pitch))


def quality(crop: Pixels, points: Points) -> Quality:
    """Measures brightness, sharpness, contrast and blank parts of the part of the crop that shows the face.

    Args:
        crop: uint8 RGB (size, size, 3), aligned.
        points: float32 (5, 2), the landmarks' places in the crop, in pixels.
    """
    rows, columns = _face_area(points, crop.shape[0])
    luma = np.asarray(cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY)[rows, columns], np.float32)
    mean, spread = (float(each[0, 0]) for each in cv2.meanStdDev(luma))
    detail = _detail(luma) ** 2
    blank = _blank(luma, spread)
    return Quality(
        brightness=mean / 2.55,
        sharpness=100 * detail / (detail + _HALF_SHARP**2),
        contrast=min(100.0, spread / 1.275),
        blank=_percent(blank),
        eyes_blank=_percent(blank[_eye_rows(points, rows)]),
    )


def _detail(luma: NDArray[np.float32]) -> float:
    """Returns the face's fine detail over its coarse, 0 for none; about 0.3 in a sharp photograph."""
    bends = []
    for _ in range(_HALVINGS + 1):
        bends.append(float(cv2.norm(cv2.Laplacian(luma, cv2.CV_32F), cv2.NORM_L2SQR)) / luma.size)
        luma = np.asarray(cv2.pyrDown(luma), np.float32)
    return max(bends[1] - _NOISE * bends[0], 0.0) / max(bends[-1], 1.0)


def _blank(luma: NDArray[np.float32], spread: float) -> NDArray[np.uint8]:
    """Returns where the face shows nothing, uint8 of the shape of `luma`, 0 or 255: covered, burnt out or black."""
    window = (_WINDOW, _WINDOW)
    mean = cv2.blur(luma, window)
    variance = cv2.subtract(cv2.sqrBoxFilter(luma, cv2.CV_32F, window), cv2.multiply(mean, mean))
    least = (_BLANK * max(spread, 1.0)) ** 2
    return np.asarray(cv2.compare(variance, least, cv2.CMP_LT), np.uint8)  # type: ignore[call-overload]


def _percent(mask: NDArray[np.uint8]) -> float:
    return 100 * cv2.countNonZero(mask) / max(mask.size, 1)


def _eye_rows(points: Points, rows: slice) -> slice:
    """Returns which rows of the face area `rows` show the eyes, what glasses cover, from cheek to cheek."""
    middle, reach = float(points[:2, 1].mean()), _EYES * float(points[3:, 1].mean() - points[:2, 1].mean())
    return slice(max(0, round(middle - reach) - rows.start), max(0, round(middle + reach) - rows.start))


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
