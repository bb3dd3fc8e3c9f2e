"""Defines the shapes that the operations on video jobs share, in AWS's spelling."""

from typing import Annotated, Self

import msgspec

from mien.operations.constraints import REQUIRED, Length, Pattern, Range
from mien.operations.shapes import ClientRequestToken, PaginationToken, S3Object, Shape, single
from mien.store.tables.job_records import Asked, VideoJob
from mien.video.film import Metadata

MOST_RESULTS = 1000  # of a page; a larger MaxResults is taken for this, as AWS does

JobId = Annotated[str, Length(1, 64), Pattern("^[a-zA-Z0-9-_]+$")]
JobTag = Annotated[str, Length(1, 1024), Pattern(r"[a-zA-Z0-9_.\-:+=\/]+")]
TopicArn = Annotated[str, Pattern(r"(^arn:aws:sns:.*:\w{12}:.+$)")]
RoleArn = Annotated[str, Pattern(r"arn:aws:iam::\d{12}:role/?[a-zA-Z_0-9+=,.@\-_/]+")]
MaxResults = Annotated[int, Range(1)]


class Video(Shape):
    """A film in a bucket."""

    s3_object: S3Object | None = None


class NotificationChannel(Shape):
    """The SNS topic that is told the end of a job. The role is not used: mien publishes with its own credentials."""

    sns_topic_arn: TopicArn = msgspec.field(name="SNSTopicArn", default=REQUIRED)
    role_arn: RoleArn = REQUIRED


class StartRequest(Shape):
    """The members that all requests to start a job have."""

    video: Video = REQUIRED
    client_request_token: ClientRequestToken | None = None
    notification_channel: NotificationChannel | None = None
    job_tag: JobTag | None = None


class StartResponse(Shape):
    """The response to a request that starts a job."""

    job_id: str


class GetRequest(Shape):
    """The members that all requests for the results of a job have."""

    job_id: JobId = REQUIRED
    max_results: MaxResults | None = None
    next_token: PaginationToken | None = None


class VideoMetadata(Shape):
    """What the header of a film says."""

    codec: str
    duration_millis: int
    format: str
    frame_rate: float
    frame_height: int
    frame_width: int
    color_range: str


def video_metadata(metadata: Metadata | None) -> VideoMetadata | None:
    """Returns what a film's header says in the API's shape; None before it was read."""
    if metadata is None:
        return None
    return VideoMetadata(
        codec=metadata.codec,
        duration_millis=metadata.duration_ms,
        format=metadata.format,
        frame_rate=single(metadata.frame_rate),
        frame_height=metadata.height,
        frame_width=metadata.width,
        color_range=metadata.color_range,
    )


class JobResponse(Shape):
    """The members that the results of all jobs have, beside what was seen, which comes once the job has succeeded."""

    job_id: str
    job_status: str
    video: Video
    job_tag: str | None = None
    status_message: str | None = None
    video_metadata: VideoMetadata | None = None

    @classmethod
    def of(cls, job: VideoJob) -> Self:
        """Returns how far a job is, without what was seen."""
        return cls(
            job_id=job.job_id,
            job_status=job.status,
            video=video_shape(job.asked),
            job_tag=job.asked.tag,
            status_message=job.message,
            video_metadata=video_metadata(job.metadata),
        )


def video_shape(asked: Asked) -> Video:
    """Returns the film of a job as its caller named it."""
    return Video(s3_object=S3Object(bucket=asked.bucket, name=asked.name, version=asked.version))
