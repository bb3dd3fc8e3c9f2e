"""Crops the faces of the worst false matches and misses, for the report's page of pairs.

Often the folder is at fault rather than the pack: a photo under two names, or a bystander taken for the person.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from mien.face.pipeline import Pipeline
from mien.measure.accuracy.dataset import Dataset
from mien.measure.accuracy.embedding import look

MOST_SHOWN = 40
QUALITY = 85  # JPEG quality, 0–100


@dataclass(frozen=True, slots=True)
class FacePair:
    """A pair of faces.

    Attributes:
        names: the names of the two photos.
        crops: the two aligned faces, as JPEG.
        cosine: the cosine of their embeddings.
    """

    names: tuple[str, str]
    crops: tuple[bytes, bytes]
    cosine: float


def crops(
    dataset: Dataset, pipeline: Pipeline, which: str, photos: NDArray[np.int64], cosines: NDArray[np.float32]
) -> list[FacePair]:
    """Detects and crops the faces of pairs again.

    Args:
        dataset: the photos.
        pipeline: the pipeline of the pack.
        which: the face of a photo that is its person's (`embedding.chosen`).
        photos: int64 (N, 2), indexes into the dataset's files.
        cosines: float32 (N,).
    """
    made: dict[int, bytes] = {}
    pairs = []
    for pair, cosine in zip(photos.tolist(), cosines.tolist(), strict=True):
        for photo in pair:
            if photo not in made:
                made[photo] = _crop(dataset, pipeline, which, photo)
        one, other = (dataset.files[photo].relative_to(dataset.folder).as_posix() for photo in pair)
        pairs.append(FacePair((one, other), (made[pair[0]], made[pair[1]]), float(cosine)))
    return pairs


def _crop(dataset: Dataset, pipeline: Pipeline, which: str, photo: int) -> bytes:
    """Returns the crop as JPEG; empty if the photo has changed meanwhile and no longer shows a face."""
    seen = look(pipeline, dataset.files[photo].read_bytes(), which)
    if seen is None:
        return b""
    bgr = cv2.cvtColor(seen[1].crops[0].straight, cv2.COLOR_RGB2BGR)
    return cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1].tobytes()
