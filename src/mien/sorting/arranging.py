"""Arranges the photographs of a journal in folders by person, and writes their sidecars."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from mien.sorting import sidecar
from mien.sorting.file_names import numbered
from mien.sorting.journal import Journal, Seen
from mien.sorting.ledger import Ledger, Placed, most_alike
from mien.sorting.placing import Placer, remove_originals, unchanged
from mien.sorting.tree import XmpError
from mien.system.progress import Progress
from mien.transfer.photographs import UnreadableError

FACELESS = "No clear face"
OTHERS = "Other unknown people"
STRANGER = "Unknown {}"
Tell = Callable[[Path, str], None]  # is told of a file that failed, and why


@dataclass(slots=True)
class Arranged:
    """What an arrangement did.

    Attributes:
        folders: how many photographs each folder has of this run.
        made: files that were not there before.
        failed: photographs that could not be put into each of their folders, or whose sidecar could not be written.
        left_over: files of earlier runs that no longer belong where they are.
        removed: of those, the ones that were removed.
    """

    folders: Counter[str] = field(default_factory=Counter)
    made: int = 0
    failed: int = 0
    left_over: int = 0
    removed: int = 0


@dataclass(frozen=True, slots=True)
class Arrangement:
    """How photographs are arranged.

    Attributes:
        journal: the journal of the run, its unknown people numbered.
        ledger: what earlier runs placed.
        placer: puts the files into their folders.
        least: how many photographs an unknown person needs for a folder of their own.
        xmp: whether to write sidecars.
        tidy: whether to remove files of earlier runs that no longer belong where they are.
        tell: is told of files that failed.
    """

    journal: Journal
    ledger: Ledger
    placer: Placer
    least: int
    xmp: bool
    tidy: bool
    tell: Tell

    def run(self, progress: Progress) -> Arranged:
        """Arranges all photographs of the run.

        Raises:
            SetupError: no further file can be made; those that were made are whole.
        """
        done = Arranged()
        sizes = self._sizes()
        self._recognize(sizes)
        for seen in self.journal.photographs():
            if not seen.why:
                self._arrange(seen, sizes, done)
                progress.step()
        progress.close()
        if self.placer.way == "move" and self.placer.unfinished is not None:
            self.ledger.begin_moving()
            done.failed += remove_originals(self.ledger, self.tell)
        for placed in self.ledger.left_over():
            self._tidy(placed, done)
        return done

    def _sizes(self) -> Counter[int]:
        """Returns in how many photographs each unknown person is."""
        return Counter(face.stranger for seen in self.journal.photographs() for face in seen.faces if face.stranger)

    def _recognize(self, sizes: Counter[int]) -> None:
        """Gives the folders of unknown people to those who have most photographs of them in common."""
        before: dict[Path, list[str]] = {}
        for who, source in self.ledger.strangers():
            before.setdefault(source, []).append(who)
        pairs: Counter[tuple[str, str]] = Counter()
        for seen in self.journal.photographs() if before else ():
            for who in before.get(seen.path, ()):
                pairs.update(
                    (who, _stranger(face.stranger)) for face in seen.faces if sizes[face.stranger] >= self.least
                )
        self.ledger.rename(most_alike(pairs))
        for number in sorted(number for number, size in sizes.items() if size >= self.least):
            self._folder_of(number)  # the lowest names for those in most photographs

    def _arrange(self, seen: Seen, sizes: Counter[int], done: Arranged) -> None:
        beside = sidecar.beside(seen.path)
        try:
            for folder in dict.fromkeys(self._folders(seen, sizes)):
                target, is_new = self.placer.place(seen.path, folder, seen.version)
                done.folders[folder] += 1
                done.made += is_new
                if self.placer.unfinished is not None:
                    self._bring(beside, sidecar.like(beside, seen.path, target), folder)
                    if self.xmp:
                        sidecar.write_seen(seen, sidecar.beside(target))
        except (OSError, XmpError, UnreadableError) as error:
            done.failed += 1
            self.tell(seen.path, getattr(error, "strerror", None) or str(error))

    def _folders(self, seen: Seen, sizes: Counter[int]) -> list[str]:
        """Returns the folders that a photograph belongs into."""
        found, ledger = [], self.ledger
        for face in seen.faces:
            if face.user:
                found.append(ledger.folder(f"person {face.user} {face.name}", partial(numbered, face.name)))
            elif face.stranger and sizes[face.stranger] >= self.least:
                found.append(self._folder_of(face.stranger))
            elif face.stranger:
                found.append(ledger.folder("others", partial(numbered, OTHERS)))
        return found or [ledger.folder("faceless", partial(numbered, FACELESS))]

    def _folder_of(self, stranger: int) -> str:
        return self.ledger.folder(_stranger(stranger), STRANGER.format, alone=True)

    def _bring(self, source: Path, place: Path, folder: str) -> None:
        """Brings a sidecar along."""
        if not source.exists():
            return
        if self.xmp and place.is_symlink() and place.samefile(source):
            place.unlink()  # made by a run without --xmp; writing there would change the original
        self.placer.along(source, place, folder, is_changed=self.xmp)

    def _tidy(self, placed: Placed, done: Arranged) -> None:
        done.left_over += 1
        if not (self.tidy and self.placer.unfinished and unchanged(placed)):
            return
        placed.target.unlink()
        sidecar.retract(sidecar.beside(placed.target))
        self.ledger.forget(placed.place)
        done.removed += 1
        if not any(placed.target.parent.iterdir()):
            placed.target.parent.rmdir()


def _stranger(number: int) -> str:
    return f"stranger {number}"
