"""A liveness session while its client streams the film: what was asked for, what arrived, and what follows from it."""

import logging
import secrets
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar

import msgspec

from mien.errors import FilmError, SessionNotFoundError, ValidationError
from mien.liveness import challenge as challenges
from mien.liveness.challenge import KINDS, Challenge
from mien.liveness.decide import Decision, decide
from mien.liveness.told import Told
from mien.operations.context import Caller, Context
from mien.operations.liveness import liveness_events as events
from mien.operations.liveness import liveness_film as films
from mien.operations.liveness import liveness_results as results
from mien.operations.liveness.liveness_results import Outcome
from mien.store.tables.liveness_sessions import ChallengePreference

MOST_FILM = 10 * 2**20  # bytes, as AWS has it
MOST_CHUNKS = 4096
SIDES = (96, 4096)  # pixels that a side of the video may have
ENDED = "The session has expired, or was used before."

log = logging.getLogger("mien.liveness")
T = TypeVar("T", bound=msgspec.Struct)


class LiveSession:
    """One session, from its challenge to its end. The event loop adds to it; a thread judges it.

    Args:
        context: with the request that opened the stream.
        caller: whose session it is.
        session_id: of the session.
        challenge: what is asked for.
        audits: the most audit images.
        sdk: the client's name of itself.

    Attributes:
        told: what the client has told.
        complete: whether the whole film has arrived.
    """

    def __init__(  # noqa: PLR0917
        self,
        context: Context,
        caller: Caller,
        session_id: str,
        challenge: Challenge,
        audits: int,
        sdk: str | None = None,
    ) -> None:
        self._context = context
        self._account = caller.account
        self._session_id = session_id
        self._audits = audits
        self._sdk = sdk
        self.told = Told(asked_ms=now_ms())
        self._chunks: list[bytes] = []
        self._size = 0
        self._events = 0
        self.challenge = challenge
        self.complete = False

    @property
    def film(self) -> bytes:
        """The film, as far as it has arrived."""
        return b"".join(self._chunks)

    @property
    def has_film(self) -> bool:
        """Whether a part of the film has arrived."""
        return bool(self._chunks)

    def opening(self) -> list[tuple[str, bytes]]:
        """Returns the events that the client gets first: their types and payloads."""
        return [
            ("ChallengeEvent", events.challenge_event(self.challenge)),
            ("ServerSessionInformationEvent", events.server_session_information(self.challenge)),
        ]

    def take(self, kind: str, payload: bytes) -> None:
        """Takes an event of the client.

        Raises:
            ValidationError: it cannot be read, or there is too much of it.
        """
        if kind == "VideoEvent":
            self._add(_decoded(payload, events.VideoEvent, kind).video_chunk)
        elif kind == "ClientSessionInformationEvent":
            self._events += 1
            if self._events > events.MOST_TOLD:
                raise ValidationError(f"A client may send {events.MOST_TOLD} events of the type {kind}.")
            told = _decoded(payload, events.ClientSessionInformationEvent, kind)
            self.told = events.add(self.told, told, self.challenge)
        else:
            raise ValidationError("An event is a VideoEvent or a ClientSessionInformationEvent.")

    def end(self) -> None:
        """Notes that the film is complete."""
        self.complete = True
        self.told = replace(self.told, received_ms=now_ms())

    def judge(self) -> None:
        """Looks at the film, decides, and stores the result.

        Raises:
            ValidationError: the film cannot be read or shows no face, or the session has expired.
            ApiError: it could not be looked at.
        """
        film = self.film
        self._chunks.clear()
        try:
            decision, shots = self._judged(film)
        except FilmError as error:
            raise ValidationError(f"The video cannot be read: {error}") from None
        reference, *audits = shots
        outcome = Outcome(
            confidence=decision.confidence,
            reference=reference,
            audits=tuple(audits),
            challenge=(self.challenge.kind, self.challenge.version),
            sdk=self._sdk,
            feedback=tuple((code.upper(), said) for code, said in decision.feedback),
            evidence=tuple((each.name, float(each.score), each.sentence) for each in decision.evidence),
        )
        with self._context.request.stage("store"):
            stored = results.end(self._context, self._account, self._session_id, outcome)
        if not stored:
            raise ValidationError(ENDED)

    def fail(self) -> None:
        """Stores that the session has failed."""
        self._chunks.clear()
        results.fail(self._context, self._account, self._session_id)

    def _add(self, chunk: bytes) -> None:
        if not chunk:
            self.end()
            return
        self._size += len(chunk)
        self._chunks.append(chunk)
        if self._size > MOST_FILM or len(self._chunks) > MOST_CHUNKS:
            raise ValidationError(f"The video may have {MOST_FILM >> 20} MB in {MOST_CHUNKS} parts.")

    def _judged(self, film: bytes) -> tuple[Decision, list[results.Shot]]:
        """Returns what the film shows, and pictures of it, the reference first."""
        seen = films.look(self._context, film)
        with self._context.request.stage("decide"):
            calibration = self._context.pack.calibration
            decision = decide(
                self.challenge,
                self.told,
                seen,
                lambda product, lengths: float(calibration.similarity(product, lengths)),
                max(1, self._audits),
            )
        log.info("decided", extra={"facts": {
            "confidence": round(decision.confidence, 1),
            "frames": len(seen),
            "evidence": {each.name: round(each.score, 2) for each in decision.evidence},
        }})  # fmt: skip
        if decision.reference is None:
            raise ValidationError("The video does not have enough information: it shows no face.")
        wanted = [decision.reference, *decision.audit[: self._audits]]
        shots = films.shots(self._context, film, seen, wanted)
        return decision, [shots[index] for index in wanted if index in shots]


