"""What an import refused and why, as a CSV file that is written as the import goes."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mien.errors import SetupError
from mien.store.base import StoredFace

COLUMNS = ("image", "user", "left", "top", "width", "height", "reasons")
Ratios = tuple[float, float, float, float]  # left, top, width, height, as shares of the picture


@dataclass(frozen=True, slots=True)
class Refused:
    """A face that was refused, or where `box` is None the whole photograph; and why, in the API's words."""

    box: Ratios | None
    reasons: list[str]


class RefusalReport:
    """The file.

    Raises:
        SetupError: it cannot be written.
    """

    def __init__(self, path: Path) -> None:
        try:
            self._file = path.open("w", newline="", encoding="utf-8", errors="backslashreplace")
        except OSError as error:
            raise SetupError(f"{path} cannot be written: {error.strerror}.") from None
        self._rows = csv.writer(self._file)
        self._rows.writerow(COLUMNS)

    def add(self, image: str, user: str | None, refused: Refused) -> None:
        """Write a line."""
        box = [f"{share:.6f}" for share in refused.box] if refused.box else [""] * 4
        self._rows.writerow([image, user or "", *box, "; ".join(refused.reasons)])

    def close(self) -> None:
        """Write the rest."""
        self._file.close()


def write_missing(path: Path, faces: Sequence[StoredFace]) -> None:
    """Write the faces whose photograph is not there.

    Raises:
        SetupError: it cannot be written.
    """
    try:
        with path.open("w", newline="", encoding="utf-8") as file:
            rows = csv.writer(file)
            rows.writerow(("face_id", "image_id", "external_image_id", "user"))
            rows.writerows((each.face_id, each.image_id, each.external_image_id, each.user) for each in faces)
    except OSError as error:
        raise SetupError(f"{path} cannot be written: {error.strerror}.") from None
