"""From a request's image to the faces in it: the part of the way that every image operation shares."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID, uuid5

from mien.errors import InvalidParameterError, InvalidS3ObjectError
from mien.face.types import Embedding, Face
from mien.image.decode import read_header
from mien.operations.context import Caller, Context
from mien.operations.filter import reasons
from mien.operations.shapes import Image
from mien.serving.image_cache import ImageFaces

_CONTENT = UUID("8a1d3f52-6f0e-5c0b-9a57-6d69656e0001")  # name space of image ids


@dataclass(frozen=True, slots=True)
class Seen:
    """A picture, its faces that pass the quality filter, and those that do not with their reasons; largest first.

    Attributes:
        data: the image's bytes.
        digest: hex SHA-256 of them; None where nobody wanted it yet.
        picture: its sides, and all its faces.
        faces: those that pass.
        refused: the others.
    """

    data: bytes
    digest: str | None
    picture: ImageFaces
    faces: list[Face]
    refused: list[tuple[Face, list[str]]]

    @property
    def image_id(self) -> UUID:
        """A function of the image's content: the same bytes have the same id everywhere."""
        return image_id(self.digest or _digest(self.data))


def image_id(digest: str) -> UUID:
    """The id of an image, by the hex SHA-256 of its bytes."""
    return uuid5(_CONTENT, digest)


def look(
    context: Context, caller: Caller, image: Image, quality_filter: str = "NONE", *, embedded: bool = True
) -> Seen:
    """Read an image and find the faces in it, or remember them; `embedded` says whether any of them will be embedded.

    Raises:
        InvalidParameterError: not exactly one of Bytes and S3Object, or a side below 80 pixels.
        InvalidS3ObjectError: the object cannot be read, or not by this caller.
        InvalidImageFormatError: not a whole JPEG or PNG.
        ImageTooLargeError: a side above 10,000 pixels.
        ThrottlingError: other requests' pictures leave no room for this one's pixels.
    """
    data, remembering = _bytes(context, caller, image), context.image_cache.on
    digest = _digest(data) if remembering else None
    picture = context.image_cache.find(digest) if digest else None
    fresh = picture is None
    if picture is None:
        picture = _sighting(context, data, embedded=embedded or remembering)  # the next operation may embed them
    context.request.count_faces(len(picture.faces))
    faces, refused = [], []
    for face in picture.faces:
        why = reasons(face, quality_filter)
        if why:
            refused.append((face, why))
        else:
            faces.append(face)
    if fresh and digest and not (embedded and faces):  # what will be embedded is kept then, without its crops
        context.image_cache.keep(digest, picture)
    return Seen(data, digest, picture, faces, refused)


def embed(context: Context, *wanted: tuple[Seen, Sequence[Face]]) -> list[Embedding]:
    """Embed faces of what was seen, or remember it; each float32 (D,), unit length, in the order of the faces."""
    known = {key: embedding for seen, _ in wanted for key, embedding in seen.picture.known.items()}
    unknown = {id(face): face for _, faces in wanted for face in faces if id(face) not in known}
    if unknown:
        with context.request.stage("embed"):
            embeddings = context.pack.pipeline.embed(list(unknown.values()))
        known.update(zip(unknown, embeddings, strict=True))
    for seen, faces in wanted:
        if seen.digest and any(id(face) in unknown for face in faces):
            context.image_cache.keep(seen.digest, seen.picture.with_known(known))
    return [known[id(face)] for _, faces in wanted for face in faces]


def _sighting(context: Context, data: bytes, *, embedded: bool) -> ImageFaces:
    picture = read_header(data)
    with context.request.decoding(picture) as held:
        faces = context.pack.pipeline.find(held, context.request.stage, embedded=embedded)
    return ImageFaces(picture.width, picture.height, tuple(faces), (None,) * len(faces))


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _bytes(context: Context, caller: Caller, image: Image) -> bytes:
    where = image.s3_object
    if (image.bytes is None) == (where is None):
        raise InvalidParameterError
    if image.bytes is not None:
        return image.bytes
    if where is None or where.bucket is None or where.name is None:
        raise InvalidS3ObjectError("Request has invalid S3 object.")
    if not caller.reads(where.bucket):
        raise InvalidS3ObjectError  # as for an object that is not there; AWS does not say which either
    with context.request.stage("fetch"):
        return context.s3.read(where.bucket, where.name, where.version)
