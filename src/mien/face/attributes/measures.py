"""The attributes that can be measured, and how each is judged; a new attribute is a file beside this one and a row.

A measure is a function from the evidence on a face to an answer, or to None where it cannot tell.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace

from mien.face.attributes import glasses, hair
from mien.face.attributes.age_range import age_range
from mien.face.attributes.emotions import emotions
from mien.face.attributes.evidence import Evidence, Networks, UnclearError
from mien.face.attributes.eye_direction import eye_direction
from mien.face.attributes.eyes_open import eyes_open
from mien.face.attributes.face_occluded import face_occluded
from mien.face.attributes.gender import gender
from mien.face.attributes.mouth_open import mouth_open
from mien.face.attributes.smile import smile
from mien.face.attributes.thirty import thirty
from mien.face.types import Answer, Face, Features

Measure = Callable[[Evidence], Answer | None]

NAMES = (
    "age_range", "beard", "emotions", "eye_direction", "eyeglasses", "eyes_open", "face_occluded", "gender",
    "mouth_open", "mustache", "smile", "sunglasses",
)  # fmt: skip
MEASURES: Mapping[str, Measure] = {
    "age_range": age_range,
    "beard": hair.beard,
    "emotions": emotions,
    "eye_direction": eye_direction,
    "eyeglasses": glasses.eyeglasses,
    "eyes_open": eyes_open,
    "face_occluded": face_occluded,
    "gender": gender,
    "mouth_open": mouth_open,
    "mustache": hair.mustache,
    "smile": smile,
    "sunglasses": glasses.sunglasses,
}
MESH = "mesh"  # stands among the names that are asked for, for the thirty landmarks and the pose
LEAST_EYES = 12.0  # pixels between the eyes; of a smaller face nothing is judged


def measured(face: Face, networks: Networks, wanted: Collection[str]) -> Face:
    """Measures what is wanted of a face and not known yet, and gives up its closeup.

    Args:
        face: the face, with its closeup.
        networks: of the attribute set.
        wanted: names of MEASURES, and MESH.
    """
    if face.closeup is None:
        raise ValueError("attributes are measured on a closeup")
    known, evidence = face.features, Evidence(face.closeup, networks)
    is_clear = face.closeup.eyes >= LEAST_EYES
    answers = {
        name: _judged(MEASURES[name], evidence) if is_clear else None
        for name in sorted(wanted)
        if name != MESH and name not in known.answers
    }
    found = replace(known, answers={**known.answers, **answers})
    if MESH in wanted and not known.meshed:
        found = _meshed(found, evidence) if is_clear else replace(found, meshed=True)
    return replace(face, closeup=None, features=found)


def lacks(face: Face, wanted: Collection[str]) -> bool:
    """Returns whether something that is wanted was not measured yet."""
    return any(not face.features.meshed if name == MESH else name not in face.features.answers for name in wanted)


def _judged(measure: Measure, evidence: Evidence) -> Answer | None:
    try:
        return measure(evidence)
    except UnclearError:
        return None


def _meshed(features: Features, evidence: Evidence) -> Features:
    try:
        pose = evidence.pose
    except UnclearError:
        return replace(features, meshed=True)
    return replace(features, meshed=True, landmarks=thirty(evidence.mesh, pose.yaw), pose=pose)
