"""Caches embeddings on disk between runs, so that an interrupted run resumes and a repeated one is fast.

The file's name is a digest of everything that determines an embedding: the pack's files and preprocessing, the
detector's thresholds, the choice of face, the runtime, and the code. It has one record for each photo: SHA-256 of the
photo, a byte for whether a face was found, the embedding as float32, and a CRC-32. A record is appended by one write,
so a killed process leaves at most one torn record at the end, which is truncated when the file is next opened.
"""

import hashlib
import zlib
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from types import TracebackType

import msgspec
import numpy as np
import platformdirs
from numpy.typing import NDArray

from mien.packs.load import Pack

FOUND, NO_FACE = b"\1", b"\0"
_DIGEST, _CRC = 32, 4
_CODE = (
    "mien.image",
    "mien.face",
    "mien.packs.heads",
    "mien.packs.readers",
    "mien.measure.accuracy",
)  # packages whose code determines embeddings

Embedding = NDArray[np.float32]


def default_folder() -> Path:
    """Returns the folder that is used without `--cache`."""
    return Path(platformdirs.user_cache_dir("mien", appauthor=False)) / "eval"


def key(pack: Pack, face: str) -> str:
    """Returns a digest (16 hex digits) of everything that determines the embedding of a photo."""
    facts = {
        "contract": pack.manifest.contract,
        "detector": msgspec.to_builtins(pack.manifest.detector),
        "face": face,
        "runtime": [pack.runtime.engine, pack.runtime.version, pack.runtime.device, pack.runtime.precision],
        "code": [hashlib.sha256(text).hexdigest() for text in _sources()],
    }
    return hashlib.sha256(msgspec.json.encode(facts, order="deterministic")).hexdigest()[:16]


def _sources() -> Iterator[bytes]:
    for package in _CODE[:-1]:
        entries = sorted(resources.files(package).iterdir(), key=lambda entry: entry.name)
        yield from (entry.read_bytes() for entry in entries if entry.name.endswith(".py"))
    yield (resources.files(_CODE[-1]) / "embedding.py").read_bytes()


class Cache:
    """The records of one key. Used by one thread, and written by one process at a time."""

    def __init__(self, folder: Path, name: str, dimension: int) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._dimension = dimension
        self._size = _DIGEST + 1 + 4 * dimension + _CRC
        self._path = folder / f"{name}.embeddings"
        self._known: dict[bytes, Embedding | None] = {}
        valid = self._read()
        self._file = self._path.open("ab", buffering=0)
        self._file.truncate(valid)

    def __enter__(self) -> "Cache":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def __contains__(self, digest: bytes) -> bool:
        return digest in self._known

    def __getitem__(self, digest: bytes) -> Embedding | None:
        """Returns the embedding of a photo, float32 (dimension,); None if no face was found."""
        return self._known[digest]

    def add(self, digest: bytes, embedding: Embedding | None) -> None:
        """Stores an embedding, or None for a photo without a face."""
        if digest in self._known:
            return
        self._known[digest] = embedding
        values = np.zeros(self._dimension, np.float32) if embedding is None else np.asarray(embedding, np.float32)
        body = digest + (NO_FACE if embedding is None else FOUND) + values.tobytes()
        self._file.write(body + zlib.crc32(body).to_bytes(_CRC, "little"))

    def _read(self) -> int:
        """Reads the records; returns the number of valid bytes in the file."""
        data = self._path.read_bytes() if self._path.exists() else b""
        good = 0
        while good + self._size <= len(data):
            body = data[good : good + self._size - _CRC]
            if zlib.crc32(body).to_bytes(_CRC, "little") != data[good + len(body) : good + self._size]:
                break
            values = np.frombuffer(body, np.float32, self._dimension, _DIGEST + 1)
            self._known[body[:_DIGEST]] = values if body[_DIGEST : _DIGEST + 1] == FOUND else None
            good += self._size
        return good
