"""StartFaceSearch and GetFaceSearch, which say who of a collection is in a stored film, and when."""

from typing import Annotated

from mien.operations.constraints import REQUIRED, Enum
from mien.operations.context import Caller, Context, Operation, Operations
from mien.operations.present import face_detail, stored_face
from mien.operations.shapes import CollectionId, FaceDetail, FaceMatch, Percent, Shape, single
from mien.operations.video.seen_faces import Listing, page_of
from mien.operations.video.starting import find, start
from mien.operations.video.video_shapes import GetRequest, JobResponse, StartRequest, StartResponse
from mien.serving.image_cache import ImageFaces
from mien.store.tables.job_records import SUCCEEDED, Matches, VideoJob

START = "StartFaceSearch"


class StartFaceSearchRequest(StartRequest):
    """The request of StartFaceSearch."""

    collection_id: CollectionId = REQUIRED
    face_match_threshold: Percent | None = None


class GetFaceSearchRequest(GetRequest):
    """The request of GetFaceSearch."""

    sort_by: Annotated[str, Enum(("INDEX", "TIMESTAMP"))] | None = None


class PersonDetail(Shape):
    """A person at one moment of a film; the index is the same throughout the film."""

    index: int
    face: FaceDetail


class PersonMatch(Shape):
    """A person at one moment, in milliseconds from the film's start, and the faces that match the person, if any."""

    timestamp: int
    person: PersonDetail
    face_matches: list[FaceMatch] | None = None


class GetFaceSearchResponse(JobResponse):
    """The response of GetFaceSearch; the persons come once the job has succeeded."""

    persons: list[PersonMatch] | None = None
    next_token: str | None = None


def start_face_search(context: Context, caller: Caller, request: StartFaceSearchRequest) -> StartResponse:
    """Starts a job that finds the persons of a film, and each of them in a collection."""
    collection = context.comparable(caller, request.collection_id)
    return start(context, caller, START, request, collection=collection, threshold=request.face_match_threshold)


def get_face_search(context: Context, caller: Caller, request: GetFaceSearchRequest) -> GetFaceSearchResponse:
    """Returns how far a job is and, once it has succeeded, the persons at each moment with their matches."""
    job = find(context, caller, START, request.job_id)
    answer = GetFaceSearchResponse.of(job)
    if job.status != SUCCEEDED or job.metadata is None:
        return answer
    persons = context.store.video_jobs.persons(job)
    listing = Listing("GetFaceSearch", persons.became, by_track=request.sort_by == "INDEX")
    shown, answer.next_token = page_of(context, caller, job, request, listing)
    matches = _matches(context, caller, job, {each.track: persons.matches.get(each.track, []) for each in shown})
    frame = ImageFaces(job.metadata.width, job.metadata.height, (), ())
    answer.persons = [
        PersonMatch(
            timestamp=each.at_ms,
            person=PersonDetail(index=each.track, face=face_detail(each.face, frame)),
            face_matches=matches.get(each.track),
        )
        for each in shown
    ]
    return answer


def _matches(context: Context, caller: Caller, job: VideoJob, found: Matches) -> dict[int, list[FaceMatch]]:
    """Returns the matches of tracks in the API's shape, without tracks that have none.

    They are stored as keys of faces, so that a face that was deleted since is no match any more.
    """
    collection = context.collection(caller, job.collection_name or "")
    keys = {key for near in found.values() for key, _ in near}
    faces = context.store.faces.by_keys(collection.key, sorted(keys))
    version = collection.model_version
    shapes = {
        track: [
            FaceMatch(similarity=single(similarity), face=stored_face(faces[key], version))
            for key, similarity in near
            if key in faces
        ]
        for track, near in found.items()
    }
    return {track: near for track, near in shapes.items() if near}


OPERATIONS: Operations = {
    START: Operation(StartFaceSearchRequest, start_face_search),
    "GetFaceSearch": Operation(GetFaceSearchRequest, get_face_search, reads=True),
}
