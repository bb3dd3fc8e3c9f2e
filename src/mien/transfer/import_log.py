"""What an import has done, kept in a file so that one that was ended goes on where it stopped.

A line is written after the answer that it records. What a lost line stood for is done again, which changes nothing.
Eight bytes a photograph are held in memory, and what was refused.
"""

import hashlib
import json
from pathlib import Path

import numpy as np

from mien.errors import SetupError
from mien.transfer.csv_report import Refused
from mien.transfer.photographs import Photograph


class ImportLog:
    """The record of one import: of one source, into one collection.

    Args:
        folder: where journals lie.
        about: what tells this import from others; a collection that was made anew is another one.

    Raises:
        SetupError: it cannot be written.
    """

    def __init__(self, folder: Path, about: str) -> None:
        path = folder / f"{hashlib.sha256(about.encode()).hexdigest()[:32]}.done"
        self._refused: dict[int, list[Refused]] = {}
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._done = self._load(path)
            self._file = path.open("a", encoding="ascii", buffering=1)
        except OSError as error:
            raise SetupError(f"{folder} cannot be written to: {error.strerror}.") from None
        self._file.write("\n")  # ends a line that was cut short

    def find(self, photograph: Photograph) -> list[Refused] | None:
        """What was refused of a photograph that is done; None for one that is not."""
        number = _number(photograph)
        place = int(np.searchsorted(self._done, np.uint64(number)))
        if place == len(self._done) or int(self._done[place]) != number:
            return None
        return self._refused.get(number, [])

    def keep(self, photograph: Photograph, refused: list[Refused]) -> None:
        """Record that a photograph is done."""
        rows = [[list(each.box) if each.box else None, each.reasons] for each in refused]
        self._file.write(json.dumps([f"{_number(photograph):016x}", rows]) + "\n")

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _load(self, path: Path) -> "np.ndarray[tuple[int], np.dtype[np.uint64]]":
        numbers = np.empty(1024, np.uint64)
        count = 0
        path.touch(mode=0o600)
        with path.open(encoding="ascii", errors="replace") as file:
            for line in file:
                try:
                    name, rows = json.loads(line)
                    number = int(name, 16)
                    refused = [Refused(tuple(box) if box else None, reasons) for box, reasons in rows]
                except (ValueError, TypeError):
                    continue  # cut short
                if refused:
                    self._refused[number] = refused
                if count == len(numbers):
                    numbers = np.concatenate([numbers, np.empty_like(numbers)])
                numbers[count] = number
                count += 1
        return np.unique(numbers[:count])


def _number(photograph: Photograph) -> int:
    parts = (photograph.name, photograph.mark, photograph.user or "", photograph.external_image_id)
    return int.from_bytes(hashlib.blake2b("\0".join(parts).encode(errors="replace"), digest_size=8).digest())
