"""Records the finished photographs of an import in a file, so that an interrupted import resumes where it stopped.

A line is written after the response that it records. A photograph whose line was lost is imported again, which has no
effect, since every call is idempotent. Memory holds 8 bytes for each photograph, and the refusals.
"""

import hashlib
import json
from pathlib import Path

import numpy as np

from mien.errors import SetupError
from mien.transfer.csv_report import Refused
from mien.transfer.photographs import Photograph


class ImportLog:
    """The log of one import, from one source into one collection.

    Args:
        folder: the folder of the logs.
        identity: distinguishes this import from others; a collection that was deleted and created again differs.

    Raises:
        SetupError: the log cannot be written.
    """

    def __init__(self, folder: Path, identity: str) -> None:
        path = folder / f"{hashlib.sha256(identity.encode()).hexdigest()[:32]}.done"
        self._refused: dict[int, list[Refused]] = {}
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._done = self._load(path)
            self._file = path.open("a", encoding="ascii", buffering=1)
        except OSError as error:
            raise SetupError(f"{folder} cannot be written to: {error.strerror}.") from None
        self._file.write("\n")  # terminates a line that was cut short

    def find(self, photograph: Photograph) -> list[Refused] | None:
        """Returns the refusals of a finished photograph; None if it is not finished."""
        number = _number(photograph)
        place = int(np.searchsorted(self._done, np.uint64(number)))
        if place == len(self._done) or int(self._done[place]) != number:
            return None
        return self._refused.get(number, [])

    def add(self, photograph: Photograph, refused: list[Refused]) -> None:
        """Records that a photograph is finished."""
        rows = [[list(each.box) if each.box else None, each.reasons] for each in refused]
        self._file.write(json.dumps([f"{_number(photograph):016x}", rows]) + "\n")

    def close(self) -> None:
        """Closes the file."""
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
    parts = (photograph.name, photograph.version, photograph.user or "", photograph.external_image_id)
    return int.from_bytes(hashlib.blake2b("\0".join(parts).encode(errors="replace"), digest_size=8).digest())
