"""ListVideoJobs, mien's own: the video jobs of an account, the newest first, with their progress."""

from typing import Annotated

from mien.operations.constraints import Enum
from mien.operations.context import Caller, Context, Operation, Operations
from mien.operations.paging import Page
from mien.operations.shapes import PaginationToken, Shape, single
from mien.operations.video.starting import visible
from mien.operations.video.video_shapes import (
    MOST_RESULTS,
    MaxResults,
    Video,
    VideoMetadata,
    video_metadata,
    video_shape,
)
from mien.store.tables.job_records import STATUSES, VideoJob


class ListVideoJobsRequest(Shape):
    """The request of ListVideoJobs."""

    status: Annotated[str, Enum(STATUSES)] | None = None
    max_results: MaxResults | None = None
    next_token: PaginationToken | None = None


class VideoJobShape(Shape):
    """A video job; its progress is the part of the film that is done, 0–1."""

    job_id: str
    operation: str
    status: str
    progress: float
    video: Video
    creation_timestamp: float
    face_count: int
    job_tag: str | None = None
    collection_id: str | None = None
    status_message: str | None = None
    video_metadata: VideoMetadata | None = None


class ListVideoJobsResponse(Shape):
    """The response of ListVideoJobs."""

    jobs: list[VideoJobShape]
    next_token: str | None = None


def list_video_jobs(context: Context, caller: Caller, request: ListVideoJobsRequest) -> ListVideoJobsResponse:
    """Lists the jobs that the caller's key may see; a page may be short where it may not see all."""
    most = min(request.max_results or MOST_RESULTS, MOST_RESULTS)
    listing = "ListVideoJobs", caller.account, request.status or ""
    page = Page(context.store.seals, request.next_token, most, MOST_RESULTS, *listing)
    before = int(page.after) if page.after else None
    found = context.store.video_jobs.page(caller.account, before, page.limit + 1, request.status)
    shown, token = page.cut(found, lambda job: str(job.key))
    return ListVideoJobsResponse(jobs=[_shape(job) for job in shown if visible(caller, job)], next_token=token)


def _shape(job: VideoJob) -> VideoJobShape:
    return VideoJobShape(
        job_id=job.job_id,
        operation=job.operation,
        status=job.status,
        progress=single(job.progress),
        video=video_shape(job.asked),
        creation_timestamp=job.created,
        face_count=job.faces,
        job_tag=job.asked.tag,
        collection_id=job.collection_name,
        status_message=job.message,
        video_metadata=video_metadata(job.metadata),
    )


OPERATIONS: Operations = {
    "ListVideoJobs": Operation(ListVideoJobsRequest, list_video_jobs, reads=True),
}