def begin(
    context: Context, caller: Caller, request: events.StartFaceLivenessSessionRequest, sdk: str | None = None
) -> LiveSession:
    """Begins a session that was created.

    Args:
        context: with the request that opens the stream.
        caller: whose session it is.
        request: what opens the stream.
        sdk: the client's name of itself.

    Raises:
        SessionNotFoundError: the caller has none of this id.
        ValidationError: it has expired or was begun before, or no challenge fits it and the client.
    """
    width, height = int(request.video_width), int(request.video_height)
    least, most = SIDES
    if not (least <= width <= most and least <= height <= most):
        raise ValidationError(f"VideoWidth and VideoHeight must be {least} to {most} pixels.")
    with context.request.stage("store"):
        found = context.store.liveness.find(caller.account, request.session_id)
        if found is None:
            raise SessionNotFoundError
        if found.status != "CREATED" or found.settings is None:
            raise ValidationError(ENDED)
        kind, version = chosen(request.challenge_versions.split(","), found.settings.preferences)
        if not context.store.liveness.begin(caller.account, request.session_id):
            raise ValidationError(ENDED)
    challenge = challenges.make(kind, version, width, height, secrets.SystemRandom())
    return LiveSession(context, caller, request.session_id, challenge, found.settings.audits, sdk)


def now_ms() -> int:
    """Returns the present in ms since 1970."""
    return time.time_ns() // 1_000_000


def chosen(offered: Sequence[str], preferences: Sequence[ChallengePreference]) -> tuple[str, str]:
    """Returns the kind and version of the challenge: the first that is preferred, in the newest version that fits.

    Raises:
        ValidationError: the client offers none that fits.
    """
    known = {part.strip() for part in offered}
    for wanted in preferences or [ChallengePreference(kind) for kind in KINDS]:
        for version in wanted.among(KINDS.get(wanted.kind, ())):
            if f"{wanted.kind}_{version}" in known:
                return wanted.kind, version
    every = ", ".join(f"{kind}_{version}" for kind, versions in KINDS.items() for version in versions)
    raise ValidationError(f"ChallengeVersions names no challenge that the session may use; mien has {every}.")


def _decoded(payload: bytes, shape: type[T], kind: str) -> T:
    try:
        return msgspec.json.decode(payload, type=shape)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise ValidationError(f"An event of the type {kind} cannot be read.") from None
