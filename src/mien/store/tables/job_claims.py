"""Gives each video job to one server at a time, and keeps what that server has seen of the film.

A server takes a job that is due for `LEASE` seconds and renews that while it works. When it dies, the job is due again,
and another server continues after the last batch that was saved. A save names the server's own number and the count of
batches, so that of two servers that both believe to have the job only one changes it.
"""

import time
from dataclasses import dataclass, field
from secrets import randbits
from typing import Any

import msgspec

from mien.store.base import Cursor, Database, Work
from mien.store.tables import video_faces
from mien.store.tables.job_records import COLUMNS, RUNNING, Persons, VideoJob, job_of
from mien.store.tables.video_faces import Batch
from mien.video.film import Metadata

LEASE = 15.0  # seconds
_MINE = "WHERE id = ? AND owner = ? AND step = ? AND expires > ?"


class JobLostError(Exception):
    """The job is another server's by now, or was deleted; nothing was changed."""


@dataclass(slots=True)
class Claim:
    """A job that this server has, and the numbers that prove it.

    Attributes:
        job: the job.
        owner: this server's own number for it.
        step: how many batches were saved.
        attempts: how often the job was taken since the last batch was saved.
    """

    job: VideoJob
    owner: int
    step: int
    attempts: int


@dataclass(frozen=True, slots=True)
class Ending:
    """How a job ended: its status, why it failed, the persons of the film, and what the film's header says."""

    status: str
    message: str | None = None
    persons: Persons = field(default_factory=Persons)
    metadata: Metadata | None = None


@dataclass(frozen=True, slots=True)
class JobClaims:
    """The claims of servers on video jobs in a database."""

    database: Database

    def claim(self, *, ended: bool = False) -> Claim | None:
        """Takes the job that is due first, for `LEASE` seconds; None if none is due.

        Args:
            ended: whether to take one that has ended, to tell that, or one that has not.
        """
        now, owner = time.time(), randbits(52)
        due = f"SELECT id FROM video_jobs WHERE due <= ? AND status {'<>' if ended else '='} ? ORDER BY due LIMIT 1"
        if self.database.read(lambda cursor: cursor.row(due, now, RUNNING)) is None:
            return None
        statement = (
            f"UPDATE video_jobs SET owner = ?, due = ?, attempts = attempts + 1 WHERE id = ({due}) AND due <= ? "
            f"RETURNING {COLUMNS}, owner, step, attempts"
        )
        values = owner, now + LEASE, now, RUNNING, now
        row = self.database.write(lambda cursor: cursor.row(statement, *values))
        return Claim(job_of(row[:-3]), *row[-3:]) if row else None

    def state(self, claim: Claim) -> bytes | None:
        """Returns the state with which the analysis continues; None to begin it."""
        row = self.database.read(lambda cursor: cursor.row("SELECT state FROM video_jobs WHERE id = ?", claim.job.key))
        return bytes(row[0]) if row and row[0] else None

    def begin_again(self, claim: Claim) -> None:
        """Drops what was saved of an analysis that cannot be continued.

        Raises:
            JobLostError: the job is not this server's any more.
        """

        def work(cursor: Cursor) -> None:
            _change(cursor, claim, "position = 0, faces = 0, state = NULL, step = step + 1")
            cursor.run("DELETE FROM video_faces WHERE job = ?", claim.job.key)

        self.database.write(work)
        claim.step += 1

    def renew(self, claim: Claim) -> None:
        """Keeps a job for `LEASE` seconds from now.

        Raises:
            JobLostError: as `begin_again`.
        """
        self.database.write(lambda cursor: _change(cursor, claim, "due = ?", time.time() + LEASE))

    def put_back(self, claim: Claim, seconds: float = 0.0, *, counted: bool = False) -> None:
        """Lets another server take a job, after some seconds; `counted` tells whether this was an attempt.

        Raises:
            JobLostError: as `begin_again`.
        """
        less = "" if counted else ", attempts = attempts - 1"
        self.database.write(lambda cursor: _change(cursor, claim, f"due = ?, owner = 0{less}", time.time() + seconds))

    def save(self, claim: Claim, metadata: Metadata, position: int, batch: Batch, state: bytes) -> None:
        """Adds the next faces of a film, with the state from which the analysis continues after them.

        Raises:
            JobLostError: as `begin_again`.
        """

        def work(cursor: Cursor) -> None:
            changed = "metadata = ?, position = ?, faces = faces + ?, state = ?, step = step + 1, attempts = 0, due = ?"
            values = msgspec.msgpack.encode(metadata), position, batch.count, state, time.time() + LEASE
            _change(cursor, claim, changed, *values)
            video_faces.add(cursor, claim.job.key, batch)

        self.database.write(work)
        claim.step += 1

    def finish(self, claim: Claim, ending: Ending) -> None:
        """Ends a job and removes its state; it is due again if its end is to be told.

        Raises:
            JobLostError: as `begin_again`.
        """
        changed = (
            "status = ?, message = ?, persons = ?, metadata = COALESCE(?, metadata), state = NULL, step = step + 1, "
            "attempts = 0, owner = 0, due = ?"
        )
        values = (
            ending.status, ending.message, msgspec.msgpack.encode(ending.persons),
            msgspec.msgpack.encode(ending.metadata) if ending.metadata else None,
            time.time() if claim.job.asked.topic else None,
        )  # fmt: skip
        self.database.write(Work(lambda cursor: _change(cursor, claim, changed, *values), erases=True))

    def told(self, claim: Claim) -> None:
        """Notes that nothing is left to do for a job, since its end was told.

        Raises:
            JobLostError: as `begin_again`.
        """
        self.database.write(lambda cursor: _change(cursor, claim, "due = NULL"))


def _change(cursor: Cursor, claim: Claim, changed: str, *values: Any) -> None:
    mine = claim.job.key, claim.owner, claim.step, time.time()
    if cursor.run(f"UPDATE video_jobs SET {changed} {_MINE}", *values, *mine) == 0:
        raise JobLostError
