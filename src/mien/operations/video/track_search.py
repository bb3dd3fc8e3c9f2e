"""Searches the tracks of a film in the collection of its job, each by its best-seen face."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from mien.operations.context import Caller, Context
from mien.operations.matching import nearest
from mien.store.base import Collection
from mien.store.tables.job_records import Matches, VideoJob

MOST_MATCHES = 10  # of a track; each is answered at every moment of it


def search_tracks(context: Context, job: VideoJob, tracks: Mapping[int, NDArray[np.float32]]) -> Matches:
    """Returns the faces of the collection that match each track, without tracks that match none.

    Args:
        context: pack and galleries.
        job: the job, which names the collection and the threshold.
        tracks: the embedding of each, float32 (D,).

    Raises:
        ResourceNotFoundError: the collection was deleted.
        InvalidParameterError: it was made with another pack.
        StoreUnavailableError: the store does not answer.
    """
    caller = Caller(job.account)

    def search(collection: Collection) -> Matches:
        gallery = context.galleries.faces(collection)
        found = {
            track: nearest(context, gallery, probe, MOST_MATCHES, job.asked.threshold)
            for track, probe in tracks.items()
        }
        return {track: near for track, near in found.items() if near}

    collection = context.comparable(caller, job.collection_name or "")
    return context.in_one_history(caller, collection, search)
