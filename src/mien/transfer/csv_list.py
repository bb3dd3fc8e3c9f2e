"""Streams the photographs to import from a CSV file, as spreadsheets of any country and system write it."""

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from mien import naming
from mien.errors import ApiError, SetupError
from mien.transfer.photographs import Photograph, Source, read_photograph, unnamable, version
from mien.transfer.walking import Skipped

MOST_ROW = 64 << 10  # characters of a row, over all its lines
IMAGE, USER, EXTERNAL = "image", "user", "external_image_id"
DELIMITERS = ",;\t|"
_BOMS = ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))  # of what spreadsheets call Unicode text


def of_csv(path: Path) -> Source:
    """Returns the files listed in a CSV file: `image`, relative to its folder, and optionally `user` and an id.

    The columns may be separated by commas, semicolons, tabs or bars, and named in capitals. A user or an
    `external_image_id` that is a valid id is used as given, any other is a name. Without an id, the file name is used.

    Raises:
        SetupError: the CSV file cannot be read, is a pipe or a device, has no column `image`, or has too long a row.
    """
    next(_rows(path), None)

    def walk() -> Iterator[Photograph | Skipped]:
        for number, row in enumerate(_rows(path), 2):
            if any(row.values()):
                yield _photograph(path, number, row)

    return Source(str(path.resolve()), walk, by_user=False)


def _photograph(path: Path, number: int, row: dict[str, str]) -> Photograph | Skipped:
    image, user, external = row.get(IMAGE, ""), row.get(USER, ""), row.get(EXTERNAL, "")
    if not image:
        return Skipped(f"{path}, row {number}", "rows", "The row names no image.")
    place = path.parent / image
    about = version(place)
    try:
        written = naming.meant(user) if user else None
    except ApiError as error:
        return unnamable(image, image, about, f"{error.message} It is the user of row {number}.")
    try:
        named = naming.meant(external, naming.MOST_IMAGE) if external else naming.written_file(place.name or image)
    except ApiError as error:
        return unnamable(image, image, about, f"{error.message} It is the external_image_id of row {number}.")
    person = naming.shown(written) if written and user == written else user or None
    return Photograph(
        image, written, named, f"{about} {written} {named}" if about else "", lambda: read_photograph(place), person
    )


def _rows(path: Path) -> Iterator[dict[str, str]]:
    """Yields the rows by the names of their columns, in small letters; white space around a value is dropped."""
    try:
        with _opened(path) as file:
            lines = _Lines(file, path)
            rows = csv.reader(lines, delimiter=_delimiter(file), skipinitialspace=True)
            names = [each.strip().strip("\ufeff").lower() for each in next(rows, [])]
            if IMAGE not in names:
                raise SetupError(
                    f"{path} must have a column named {IMAGE} in its first row; it may have {USER} and {EXTERNAL}."
                )
            lines.begin_row()
            for row in rows:
                lines.begin_row()
                yield {name: value.strip() for name, value in zip(names, row, strict=False)}
    except (UnicodeError, csv.Error) as error:
        raise SetupError(f"{path} is not a CSV file in UTF-8 or UTF-16 ({error}); save it as CSV UTF-8.") from None


def _delimiter(file: IO[str]) -> str:
    """Returns what separates the columns: of DELIMITERS what the first line has most of."""
    first = file.readline(MOST_ROW)
    file.seek(0)
    return max(DELIMITERS, key=first.count)


class _Lines:
    """Bounds the rows of a CSV file. A file without line breaks would otherwise be read as a whole."""

    def __init__(self, file: IO[str], path: Path) -> None:
        self._file = file
        self._path = path
        self._left = MOST_ROW

    def begin_row(self) -> None:
        """Allows the next row its full length."""
        self._left = MOST_ROW

    def __iter__(self) -> Iterator[str]:
        while line := self._file.readline(self._left + 1):
            self._left -= len(line)
            if self._left < 0:
                raise SetupError(f"A row of {self._path} has more than {MOST_ROW:,} characters; is a quote open?")
            yield line


def _opened(path: Path) -> IO[str]:
    try:
        if path.exists() and not path.is_file():
            raise SetupError(f"{path} is not a regular file.")
        with path.open("rb") as file:
            first = file.read(2)
        return path.open(newline="", encoding=dict(_BOMS).get(first, "utf-8-sig"))
    except OSError as error:
        raise SetupError(f"{path} cannot be read: {error.strerror}.") from None
