"""What a row of the table is, and the values the rows are made of."""

import base64
import io
from dataclasses import dataclass
from functools import cache
from typing import Any

from PIL import Image

# What stands in the server before the table is run, and must stand there unchanged after it.
HERE = "bad-requests"
USER = "somebody"
USED_TOKEN = "a-token-that-made-somebody"
ACCOUNT = "000000000000"
ARN = f"arn:aws:rekognition:us-east-1:{ACCOUNT}:collection/{HERE}"

NOWHERE = "nowhere"  # no such collection
NOBODY = "nobody"  # no such user
FACE = "0a1b2c3d-4e5f-4a6b-8c7d-0123456789ab"  # no such face

JOB = "1f" * 32  # no such video job
FILM = {"S3Object": {"Bucket": "films", "Name": "one.mp4"}}  # in a bucket that is not allowed

MOST_BYTES = 5_242_880


@dataclass(frozen=True, slots=True)
class Row:
    """A bad request and its answer.

    Attributes:
        name: what is bad about it.
        operation: the operation called.
        body: members put over `VALID[operation]` (None takes one away), or the raw body itself.
        status: the HTTP status.
        code: the error's code.
        text: the error's text; None where AWS sends none.
    """

    name: str
    operation: str
    body: dict[str, Any] | bytes
    status: int
    code: str
    text: str | None


def encoded(form: str, width: int, height: int) -> str:
    """A gray image as base64."""
    file = io.BytesIO()
    Image.new("RGB", (width, height), (120, 120, 120)).save(file, form)
    return base64.b64encode(file.getvalue()).decode()


@cache
def zeros(count: int) -> str:
    """So many bytes as base64."""
    return base64.b64encode(bytes(count)).decode()


IMAGE = {"Bytes": encoded("JPEG", 96, 96)}
VALID: dict[str, dict[str, Any]] = {
    "AssociateFaces": {"CollectionId": HERE, "UserId": USER, "FaceIds": [FACE]},
    "CompareFaces": {"SourceImage": IMAGE, "TargetImage": IMAGE},
    "CreateCollection": {"CollectionId": "never-made"},
    "CreateFaceLivenessSession": {},
    "CreateUser": {"CollectionId": HERE, "UserId": "never-made"},
    "DeleteCollection": {"CollectionId": HERE},
    "DeleteFaces": {"CollectionId": HERE, "FaceIds": [FACE]},
    "DeleteUser": {"CollectionId": HERE, "UserId": USER},
    "DescribeCollection": {"CollectionId": HERE},
    "DetectFaces": {"Image": IMAGE},
    "DisassociateFaces": {"CollectionId": HERE, "UserId": USER, "FaceIds": [FACE]},
    "GetFaceDetection": {"JobId": JOB},
    "GetFaceLivenessSessionResults": {"SessionId": FACE},
    "GetFaceSearch": {"JobId": JOB},
    "IndexFaces": {"CollectionId": HERE, "Image": IMAGE},
    "ListCollections": {},
    "ListFaces": {"CollectionId": HERE},
    "ListTagsForResource": {"ResourceArn": ARN},
    "ListUsers": {"CollectionId": HERE},
    "SearchFaces": {"CollectionId": HERE, "FaceId": FACE},
    "SearchFacesByImage": {"CollectionId": HERE, "Image": IMAGE},
    "SearchUsers": {"CollectionId": HERE, "UserId": USER},
    "SearchUsersByImage": {"CollectionId": HERE, "Image": IMAGE},
    "StartFaceDetection": {"Video": FILM},
    "StartFaceSearch": {"CollectionId": HERE, "Video": FILM},
    "TagResource": {"ResourceArn": ARN, "Tags": {"key": "value"}},
    "UntagResource": {"ResourceArn": ARN, "TagKeys": ["key"]},
}
WITH_COLLECTION = [name for name, valid in VALID.items() if "CollectionId" in valid]
WITH_USER = ["AssociateFaces", "CreateUser", "DeleteUser", "DisassociateFaces"]
WITH_IMAGE = [("DetectFaces", "Image"), ("IndexFaces", "Image"), ("SearchFacesByImage", "Image"),
              ("SearchUsersByImage", "Image"),
              ("CompareFaces", "SourceImage"), ("CompareFaces", "TargetImage")]  # fmt: skip


def invalid(name: str, operation: str, body: dict[str, Any], *broken: str) -> Row:
    """A row for broken constraints, each as "value at path: what must be", in AWS's grammar."""
    count = f"{len(broken)} validation error{'s' if len(broken) > 1 else ''} detected: "
    sentences = []
    for each in broken:
        place, _, must = each.rpartition(" must ")
        value, _, path = place.rpartition(" at ")
        sentences.append(f"Value {value} at '{path}' failed to satisfy constraint: Member must {must}")
    return Row(name, operation, body, 400, "ValidationException", count + "; ".join(sentences))


def mistyped(name: str, operation: str, body: dict[str, Any], text: str) -> Row:
    """A row for a member of the wrong JSON type."""
    return Row(name, operation, body, 400, "SerializationException", text)


def first_lower(name: str) -> str:
    """A member's name as a path has it."""
    return name[0].lower() + name[1:]
