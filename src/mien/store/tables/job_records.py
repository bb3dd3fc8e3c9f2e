"""Defines a video job as the store keeps it, and reads it from a row."""

from dataclasses import dataclass

import msgspec

from mien.store.base import Row
from mien.video.film import Metadata

RUNNING, SUCCEEDED, FAILED = "IN_PROGRESS", "SUCCEEDED", "FAILED"
STATUSES = (RUNNING, SUCCEEDED, FAILED)

Matches = dict[int, list[tuple[int, float]]]  # track → keys of faces and similarities, the most similar first

COLUMNS = (
    "video_jobs.id, job, video_jobs.account, operation, asked, collection, video_jobs.created, status, message, "
    "position, video_jobs.faces, metadata, (SELECT name FROM collections WHERE collections.id = video_jobs.collection)"
)


class Asked(msgspec.Struct, frozen=True, array_like=True, kw_only=True):
    """What a job was asked to do.

    Attributes:
        bucket: of the film.
        name: of the S3 object.
        version: of it; None for the one that was the latest.
        etag: of its content, so that a film that changes meanwhile is noticed.
        size: its bytes.
        tag: the caller's JobTag.
        topic: the ARN of the SNS topic that is told the end.
        every_attribute: whether all attributes of faces are wanted.
        threshold: the least similarity of a match; None for the default.
    """

    bucket: str
    name: str
    version: str | None
    etag: str
    size: int
    tag: str | None = None
    topic: str | None = None
    every_attribute: bool = False
    threshold: float | None = None


class Persons(msgspec.Struct, frozen=True, array_like=True):
    """The persons of a film, as they are known at its end.

    Attributes:
        became: tracks that turned out to be those of other persons, and which.
        matches: of each person's track, as far as there are any.
    """

    became: dict[int, int] = {}
    matches: Matches = {}


@dataclass(frozen=True, slots=True)
class VideoJob:
    """A job as it was when it was read.

    Attributes:
        key: its key.
        job_id: the id that callers know.
        account: whose it is.
        operation: the operation that started it.
        asked: what it is to do.
        collection: the key of the collection that is searched, if any.
        created: seconds since 1970.
        status: IN_PROGRESS, SUCCEEDED or FAILED.
        message: why it failed.
        position: milliseconds of the film that are done.
        faces: how many were seen.
        metadata: what the film's header says, once that was read.
        collection_name: the name of the collection, if any.
    """

    key: int
    job_id: str
    account: str
    operation: str
    asked: Asked
    collection: int | None
    created: float
    status: str
    message: str | None
    position: int
    faces: int
    metadata: Metadata | None
    collection_name: str | None

    @property
    def progress(self) -> float:
        """The part of the film that is done, 0–1."""
        if self.status == SUCCEEDED:
            return 1.0
        length = self.metadata.duration_ms if self.metadata else 0
        return min(1.0, self.position / length) if length else 0.0

    @property
    def left(self) -> float:
        """The seconds of the film that are not done, as far as its header was read."""
        return max(0, self.metadata.duration_ms - self.position) / 1000 if self.metadata else 0.0


def job_of(row: Row) -> VideoJob:
    """Returns the job of a row with `COLUMNS`."""
    key, job_id, account, operation, asked, collection, created, status, message, position, faces, metadata, name = row
    header = msgspec.msgpack.decode(metadata, type=Metadata) if metadata else None
    what = msgspec.msgpack.decode(asked, type=Asked)
    return VideoJob(
        key, job_id, account, operation, what, collection, created, status, message, position, faces, header, name
    )
