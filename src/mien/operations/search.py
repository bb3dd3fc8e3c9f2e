"""SearchFaces and SearchFacesByImage: who in a collection is this?"""

from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from mien.errors import FaceNotFoundError, NoFaceError
from mien.operations.collection import CollectionRequest
from mien.operations.constraints import REQUIRED
from mien.operations.context import Caller, Context, Operation, Operations
from mien.operations.look import look
from mien.operations.shapes import (
    SEARCH_LIMIT,
    THRESHOLD,
    BoundingBox,
    FaceId,
    FaceMatch,
    Image,
    MaxFaces,
    Percent,
    QualityFilter,
    Shape,
    bounding_box,
    confidence,
    region,
    single,
    stored_face,
)
from mien.store.base import Collection


class SearchFacesRequest(CollectionRequest):
    """What SearchFaces is asked."""

    face_id: FaceId = REQUIRED
    max_faces: MaxFaces | None = None
    face_match_threshold: Percent | None = None


class SearchFacesResponse(Shape):
    """What SearchFaces answers."""

    searched_face_id: str
    face_matches: list[FaceMatch]
    face_model_version: str


class SearchFacesByImageRequest(CollectionRequest):
    """What SearchFacesByImage is asked."""

    image: Image = REQUIRED
    max_faces: MaxFaces | None = None
    face_match_threshold: Percent | None = None
    quality_filter: QualityFilter | None = None


class SearchFacesByImageResponse(Shape):
    """What SearchFacesByImage answers."""

    searched_face_bounding_box: BoundingBox
    searched_face_confidence: float
    face_matches: list[FaceMatch]
    face_model_version: str


def search_faces(context: Context, caller: Caller, request: SearchFacesRequest) -> SearchFacesResponse:
    """Find the faces of a collection that are like one of its own; that one is left out."""
    collection = context.comparable(caller, request.collection_id)
    found = context.store.faces.find(collection.key, [UUID(request.face_id)])
    probe = context.store.faces.embedding(found[0].key) if found else None
    if probe is None:
        raise FaceNotFoundError
    return SearchFacesResponse(
        searched_face_id=request.face_id,
        face_matches=_matches(context, collection, probe, request, leave_out=found[0].key),
        face_model_version=collection.model_version,
    )


def search_faces_by_image(
    context: Context, caller: Caller, request: SearchFacesByImageRequest
) -> SearchFacesByImageResponse:
    """Find the faces of a collection that are like the largest face of an image."""
    collection = context.comparable(caller, request.collection_id)
    seen = look(context, request.image, request.quality_filter or "NONE")
    if not seen.faces:
        raise NoFaceError
    (probe,) = context.pack.pipeline.embed(seen.faces[:1])
    return SearchFacesByImageResponse(
        searched_face_bounding_box=bounding_box(region(seen.faces[0].box, seen.picture)),
        searched_face_confidence=confidence(seen.faces[0]),
        face_matches=_matches(context, collection, probe, request),
        face_model_version=collection.model_version,
    )


def _matches(
    context: Context,
    collection: Collection,
    probe: NDArray[np.float32],
    request: SearchFacesRequest | SearchFacesByImageRequest,
    leave_out: int | None = None,
) -> list[FaceMatch]:
    """The nearest faces at or above the threshold, the most similar first."""
    threshold = THRESHOLD if request.face_match_threshold is None else request.face_match_threshold
    limit = request.max_faces or SEARCH_LIMIT
    gallery = context.galleries.current(collection)
    hits = gallery.search(probe, limit + 1, context.pack.calibration.cosine(threshold))
    wanted = [(int(key), cosine) for key, cosine in zip(hits.keys, hits.cosines, strict=True) if key != leave_out]
    faces = context.store.faces.by_keys(collection.key, [key for key, _ in wanted[:limit]])
    return [
        FaceMatch(
            similarity=single(context.pack.calibration.similarity(cosine)),
            face=stored_face(faces[key], collection.model_version),
        )
        for key, cosine in wanted[:limit]
        if key in faces
    ]


OPERATIONS: Operations = {
    "SearchFaces": Operation(SearchFacesRequest, search_faces),
    "SearchFacesByImage": Operation(SearchFacesByImageRequest, search_faces_by_image),
}
