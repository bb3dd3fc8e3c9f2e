"""Writes CSV reports: faces that an import refused, line by line, and faces that a re-indexing did not find."""

import csv
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from mien.errors import SetupError
from mien.naming import shown
from mien.store.base import StoredFace
from mien.transfer.reasons import sentence

COLUMNS = ("image", "user", "left", "top", "width", "height", "reasons")
Ratios = tuple[float, float, float, float]  # left, top, width, height, as shares of the image


@dataclass(frozen=True, slots=True)
class Refused:
    """A refused face and the API's reasons; the whole photograph was refused if `box` is None."""

    box: Ratios | None
    reasons: list[str]


class RefusalReport:
    """The report of `mien import --report`.

    Raises:
        SetupError: the file cannot be written.
    """

    def __init__(self, path: Path) -> None:
        try:
            self._file = path.open("w", newline="", encoding="utf-8", errors="backslashreplace")
        except OSError as error:
            raise SetupError(f"{path} cannot be written: {error.strerror}.") from None
        self._rows = csv.writer(self._file)
        self._rows.writerow(COLUMNS)

    def add(self, image: str, user: str | None, refused: Refused) -> None:
        """Writes a line."""
        box = [f"{share:.6f}" for share in refused.box] if refused.box else [""] * 4
        self._rows.writerow([image, user or "", *box, " ".join(map(sentence, refused.reasons))])

    def close(self) -> None:
        """Flushes and closes the file."""
        self._file.close()


def write_missing(path: Path, faces: Sequence[StoredFace], person: Callable[[str], str] = shown) -> None:
    """Writes the faces whose photograph was not found, for `mien reindex --report`.

    Args:
        path: the file.
        faces: the faces.
        person: returns the name of a user by its id.

    Raises:
        SetupError: the file cannot be written.
    """
    try:
        with path.open("w", newline="", encoding="utf-8", errors="backslashreplace") as file:
            rows = csv.writer(file)
            rows.writerow(("face_id", "image_id", "external_image_id", "image", "user_id", "user"))
            rows.writerows(
                (each.face_id, each.image_id, each.external_image_id, shown(each.external_image_id or ""), each.user,
                 person(each.user) if each.user else "") for each in faces
            )  # fmt: skip
    except OSError as error:
        raise SetupError(f"{path} cannot be written: {error.strerror}.") from None
