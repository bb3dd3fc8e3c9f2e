"""The table of Face Liveness sessions: created, begun once, ended once, and gone after three minutes.

All times are by the clock of the database, so that many servers agree on them. A session ends for every caller at the
same moment; the sweep then removes what it kept, and its row an hour later.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, TypeAlias
from uuid import uuid4

import msgspec

from mien.store.base import Cursor, Database, Region, Row
from mien.store.derived_key import DerivedKey
from mien.store.tables.tokens import TokenReusedError

LIFE = 180.0  # seconds from its creation, after which AWS keeps nothing of a session
REMEMBERED = 3600.0  # seconds for which an expired session is still called EXPIRED

Status: TypeAlias = Literal["CREATED", "IN_PROGRESS", "SUCCEEDED", "FAILED", "EXPIRED"]
Ending: TypeAlias = Literal["SUCCEEDED", "FAILED"]


class ChallengePreference(msgspec.Struct, frozen=True):
    """A type of challenge that a session may use, between two versions if they are given."""

    kind: str
    minimum: str | None = None
    maximum: str | None = None

    def among(self, versions: Iterable[str]) -> list[str]:
        """Returns those of some versions that it allows, such as 1.0.0, the latest first."""
        least, most = self.minimum or "0.0.0", self.maximum or "999.999.999"
        return sorted((each for each in versions if _parts(least) <= _parts(each) <= _parts(most)), key=_parts)[::-1]


class LivenessSettings(msgspec.Struct, frozen=True):
    """The settings of a session.

    Attributes:
        audits: audit images, at most.
        preferences: the challenges that may be used, in order.
        bucket: the S3 bucket that images are written to; None to keep them in the store.
        prefix: begins the names of those objects.
        kms_key: encrypts them in S3.
    """

    audits: int = 0
    preferences: tuple[ChallengePreference, ...] = ()
    bucket: str | None = None
    prefix: str = ""
    kms_key: str | None = None


class LivenessImage(msgspec.Struct, frozen=True):
    """An image of a session with the region of its face: a JPEG, or the name of the S3 object that has it."""

    region: Region
    jpeg: bytes | None = None
    name: str | None = None


class LivenessResult(msgspec.Struct, frozen=True):
    """The result of a session.

    Attributes:
        confidence: that the face was alive, 0–100; None if the session failed.
        reference: the best image of the face.
        audits: further images.
        challenge: type and version of the challenge that was used.
        feedback: codes and messages about conditions that lowered the confidence.
        sdk: the client's name of itself.
        evidence: what the confidence follows from: names, scores from 0 to 1, and sentences.
    """

    confidence: float | None = None
    reference: LivenessImage | None = None
    audits: tuple[LivenessImage, ...] = ()
    challenge: tuple[str, str] | None = None
    feedback: tuple[tuple[str, str], ...] = ()
    sdk: str | None = None
    evidence: tuple[tuple[str, float, str], ...] = ()


@dataclass(frozen=True, slots=True)
class LivenessSession:
    """A session as it was when it was read; an expired one has neither settings nor a result."""

    status: Status
    settings: LivenessSettings | None = None
    result: LivenessResult | None = None


@dataclass(frozen=True, slots=True)
class LivenessToken:
    """A caller's idempotency token, with a digest of what the call asks for."""

    text: str
    parameters: bytes


class _Answer(msgspec.Struct, frozen=True, array_like=True):
    """What is kept under a token."""

    session_id: str
    parameters: bytes


@dataclass(frozen=True, slots=True)
class _Token:
    """A token of an account: the key that follows from it, and the parameters of the call."""

    key: DerivedKey
    parameters: bytes

    @classmethod
    def of(cls, account: str, token: LivenessToken) -> "_Token":
        """Returns the token of an account."""
        return cls(DerivedKey(f"{account} {token.text}", "liveness token"), token.parameters)

    def answer(self, session_id: str) -> bytes:
        """Encrypts the answer that a repeated call gets."""
        return self.key.encrypt(msgspec.msgpack.encode(_Answer(session_id, self.parameters)), "answer")

    def session_id(self, answer: bytes) -> str:
        """Decrypts an answer.

        Raises:
            TokenReusedError: it is that of a call with other parameters.
        """
        found = msgspec.msgpack.decode(self.key.decrypt(answer, "answer"), type=_Answer)
        if found.parameters != self.parameters:
            raise TokenReusedError
        return found.session_id


class SessionsFullError(Exception):
    """The account has as many sessions as it may have at the same time."""


