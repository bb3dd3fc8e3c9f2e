"""Keeps what a run found in its photographs, in a file, so that an interrupted run continues and memory stays bounded.

The faces of a run lie in it until the run ends; what it placed stays, so that a later run knows its own files. Paths
are bytes, as the system has them.
"""

import os
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mien.errors import SetupError
from mien.sorting.ledger import Ledger

BATCH = 1000  # rows in memory
_TABLES = """
CREATE TABLE IF NOT EXISTS run (number INTEGER NOT NULL, identity TEXT NOT NULL, moving INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS photographs (
    id INTEGER PRIMARY KEY, path BLOB NOT NULL UNIQUE, version TEXT NOT NULL, run INTEGER NOT NULL, why TEXT,
    width INTEGER, height INTEGER, orientation INTEGER
);
CREATE TABLE IF NOT EXISTS faces (
    id INTEGER PRIMARY KEY, photograph INTEGER NOT NULL REFERENCES photographs ON DELETE CASCADE,
    box_left REAL, box_top REAL, box_width REAL, box_height REAL,
    user TEXT, name TEXT, similarity REAL, reasons TEXT, embedding BLOB, stranger INTEGER
);
CREATE INDEX IF NOT EXISTS faces_of_photographs ON faces (photograph);
CREATE TABLE IF NOT EXISTS folders (who TEXT PRIMARY KEY, folder TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS placed (
    key TEXT PRIMARY KEY, target BLOB NOT NULL, source BLOB NOT NULL, folder TEXT NOT NULL, version TEXT NOT NULL,
    run INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS placed_of_sources ON placed (source, folder);
"""


@dataclass(frozen=True, slots=True)
class FaceSeen:
    """A face of a photograph.

    Attributes:
        box: left, top, width and height as shares of the upright picture.
        user: the UserId of the person it shows; empty if that is not known.
        name: the name that the person is shown by.
        similarity: 0–100, to the person.
        reasons: why it was not searched for.
        embedding: float32 (D,) if nobody is known by it and it was searched for.
        stranger: the number of the unknown person it shows, from 1; 0 if there is none yet.
    """

    box: tuple[float, float, float, float]
    user: str = ""
    name: str = ""
    similarity: float = 0.0
    reasons: tuple[str, ...] = ()
    embedding: NDArray[np.float32] | None = None
    stranger: int = 0


@dataclass(frozen=True, slots=True)
class Seen:
    """A photograph that was looked at.

    Attributes:
        path: its path.
        version: differs after the photograph changed.
        why: the reason why it could not be looked at; empty if it could.
        size: columns and rows of the picture as stored.
        orientation: the EXIF orientation, 1–8, that makes it upright.
        faces: its faces, the largest first.
        key: its number in the journal.
    """

    path: Path
    version: str
    why: str = ""
    size: tuple[int, int] = (0, 0)
    orientation: int = 1
    faces: tuple[FaceSeen, ...] = ()
    key: int = field(default=0, compare=False)


