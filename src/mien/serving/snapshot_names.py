"""Remembers which snapshot of each gallery is valid.

A store that one machine uses keeps the names itself (`store.tables.snapshots`), so that a database put back from a copy
names the snapshots it had then. Servers that share a store have files of their own, and each machine's names lie beside
them. A snapshot of another history is found out in either case, by its point (`store.tables.changes`).
"""

import uuid
from pathlib import Path
from typing import Protocol

from mien.gallery import segment_file

SUFFIX = ".name"


class Names(Protocol):
    """The names of valid snapshots, by collection key and kind of vector."""

    def all(self) -> dict[tuple[int, str], str]:
        """Returns all names."""

    def find(self, collection: int, track: str) -> str | None:
        """Returns the name of a gallery's snapshot, if it has one."""

    def keep(self, collection: int, track: str, name: str) -> None:
        """Stores the name of a gallery's snapshot, which is on disk by now."""


class LocalNames:
    """Names in files beside the snapshots, one for each gallery."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def all(self) -> dict[tuple[int, str], str]:
        """Returns all names (see `Names.all`)."""
        galleries = [path.stem.partition("-") for path in self._folder.glob(f"*{SUFFIX}")]
        found = {(int(key), kind): self.find(int(key), kind) for key, _, kind in galleries if key.isdecimal()}
        return {gallery: name for gallery, name in found.items() if name}

    def find(self, collection: int, track: str) -> str | None:
        """Returns a gallery's name (see `Names.find`)."""
        try:
            return self._path(collection, track).read_text()
        except (OSError, ValueError):
            return None

    def keep(self, collection: int, track: str, name: str) -> None:
        """Stores a gallery's name (see `Names.keep`).

        Raises:
            OSError: it cannot be written.
        """
        path = self._path(collection, track)
        beside = path.with_suffix(f".{uuid.uuid4().hex}")
        segment_file.write(beside, [name.encode()])
        beside.replace(path)

    def _path(self, collection: int, track: str) -> Path:
        return self._folder / f"{collection}-{track}{SUFFIX}"
