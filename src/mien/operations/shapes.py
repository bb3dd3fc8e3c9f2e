"""Defines the shapes that operations share, in AWS's spelling.

Names are Pascal-cased on the wire. A member that is None is left out of a response. Numbers of type float are
float32 widened to double, as AWS sends them (`single`).
"""

from typing import Annotated, Any

import msgspec
import numpy as np

from mien import naming
from mien.operations.constraints import Enum, Length, Pattern, Range

MOST_IMAGE_BYTES = 5 * 2**20  # of an image in a request; reference 2.4
UUID_PATTERN = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"

CollectionId = Annotated[str, Length(1, 255), Pattern(r"[a-zA-Z0-9_.\-]+")]
UserId = Annotated[str, Length(1, 128), Pattern(r"[a-zA-Z0-9_.\-:]+")]
DisplayName = Annotated[str, Length(1, naming.MOST_NAME)]  # an operation passes it through `naming.normal`
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
ImageBlob = Annotated[bytes, Length(1, MOST_IMAGE_BYTES)]
PhotographBlob = Annotated[bytes, Length(1, 11 * 2**20)]  # as many as fit into a body
QualityFilter = Annotated[str, Enum(("NONE", "AUTO", "LOW", "MEDIUM", "HIGH"))]
Attribute = Annotated[
    str,
    Enum((
        "DEFAULT", "ALL", "AGE_RANGE", "BEARD", "EMOTIONS", "EYE_DIRECTION", "EYEGLASSES", "EYES_OPEN", "GENDER",
        "MOUTH_OPEN", "MUSTACHE", "FACE_OCCLUDED", "SMILE", "SUNGLASSES",
    )),
]  # fmt: skip

SEARCH_LIMIT = 4096  # matches of a search without MaxFaces
THRESHOLD = 80.0  # similarity of a search or comparison without a threshold


class Shape(msgspec.Struct, rename="pascal", omit_defaults=True):
    """A structure of the service model."""


class EmptyResponse(Shape):
    """A response without members."""


class S3Object(Shape):
    """An object in a bucket."""

    bucket: Annotated[str, Length(3, 255), Pattern(r"[0-9A-Za-z\.\-_]*")] | None = None
    name: Annotated[str, Length(1, 1024)] | None = None
    version: Annotated[str, Length(1, 1024)] | None = None


class Image(Shape):
    """An image: its bytes, or the S3 object that holds them."""

    bytes: ImageBlob | None = None
    s3_object: S3Object | None = None


class Photograph(Shape):
    """A photograph of any format, of mien's own operations."""

    bytes: PhotographBlob | None = None


class BoundingBox(Shape):
    """A box as ratios of the upright image's sides; it may reach beyond the image."""

    width: float
    height: float
    left: float
    top: float


class Landmark(Shape):
    """A point as ratios of the upright image's sides."""

    type: str
    x: float
    y: float


class Pose(Shape):
    """The pose of a head, in degrees."""

    roll: float
    yaw: float
    pitch: float


class ImageQuality(Shape):
    """Brightness and sharpness, 0–100."""

    brightness: float
    sharpness: float


class AgeRange(Shape):
    """An age between two numbers of years."""

    low: int
    high: int


class Flag(Shape):
    """A yes or no and its confidence (`Smile`, `Beard` and the like in the service model)."""

    value: bool
    confidence: float


class GenderShape(Shape):
    """Male or Female (`Gender` in the service model)."""

    value: str
    confidence: float


class Emotion(Shape):
    """An emotion and its confidence."""

    type: str
    confidence: float


class EyeDirection(Shape):
    """The direction of the gaze, in degrees."""

    yaw: float
    pitch: float
    confidence: float


class FaceDetail(Shape):
    """A face in an image; the members from `age_range` on are there when they are requested."""

    bounding_box: BoundingBox
    confidence: float
    landmarks: list[Landmark]
    pose: Pose
    quality: ImageQuality
    age_range: AgeRange | None = None
    beard: Flag | None = None
    emotions: list[Emotion] | None = None
    eye_direction: EyeDirection | None = None
    eyeglasses: Flag | None = None
    eyes_open: Flag | None = None
    face_occluded: Flag | None = None
    gender: GenderShape | None = None
    mouth_open: Flag | None = None
    mustache: Flag | None = None
    smile: Flag | None = None
    sunglasses: Flag | None = None


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
    """Rounds to float32 and widens again, which gives AWS's numbers their many digits."""
    return float(np.float32(value))


def rounded(value: float) -> float:
    """Rounds to six significant digits, as AWS does with stored numbers, then to float32."""
    return single(f"{value:.6g}")
