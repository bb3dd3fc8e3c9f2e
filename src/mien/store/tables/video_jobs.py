"""The table of video jobs: makes, finds, lists and erases them; `job_claims` gives them to servers."""

import time
from dataclasses import dataclass
from secrets import token_hex

import msgspec

from mien.store.base import Cursor, Database
from mien.store.engines.outage_log import PROBE
from mien.store.tables.job_records import COLUMNS, RUNNING, Asked, Persons, VideoJob, job_of
from mien.store.tables.tokens import Token, TokenReusedError

KEPT = 7 * 24 * 3600.0  # seconds that a job and its results are kept from its start, as AWS keeps them
_FREED = "UPDATE video_jobs SET token = NULL, digest = NULL WHERE account = ? AND operation = ? AND token = ?"
_SELECT = f"SELECT {COLUMNS} FROM video_jobs"


class TooManyJobsError(Exception):
    """The account has as many unfinished jobs as it may have."""


@dataclass(frozen=True, slots=True)
class VideoJobs:
    """Video jobs in a database."""

    database: Database

    def create(
        self, account: str, operation: str, asked: Asked, collection: int | None, *, token: Token | None, most: int
    ) -> str:
        """Makes a job, and returns its id; a repeated token returns the id of its job and makes none.

        Raises:
            TokenReusedError: the token was used with other parameters.
            TooManyJobsError: the account has `most` unfinished jobs.
        """
        now, made = time.time(), token_hex(32)
        statement = (
            "INSERT INTO video_jobs (job, account, operation, asked, collection, token, digest, created, expires, "
            "status, due) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        )

        def work(cursor: Cursor) -> str:
            cursor.run(PROBE)  # locks out other servers that count at the same time
            if token and (before := _started(cursor, token, now)):
                return before
            count = "SELECT COUNT(*) FROM video_jobs WHERE account = ? AND status = ? AND expires > ?"
            if (cursor.row(count, account, RUNNING, now) or (0,))[0] >= most:
                raise TooManyJobsError
            if token:  # of a job that is gone, whose row the sweeper has not removed yet
                cursor.run(_FREED, account, operation, token.text)
            named = (token.text, token.parameters) if token else (None, None)
            cursor.run(
                statement, made, account, operation, msgspec.msgpack.encode(asked), collection, *named, now, now + KEPT,
                RUNNING, now,
            )  # fmt: skip
            return made

        return self.database.write(work)

    def started(self, token: Token) -> str | None:
        """Returns the id of the job that a token started; None for a new token.

        Raises:
            TokenReusedError: it was used with other parameters.
        """
        return self.database.read(lambda cursor: _started(cursor, token, time.time()))

    def find(self, account: str, job_id: str) -> VideoJob | None:
        """Returns the account's job with this id."""
        statement = f"{_SELECT} WHERE video_jobs.account = ? AND job = ? AND expires > ?"
        row = self.database.read(lambda cursor: cursor.row(statement, account, job_id, time.time()))
        return job_of(row) if row else None

    def page(self, account: str, before: int | None, limit: int, status: str | None = None) -> list[VideoJob]:
        """Returns up to `limit` of the account's jobs with keys below `before`, the newest first."""
        only, values = (" AND status = ?", (status,)) if status else ("", ())
        statement = (
            f"{_SELECT} WHERE video_jobs.account = ? AND video_jobs.id < ? AND expires > ?{only} "
            "ORDER BY video_jobs.id DESC LIMIT ?"
        )
        below = before if before is not None else 1 << 62
        rows = self.database.read(lambda cursor: cursor.rows(statement, account, below, time.time(), *values, limit))
        return [job_of(row) for row in rows]

    def unfinished(self) -> list[VideoJob]:
        """Returns the jobs of all accounts that a server has."""
        statement = f"{_SELECT} WHERE due IS NOT NULL AND status = ? AND owner <> 0 ORDER BY due"
        return [job_of(row) for row in self.database.read(lambda cursor: cursor.rows(statement, RUNNING))]

    def counts(self) -> dict[str, int]:
        """Returns how many jobs of all accounts wait, run, and ended in each way."""
        statement = (
            "SELECT CASE WHEN status <> ? THEN status WHEN owner = 0 THEN 'WAITING' ELSE 'RUNNING' END AS stage, "
            "COUNT(*) FROM video_jobs WHERE expires > ? GROUP BY stage"
        )
        rows = self.database.read(lambda cursor: cursor.rows(statement, RUNNING, time.time()))
        counted = {str(state).lower(): int(count) for state, count in rows}
        return {state: counted.get(state, 0) for state in ("waiting", "running", "succeeded", "failed")}

    def persons(self, job: VideoJob) -> Persons:
        """Returns the persons of the film of a job that has ended."""
        row = self.database.read(lambda cursor: cursor.row("SELECT persons FROM video_jobs WHERE id = ?", job.key))
        return msgspec.msgpack.decode(row[0], type=Persons) if row and row[0] else Persons()


def erase(cursor: Cursor, collection: int) -> None:
    """Removes what the jobs on a collection know, inside the transaction that deletes it; the sweeper does the rest."""
    cursor.run(
        "UPDATE video_jobs SET expires = 0, due = NULL, state = NULL, persons = NULL WHERE collection = ?", collection
    )


def _started(cursor: Cursor, token: Token, now: float) -> str | None:
    row = cursor.row(
        "SELECT job, digest FROM video_jobs WHERE account = ? AND operation = ? AND token = ? AND expires > ?",
        token.account, token.operation, token.text, now,
    )  # fmt: skip
    if row and bytes(row[1]) != token.parameters:
        raise TokenReusedError
    return str(row[0]) if row else None
