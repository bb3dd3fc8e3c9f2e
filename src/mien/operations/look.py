"""From a request's image to the faces in it: the part of the way that every image operation shares."""

from dataclasses import dataclass
from uuid import UUID, uuid5

from mien.errors import InvalidParameterError, InvalidS3ObjectError
from mien.face.types import Face
from mien.image.decode import EncodedPicture, read_header
from mien.operations.context import Context
from mien.operations.filter import reasons
from mien.operations.shapes import Image

_CONTENT = UUID("8a1d3f52-6f0e-5c0b-9a57-6d69656e0001")  # name space of image ids


@dataclass(frozen=True, slots=True)
class Seen:
    """A picture, its faces that pass the quality filter, and those that do not with their reasons; largest first."""

    picture: EncodedPicture
    faces: list[Face]
    refused: list[tuple[Face, list[str]]]

    @property
    def image_id(self) -> UUID:
        """A function of the image's content: the same bytes have the same id everywhere."""
        return image_id(self.picture.digest)


def image_id(digest: str) -> UUID:
    """The id of an image, by the hex SHA-256 of its bytes."""
    return uuid5(_CONTENT, digest)


def look(context: Context, image: Image, quality_filter: str = "NONE", *, embedded: bool = True) -> Seen:
    """Read an image and find the faces in it; `embedded` says whether any of them will be embedded.

    Raises:
        InvalidParameterError: not exactly one of Bytes and S3Object, or a side below 80 pixels.
        InvalidS3ObjectError: the object cannot be read.
        InvalidImageFormatError: not a whole JPEG or PNG.
        ImageTooLargeError: a side above 10,000 pixels.
        ThrottlingError: other requests' pictures leave no room for this one's pixels.
    """
    picture = read_header(_bytes(context, image))
    with context.job.room(picture) as held:
        found = context.pack.pipeline.find(held, context.job.stage, embedded=embedded)
    context.job.found(len(found))
    faces, refused = [], []
    for face in found:
        why = reasons(face, quality_filter)
        if why:
            refused.append((face, why))
        else:
            faces.append(face)
    return Seen(picture, faces, refused)


def _bytes(context: Context, image: Image) -> bytes:
    where = image.s3_object
    if (image.bytes is None) == (where is None):
        raise InvalidParameterError
    if image.bytes is not None:
        return image.bytes
    if where is None or where.bucket is None or where.name is None:
        raise InvalidS3ObjectError("Request has invalid S3 object.")
    with context.job.stage("fetch"):
        return context.s3.read(where.bucket, where.name, where.version)
