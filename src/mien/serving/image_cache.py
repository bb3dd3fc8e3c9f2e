"""Caches the faces of recent images by digest, so that an image sent again is not analyzed again.

Clients pass the same image to one operation after another. The cache is in memory only, and holds faces before the
quality filter, which differs between requests. A face keeps its crops until it is embedded and its embedding from then
on, so that any operation can be answered from it.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from itertools import takewhile
from typing import Any

from numpy.typing import NDArray

from mien.face.types import Crop, Embedding, Face
from mien.system.background import Background

LIFETIME = 300.0  # seconds from an image's last use; faces do not stay in memory because a server idles
PAUSE = 5.0  # seconds between looks for expired entries
PARTS = 4  # an image that would take more than this part of the cache is not kept: it would evict all others
PICTURE, FACE = 600, 1500  # bytes of each without pixels and embeddings, rounded up; a test measures them
FEATURES = 3500  # bytes of a face's attributes and landmarks, likewise


@dataclass(frozen=True, slots=True)
class ImageFaces:
    """The faces of an image, as the cache keeps them.

    Attributes:
        width: columns of the upright image at full resolution.
        height: its rows.
        faces: all faces, the largest first; a face whose embedding is known may lack its crops.
        embeddings: for each face float32 (D,), unit length; None if it was not embedded.
    """

    width: int
    height: int
    faces: tuple[Face, ...]
    embeddings: tuple[Embedding | None, ...]

    @property
    def known(self) -> dict[int, Embedding]:
        """The known embeddings, by `id` of the face."""
        pairs = zip(self.faces, self.embeddings, strict=True)
        return {id(face): embedding for face, embedding in pairs if embedding is not None}

    def with_known(self, known: Mapping[int, Embedding]) -> "ImageFaces":
        """Returns the same with more embeddings, by `id` of the face, and without the crops of their faces."""
        faces, embeddings = list(self.faces), list(self.embeddings)
        for place, face in enumerate(self.faces):
            if embeddings[place] is None and id(face) in known:
                faces[place] = replace(face, crops=())
                embeddings[place] = _own(known[id(face)])
        return replace(self, faces=tuple(faces), embeddings=tuple(embeddings))

    @property
    def size(self) -> int:
        """The bytes of memory that it takes."""
        crops = [crop for face in self.faces for crop in face.crops]
        arrays = [*self.embeddings, *(pixels for crop in crops for pixels in (crop.straight, crop.mirrored))]
        measured = sum(bool(face.features.answers or face.features.meshed) for face in self.faces)
        return (
            PICTURE
            + FACE * len(self.faces)
            + FEATURES * measured
            + sum(array.nbytes for array in arrays if array is not None)
        )


@dataclass(slots=True)
class _Entry:
    """The faces of an image, the bytes they take, and when they were last used."""

    image: ImageFaces
    size: int
    used: float


class ImageCache:
    """A cache of images' faces by digest, limited in bytes and in time. Safe to use from many threads.

    Two requests that bring one new image at the same time both analyze it, and the later result stays.

    Args:
        limit: bytes; 0 turns the cache off.
        lifetime: seconds from an entry's last use after which it expires.
        clock: returns the time in seconds.

    Attributes:
        hits: number of images that were found.
        misses: number of images that were not.
        held: bytes in use.
    """

    def __init__(self, limit: int, lifetime: float = LIFETIME, clock: Callable[[], float] = time.monotonic) -> None:
        self._limit, self._lifetime, self._clock = limit, lifetime, clock
        self._entries: OrderedDict[str, _Entry] = OrderedDict()  # the least recently used first
        self._lock = threading.Lock()
        self.hits = self.misses = self.held = 0

    @property
    def on(self) -> bool:
        """Whether the cache keeps anything."""
        return self._limit > 0

    def find(self, digest: str) -> ImageFaces | None:
        """Returns the faces of the image with this digest; None if the cache does not hold it."""
        self.drop_expired()
        with self._lock:
            entry = self._entries.get(digest)
            if entry is None:
                self.misses += 1
                return None
            self.hits += 1
            entry.used = self._clock()
            self._entries.move_to_end(digest)
            return entry.image

    def keep(self, digest: str, image: ImageFaces) -> None:
        """Keeps the faces of an image, replaces older ones, and evicts the least recently used entries if need be."""
        size = image.size
        if size > self._limit // PARTS:
            return
        own = replace(image, faces=tuple(_apart(face) for face in image.faces))
        with self._lock:
            if digest in self._entries:
                self._drop(digest)
            while self.held + size > self._limit:
                self._drop(next(iter(self._entries)))
            self._entries[digest] = _Entry(own, size, self._clock())
            self.held += size

    def drop_expired(self) -> None:
        """Drops the entries that were not used for `lifetime` seconds."""
        with self._lock:
            due = self._clock() - self._lifetime
            for digest in [*takewhile(lambda each: self._entries[each].used <= due, self._entries)]:
                self._drop(digest)

    def _drop(self, digest: str) -> None:
        self.held -= self._entries.pop(digest).size


def expiry(image_cache: ImageCache, pause: float = PAUSE) -> Background:
    """Returns the background work that drops expired entries of the cache, also while no request does."""
    return Background("image cache", image_cache.drop_expired, pause=pause)


def _apart(face: Face) -> Face:
    """Returns the face as it may be cached: without a portrait, and with copies of what are views of larger arrays."""
    detection = replace(face.detection, landmarks=_own(face.detection.landmarks))
    crops = [Crop(_own(each.straight), None if each.mirrored is None else _own(each.mirrored)) for each in face.crops]
    return replace(face, detection=detection, crops=tuple(crops), portrait=None)


def _own(array: NDArray[Any]) -> NDArray[Any]:
    return array if array.base is None else array.copy()
