"""Turns detected and stored faces into the API's shapes; here pixels become ratios of the image."""

from collections.abc import Sequence
from typing import Any

from mien.face import certainty
from mien.face.landmarks import MEAN, all_landmarks
from mien.face.types import Box, Face
from mien.operations.attributes import BASE_LANDMARKS, members, wants_all_landmarks
from mien.operations.shapes import (
    BoundingBox,
    ComparedFace,
    FaceDetail,
    FaceShape,
    ImageQuality,
    Landmark,
    Pose,
    rounded,
    single,
)
from mien.serving.image_cache import ImageFaces
from mien.store.base import Region, StoredFace


def region(box: Box, picture: ImageFaces) -> Region:
    """Returns a box in pixels as ratios of the image's sides."""
    return Region(
        box.x1 / picture.width, box.y1 / picture.height, box.width / picture.width, box.height / picture.height
    )


def bounding_box(where: Region) -> BoundingBox:
    """Returns a region in the API's shape, unrounded."""
    return BoundingBox(
        width=single(where.width), height=single(where.height), left=single(where.left), top=single(where.top)
    )


def face_detail(face: Face, picture: ImageFaces, attributes: Sequence[str] = (), *, posed: bool = False) -> FaceDetail:
    """Returns a detected face with the members that every answer has, and those of the requested attributes.

    Args:
        face: the face, its attributes measured.
        picture: its image.
        attributes: as requested.
        posed: whether the pose is that of the mesh, as it is where all attributes are requested.
    """
    every = wants_all_landmarks(attributes)
    return FaceDetail(
        bounding_box=bounding_box(region(face.box, picture)),
        confidence=confidence(face),
        **_measured(face, picture, every_landmark=every, posed=posed or every),
        **members(attributes, face.features),
    )


def compared_face(face: Face, picture: ImageFaces) -> ComparedFace:
    """Returns a face of a comparison's target image."""
    return ComparedFace(
        bounding_box=bounding_box(region(face.box, picture)),
        confidence=confidence(face),
        **_measured(face, picture),
    )


def confidence(face: Face) -> float:
    """Returns the probability that it is a face, 0–100."""
    return single(100 * certainty.confidence(face))


def stored_face(face: StoredFace, model_version: str | None) -> FaceShape:
    """Returns a stored face as listings and searches show it, its numbers rounded.

    Args:
        face: the face.
        model_version: its IndexFacesModelVersion.
    """
    box = BoundingBox(
        width=rounded(face.region.width),
        height=rounded(face.region.height),
        left=rounded(face.region.left),
        top=rounded(face.region.top),
    )
    return FaceShape(
        face_id=str(face.face_id),
        bounding_box=box,
        image_id=str(face.image_id),
        external_image_id=face.external_image_id,
        confidence=rounded(face.confidence),
        index_faces_model_version=model_version,
        user_id=face.user,
    )


def _measured(face: Face, picture: ImageFaces, *, every_landmark: bool = False, posed: bool = False) -> dict[str, Any]:
    points = all_landmarks(face.detection.landmarks)
    if every_landmark and face.features.landmarks is not None:
        points = dict(zip(MEAN, face.features.landmarks, strict=True))
    pose = face.posed if posed else face.pose
    return {
        "landmarks": [
            Landmark(type=name, x=single(points[name][0] / picture.width), y=single(points[name][1] / picture.height))
            for name in (points if every_landmark else BASE_LANDMARKS)
        ],
        "pose": Pose(roll=single(pose.roll), yaw=single(pose.yaw), pitch=single(pose.pitch)),
        "quality": ImageQuality(brightness=single(face.quality.brightness), sharpness=single(face.quality.sharpness)),
    }