@dataclass(frozen=True, slots=True)
class LivenessSessions:
    """Face Liveness sessions in a database.

    A session of another account is treated as one that does not exist. Its SessionId opens it, and is not kept.
    """

    database: Database

    @property
    def _live(self) -> str:
        """The condition of sessions that have not expired; a clock that was set back does not prolong their life."""
        return f"ABS({self.database.clock} - created) < {LIFE}"

    def create(
        self, account: str, settings: LivenessSettings, most: int | None = None, token: LivenessToken | None = None
    ) -> str:
        """Creates a session, or finds the one that the account created under the same token.

        Args:
            account: whose.
            settings: of the session.
            most: sessions that the account may have; servers may exceed it by what they create at the same moment.
            token: names the session for as long as it lives.

        Returns:
            The SessionId.

        Raises:
            SessionsFullError: the account has as many.
            TokenReusedError: the token was used with other parameters.
        """
        session_id = str(uuid4())
        key = _key(session_id)
        kept = key.encrypt(msgspec.msgpack.encode(settings), "settings")
        given = _Token.of(account, token) if token else None
        named = (given.key.digest, given.answer(session_id)) if given else (None, None)
        insert = (
            "INSERT INTO liveness_sessions (session, account, created, status, settings, token, answer) "
            f"VALUES (?, ?, {self.database.clock}, 'CREATED', ?, ?, ?) ON CONFLICT (token) DO NOTHING"
        )

        def work(cursor: Cursor) -> str:
            while not (given and (known := self._known(cursor, given))):
                if given:
                    self._free(cursor, given)
                self._require_room(cursor, account, most)
                if cursor.run(insert, key.digest, account, kept, *named):
                    return session_id
            return known

        return self.database.write(work)

    def named(self, account: str, token: LivenessToken) -> str | None:
        """Returns the SessionId of the session that the account created under a token, while it lives.

        Raises:
            TokenReusedError: it was created with other parameters.
        """
        given = _Token.of(account, token)
        return self.database.read(lambda cursor: self._known(cursor, given))

    def begin(self, account: str, session_id: str) -> bool:
        """Begins a session; returns False unless it is there, has not expired, and was never begun."""
        statement = (
            "UPDATE liveness_sessions SET status = 'IN_PROGRESS' "
            f"WHERE session = ? AND account = ? AND status = 'CREATED' AND {self._live}"
        )
        digest = _key(session_id).digest
        return self.database.write(lambda cursor: cursor.run(statement, digest, account)) > 0

    def finish(self, account: str, session_id: str, status: Ending, result: LivenessResult) -> bool:
        """Ends a session that was begun; returns False if it has expired or ended, and keeps nothing then."""
        key = _key(session_id)
        kept = key.encrypt(msgspec.msgpack.encode(result), "result")
        statement = (
            "UPDATE liveness_sessions SET status = ?, result = ? "
            f"WHERE session = ? AND account = ? AND status = 'IN_PROGRESS' AND {self._live}"
        )
        return self.database.write(lambda cursor: cursor.run(statement, status, kept, key.digest, account)) > 0

    def find(self, account: str, session_id: str) -> LivenessSession | None:
        """Returns a session; None if there is none, or it expired more than an hour ago.

        Raises:
            DamagedError: what is kept of it was changed.
        """
        key = _key(session_id)
        statement = (
            f"SELECT status, settings, result FROM liveness_sessions WHERE session = ? AND account = ? AND {self._live}"
        )
        expired = "SELECT 1 FROM liveness_sessions WHERE session = ? AND account = ?"

        def work(cursor: Cursor) -> LivenessSession | None:
            if row := cursor.row(statement, key.digest, account):
                return _opened(key, row)
            return LivenessSession("EXPIRED") if cursor.row(expired, key.digest, account) else None

        return self.database.read(work)

    def counts(self) -> dict[Status, int]:
        """Returns how many sessions there are by status; of the expired ones, those of the last hour."""
        seen = f"CASE WHEN {self._live} THEN status ELSE 'EXPIRED' END"
        statement = f"SELECT {seen} AS seen, COUNT(*) FROM liveness_sessions GROUP BY seen"
        return {row[0]: int(row[1]) for row in self.database.read(lambda cursor: cursor.rows(statement))}

    def _known(self, cursor: Cursor, token: _Token) -> str | None:
        """Returns the SessionId of the live session under a token."""
        statement = f"SELECT answer FROM liveness_sessions WHERE token = ? AND {self._live}"
        row = cursor.row(statement, token.key.digest)
        return token.session_id(bytes(row[0])) if row else None

    def _free(self, cursor: Cursor, token: _Token) -> None:
        """Takes a token from a session that has expired."""
        statement = f"UPDATE liveness_sessions SET token = NULL, answer = NULL WHERE token = ? AND NOT {self._live}"
        cursor.run(statement, token.key.digest)

    def _require_room(self, cursor: Cursor, account: str, most: int | None) -> None:
        statement = (
            "SELECT COUNT(*) FROM liveness_sessions "
            f"WHERE status <> 'EXPIRED' AND created > {self.database.clock} - {LIFE} AND account = ?"
        )
        (count,) = cursor.row(statement, account) or (0,)
        if most is not None and count >= most:
            raise SessionsFullError


def _parts(version: str) -> list[int]:
    return [int(each) for each in version.split(".")]


def _key(session_id: str) -> DerivedKey:
    return DerivedKey(session_id, "liveness session")


def _opened(key: DerivedKey, row: Row) -> LivenessSession:
    status, settings, result = row
    if settings is None:  # swept, and its clock was set back since
        return LivenessSession("EXPIRED")
    return LivenessSession(
        status,
        msgspec.msgpack.decode(key.decrypt(bytes(settings), "settings"), type=LivenessSettings),
        None if result is None else msgspec.msgpack.decode(key.decrypt(bytes(result), "result"), type=LivenessResult),
    )
