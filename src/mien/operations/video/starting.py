"""Starts video jobs, and finds those that a caller may see."""

import hashlib

import msgspec

from mien.errors import (
    IdempotentParameterMismatchError,
    InvalidParameterError,
    InvalidS3ObjectError,
    LimitExceededError,
    ResourceNotFoundError,
    VideoTooLargeError,
)
from mien.image.source import ObjectPlace
from mien.operations.context import Caller, Context
from mien.operations.video.video_limits import can_read_films
from mien.operations.video.video_shapes import StartRequest, StartResponse, Video
from mien.store.base import Collection
from mien.store.tables.job_records import Asked, VideoJob
from mien.store.tables.tokens import Token, TokenReusedError
from mien.store.tables.video_jobs import TooManyJobsError

UNREADABLE = (
    "This server cannot read films. Its operator installs what it takes with pip install 'mien[video]', and starts it "
    "again."
)


def start(
    context: Context,
    caller: Caller,
    operation: str,
    request: StartRequest,
    *,
    collection: Collection | None = None,
    every_attribute: bool = False,
    threshold: float | None = None,
) -> StartResponse:
    """Starts a job, or returns the one that the request's token started before.

    Args:
        context: the context of the operation.
        caller: the caller, whose key may limit the buckets.
        operation: its name.
        request: its request.
        collection: the collection to search, if any.
        every_attribute: whether all attributes of faces are wanted.
        threshold: the least similarity of a match.

    Raises:
        InvalidParameterError: no S3 object, a topic that is not allowed, or a server that reads no films.
        InvalidS3ObjectError: the object cannot be read, or not by this caller.
        VideoTooLargeError: it has too many bytes.
        LimitExceededError: the account has too many unfinished jobs.
        IdempotentParameterMismatchError: the token was used with other parameters.
    """
    jobs, token = context.store.video_jobs, _token(caller, operation, collection, request)
    try:
        if token and (before := jobs.started(token)):
            return StartResponse(job_id=before)
        asked = _asked(context, caller, request, every_attribute=every_attribute, threshold=threshold)
        key = collection.key if collection else None
        with context.request.stage("store"):
            made = jobs.create(caller.account, operation, asked, key, token=token, most=context.video.jobs)
    except TokenReusedError:
        raise IdempotentParameterMismatchError.token(request.client_request_token or "") from None
    except TooManyJobsError:
        raise LimitExceededError(
            f"There are {context.video.jobs} video jobs running or waiting already, and no more may be. Start this one "
            "when one of them has ended."
        ) from None
    return StartResponse(job_id=made)


def visible(caller: Caller, job: VideoJob) -> bool:
    """Returns whether the caller's key may see a job: its collection, if it has one, and its bucket."""
    sees = job.collection is None or (job.collection_name is not None and caller.sees(job.collection_name))
    return sees and caller.reads(job.asked.bucket)


def find(context: Context, caller: Caller, operation: str, job_id: str) -> VideoJob:
    """Returns the caller's job that an operation started.

    Raises:
        ResourceNotFoundError: there is none, or the caller's key may not see it.
    """
    job = context.store.video_jobs.find(caller.account, job_id)
    if job is None or job.operation != operation or not visible(caller, job):
        raise ResourceNotFoundError(f"Could not find JobId {job_id}.")
    return job


def _token(caller: Caller, operation: str, collection: Collection | None, request: StartRequest) -> Token | None:
    """Returns the idempotency token of a call, which covers the collection's key, not only its name."""
    if request.client_request_token is None:
        return None
    key = collection.key if collection else 0
    digest = hashlib.sha256(b"%d " % key + msgspec.json.encode(request)).digest()
    return Token(caller.account, operation, request.client_request_token, digest)


def _asked(
    context: Context, caller: Caller, request: StartRequest, *, every_attribute: bool, threshold: float | None
) -> Asked:
    if not can_read_films():
        raise InvalidParameterError(UNREADABLE)
    topic = request.notification_channel.sns_topic_arn if request.notification_channel else None
    if topic and not context.video.tells(topic):
        raise InvalidParameterError(
            f"This server publishes nothing to {topic}; its operator may allow it with the setting sns_topics."
        )
    where = _place(request.video)
    if not caller.reads(where.bucket):
        raise InvalidS3ObjectError  # as for a missing object: like AWS, the answer does not tell which exist
    with context.request.stage("fetch"):
        facts = context.s3.facts(where)
    if facts.size > context.video.size:
        raise VideoTooLargeError(f"The film has {facts.size:,} bytes, and a film may have {context.video.size:,}.")
    return Asked(
        bucket=where.bucket, name=where.name, version=where.version, etag=facts.etag, size=facts.size,
        tag=request.job_tag, topic=topic, every_attribute=every_attribute, threshold=threshold,
    )  # fmt: skip


def _place(video: Video) -> ObjectPlace:
    where = video.s3_object
    if where is None:
        raise InvalidParameterError
    if where.bucket is None or where.name is None:
        raise InvalidS3ObjectError("Request has invalid S3 object.")
    return ObjectPlace(where.bucket, where.name, where.version)
