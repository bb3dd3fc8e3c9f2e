"""The direction of the eyes: that of the head, and how far the irises lie from the middle of the eyes.

No photographs with known directions were at hand. The weights are fitted to what the network gaze-estimation-adas-0002
says of half of the people of LFW; see `benchmarks/README.md`, "Landmarks, pose and the cost of attributes". The
confidence is the share of faces for which both agree within 15°, which falls as the head turns away.
"""

import numpy as np

from mien.face.attributes.evidence import Evidence
from mien.face.attributes.hidden import eyes_hidden
from mien.face.attributes.mesh import Mesh
from mien.face.types import Gaze

LEAST_EYES = 24.0  # pixels between the eyes; an iris of a smaller face has fewer than four
MOST_CLOSED = 0.6  # of the blink blendshapes; beyond, the irises are hidden
WITHIN = 0.8  # the share of agreement of heads that face the camera
FRONT, ASIDE = 25.0, 38.0  # degrees of the head's yaw up to which that holds, and from which half of them agree

# the mesh's points of an eye: outer and inner corner, iris, middles of the upper and the lower lid
_EYES = ((33, 133, 468, 159, 145), (263, 362, 473, 386, 374))
_YAW = (-2.1, 0.83, 33.6)  # degrees, for each degree of the head, for each unit of the look aside
_PITCH = (-20.6, 0.14, -114.0, 37.5)  # degrees, for each degree of the head, iris below the corners, lids apart


def eye_direction(evidence: Evidence) -> Gaze | None:
    """Returns the direction of the eyes, signed as the pose; None where the irises are not seen."""
    mesh = evidence.mesh
    if evidence.closeup.eyes < LEAST_EYES or mesh.shape("eyeBlinkLeft", "eyeBlinkRight") > MOST_CLOSED:
        return None
    if eyes_hidden(evidence) > 0:
        return None
    head = evidence.pose
    aside = mesh.shape("eyeLookInRight", "eyeLookOutLeft") - mesh.shape("eyeLookOutRight", "eyeLookInLeft")
    below, apart = (sum(each) / 2 for each in zip(*(_lids(mesh, eye) for eye in _EYES), strict=True))
    yaw = _YAW[0] + _YAW[1] * head.yaw + _YAW[2] * aside
    pitch = _PITCH[0] + _PITCH[1] * head.pitch + _PITCH[2] * below + _PITCH[3] * apart
    within = float(np.interp(abs(head.yaw), (FRONT, ASIDE), (WITHIN, 0.5)))
    return Gaze(float(np.clip(yaw, -90, 90)), float(np.clip(pitch, -90, 90)), within)


def _lids(mesh: Mesh, eye: tuple[int, ...]) -> tuple[float, float]:
    """Returns how far the iris lies below the line of the eyes, and how far the lids are apart, in eye widths."""
    points = mesh.points[:, :2]
    outer, inner, iris, upper, lower = eye
    along = points[263] - points[33]
    down = np.array([-along[1], along[0]]) / max(float(np.hypot(*along)), 1e-6)
    width = max(float(np.hypot(*(points[outer] - points[inner]))), 1e-6)
    below = float((points[iris] - (points[outer] + points[inner]) / 2) @ down)
    return below / width, float(np.hypot(*(points[upper] - points[lower]))) / width
