"""IndexFaces, ListFaces and DeleteFaces, which add, list and remove the faces of a collection."""

from contextlib import nullcontext
from typing import Annotated
from uuid import UUID

from mien.errors import ResourceNotFoundError, ServiceQuotaExceededError
from mien.face import certainty
from mien.face.attributes.measures import MESH
from mien.face.types import Embedding, Face
from mien.operations import attributes
from mien.operations.collection import CollectionRequest
from mien.operations.constraints import REQUIRED, Range
from mien.operations.context import Caller, Context, Operation, Operations
from mien.operations.image_faces import FoundFaces, doubted, embed, find_faces
from mien.operations.paging import Page
from mien.operations.portrait_choice import openable, packed
from mien.operations.present import face_detail, region, stored_face
from mien.operations.quality_filter import goodness
from mien.operations.shapes import (
    Attribute,
    ExternalImageId,
    FaceDetail,
    FaceIdList,
    FaceShape,
    Image,
    PageSize,
    PaginationToken,
    QualityFilter,
    Shape,
    UserId,
)
from mien.operations.user_changes import missing
from mien.store.base import CollectionFullError, CollectionGoneError, NewFace, Origin, StoredFace


class IndexFacesRequest(CollectionRequest):
    """The request of IndexFaces."""

    image: Image = REQUIRED

    external_image_id: ExternalImageId | None = None
    detection_attributes: list[Attribute] | None = None
    max_faces: Annotated[int, Range(1)] | None = None
    quality_filter: QualityFilter | None = None


class FaceRecord(Shape):
    """A face that was added to the collection."""

    face: FaceShape
    face_detail: FaceDetail


class UnindexedFace(Shape):
    """A face that was found and not indexed."""

    reasons: list[str]
    face_detail: FaceDetail


class IndexFacesResponse(Shape):
    """The response of IndexFaces."""

    face_records: list[FaceRecord]
    face_model_version: str
    unindexed_faces: list[UnindexedFace]


class ListFacesRequest(CollectionRequest):
    """The request of ListFaces."""

    next_token: PaginationToken | None = None
    max_results: PageSize | None = None
    user_id: UserId | None = None
    face_ids: FaceIdList | None = None


class ListFacesResponse(Shape):
    """The response of ListFaces."""

    faces: list[FaceShape]
    face_model_version: str
    next_token: str | None = None


class DeleteFacesRequest(CollectionRequest):
    """The request of DeleteFaces."""

    face_ids: FaceIdList = REQUIRED


class UnsuccessfulFaceDeletion(Shape):
    """A face that was not deleted."""

    face_id: str
    reasons: list[str]
    user_id: str | None = None


class DeleteFacesResponse(Shape):
    """The response of DeleteFaces."""

    deleted_faces: list[str]
    unsuccessful_face_deletions: list[UnsuccessfulFaceDeletion]


def index_faces(context: Context, caller: Caller, request: IndexFacesRequest) -> IndexFacesResponse:
    """Adds the faces of an image to a collection; an image without faces is no error."""
    collection = context.comparable(caller, request.collection_id)
    requested = request.detection_attributes or ()
    names = {*attributes.wanted(requested), MESH}
    found = find_faces(
        context, caller, request.image, request.quality_filter or "AUTO",
        attributes=names, portraits=collection.portraits, living="filtered",
    )  # fmt: skip
    wanted, left_out = _embedded(context, found, request.max_faces)
    stored = _store(context, collection.key, request, found, wanted) if wanted else []
    refused = found.refused + left_out
    details = [face_detail(face, found.picture, requested, posed=True) for face, _ in wanted]
    return IndexFacesResponse(
        face_records=[_record(*each) for each in zip(stored, details, strict=True)],
        face_model_version=collection.model_version,
        unindexed_faces=[
            UnindexedFace(reasons=why, face_detail=face_detail(face, found.picture, requested, posed=True))
            for face, why in refused
        ],
    )


def list_faces(context: Context, caller: Caller, request: ListFacesRequest) -> ListFacesResponse:
    """Lists the faces of a collection in the order of their ids."""
    collection = context.collection(caller, request.collection_id)
    narrowed = (request.user_id or "", ",".join(request.face_ids or []))
    page = Page(
        context.store.seals, request.next_token, request.max_results, 4096, "ListFaces", str(collection.key), *narrowed,
        within=context.listed(collection),
    )  # fmt: skip
    after = UUID(page.after) if page.after else None
    user = context.store.users.find(collection.key, request.user_id) if request.user_id else None
    if request.user_id and user is None:
        raise missing(request.user_id)
    if request.face_ids is None:
        found = context.store.faces.page(collection.key, after, page.limit + 1, user.key if user else None)
    else:
        named = context.store.faces.find(collection.key, [UUID(each) for each in request.face_ids])
        owned = [face for face in named if request.user_id in (None, face.user)]
        found = [face for face in owned if after is None or face.face_id.bytes > after.bytes]
    shown, token = page.cut(found, lambda face: str(face.face_id))
    version = collection.model_version
    return ListFacesResponse(
        faces=[stored_face(face, version) for face in shown], next_token=token, face_model_version=version
    )


