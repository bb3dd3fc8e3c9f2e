"""Walks a folder of photographs. What cannot be read, or is left out, is named and does not end the walk."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

# Folders in which computers, drives and photo programs keep what is theirs; compared without case.
SYSTEM_FOLDERS = frozenset((
    "@eadir", "@tmp", "@recycle", "@recently-snapshot", "#recycle", "#snapshot", "$recycle.bin", "recycler",
    "system volume information", "__macosx", "lost+found", "thumbnails.db", "_gsdata_", "resource.frk",
))  # fmt: skip
SYSTEM_SUFFIXES = (".lrdata", ".cocatalog", ".cosessiondb")  # previews of Lightroom and Capture One


@dataclass(frozen=True, slots=True)
class Skipped:
    """Something in a source that is no photograph to import.

    Attributes:
        name: its path or address, for the report.
        kind: what it is, in the plural.
        why: why it could not be read, as a sentence; empty if it was left out on purpose.
    """

    name: str
    kind: str
    why: str = ""


def is_left_out(folder: str) -> bool:
    """Returns whether a folder of this name is hidden, or a computer's, a drive's or a program's own."""
    name = folder.casefold()
    return name.startswith(".") or name in SYSTEM_FOLDERS or name.endswith(SYSTEM_SUFFIXES)


def files(folder: Path) -> Iterator[Path | Skipped]:
    """Yields the files under a folder, sorted within each folder, and what is skipped; hidden files are not mentioned.

    Links to files are followed, links to folders are not.
    """
    pending: list[Iterator[os.DirEntry[str] | Skipped]] = [iter(_entries(folder))]
    while pending:
        entry: os.DirEntry[str] | Skipped | None = next(pending[-1], None)
        if entry is None:
            pending.pop()
        elif isinstance(entry, Skipped):
            yield entry
        elif entry.name.startswith("."):
            continue
        elif not entry.is_dir(follow_symlinks=False):
            yield _file(entry)
        elif is_left_out(entry.name):
            yield Skipped(entry.path, "folders of computers and programs")
        else:
            pending.append(iter(_entries(Path(entry.path))))


def _entries(folder: Path) -> "list[os.DirEntry[str] | Skipped]":
    try:
        return [*sorted(os.scandir(folder), key=lambda each: each.name)]
    except OSError as error:
        return [Skipped(str(folder), "folders", f"The folder cannot be read: {error.strerror}.")]


def _file(entry: "os.DirEntry[str]") -> Path | Skipped:
    try:
        if entry.is_file():
            return Path(entry.path)
        if entry.is_dir():
            return Skipped(entry.path, "links to folders")
    except OSError:  # a link to itself
        return Skipped(entry.path, "links that lead nowhere")
    return Skipped(entry.path, "links that lead nowhere" if entry.is_symlink() else "pipes and devices")
