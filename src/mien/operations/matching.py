"""Finds the faces of a collection that are most like an embedding, for the operations that search and for films."""

import numpy as np
from numpy.typing import NDArray

from mien.operations.context import Context
from mien.operations.present import stored_face
from mien.operations.shapes import SEARCH_LIMIT, THRESHOLD, FaceMatch, single
from mien.serving.following import Followed
from mien.store.base import Collection

NEAR = 0.95  # of what the probe scores with itself: all of that is looked at, whatever the bar
MORE = 8  # found beyond those wanted, since a similarity may order near ones otherwise than their scores


def matches(
    context: Context,
    probe: NDArray[np.float32],
    collection: Collection,
    *,
    limit: int = SEARCH_LIMIT,
    threshold: float | None = None,
    left_out: str | None = None,
) -> list[FaceMatch]:
    """Returns the nearest faces at or above the threshold but for the one left out, the most similar first."""
    with context.request.stage("search"):
        gallery = context.galleries.faces(collection)
        near = nearest(context, gallery, probe, limit + 1, threshold)
    with context.request.stage("store"):
        faces = context.store.faces.by_keys(collection.key, [key for key, _ in near], gallery.seen)
    found = [(faces[key], similarity) for key, similarity in near if key in faces]
    version = collection.model_version
    return [
        FaceMatch(similarity=similarity, face=stored_face(face, version))
        for face, similarity in found
        if str(face.face_id) != left_out
    ][:limit]


def nearest(
    context: Context, gallery: Followed, probe: NDArray[np.float32], limit: int, threshold: float | None
) -> list[tuple[int, float]]:
    """Returns keys and similarities at or above the threshold and the server's minimum, the nearest first."""
    calibration, length = context.pack.calibration, float(probe @ probe) ** 0.5
    bar = max(THRESHOLD if threshold is None else threshold, context.minimum_similarity)
    # a short probe's own picture may score below the bar, and below one of a longer vector
    hits = gallery.search(probe, limit + MORE, min(calibration.score(bar), NEAR * length**2))
    similarities = calibration.similarity(hits.cosines, hits.lengths * length)
    order = np.lexsort((hits.keys, -similarities))[:limit]
    return [(int(hits.keys[each]), single(similarities[each])) for each in order if similarities[each] >= bar]
