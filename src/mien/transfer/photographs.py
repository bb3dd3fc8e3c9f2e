"""Streams the photographs to import from a folder, a CSV file or a bucket."""

import csv
import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from urllib.parse import quote

from mien.errors import ApiError, SetupError
from mien.image.source import MOST_OBJECT, S3

MOST_ROW = 64 << 10  # characters of a row of a CSV file, over all its lines
SAFE = "_.-"  # characters, besides letters and digits, that ids keep


class UnreadableError(Exception):
    """A photograph cannot be read now. Another run may succeed."""


@dataclass(frozen=True, slots=True)
class Photograph:
    """A photograph to be imported.

    Attributes:
        name: its path or address, for the report.
        user: the UserId of the person it shows; None if it is not known.
        external_image_id: its ExternalImageId.
        version: differs after the photograph changed.
        read: returns its bytes, or raises UnreadableError.
    """

    name: str
    user: str | None
    external_image_id: str
    version: str
    read: Callable[[], bytes]


@dataclass(frozen=True, slots=True)
class Source:
    """Photographs that can be iterated more than once, in the same order.

    Attributes:
        name: the path or address, the same in every run.
        walk: starts an iteration.
        is_local: whether iterating is cheap, so that the photographs can be counted first.
    """

    name: str
    walk: Callable[[], Iterator[Photograph]]
    is_local: bool = True


def identifier(name: str) -> str:
    """Encodes a name as an id of the API: a character not in SAFE, letters or digits becomes `:` and two hex digits.

    Different names have different ids. To decode one, replace `:` by `%` and call `urllib.parse.unquote`.
    """
    return quote(name, safe=SAFE, errors="surrogateescape").replace("~", "%7E").replace("%", ":")


def of_folder(folder: Path) -> Source:
    """Returns the files under a folder except hidden ones. The first sub-folder names the user, the file the image.

    Raises:
        SetupError: it is not a folder.
    """
    if not folder.is_dir():
        raise SetupError(f"{folder} is not a folder.")

    def walk() -> Iterator[Photograph]:
        for path in files(folder):
            above = path.relative_to(folder).parts[:-1]
            yield of_file(path, above[0] if above else None)

    return Source(str(folder.resolve()), walk)


def files(folder: Path) -> Iterator[Path]:
    """Yields the files under a folder, sorted within each folder. Hidden files and links to folders are skipped.

    Raises:
        SetupError: a folder cannot be read.
    """
    try:
        entries = sorted(os.scandir(folder), key=lambda each: each.name)
    except OSError as error:
        raise SetupError(f"The folder {folder} cannot be read: {error.strerror}.") from None
    for entry in entries:
        if entry.name.startswith("."):
            continue
        if entry.is_dir(follow_symlinks=False):
            yield from files(Path(entry.path))
        elif entry.is_file():
            yield Path(entry.path)


def of_file(path: Path, user: str | None) -> Photograph:
    """Returns the photograph in a file, named after it."""
    try:
        about = path.stat()
        version = f"{about.st_size} {about.st_mtime_ns}"
    except OSError:
        version = ""  # reading the file reports the cause
    return Photograph(
        str(path),
        identifier(user) if user is not None else None,
        identifier(path.name),
        version,
        lambda: read(path),
    )


def read(path: Path) -> bytes:
    """Reads a file, up to one byte more than the largest image.

    Raises:
        UnreadableError: the file cannot be read, or is a pipe or a device, which may never end.
    """
    try:
        with open(path, "rb", opener=_without_waiting) as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise UnreadableError("it is not a regular file")
            return file.read(MOST_OBJECT + 1)
    except (OSError, ValueError) as error:  # a name with a NUL is a ValueError
        raise UnreadableError(getattr(error, "strerror", None) or str(error)) from None


def _without_waiting(path: str, flags: int) -> int:
    """Opens a file. A pipe opens at once, instead of waiting for its other end."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def of_csv(path: Path) -> Source:
    """Returns the files listed in a CSV file: `image`, relative to its folder, and optionally `user` and an id.

    Users and values of `external_image_id` are used as given. Without an id, the file name is used, as in a folder.

    Raises:
        SetupError: the CSV file cannot be read, is a pipe or a device, has no column `image`, or has too long a row.
    """
    next(_rows(path), None)

    def walk() -> Iterator[Photograph]:
        for row in _rows(path):
            image = (row["image"] or "").strip()
            external = (row.get("external_image_id") or "").strip() or identifier(Path(image).name)
            user = (row.get("user") or "").strip() or None
            place = path.parent / image
            try:
                about = place.stat()
                version = f"{about.st_size} {about.st_mtime_ns} {user} {external}"
            except (OSError, ValueError):  # a name with a NUL is a ValueError
                version = ""  # reading the file reports the cause
            yield Photograph(image, user, external, version, lambda place=place: read(place))  # type: ignore[misc]

    return Source(str(path.resolve()), walk)


def _rows(path: Path) -> Iterator[dict[str, str | None]]:
    try:
        with _opened(path) as file:
            lines = _Lines(file, path)
            rows = csv.DictReader(lines)
            if "image" not in (rows.fieldnames or ()):
                raise SetupError(f"{path} must have a column named image; it may have user and external_image_id.")
            for row in rows:
                lines.begin_row()
                yield row
    except (UnicodeDecodeError, csv.Error) as error:
        raise SetupError(f"{path} is not a CSV file in UTF-8: {error}.") from None


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
        return path.open(newline="", encoding="utf-8-sig")
    except OSError as error:
        raise SetupError(f"{path} cannot be read: {error.strerror}.") from None


def of_bucket(s3: S3, address: str) -> Source:
    """Returns the objects under `s3://BUCKET/PREFIX`. The rest of the key is interpreted like a path in a folder."""
    bucket, _, prefix = address.removeprefix("s3://").partition("/")
    if not bucket:
        raise SetupError(f"{address} names no bucket; write s3://BUCKET/PREFIX.")

    def fetch(key: str) -> bytes:
        try:
            return s3.read(bucket, key, None)
        except ApiError as error:
            raise UnreadableError(error.message) from None

    def walk() -> Iterator[Photograph]:
        try:
            for key, tag in s3.list(bucket, prefix):
                if not key.endswith("/"):
                    parts = key.removeprefix(prefix).strip("/").split("/")
                    user = identifier(parts[0]) if len(parts) > 1 else None
                    name = f"s3://{bucket}/{key}"
                    yield Photograph(name, user, identifier(parts[-1]), tag, lambda key=key: fetch(key))  # type: ignore[misc]
        except ApiError:
            raise SetupError(
                f"{address} cannot be listed; check that it exists and that the s3_* settings are right."
            ) from None

    return Source(address, walk, is_local=False)
