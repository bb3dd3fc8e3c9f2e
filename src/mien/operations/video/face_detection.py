"""StartFaceDetection and GetFaceDetection, which find every face of a stored film."""

from typing import Annotated

import msgspec

from mien.operations.constraints import Enum
from mien.operations.context import Caller, Context, Operation, Operations
from mien.operations.present import face_detail
from mien.operations.shapes import FaceDetail, Shape
from mien.operations.video.seen_faces import Listing, page_of
from mien.operations.video.starting import find, start
from mien.operations.video.video_shapes import GetRequest, JobResponse, StartRequest, StartResponse
from mien.serving.image_cache import ImageFaces
from mien.store.tables.job_records import SUCCEEDED

START = "StartFaceDetection"


class StartFaceDetectionRequest(StartRequest):
    """The request of StartFaceDetection."""

    face_attributes: Annotated[str, Enum(("DEFAULT", "ALL"))] | None = None


class FaceDetection(Shape):
    """A face of a film, and when it was seen, in milliseconds from the film's start."""

    timestamp: int
    face: FaceDetail


class GetFaceDetectionResponse(JobResponse):
    """The response of GetFaceDetection; the faces come once the job has succeeded."""

    faces: list[FaceDetection] | None = None
    next_token: str | None = None


def start_face_detection(context: Context, caller: Caller, request: StartFaceDetectionRequest) -> StartResponse:
    """Starts a job that finds the faces of a film."""
    return start(context, caller, START, request, every_attribute=request.face_attributes == "ALL")


def get_face_detection(context: Context, caller: Caller, request: GetRequest) -> GetFaceDetectionResponse:
    """Returns how far a job is and, once it has succeeded, the faces in the order of their times."""
    job = find(context, caller, START, request.job_id)
    answer = GetFaceDetectionResponse.of(job)
    if job.status != SUCCEEDED or job.metadata is None:
        return answer
    shown, answer.next_token = page_of(context, caller, job, request, Listing("GetFaceDetection"))
    frame = ImageFaces(job.metadata.width, job.metadata.height, (), ())
    attributes = ("ALL",) if job.asked.every_attribute else ()
    answer.faces = [
        FaceDetection(timestamp=each.at_ms, face=_without_gaze(face_detail(each.face, frame, attributes)))
        for each in shown
    ]
    return answer


def _without_gaze(face: FaceDetail) -> FaceDetail:
    """Returns a face without the two attributes that AWS does not measure in films."""
    return msgspec.structs.replace(face, face_occluded=None, eye_direction=None)


OPERATIONS: Operations = {
    START: Operation(StartFaceDetectionRequest, start_face_detection),
    "GetFaceDetection": Operation(GetRequest, get_face_detection, reads=True),
}