def delete_faces(context: Context, caller: Caller, request: DeleteFacesRequest) -> DeleteFacesResponse:
    """Deletes faces, except those of a user; the answer accounts for each."""
    collection = context.collection(caller, request.collection_id)
    wanted = list(dict.fromkeys(request.face_ids))
    try:
        with context.request.writing(collection.key):
            deleted, kept = context.store.faces.delete(collection.key, [UUID(each) for each in wanted])
    except CollectionGoneError:
        raise ResourceNotFoundError.collection(collection.name) from None
    gone = {str(face_id) for face_id in deleted}
    owners = {str(face.face_id): face.user for face in kept}
    unsuccessful = [
        UnsuccessfulFaceDeletion(face_id=each, user_id=owners[each], reasons=["ASSOCIATED_TO_AN_EXISTING_USER"])
        if each in owners
        else UnsuccessfulFaceDeletion(face_id=each, reasons=["FACE_NOT_FOUND"])
        for each in wanted
        if each not in gone
    ]
    return DeleteFacesResponse(
        deleted_faces=[each for each in wanted if each in gone], unsuccessful_face_deletions=unsuccessful
    )


def _best(faces: list[Face], most: int | None) -> tuple[list[Face], list[Face]]:
    """Returns the best faces, up to `most`, and the surplus; among equals the larger face is kept."""
    if most is None or len(faces) <= most:
        return faces, []
    ranked = sorted(faces, key=lambda face: (-round(goodness(face), 1), -face.box.area))
    chosen = {id(face) for face in ranked[:most]}
    return [face for face in faces if id(face) in chosen], [face for face in faces if id(face) not in chosen]


def _embedded(
    context: Context, found: FoundFaces, most: int | None
) -> tuple[list[tuple[Face, Embedding]], list[tuple[Face, list[str]]]]:
    """Returns the best faces, up to `most`, with their embeddings, and the others with the reasons.

    Where an embedding is not trusted, the next best face takes its place.
    """
    kept: dict[int, Embedding] = {}
    refused: list[tuple[Face, list[str]]] = []
    left = found.faces
    while left and (most is None or len(kept) < most):
        best, left = _best(left, None if most is None else most - len(kept))
        for face, embedding in zip(best, embed(context, (found, best)), strict=True):
            why = doubted(context, embedding, found.quality_filter)
            if why:
                refused.append((face, why))
            else:
                kept[id(face)] = embedding
    chosen = [(face, kept[id(face)]) for face in found.faces if id(face) in kept]
    return chosen, refused + [(face, ["EXCEEDS_MAX_FACES"]) for face in left]


def _store(
    context: Context,
    collection: int,
    request: IndexFacesRequest,
    found: FoundFaces,
    faces: list[tuple[Face, Embedding]],
) -> list[StoredFace]:
    with context.request.stage("portraits") if faces[0][0].portrait else nullcontext():
        portraits = [packed(face.portrait) if face.portrait else None for face, _ in faces]
    new = [
        NewFace(region(face.box, found.picture), 100 * certainty.confidence(face), embedding, portrait)
        for (face, embedding), portrait in zip(faces, portraits, strict=True)
    ]
    try:
        with openable(), context.request.writing(collection):
            return context.store.faces.add(collection, Origin(found.image_id, request.external_image_id), new)
    except CollectionGoneError:
        raise ResourceNotFoundError.collection(request.collection_id) from None
    except CollectionFullError:
        raise ServiceQuotaExceededError("The collection holds as many faces as it may.") from None


def _record(stored: StoredFace, detail: FaceDetail) -> FaceRecord:
    """Returns a face as IndexFaces shows it: unrounded, without model version and user."""
    shape = FaceShape(
        face_id=str(stored.face_id),
        bounding_box=detail.bounding_box,
        image_id=str(stored.image_id),
        external_image_id=stored.external_image_id,
        confidence=detail.confidence,
    )
    return FaceRecord(face=shape, face_detail=detail)


OPERATIONS: Operations = {
    "IndexFaces": Operation(IndexFacesRequest, index_faces),
    "ListFaces": Operation(ListFacesRequest, list_faces, reads=True),
    "DeleteFaces": Operation(DeleteFacesRequest, delete_faces),
}
