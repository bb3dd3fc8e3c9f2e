"""The API's shared shapes, in AWS's spelling, and the way from the face's pixels to the API's shares of an image.

Names are Pascal-cased on the wire. A member that is None is left out of a response. Numbers of type float are
float32 widened to double, as AWS sends them (`single`).
"""

from typing import Annotated, Any

import msgspec
import numpy as np

from mien.face.types import Box, Face, Picture
from mien.operations.constraints import Enum, Length, Pattern, Range
from mien.store.base import Region, StoredFace

UUID_PATTERN = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"

CollectionId = Annotated[str, Length(1, 255), Pattern(r"[a-zA-Z0-9_.\-]+")]
UserId = Annotated[str, Length(1, 128), Pattern(r"[a-zA-Z0-9_.\-:]+")]
FaceId = Annotated[str, Pattern(UUID_PATTERN)]
ExternalImageId = Annotated[str, Length(1, 255), Pattern(r"[a-zA-Z0-9_.\-:]+")]
Percent = Annotated[float, Range(0, 100)]
PageSize = Annotated[int, Range(0, 4096)]
PaginationToken = Annotated[str, Length(0, 255)]
MaxFaces = Annotated[int, Range(1, 4096)]
MaxUserResults = Annotated[int, Range(1, 500)]
ClientRequestToken = Annotated[str, Length(1, 64), Pattern("^[a-zA-Z0-9-_]+$")]
TagKey = Annotated[str, Length(1, 128), Pattern(r"^(?!aws:)[\p{L}\p{Z}\p{N}_.:/=+\-@]*$")]
TagValue = Annotated[str, Length(0, 256), Pattern(r"^([\p{L}\p{Z}\p{N}_.:/=+\-@]*)$")]
TagMap = Annotated[dict[TagKey, TagValue], Length(0, 200)]
FaceIdList = Annotated[list[FaceId], Length(1, 4096)]
ImageBlob = Annotated[bytes, Length(1, 5_242_880)]
QualityFilter = Annotated[str, Enum(("NONE", "AUTO", "LOW", "MEDIUM", "HIGH"))]
Attribute = Annotated[
    str,
    Enum((
        "DEFAULT", "ALL", "AGE_RANGE", "BEARD", "EMOTIONS", "EYE_DIRECTION", "EYEGLASSES", "EYES_OPEN", "GENDER",
        "MOUTH_OPEN", "MUSTACHE", "FACE_OCCLUDED", "SMILE", "SUNGLASSES",
    )),
]  # fmt: skip

SEARCH_LIMIT = 4096  # matches of a search that names no MaxFaces
THRESHOLD = 80.0  # similarity of a search or comparison that names none


class Shape(msgspec.Struct, rename="pascal", omit_defaults=True):
    """A structure of the service model."""


class S3Object(Shape):
    """An object in a bucket."""

    bucket: Annotated[str, Length(3, 255), Pattern(r"[0-9A-Za-z\.\-_]*")] | None = None
    name: Annotated[str, Length(1, 1024)] | None = None
    version: Annotated[str, Length(1, 1024)] | None = None


class Image(Shape):
    """An image: its bytes, or where they lie."""

    bytes: ImageBlob | None = None
    s3_object: S3Object | None = None


class BoundingBox(Shape):
    """A box as shares of the upright image; it may reach beyond it."""

    width: float
    height: float
    left: float
    top: float


class Landmark(Shape):
    """A point as shares of the upright image."""

    type: str
    x: float
    y: float


class Pose(Shape):
    """The turn of a head, in degrees."""

    roll: float
    yaw: float
    pitch: float


class ImageQuality(Shape):
    """Brightness and sharpness, 0–100."""

    brightness: float
    sharpness: float


class FaceDetail(Shape):
    """A face in an image."""

    bounding_box: BoundingBox
    confidence: float
    landmarks: list[Landmark]
    pose: Pose
    quality: ImageQuality


class ComparedFace(Shape):
    """A face of the target image of a comparison."""

    bounding_box: BoundingBox
    confidence: float
    landmarks: list[Landmark]
    pose: Pose
    quality: ImageQuality


class FaceShape(Shape):
    """A face of a collection (`Face` in the service model)."""

    face_id: str
    bounding_box: BoundingBox
    image_id: str
    confidence: float
    external_image_id: str | None = None
    index_faces_model_version: str | None = None
    user_id: str | None = None


class FaceMatch(Shape):
    """A face of a collection that a search found."""

    similarity: float
    face: FaceShape


def single(value: Any) -> float:
    """Round to float32 and widen again, which is how AWS's numbers come to their many digits."""
    return float(np.float32(value))


def rounded(value: float) -> float:
    """Round to six significant digits, as AWS does with what it stores, then to float32."""
    return single(f"{value:.6g}")


def region(box: Box, picture: Picture) -> Region:
    """Pixels of a picture → shares of it."""
    return Region(
        box.x1 / picture.width, box.y1 / picture.height, box.width / picture.width, box.height / picture.height
    )


def bounding_box(where: Region) -> BoundingBox:
    """A region in the API's shape, unrounded."""
    return BoundingBox(
        width=single(where.width), height=single(where.height), left=single(where.left), top=single(where.top)
    )


def face_detail(face: Face, picture: Picture) -> FaceDetail:
    """A face found in a picture, with what every answer has."""
    return FaceDetail(
        bounding_box=bounding_box(region(face.box, picture)),
        confidence=confidence(face),
        **_seen(face, picture),
    )


def compared_face(face: Face, picture: Picture) -> ComparedFace:
    """A face found in a comparison's target."""
    return ComparedFace(
        bounding_box=bounding_box(region(face.box, picture)),
        confidence=confidence(face),
        **_seen(face, picture),
    )


def confidence(face: Face) -> float:
    """How sure the detector is, 0–100."""
    return single(100 * face.detection.confidence)


def stored_face(face: StoredFace, model_version: str | None) -> FaceShape:
    """A face as a collection's listings and searches show it, its numbers rounded.

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


_LANDMARKS = (("eyeLeft", 0), ("eyeRight", 1), ("mouthLeft", 3), ("mouthRight", 4), ("nose", 2))  # AWS's order


def _seen(face: Face, picture: Picture) -> dict[str, Any]:
    points = face.detection.landmarks
    return {
        "landmarks": [
            Landmark(type=name, x=single(points[row, 0] / picture.width), y=single(points[row, 1] / picture.height))
            for name, row in _LANDMARKS
        ],
        "pose": Pose(roll=single(face.pose.roll), yaw=single(face.pose.yaw), pitch=single(face.pose.pitch)),
        "quality": ImageQuality(brightness=single(face.quality.brightness), sharpness=single(face.quality.sharpness)),
    }