class Journal:
    """The journal of the runs into one place. Used by one thread.

    Args:
        path: its file.
        identity: distinguishes runs whose findings differ, by their collection and options.

    Raises:
        SetupError: it cannot be written, or another run uses it.
    """

    def __init__(self, path: Path, identity: str) -> None:
        try:
            os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
            self._file = sqlite3.connect(path, isolation_level=None, timeout=1)
            self._file.execute("PRAGMA locking_mode = EXCLUSIVE")  # then a log needs no shared memory
            self._file.execute("PRAGMA journal_mode = WAL")
            self._file.execute("PRAGMA synchronous = NORMAL")
            self._file.execute("PRAGMA secure_delete = ON")
            self._file.execute("BEGIN EXCLUSIVE")
            for statement in _TABLES.split(";"):
                self._file.execute(statement)
            row = self._file.execute("SELECT number, identity FROM run").fetchone()
            self.run = 1 + (row[0] if row else 0)
            if row is None or row[1] != identity:
                self._file.execute("DELETE FROM faces")
                self._file.execute("DELETE FROM photographs")
            if row is None:
                self._file.execute("INSERT INTO run VALUES (0, '', 0)")
            self._file.execute("UPDATE run SET number = ?, identity = ?", (self.run, identity))
            self._file.execute("COMMIT")
        except (sqlite3.Error, OSError) as error:
            raise SetupError(f"{path} cannot be used ({error}); is another run at work there?") from None

    def ledger(self, into: Path) -> Ledger:
        """Returns what the runs into a folder placed there."""
        return Ledger(self._file, self.run, into)

    def find(self, path: Path, version: str) -> bool:
        """Returns whether a photograph was looked at since it changed; then this run takes that over."""
        done = self._file.execute(
            "UPDATE photographs SET run = ? WHERE path = ? AND version = ? AND why = ''",
            (self.run, os.fsencode(path), version),
        )
        return done.rowcount > 0

    def add(self, seen: Seen) -> None:
        """Keeps what was seen in a photograph, in place of what was seen in it before."""
        path = os.fsencode(seen.path)
        self._file.execute("BEGIN")
        self._file.execute("DELETE FROM faces WHERE photograph = (SELECT id FROM photographs WHERE path = ?)", (path,))
        self._file.execute("DELETE FROM photographs WHERE path = ?", (path,))
        key = self._file.execute(
            "INSERT INTO photographs (path, version, run, why, width, height, orientation) "
            "VALUES (?, ?, ?, ?, ?, ?, ?)",
            (path, seen.version, self.run, seen.why, *seen.size, seen.orientation),
        ).lastrowid
        self._file.executemany(
            "INSERT INTO faces (photograph, box_left, box_top, box_width, box_height, user, name, similarity, reasons, "
            "embedding, stranger) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0)",
            [
                (key, *each.box, each.user, each.name, each.similarity, "; ".join(each.reasons),
                 each.embedding.astype("<f4").tobytes() if each.embedding is not None else None)
                for each in seen.faces
            ],
        )  # fmt: skip
        self._file.execute("COMMIT")

    def photographs(self) -> Iterator[Seen]:
        """Yields the photographs of this run in the order of their paths, with faces but without embeddings."""
        last = b""
        while rows := self._file.execute(
            "SELECT id, path, version, why, width, height, orientation FROM photographs WHERE run = ? AND path > ? "
            "ORDER BY path LIMIT ?",
            (self.run, last, BATCH),
        ).fetchall():
            for key, path, version, why, width, height, orientation in rows:
                faces = self._file.execute(
                    "SELECT box_left, box_top, box_width, box_height, user, name, similarity, reasons, stranger "
                    "FROM faces WHERE photograph = ? ORDER BY id",
                    (key,),
                ).fetchall()
                yield Seen(
                    Path(os.fsdecode(path)), version, why, (width, height), orientation,
                    tuple(
                        FaceSeen(
                            tuple(row[:4]), row[4], row[5], row[6], tuple(filter(None, row[7].split("; "))),
                            stranger=row[8],
                        )
                        for row in faces
                    ), key,
                )  # fmt: skip
            last = rows[-1][1]

    def failed(self) -> Iterator[Seen]:
        """Yields the photographs of this run that could not be looked at."""
        return (seen for seen in self.photographs() if seen.why)

    def unknown(self) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float32], NDArray[np.int64]]]:
        """Yields the unknown faces of this run in batches: keys (N,), embeddings (N, D), photographs (N,)."""
        last = 0
        while rows := self._file.execute(
            "SELECT faces.id, embedding, photograph FROM faces JOIN photographs ON photographs.id = photograph "
            "WHERE run = ? AND embedding IS NOT NULL AND faces.id > ? ORDER BY faces.id LIMIT ?",
            (self.run, last, BATCH),
        ).fetchall():
            keys, embeddings, photographs = zip(*rows, strict=True)
            yield np.array(keys), np.stack([np.frombuffer(each, "<f4") for each in embeddings]), np.array(photographs)
            last = rows[-1][0]

    def number(self, keys: Sequence[int], strangers: Sequence[int]) -> None:
        """Keeps the number of the unknown person that each face shows."""
        self._file.execute("BEGIN")
        self._file.execute("UPDATE faces SET stranger = 0")
        self._file.executemany("UPDATE faces SET stranger = ? WHERE id = ?", zip(strangers, keys, strict=True))
        self._file.execute("COMMIT")

    def finish(self) -> None:
        """Forgets the photographs and their faces."""
        self._file.execute("DELETE FROM faces")
        self._file.execute("DELETE FROM photographs")
        self._file.execute("VACUUM")

    def close(self) -> None:
        """Closes the file."""
        self._file.close()
