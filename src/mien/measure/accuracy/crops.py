"""The worst false matches and the worst misses as pairs of crops, for a person to look at.

Often they are not the pack's mistakes but the folder's: one photo under two names, or a bystander taken for the person.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from mien.face.pipeline import Pipeline
from mien.measure.accuracy.dataset import Dataset
from mien.measure.accuracy.embedding import look

SHOWN = 40
QUALITY = 85  # of JPEG, 0–100


@dataclass(frozen=True, slots=True)
class FacePair:
    """A pair of faces.

    Attributes:
        names: of the two photos.
        crops: the two aligned faces, as JPEG.
        cosine: of their embeddings.
    """

    names: tuple[str, str]
    crops: tuple[bytes, bytes]
    cosine: float


def crops(
    album: Dataset, pipeline: Pipeline, which: str, photos: NDArray[np.int64], cosines: NDArray[np.float32]
) -> list[FacePair]:
    """Cut the faces of pairs out once more.

    Args:
        album: the photos.
        pipeline: the pack's.
        which: the face of a photo that counts (`embedding.chosen`).
        photos: int64 (N, 2), indexes into the album's files.
        cosines: float32 (N,).
    """
    made: dict[int, bytes] = {}
    shown = []
    for pair, cosine in zip(photos.tolist(), cosines.tolist(), strict=True):
        for photo in pair:
            if photo not in made:
                made[photo] = _crop(album, pipeline, which, photo)
        one, other = (album.files[photo].relative_to(album.folder).as_posix() for photo in pair)
        shown.append(FacePair((one, other), (made[pair[0]], made[pair[1]]), float(cosine)))
    return shown


def _crop(album: Dataset, pipeline: Pipeline, which: str, photo: int) -> bytes:
    """The crop as JPEG; empty where the photo has changed since it was embedded and shows no face any more."""
    seen = look(pipeline, album.files[photo].read_bytes(), which)
    if seen is None:
        return b""
    bgr = cv2.cvtColor(seen[1].crop, cv2.COLOR_RGB2BGR)
    return cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1].tobytes()
