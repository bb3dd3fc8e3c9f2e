"""Keeps the snapshots of galleries in a folder, where processes of one machine share them.

Processes need no other arrangement with each other: the one that holds a gallery's lock writes its snapshot, and the
others map its files when they see its name. The system releases the lock of a process that dies.
"""

import contextlib
import fcntl
import logging
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec

from mien.gallery import snapshot
from mien.gallery.segment import Segment
from mien.gallery.segment_file import DamagedError, Placement
from mien.gallery.snapshot import Moment
from mien.serving.snapshot_names import Names
from mien.store.base import CollectionGoneError
from mien.system import private

log = logging.getLogger("mien")


class SnapshotFolder:
    """The snapshots in one folder, which has a folder for each collection, and that one for each of its galleries.

    Args:
        folder: the folder.
        names: which snapshots are valid.
        placement: where loaded segments lie; if they are shared, other processes use the folder too.
        threads: that read a snapshot.
    """

    def __init__(self, folder: Path, names: Names, placement: Placement, threads: int) -> None:
        self._folder, self.names, self.placement, self._threads = folder, names, placement, threads

    @contextmanager
    def alone(self, collection: int, kind: str, wait: bool = False) -> Iterator[bool]:
        """Keeps other processes from writing a gallery's snapshot.

        Args:
            collection: the collection's key.
            kind: faces or users.
            wait: whether to wait for a process that is writing it now.

        Yields:
            Whether this process may write it.
        """
        if not self.placement.shared:
            yield True
            return
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self._folder / f"{collection}-{kind}.lock"
        private.file(path)
        with path.open("rb") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
            except BlockingIOError:
                yield False
                return
            yield True

    def newest(
        self, collection: int, kind: str, known: str | None = None, held: Sequence[Segment] = ()
    ) -> tuple[str | None, Moment | None]:
        """Loads a gallery's snapshot unless it is the known one.

        Args:
            collection: the collection's key.
            kind: faces or users.
            known: the name of a snapshot that need not be loaded.
            held: segments whose arrays are taken where they are in the snapshot.

        Returns:
            The name of the valid snapshot, and its contents; None for them if it is known or damaged.
        """
        folder = self._of(collection, kind)
        while (name := self.names.find(collection, kind)) and name != known:
            try:
                moment: Moment | None = snapshot.load(folder, name, self.placement, self._threads, held)
            except DamagedError:
                if self.names.find(collection, kind) != name:
                    continue  # another process has written the next one and deleted this
                facts = {"facts": {"kind": kind}}
                log.warning("snapshot is missing, damaged or old; the gallery is built from the store", extra=facts)
                moment = None
            if not self.placement.shared:
                snapshot.prune(folder, name if moment else None)
            return name, moment
        return name, None

    def write(self, collection: int, kind: str, moment: Moment) -> tuple[str, list[Segment]] | None:
        """Writes a gallery's snapshot, makes it the valid one, and deletes the one before. The caller is `alone`.

        Returns:
            Its name, and the segments with their files; None if the collection no longer exists.

        Raises:
            OSError: it cannot be written.
        """
        folder = self._of(collection, kind)
        moment = moment.joined() if self.placement.shared else moment
        name, segments = snapshot.save(folder, moment)
        try:
            self.names.keep(collection, kind, name)
        except CollectionGoneError:
            self.discard(collection)
            return None
        except BaseException:
            snapshot.discard(moment, segments)
            raise
        snapshot.prune(folder, name)
        return name, segments

    def discard(self, collection: int) -> None:
        """Deletes the snapshots of a deleted collection."""
        shutil.rmtree(self._folder / str(collection), ignore_errors=True)
        for path in self._folder.glob(f"{collection}-*"):
            path.unlink(missing_ok=True)

    def tidy(self, exists: Callable[[int], bool]) -> None:
        """Deletes what a kill in the middle of writing or deleting has left.

        Args:
            exists: whether there is a collection with this key.
        """
        for path in [*self._folder.iterdir()] if self._folder.exists() else []:
            key = path.name.partition("-")[0]
            if not (key.isdecimal() and exists(int(key))):
                shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink(missing_ok=True)
                continue
            for inside in path.iterdir() if path.is_dir() else ():
                with self.alone(int(key), inside.name) as mine:
                    if mine:
                        self._prune(int(key), inside)

    def _prune(self, collection: int, folder: Path) -> None:
        name = self.names.find(collection, folder.name)
        if name is None:
            shutil.rmtree(folder, ignore_errors=True)
            return
        with contextlib.suppress(OSError, msgspec.MsgspecError):  # damage is found when it is read
            snapshot.prune(folder, name)

    def _of(self, collection: int, kind: str) -> Path:
        return self._folder / str(collection) / kind
