"""Where photographs are imported from: a folder, a CSV file, or a bucket. Each is a stream; none is held as a whole."""

import csv
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from urllib.parse import quote

from mien.errors import ApiError, SetupError
from mien.image.source import MOST_OBJECT, S3

SAFE = "_.-"  # beside letters and digits, what names of users and images keep as it is


class UnreadableError(Exception):
    """A photograph cannot be read now; it may be another time."""


@dataclass(frozen=True, slots=True)
class Photograph:
    """A photograph to be imported.

    Attributes:
        name: where it is, for the report.
        user: whom it shows; None for nobody in particular.
        external_image_id: what to call it.
        mark: other than before when it changed.
        read: gives its bytes; raises UnreadableError.
    """

    name: str
    user: str | None
    external_image_id: str
    mark: str
    read: Callable[[], bytes]


@dataclass(frozen=True, slots=True)
class Source:
    """Photographs that can be walked through more than once, in the same order.

    Attributes:
        name: what it is, the same in every run.
        walk: begins a walk.
        is_near: whether a walk costs little, so that they may be counted first.
    """

    name: str
    walk: Callable[[], Iterator[Photograph]]
    is_near: bool = True


def identifier(name: str) -> str:
    """A name as the API's ids may be: what is not a letter, digit, `_`, `.` or `-` as `:` and its two hex digits.

    Two names never become the same id, and `urllib.parse.unquote` of it with `%` for `:` is the name again.
    """
    return quote(name, safe=SAFE, errors="surrogateescape").replace("~", "%7E").replace("%", ":")


def of_folder(folder: Path) -> Source:
    """All files under a folder but hidden ones; the first sub-folder is the user, the file's name the image's id.

    Raises:
        SetupError: it is no folder.
    """
    if not folder.is_dir():
        raise SetupError(f"{folder} is not a folder.")

    def walk() -> Iterator[Photograph]:
        for path in files(folder):
            above = path.relative_to(folder).parts[:-1]
            yield of_file(path, above[0] if above else None)

    return Source(str(folder.resolve()), walk)


def files(folder: Path) -> Iterator[Path]:
    """The files under a folder, sorted within each, without hidden ones. Links to folders are not followed.

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
    """A file, called by its name."""
    try:
        about = path.stat()
        mark = f"{about.st_size} {about.st_mtime_ns}"
    except OSError:
        mark = ""  # reading it says what is the matter
    return Photograph(
        str(path),
        identifier(user) if user is not None else None,
        identifier(path.name),
        mark,
        lambda: read(path),
    )


def read(path: Path) -> bytes:
    """A file's bytes, up to the largest an image may have.

    Raises:
        UnreadableError: it cannot be read.
    """
    try:
        with path.open("rb") as file:
            return file.read(MOST_OBJECT + 1)
    except OSError as error:
        raise UnreadableError(error.strerror) from None


def of_csv(path: Path) -> Source:
    """The files that a CSV names: `image`, relative to its folder, and where wanted `user` and `external_image_id`.

    Users and ids are taken as they are; without an id the file's name becomes one, as in a folder.

    Raises:
        SetupError: it cannot be read, or has no column `image`.
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
                mark = f"{about.st_size} {about.st_mtime_ns} {user} {external}"
            except OSError:
                mark = ""  # reading it says what is the matter
            yield Photograph(image, user, external, mark, lambda place=place: read(place))  # type: ignore[misc]

    return Source(str(path.resolve()), walk)


def _rows(path: Path) -> Iterator[dict[str, str | None]]:
    try:
        with _opened(path) as file:
            rows = csv.DictReader(file)
            if "image" not in (rows.fieldnames or ()):
                raise SetupError(f"{path} must have a column named image; it may have user and external_image_id.")
            yield from rows
    except (UnicodeDecodeError, csv.Error) as error:
        raise SetupError(f"{path} is no CSV file in UTF-8: {error}.") from None


def _opened(path: Path) -> IO[str]:
    try:
        return path.open(newline="", encoding="utf-8-sig")
    except OSError as error:
        raise SetupError(f"{path} cannot be read: {error.strerror}.") from None


def of_bucket(s3: S3, address: str) -> Source:
    """The objects under `s3://BUCKET/PREFIX`; what follows the prefix is read as a path in a folder is."""
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
            raise SetupError(f"{address} cannot be listed: is it there, and do the s3_* settings fit?") from None

    return Source(address, walk, is_near=False)
