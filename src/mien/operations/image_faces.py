"""Finds and embeds the faces of a request's image, from the image cache where it can, for every image operation."""

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from uuid import UUID, uuid5

from mien.errors import InvalidParameterError, InvalidS3ObjectError
from mien.face.attributes.measures import MESH, lacks
from mien.face.types import Embedding, Face
from mien.image.decode import read_header
from mien.operations.context import Caller, Context
from mien.operations.liveness.living_bar import Demand, Refused, held_to
from mien.operations.quality_filter import doubts, reasons
from mien.operations.shapes import Image
from mien.serving.image_cache import ImageFaces

_CONTENT = UUID("8a1d3f52-6f0e-5c0b-9a57-6d69656e0001")  # namespace of image ids


@dataclass(frozen=True, slots=True)
class FoundFaces:
    """The faces of an image that pass the quality filter, and those that do not; the largest first.

    Attributes:
        data: the image's bytes.
        digest: hex SHA-256 of `data`; None if the image cache is off.
        picture: the image's size, and all its faces.
        faces: the faces that pass.
        refused: the others, with the reasons.
        quality_filter: NONE, AUTO, LOW, MEDIUM or HIGH.
    """

    data: bytes
    digest: str | None
    picture: ImageFaces
    faces: list[Face]
    refused: list[tuple[Face, list[str]]]
    quality_filter: str

    @property
    def image_id(self) -> UUID:
        """The image's id, which depends on its bytes alone."""
        return image_id(self.digest or _digest(self.data))


def image_id(digest: str) -> UUID:
    """Returns the id of an image from the hex SHA-256 of its bytes."""
    return uuid5(_CONTENT, digest)


def find_faces(
    context: Context,
    caller: Caller,
    image: Image,
    quality_filter: str = "NONE",
    *,
    embedded: bool = True,
    attributes: Collection[str] = (),
    portraits: bool = False,
    living: Demand = "none",
) -> FoundFaces:
    """Reads an image and finds its faces, or takes them from the image cache.

    Args:
        context: the context of the operation.
        caller: the caller, whose key may limit the buckets.
        image: the request's image.
        quality_filter: NONE, AUTO, LOW, MEDIUM or HIGH; all but NONE judge the pose of the mesh, if there is one.
        embedded: whether any of the faces will be embedded.
        attributes: names of attributes to measure, and MESH (`face.attributes.measures`).
        portraits: whether portraits of the faces may be kept.
        living: what becomes of faces below the server's bar for living faces, if it has one.

    Raises:
        InvalidParameterError: not exactly one of Bytes and S3Object, a side below 80 pixels, or no living face.
        InvalidS3ObjectError: the object cannot be read, or not by this caller.
        InvalidImageFormatError: not a whole image in a format that is taken.
        ImageTooLargeError: a side above the limit, by default 10,000 pixels.
        ThrottlingError: other requests held the decoded pixels for too long.
    """
    data, caching = _bytes(context, caller, image), context.image_cache.on
    digest = _digest(data) if caching else None
    kept = context.image_cache.find(digest) if digest else None
    names = {*attributes, *((MESH,) if quality_filter != "NONE" else ())}
    wanted = context.analyst.measurable(names) if names else frozenset()
    if kept is None:
        embedded_later = embedded or caching  # the next operation may embed them
        picture = _analyze(context, data, wanted, embedded=embedded_later, portraits=portraits)
    else:
        picture = _completed(context, data, kept, wanted, portraits=portraits)
    context.request.count_faces(len(picture.faces))
    faces, refused = _filtered(picture, quality_filter, meshed=MESH in wanted)
    later = kept is None and embedded and faces  # then `embed` keeps them, without crops
    if digest and picture is not kept and not later:
        context.image_cache.keep(digest, picture)
    faces, below = held_to(context, living, data, faces)
    return FoundFaces(data, digest, picture, faces, refused + below, quality_filter)


def _filtered(picture: ImageFaces, quality_filter: str, *, meshed: bool) -> tuple[list[Face], list[Refused]]:
    """Returns the faces that pass the quality filter, and the others with the reasons."""
    faces, refused = [], []
    for face in picture.faces:
        why = reasons(face, quality_filter, face.posed if meshed else face.pose)
        if why:
            refused.append((face, why))
        else:
            faces.append(face)
    return faces, refused


def embed(context: Context, *wanted: tuple[FoundFaces, Sequence[Face]]) -> list[Embedding]:
    """Embeds faces of images, unless the image cache knows their embeddings.

    Returns:
        For each face float32 (D,), of length 1 or less, in the order of the faces.
    """
    known = {key: embedding for found, _ in wanted for key, embedding in found.picture.known.items()}
    unknown = {id(face): face for _, faces in wanted for face in faces if id(face) not in known}
    if unknown:
        with context.request.stage("embed"):
            embeddings = context.pack.pipeline.embed(list(unknown.values()))
        known.update(zip(unknown, embeddings, strict=True))
    for found, faces in wanted:
        if found.digest and any(id(face) in unknown for face in faces):
            context.image_cache.keep(found.digest, found.picture.with_known(known))
    return [known[id(face)] for _, faces in wanted for face in faces]


def embed_largest(context: Context, found: FoundFaces) -> tuple[Embedding | None, list[str]]:
    """Embeds the largest face; None where there is none, or the quality filter refuses it for the returned reasons."""
    if not found.faces:
        return None, []
    (embedding,) = embed(context, (found, found.faces[:1]))
    why = doubted(context, embedding, found.quality_filter)
    return (None if why else embedding), why


def doubted(context: Context, embedding: Embedding, quality_filter: str) -> list[str]:
    """Returns the reasons why a quality filter refuses an embedded face; none if it passes."""
    if quality_filter == "NONE":
        return []
    return doubts(float(context.pack.pipeline.ensemble.trusted(embedding[None])[0]), quality_filter)


def _analyze(context: Context, data: bytes, wanted: frozenset[str], *, embedded: bool, portraits: bool) -> ImageFaces:
    picture = read_header(data, context.accepted)
    with context.request.decoding(picture) as held:
        faces = context.pack.pipeline.find(
            held, context.request.stage, embedded=embedded, closeups=bool(wanted), portraits=portraits
        )
    faces = _measured(context, faces, wanted)
    return ImageFaces(picture.width, picture.height, tuple(faces), (None,) * len(faces))


def _completed(
    context: Context, data: bytes, kept: ImageFaces, wanted: frozenset[str], *, portraits: bool
) -> ImageFaces:
    """Returns a picture from the cache with attributes that were not asked for before, and portraits, if wanted."""
    closeups = any(lacks(face, wanted) for face in kept.faces)
    if not (closeups or (portraits and kept.faces)):
        return kept
    with context.request.decoding(read_header(data, context.accepted)) as held:
        faces = context.pack.pipeline.cut_again(
            held, kept.faces, context.request.stage, closeups=closeups, portraits=portraits
        )
    return replace(kept, faces=tuple(_measured(context, faces, wanted if closeups else frozenset())))


def _measured(context: Context, faces: list[Face], wanted: frozenset[str]) -> list[Face]:
    if not (faces and wanted):
        return faces
    with context.request.stage("attributes"):
        return context.analyst.measured(faces, wanted)


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
        raise InvalidS3ObjectError  # as for a missing object: like AWS, the answer does not tell which exist
    with context.request.stage("fetch"):
        return context.s3.read(where.bucket, where.name, where.version)
