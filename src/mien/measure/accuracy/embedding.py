"""Embeds photos on all cores: reads each, looks it up in the cache, else detects, chooses and embeds its face.

Threads share one compiled pack. Decoding, warping and inference release the GIL, so threads fill the cores as well as
processes do, without a copy of the pack in each (`benchmarks/README.md`, "What was tried for accuracy").
"""

import hashlib
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from mien.errors import ApiError, SetupError
from mien.face.pipeline import Pipeline
from mien.face.types import Face, Picture
from mien.image.decode import read_header
from mien.image.limits import EVERY
from mien.measure.accuracy import embedding_cache
from mien.measure.accuracy.dataset import Dataset
from mien.measure.accuracy.embedding_cache import Cache, Embedding
from mien.packs.load import Pack
from mien.system.progress import Progress

Answer = TypeVar("Answer")
AHEAD = 4  # photos in progress for each worker


@dataclass(frozen=True, slots=True)
class Embedded:
    """The embeddings of a dataset's photos.

    Attributes:
        embeddings: float32 (F, D), one of length 1 for each photo in which a face was found.
        photos: int64 (F,), the photo of each embedding, rising.
        faceless: photos in which no face was found.
        unreadable: photos that mien does not accept, each with the reason.
    """

    embeddings: NDArray[np.float32]
    photos: NDArray[np.int64]
    faceless: tuple[int, ...]
    unreadable: tuple[tuple[int, str], ...]


def chosen(faces: list[Face], picture: Picture, which: str) -> Face:
    """Returns the face of a photo that is its person's.

    Args:
        faces: at least one, the largest first.
        picture: the photo.
        which: "largest", or "central" for the face whose centre is nearest to the photo's in Manhattan distance.
    """
    if which == "largest":
        return faces[0]

    def distance(face: Face) -> float:
        box = face.box
        return abs(box.x1 + box.x2 - picture.width) + abs(box.y1 + box.y2 - picture.height)

    return min(faces, key=distance)


def look(pipeline: Pipeline, data: bytes, which: str) -> tuple[Embedding, Face] | None:
    """Returns the embedding of a photo's person, and the face; None if no face is found.

    Raises:
        ApiError: mien does not accept the image.
    """
    picture = read_header(data, EVERY)
    faces = pipeline.find(picture)
    if not faces:
        return None
    face = chosen(faces, picture, which)
    return pipeline.embed([face])[0], face


def embed(
    files: tuple[Path, ...], pipeline: Pipeline, which: str, *, cache: Cache, workers: int, progress: Progress
) -> Embedded:
    """Embeds every photo that is not in the cache, and adds each to it at once.

    Args:
        files: the photos.
        pipeline: the pipeline of the pack.
        which: the face of a photo that is its person's (`chosen`).
        cache: the cached embeddings.
        workers: the number of photos processed in parallel.
        progress: counts the photos.
    """
    found: dict[int, Embedding] = {}
    faceless: list[int] = []
    unreadable: list[tuple[int, str]] = []

    def work(number: int) -> tuple[int, bytes, Embedding | None, str, bool]:
        data, digest = b"", b""
        try:
            data = files[number].read_bytes()
            digest = hashlib.sha256(data).digest()
            if digest in cache:
                return number, digest, cache[digest], "", False
            seen = look(pipeline, data, which)
            return number, digest, seen[0] if seen else None, "", True
        except (ApiError, OSError) as error:
            return number, digest, None, str(error) or type(error).__name__, True

    for number, digest, embedding, reason, fresh in _answers(work, len(files), workers):
        progress.step(fresh)
        if reason:
            unreadable.append((number, reason))
            continue
        cache.add(digest, embedding)
        if embedding is None:
            faceless.append(number)
        else:
            found[number] = embedding
    photos = np.array(sorted(found), np.int64)
    dimension = pipeline.ensemble.dimension
    rows = np.stack([found[int(number)] for number in photos]) if found else np.empty((0, dimension), np.float32)
    return Embedded(rows, photos, tuple(sorted(faceless)), tuple(sorted(unreadable)))


def embed_dataset(dataset: Dataset, pack: Pack, which: str, workers: int, folder: Path | None = None) -> Embedded:
    """Embeds the photos of a dataset, with the cache, and shows progress.

    Args:
        dataset: the photos.
        pack: the pack.
        which: the face of a photo that is its person's (`chosen`).
        workers: the number of photos processed in parallel.
        folder: the folder of the cache; None for the user's cache.

    Raises:
        SetupError: the folder cannot be written to.
    """
    folder = folder or embedding_cache.default_folder()
    progress = Progress("images", len(dataset.files))
    try:
        kept = Cache(folder, embedding_cache.key(pack, which), pack.pipeline.ensemble.dimension)
    except OSError as error:
        raise SetupError(f"Embeddings cannot be cached in {folder}: {error.strerror}.") from None
    with kept:
        found = embed(dataset.files, pack.pipeline, which, cache=kept, workers=workers, progress=progress)
    progress.close()
    return found


def _answers(work: Callable[[int], Answer], count: int, workers: int) -> Iterator[Answer]:
    """Calls `work` with 0 … count - 1 on threads and yields the results as they arrive, a few calls ahead."""
    with ThreadPoolExecutor(workers) as pool:
        waiting: set[Future[Answer]] = set()
        started = 0
        try:
            while started < count or waiting:
                while started < count and len(waiting) < AHEAD * workers:
                    waiting.add(pool.submit(work, started))
                    started += 1
                done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                for future in done:
                    yield future.result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
