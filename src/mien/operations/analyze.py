"""DetectFaces and CompareFaces, which answer from their images alone and keep nothing."""

from concurrent.futures import wait

import numpy as np

from mien.errors import InvalidParameterError
from mien.operations.attributes import wanted
from mien.operations.constraints import REQUIRED
from mien.operations.context import Caller, Context, Operation, Operations
from mien.operations.image_faces import doubted, embed, find_faces
from mien.operations.present import bounding_box, compared_face, confidence, face_detail, region
from mien.operations.shapes import (
    THRESHOLD,
    Attribute,
    BoundingBox,
    ComparedFace,
    FaceDetail,
    Image,
    Percent,
    QualityFilter,
    Shape,
    single,
)


class DetectFacesRequest(Shape):
    """The request of DetectFaces."""

    image: Image = REQUIRED
    attributes: list[Attribute] | None = None


class DetectFacesResponse(Shape):
    """The response of DetectFaces."""

    face_details: list[FaceDetail]


class CompareFacesRequest(Shape):
    """The request of CompareFaces."""

    source_image: Image = REQUIRED
    target_image: Image = REQUIRED
    similarity_threshold: Percent | None = None
    quality_filter: QualityFilter | None = None


class ComparedSourceImageFace(Shape):
    """The face of the source image."""

    bounding_box: BoundingBox
    confidence: float


class CompareFacesMatch(Shape):
    """A face of the target image that matches the source's."""

    similarity: float
    face: ComparedFace


class CompareFacesResponse(Shape):
    """The response of CompareFaces."""

    source_image_face: ComparedSourceImageFace
    face_matches: list[CompareFacesMatch]
    unmatched_faces: list[ComparedFace]


def detect_faces(context: Context, caller: Caller, request: DetectFacesRequest) -> DetectFacesResponse:
    """Returns up to 100 faces, the largest first; an image without faces is no error."""
    requested = request.attributes or ()
    found = find_faces(context, caller, request.image, embedded=False, attributes=wanted(requested))
    return DetectFacesResponse(face_details=[face_detail(face, found.picture, requested) for face in found.faces])


def compare_faces(context: Context, caller: Caller, request: CompareFacesRequest) -> CompareFacesResponse:
    """Compares the largest face of the source with every face of the target."""
    bar = request.quality_filter or "NONE"
    threshold = THRESHOLD if request.similarity_threshold is None else request.similarity_threshold
    target_task = context.parallel.submit(find_faces, context, caller, request.target_image, bar)
    try:
        source = find_faces(context, caller, request.source_image, bar, living="needed")
    finally:
        wait([target_task])  # an error of the source comes first, but no work is left running
    target = target_task.result()  # an invalid image comes before a missing face
    if not (source.faces and target.faces):
        raise InvalidParameterError
    probe, *others = embed(context, (source, source.faces[:1]), (target, target.faces))
    trusted = [pair for pair in zip(others, target.faces, strict=True) if not doubted(context, pair[0], bar)]
    if doubted(context, probe, bar) or not trusted:
        raise InvalidParameterError
    found = np.stack([embedding for embedding, _ in trusted])
    lengths = np.linalg.norm(found, axis=1) * np.linalg.norm(probe)
    similarities = context.pack.calibration.similarity(found @ probe, lengths)
    matches, unmatched = [], []
    for similarity, (_, face) in zip(similarities, trusted, strict=True):
        shape = compared_face(face, target.picture)
        if similarity >= threshold:
            matches.append(CompareFacesMatch(similarity=single(similarity), face=shape))
        else:
            unmatched.append(shape)
    return CompareFacesResponse(
        source_image_face=ComparedSourceImageFace(
            bounding_box=bounding_box(region(source.faces[0].box, source.picture)),
            confidence=confidence(source.faces[0]),
        ),
        face_matches=sorted(matches, key=lambda match: -match.similarity),
        unmatched_faces=unmatched,
    )


OPERATIONS: Operations = {
    "DetectFaces": Operation(DetectFacesRequest, detect_faces),
    "CompareFaces": Operation(CompareFacesRequest, compare_faces),
}
