"""Reads the faces that a video job saw, page by page, in the order of their times or of their tracks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from mien.face.types import Face
from mien.operations.context import Caller, Context
from mien.operations.paging import Page
from mien.operations.video.video_shapes import MOST_RESULTS, GetRequest
from mien.store.tables.job_records import VideoJob
from mien.video.packing import unpack


@dataclass(frozen=True, slots=True)
class SeenFace:
    """A face that a job saw: its number in the listing, its track, and when it was seen, in milliseconds."""

    number: int
    track: int
    at_ms: int
    face: Face


@dataclass(frozen=True, slots=True)
class Listing:
    """How the faces of a job are listed.

    Attributes:
        operation: that lists them.
        became: tracks that turned out to be those of other persons, and which.
        by_track: whether they are in the order of their tracks, and else of their times.
    """

    operation: str
    became: Mapping[int, int] = field(default_factory=dict)
    by_track: bool = False


def page_of(
    context: Context, caller: Caller, job: VideoJob, request: GetRequest, listing: Listing
) -> tuple[Sequence[SeenFace], str | None]:
    """Returns the faces of one page of a job's results, and the token of the next.

    Raises:
        InvalidPaginationTokenError: the token is of another listing.
    """
    most = min(request.max_results or MOST_RESULTS, MOST_RESULTS)
    of = listing.operation, caller.account, job.job_id, "INDEX" if listing.by_track else "TIMESTAMP"
    page = Page(context.store.seals, request.next_token, most, MOST_RESULTS, *of)
    first = int(page.after) + 1 if page.after else 0
    wanted = slice(first, min(first + page.limit + 1, job.faces))
    with context.request.stage("store"):
        places = _order(context, job, listing)[wanted].tolist() if listing.by_track else range(job.faces)[wanted]
        known = _read(context, job, places)
        found = [
            replace(known[place], number=number, track=listing.became.get(known[place].track, known[place].track))
            for number, place in enumerate(places, first)
        ]
    return page.cut(found, lambda each: str(each.number))


def _order(context: Context, job: VideoJob, listing: Listing) -> NDArray[np.int64]:
    """Returns the numbers of all faces in the order of their tracks, and of their times within each."""
    tracks = np.frombuffer(context.store.video_faces.tracks(job.key), np.int32)
    persons = np.arange(tracks.max(initial=0) + 1)
    for track, other in listing.became.items():
        persons[track] = other
    return np.argsort(persons[tracks], kind="stable")


def _read(context: Context, job: VideoJob, places: Sequence[int]) -> dict[int, SeenFace]:
    """Returns faces by their numbers, with others that are stored in the same rows."""
    known: dict[int, SeenFace] = {}
    for place in sorted(places):
        if place not in known:
            batch = context.store.video_faces.holding(job.key, place)
            tracks = np.frombuffer(batch.tracks, np.int32).tolist()
            for number, (track, (at_ms, face)) in enumerate(
                zip(tracks, unpack(batch.packed), strict=True), batch.first
            ):
                known[number] = SeenFace(number, track, at_ms, face)
    return known
