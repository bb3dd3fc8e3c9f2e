"""Streams the photographs to import from a folder or a bucket; `csv_list.py` reads them from a CSV file.

A name that cannot be a person's, or a place that cannot be read, is a fault of that photograph or folder alone.
"""

import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from mien import naming
from mien.errors import ApiError, SetupError
from mien.image.contents import ENOUGH, Content, content
from mien.image.limits import MOST_FILE
from mien.image.source import S3
from mien.transfer.walking import Skipped, files, is_left_out


class UnreadableError(Exception):
    """A photograph cannot be read now; the text is a clause. Another run may succeed."""


class NoPhotographError(Exception):
    """A file holds something else than a photograph."""

    def __init__(self, found: Content) -> None:
        super().__init__(found.kind.value)
        self.kind = found.kind.value


@dataclass(frozen=True, slots=True)
class Photograph:
    """A photograph to be imported.

    Attributes:
        name: its path or address, for the report.
        user: the UserId of the person it shows; None if it is not known.
        external_image_id: its ExternalImageId.
        version: differs after the photograph changed.
        read: returns its bytes, or raises UnreadableError or NoPhotographError.
        person: the name of the person it shows, for the report and to be kept beside the UserId.
    """

    name: str
    user: str | None
    external_image_id: str
    version: str
    read: Callable[[], bytes]
    person: str | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """Photographs that can be iterated more than once, in the same order.

    Attributes:
        name: the path or address, the same in every run.
        walk: starts an iteration, which also yields what is skipped.
        is_local: whether iterating is cheap, so that the photographs can be counted first.
        by_user: whether the photographs of a user follow each other.
    """

    name: str
    walk: Callable[[], Iterator[Photograph | Skipped]]
    is_local: bool = True
    by_user: bool = True

    def unnamed(self) -> "Source":
        """Returns the same photographs without people: folders of a telephone say nothing of who is shown."""

        def walk() -> Iterator[Photograph | Skipped]:
            for each in self.walk():
                yield replace(each, user=None, person=None) if isinstance(each, Photograph) else each

        return replace(self, walk=walk)

    def photographs(self) -> Iterator[Photograph]:
        """Iterates over the photographs alone."""
        return (each for each in self.walk() if isinstance(each, Photograph))


def of_folder(folder: Path) -> Source:
    """Returns the files under a folder except hidden ones. The first sub-folder names the user, the file the image.

    Raises:
        SetupError: it is not a folder, or cannot be read.
    """
    if not folder.is_dir():
        raise SetupError(f"{folder} is not a folder.")
    try:
        os.scandir(folder).close()
    except OSError as error:
        raise SetupError(f"The folder {folder} cannot be read: {error.strerror}.") from None

    def walk() -> Iterator[Photograph | Skipped]:
        for path in files(folder):
            if isinstance(path, Skipped):
                yield path
                continue
            above = path.relative_to(folder).parts[:-1]
            yield of_file(path, above[0] if above else None)

    return Source(str(folder.resolve()), walk)


def of_file(path: Path, person: str | None) -> Photograph:
    """Returns the photograph in a file, named after it."""
    return named(str(path), person, path.name, version(path), lambda: read_photograph(path))


def named(name: str, person: str | None, image: str, version: str, read: Callable[[], bytes]) -> Photograph:
    """Returns a photograph of a person and with a name; one whose names cannot be written is unreadable."""
    try:
        user = naming.written(person) if person is not None else None
    except ApiError as error:
        return unnamable(name, image, version, f"{error.message} The first folder names the person.")
    try:
        return Photograph(name, user, naming.written_file(image), version, read, person)
    except ApiError as error:
        return unnamable(name, image, version, str(error.message))


def unnamable(name: str, image: str, version: str, why: str) -> Photograph:
    """Returns a photograph that is not imported because of a name."""

    def read() -> bytes:
        raise UnreadableError(why)

    return Photograph(name, None, image, version, read)


def version(path: Path) -> str:
    """Returns a text that differs after a file changed; empty if reading it fails, which then says why."""
    try:
        about = path.stat()
    except (OSError, ValueError):  # a name with a NUL is a ValueError
        return ""
    return f"{about.st_size} {about.st_mtime_ns}"


def read(path: Path) -> bytes:
    """Reads a file, up to one byte more than the largest image.

    Raises:
        UnreadableError: the file cannot be read, or is a pipe or a device, which may never end.
    """
    return _read(path, only_photographs=False)


def read_photograph(path: Path) -> bytes:
    """Reads a file as `read` does, after a look at its first bytes.

    Raises:
        NoPhotographError: it is no photograph.
        UnreadableError: as `read`.
    """
    return _read(path, only_photographs=True)


def _read(path: Path, only_photographs: bool) -> bytes:
    try:
        with open(path, "rb", opener=_without_waiting) as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise UnreadableError("It is not a regular file.")
            first = file.read(ENOUGH)
            if only_photographs:
                refuse_others(first)
            return first + file.read(MOST_FILE + 1 - len(first))
    except ValueError:
        raise UnreadableError("Its path has a NUL character.") from None
    except OSError as error:
        raise UnreadableError(f"It cannot be read: {error.strerror}.") from None


def refuse_others(data: bytes) -> None:
    """Raises for what is no photograph by its first bytes.

    Raises:
        NoPhotographError: it is none.
    """
    if not (found := content(data)).is_photograph:
        raise NoPhotographError(found)


def _without_waiting(path: str, flags: int) -> int:
    """Opens a file. A pipe opens at once, instead of waiting for its other end."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def of_bucket(s3: S3, address: str) -> Source:
    """Returns the objects under `s3://BUCKET/PREFIX`. The rest of the key is interpreted like a path in a folder."""
    bucket, _, prefix = address.removeprefix("s3://").partition("/")
    if not bucket:
        raise SetupError(f"{address} names no bucket; write s3://BUCKET/PREFIX.")

    def fetch(key: str) -> bytes:
        try:
            data = s3.read(bucket, key, None)
        except ApiError as error:
            raise UnreadableError(f"It cannot be read: {error.message}") from None
        refuse_others(data)
        return data

    def walk() -> Iterator[Photograph | Skipped]:
        try:
            for key, tag in s3.list(bucket, prefix):
                name, parts = f"s3://{bucket}/{key}", key.removeprefix(prefix).strip("/").split("/")
                if key.endswith("/") or parts[-1].startswith("."):
                    continue
                if any(map(is_left_out, parts[:-1])):
                    yield Skipped(name, "files of computers and programs")
                    continue
                person = parts[0] if len(parts) > 1 else None
                yield named(name, person, parts[-1], tag, lambda key=key: fetch(key))  # type: ignore[misc]
        except ApiError:
            raise SetupError(
                f"{address} cannot be listed; check that it exists and that the s3_* settings are right."
            ) from None

    return Source(address, walk, is_local=False)
