"""The pose of the head from rigid points of its mesh, which tell more than the five points of the detector."""

import numpy as np
from numpy.typing import NDArray

from mien.face.attributes.mesh import Mesh
from mien.face.types import Pose

# Points that neither the mouth nor the jaw moves: nose tip, outer and inner corners of both eyes, bridge and base of
# the nose, nostrils: the mesh's points, and their places on the canonical face of MediaPipe
# (geometry_pipeline_metadata_landmarks in the Face Landmarker), x right, y down, z away.
POINTS = (1, 33, 263, 133, 362, 168, 2, 98, 327)
HEAD = np.array(
    [(0.000, 1.127, -7.476), (-4.446, -2.664, -3.173), (4.446, -2.664, -3.173), (-1.856, -2.585, -3.758),
     (1.856, -2.585, -3.758), (0.000, -3.271, -5.236), (0.000, 2.089, -6.058), (-1.406, 1.714, -5.241),
     (1.406, 1.714, -5.241)], np.float64
)  # fmt: skip
_SOLVE = np.linalg.pinv(HEAD - HEAD.mean(axis=0)).T
_LEVEL = 5.5  # degrees by which faces that look into the camera seem to look down on the canonical head


def head_pose(mesh: Mesh) -> Pose:
    """Fits the canonical head to the mesh under scaled orthography, and reads the angles off.

    Least squares gives the affine camera; the nearest rotation to it (Procrustes) is taken apart as a pitch, then a
    yaw, then a roll in the picture, so that turning the picture changes the roll alone.
    """
    return angles(mesh.placed[list(POINTS)])


def angles(points: NDArray[np.float64]) -> Pose:
    """Returns the pose of a head from its nine points, (9, 2), x right, y down (see `head_pose`)."""
    camera = (points - points.mean(axis=0)).T @ _SOLVE  # (2, 3)
    left, _, right = np.linalg.svd(camera, full_matrices=False)
    across, down = left @ right
    away = np.cross(across, down)
    roll = np.arctan2(down[0], across[0])
    yaw = np.arctan2(away[0], np.hypot(across[0], down[0]))
    pitch = np.radians(_LEVEL) - np.arctan2(away[1], away[2])
    return Pose(*(float(each) for each in np.degrees([roll, yaw, pitch])))
