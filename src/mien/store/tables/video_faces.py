"""The table of the faces that video jobs saw: many in a row, in the order of their times."""

from dataclasses import dataclass

from mien.store.base import Cursor, Database


@dataclass(frozen=True, slots=True)
class Batch:
    """Faces that follow one another in a film.

    Attributes:
        first: the number of the first of them in the job, from 0.
        count: how many they are.
        tracks: int32, little-endian, for each face the track that it belongs to.
        packed: the faces (`video.packing`).
    """

    first: int
    count: int
    tracks: bytes
    packed: bytes


@dataclass(frozen=True, slots=True)
class VideoFaces:
    """Faces of video jobs in a database."""

    database: Database

    def holding(self, job: int, number: int) -> Batch:
        """Returns the batch that holds the face with this number."""
        statement = (
            "SELECT first, faces, tracks, packed FROM video_faces WHERE job = ? AND first <= ? "
            "ORDER BY first DESC LIMIT 1"
        )
        row = self.database.read(lambda cursor: cursor.row(statement, job, number))
        return Batch(row[0], row[1], bytes(row[2]), bytes(row[3])) if row else Batch(0, 0, b"", b"")

    def tracks(self, job: int) -> bytes:
        """Returns the tracks of all faces of a job (see `Batch.tracks`)."""
        statement = "SELECT tracks FROM video_faces WHERE job = ? ORDER BY first"
        rows = self.database.read(lambda cursor: cursor.rows(statement, job))
        return b"".join(bytes(row[0]) for row in rows)


def add(cursor: Cursor, job: int, batch: Batch) -> None:
    """Stores a batch inside a transaction; an empty one is left out."""
    if batch.count:
        cursor.run(
            "INSERT INTO video_faces (job, first, faces, tracks, packed) VALUES (?, ?, ?, ?, ?)",
            job, batch.first, batch.count, batch.tracks, batch.packed,
        )  # fmt: skip
