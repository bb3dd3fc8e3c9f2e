"""SearchPeopleByImage: everyone in a picture at once, where AWS's searches take its largest face alone."""

import base64
from collections.abc import Sequence
from functools import partial
from typing import Annotated

from mien.face.types import Embedding, Face
from mien.naming import shown
from mien.operations.collection import CollectionRequest
from mien.operations.constraints import REQUIRED, Range
from mien.operations.context import Caller, Context, Operation, Operations
from mien.operations.image_faces import FoundFaces, doubted, embed, find_faces
from mien.operations.matching import nearest
from mien.operations.present import face_detail
from mien.operations.shapes import FaceDetail, Image, Percent, QualityFilter, Shape
from mien.store.base import Collection

CANDIDATES = 10  # people looked at for each face: of those before, all but one may be found on other faces


class SearchPeopleByImageRequest(CollectionRequest):
    """The request of SearchPeopleByImage."""

    image: Image = REQUIRED
    person_match_threshold: Percent | None = None
    quality_filter: QualityFilter | None = None
    max_people: Annotated[int, Range(1, CANDIDATES)] | None = None
    embeddings: bool | None = None


class PersonMatch(Shape):
    """A person that a face may show."""

    similarity: float
    user_id: str
    display_name: str


class FaceInImage(Shape):
    """A face of the image: who it may show, the likeliest first, or the reasons why it was not searched for.

    `embedding` is float32 in little-endian order, in base64.
    """

    face_detail: FaceDetail
    people: list[PersonMatch]
    reasons: list[str]
    embedding: str | None = None


class SearchPeopleByImageResponse(Shape):
    """The response of SearchPeopleByImage."""

    faces: list[FaceInImage]
    face_model_version: str


def search_people_by_image(
    context: Context, caller: Caller, request: SearchPeopleByImageRequest
) -> SearchPeopleByImageResponse:
    """Finds the people of a collection in an image; no person is found on two of its faces."""
    collection = context.comparable(caller, request.collection_id)
    quality_filter = request.quality_filter or "NONE"
    found = find_faces(context, caller, request.image, quality_filter, living="filtered")
    embeddings = embed(context, (found, found.faces))
    refused, faces, probes = list(found.refused), [], []
    for face, embedding in zip(found.faces, embeddings, strict=True):
        if why := doubted(context, embedding, quality_filter):
            refused.append((face, why))
        else:
            faces.append(face)
            probes.append(embedding)
    search = partial(_people, context, probes, request.person_match_threshold)
    people = one_face_each(context.in_one_history(caller, collection, search))
    searched = [
        FaceInImage(
            face_detail=face_detail(face, found.picture),
            people=matches[: request.max_people or 1],
            reasons=[],
            embedding=_encoded(probe) if request.embeddings else None,
        )
        for face, probe, matches in zip(faces, probes, people, strict=True)
    ]
    return SearchPeopleByImageResponse(
        faces=searched + _refused(found, refused), face_model_version=collection.model_version
    )


def one_face_each(candidates: Sequence[Sequence[PersonMatch]]) -> list[list[PersonMatch]]:
    """Returns for each face its candidates without those that are another face's.

    The most similar pair of face and person is taken first, so a person goes to the face that is most like it.

    Args:
        candidates: for each face, the most similar first.
    """
    pairs = sorted(
        ((match.similarity, face, match.user_id) for face, matches in enumerate(candidates) for match in matches),
        key=lambda pair: -pair[0],
    )
    named: dict[str, int] = {}
    done: set[int] = set()
    for _, face, user in pairs:
        if user not in named and face not in done:
            named[user] = face
            done.add(face)
    return [
        [match for match in matches if named.get(match.user_id, face) == face]
        for face, matches in enumerate(candidates)
    ]


def _people(
    context: Context, probes: Sequence[Embedding], threshold: float | None, collection: Collection
) -> list[list[PersonMatch]]:
    """Returns for each probe the nearest people at or above the threshold, the most similar first."""
    if not probes:
        return []
    with context.request.stage("search"):
        gallery = context.galleries.users(collection)
        near = [nearest(context, gallery, probe, CANDIDATES, threshold) for probe in probes]
    keys = list(dict.fromkeys(key for each in near for key, _ in each))
    with context.request.stage("store"):
        users = context.store.users.by_vectors(collection.key, keys, gallery.seen)
    return [
        [
            PersonMatch(
                similarity=similarity,
                user_id=users[key].name,
                display_name=users[key].display_name or shown(users[key].name),
            )
            for key, similarity in each
            if key in users
        ]
        for each in near
    ]


def _refused(found: FoundFaces, refused: Sequence[tuple[Face, list[str]]]) -> list[FaceInImage]:
    return [FaceInImage(face_detail=face_detail(face, found.picture), people=[], reasons=why) for face, why in refused]


def _encoded(embedding: Embedding) -> str:
    return base64.b64encode(embedding.astype("<f4").tobytes()).decode()


OPERATIONS: Operations = {
    "SearchPeopleByImage": Operation(SearchPeopleByImageRequest, search_people_by_image),
}
