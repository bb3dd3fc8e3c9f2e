"""What recent images showed, remembered for minutes by their bytes' digest, so that one sent again is not looked at
again: callers hand the same image to one operation after another.

Kept before the quality filter, which is the request's own, and in memory only. A face has its crops until it is
embedded and its embedding from then on, so whatever is asked next can be answered, as if it were computed anew.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from itertools import takewhile
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mien.face.types import Embedding, Face
from mien.system.background import Background

LASTING = 300.0  # seconds since an image was last sent; nobody's face stays in memory because a server idles
LOOK = 5.0  # seconds between looks for what has lasted as long
PARTS = 4  # what takes more than one of so many parts of the room is not kept: a crowd would push all others out
PICTURE, FACE = 600, 1100  # bytes of one beside its pixels and embeddings, rounded up; a test measures them
_NO_PIXELS = np.empty((0, 0, 3), np.uint8)


@dataclass(frozen=True, slots=True)
class ImageFaces:
    """What an image showed.

    Attributes:
        width: columns of the upright image at full resolution.
        height: rows of the same.
        faces: all of them, the largest first; one whose embedding is known may be without its crops.
        embeddings: of each face float32 (D,), unit length; None where it was not embedded.
    """

    width: int
    height: int
    faces: tuple[Face, ...]
    embeddings: tuple[Embedding | None, ...]

    @property
    def known(self) -> dict[int, Embedding]:
        """The embeddings that are known, by `id` of the face."""
        pairs = zip(self.faces, self.embeddings, strict=True)
        return {id(face): embedding for face, embedding in pairs if embedding is not None}

    def with_known(self, known: Mapping[int, Embedding]) -> "ImageFaces":
        """The same with more embeddings, by `id` of the face; their faces need their crops no more."""
        faces, embeddings = list(self.faces), list(self.embeddings)
        for place, face in enumerate(self.faces):
            if embeddings[place] is None and id(face) in known:
                faces[place] = replace(face, crop=_NO_PIXELS, mirrored=None)
                embeddings[place] = _own(known[id(face)])
        return replace(self, faces=tuple(faces), embeddings=tuple(embeddings))

    @property
    def size(self) -> int:
        """Bytes of memory it takes."""
        arrays = [*self.embeddings, *(pixels for face in self.faces for pixels in (face.crop, face.mirrored))]
        return PICTURE + FACE * len(self.faces) + sum(array.nbytes for array in arrays if array is not None)


@dataclass(slots=True)
class _Entry:
    """A sighting, the bytes it takes, and when it was last asked for."""

    sighting: ImageFaces
    size: int
    used: float


class ImageCache:
    """ImageCache by digest, within so many bytes. Safe to use from many threads; nothing is computed under its lock.

    Two requests with one new image at the same time both look at it; what either keeps is whole.

    Args:
        room: bytes; with 0 nothing is remembered.
        lasting: seconds that one is remembered after it was last asked for or kept.
        clock: tells seconds.

    Attributes:
        hits: images that were remembered, so far.
        misses: images that were not.
        held: bytes that are taken.
    """

    def __init__(self, room: int, lasting: float = LASTING, clock: Callable[[], float] = time.monotonic) -> None:
        self._room, self._lasting, self._clock = room, lasting, clock
        self._entries: OrderedDict[str, _Entry] = OrderedDict()  # the least recently used first
        self._lock = threading.Lock()
        self.hits = self.misses = self.held = 0

    @property
    def on(self) -> bool:
        """Whether anything is remembered."""
        return self._room > 0

    def find(self, digest: str) -> ImageFaces | None:
        """What the image with this digest showed; None where that is not remembered."""
        self.drop_expired()
        with self._lock:
            entry = self._entries.get(digest)
            if entry is None:
                self.misses += 1
                return None
            self.hits += 1
            entry.used = self._clock()
            self._entries.move_to_end(digest)
            return entry.sighting

    def keep(self, digest: str, sighting: ImageFaces) -> None:
        """Remember a sighting in place of what was remembered of the image; what was used longest ago makes room."""
        size = sighting.size
        if size > self._room // PARTS:
            return
        own = replace(sighting, faces=tuple(_apart(face) for face in sighting.faces))
        with self._lock:
            if digest in self._entries:
                self._drop(digest)
            while self.held + size > self._room:
                self._drop(next(iter(self._entries)))
            self._entries[digest] = _Entry(own, size, self._clock())
            self.held += size

    def drop_expired(self) -> None:
        """Let go of what was not asked for during `lasting` seconds."""
        with self._lock:
            due = self._clock() - self._lasting
            for digest in [*takewhile(lambda each: self._entries[each].used <= due, self._entries)]:
                self._drop(digest)

    def _drop(self, digest: str) -> None:
        self.held -= self._entries.pop(digest).size


def expiry(image_cache: ImageCache, look: float = LOOK) -> Background:
    """Returns the background work that drops expired entries of the cache, also while no request does."""
    return Background("image cache", image_cache.drop_expired, pause=look)


def _apart(face: Face) -> Face:
    """The face with arrays of its own; a row of a larger one would hold on to all of it."""
    detection = replace(face.detection, landmarks=_own(face.detection.landmarks))
    mirrored = None if face.mirrored is None else _own(face.mirrored)
    return replace(face, detection=detection, crop=_own(face.crop), mirrored=mirrored)


def _own(array: NDArray[Any]) -> NDArray[Any]:
    return array if array.base is None else array.copy()
