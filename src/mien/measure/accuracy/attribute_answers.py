"""Measures the attributes of labelled photographs with the pipeline that answers requests."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO

import cv2
import numpy as np
from PIL import Image

from mien.errors import ApiError, SetupError
from mien.face.attributes.measures import MESH
from mien.face.types import Features, Picture
from mien.image.decode import read_header
from mien.measure.accuracy.attribute_labels import Labelled
from mien.measure.accuracy.embedding import chosen
from mien.packs.analyst import Analyst
from mien.packs.load import Pack
from mien.system.progress import Progress

LEAST_SIDE = 240  # pixels; a smaller photograph is enlarged, since the API accepts none below 80
SURROUND = 0.25  # of the shorter side, added around a photograph below LEAST_SIDE, which is often cut at the face


def answers(
    labelled: list[Labelled], pack: Pack, analyst: Analyst, which: str, workers: int
) -> list[tuple[Labelled, Features | None]]:
    """Returns what was measured of each photograph's face; None where no face is found.

    Args:
        labelled: the photographs.
        pack: the pack that detects.
        analyst: measures the attributes.
        which: the face of a photograph that is meant (`embedding.chosen`).
        workers: the number of photographs at the same time.

    Raises:
        SetupError: the attribute set is not available.
    """
    if analyst.open():
        raise SetupError(analyst.open())

    def look(each: Labelled) -> tuple[Labelled, Features | None]:
        try:
            picture = _picture(each)
            faces = pack.pipeline.find(picture, embedded=False, closeups=True)
        except ApiError:
            return each, None
        if not faces:
            return each, None
        wanted = analyst.measurable([*each.known, *([MESH] if each.points is not None else [])])
        (face,) = analyst.measured([chosen(faces, picture, which)], wanted)
        return each, face.features

    progress = Progress("images", len(labelled))
    with ThreadPoolExecutor(workers) as pool:
        found = list(_counted(pool.map(look, labelled), progress))
    progress.close()
    return found


def _counted(
    found: Iterator[tuple[Labelled, Features | None]], progress: Progress
) -> Iterator[tuple[Labelled, Features | None]]:
    for each in found:
        progress.step()
        yield each


def _picture(labelled: Labelled) -> Picture:
    """Returns a photograph; a small one enlarged and, unless its points are known, with its edges drawn out."""
    data = labelled.file.read_bytes()
    with Image.open(BytesIO(data)) as opened:
        least = min(opened.size)
        if least >= LEAST_SIDE or labelled.points is not None:
            return read_header(data)
        pixels = np.asarray(opened.convert("RGB"))
    edge = round(SURROUND * least)
    wide = cv2.copyMakeBorder(pixels, edge, edge, edge, edge, cv2.BORDER_REPLICATE)
    factor = LEAST_SIDE / least
    large = cv2.resize(wide, None, fx=factor, fy=factor, interpolation=cv2.INTER_CUBIC)
    return read_header(cv2.imencode(".png", cv2.cvtColor(large, cv2.COLOR_RGB2BGR))[1].tobytes())
