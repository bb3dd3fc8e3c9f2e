"""The pose of the head from six points of its mesh: more of the face, and more exactly, than the detector's five."""

import numpy as np
from numpy.typing import NDArray

from mien.face.attributes.mesh import Mesh
from mien.face.types import Pose

# Nose tip, chin, outer corners of the eyes, corners of the mouth: the mesh's points, and their places on the canonical
# face of MediaPipe (geometry_pipeline_metadata_landmarks in the Face Landmarker), x right, y down, z away.
_POINTS = (1, 152, 33, 263, 61, 291)
_HEAD = np.array(
    [(0.0, 1.127, -7.476), (0.0, 9.403, -4.264), (-4.446, -2.664, -3.173), (4.446, -2.664, -3.173),
     (-2.456, 4.343, -4.284), (2.456, 4.343, -4.284)], np.float64
)  # fmt: skip
_SOLVE = np.linalg.pinv(_HEAD - _HEAD.mean(axis=0)).T


def head_pose(mesh: Mesh) -> Pose:
    """Fits the canonical head to the mesh under scaled orthography, and reads the angles off.

    Least squares gives the affine camera; the nearest rotation to it (Procrustes) is taken apart as a pitch, then a
    yaw, then a roll in the picture, so that turning the picture changes the roll alone.
    """
    return angles(mesh.placed[list(_POINTS)])


def angles(points: NDArray[np.float64]) -> Pose:
    """Returns the pose of a head from its six points, (6, 2), x right, y down (see `head_pose`)."""
    camera = (points - points.mean(axis=0)).T @ _SOLVE  # (2, 3)
    left, _, right = np.linalg.svd(camera, full_matrices=False)
    across, down = left @ right
    away = np.cross(across, down)
    roll = np.arctan2(down[0], across[0])
    yaw = np.arctan2(away[0], np.hypot(across[0], down[0]))
    pitch = -np.arctan2(away[1], away[2])
    return Pose(*(float(each) for each in np.degrees([roll, yaw, pitch])))
