"""Answers StartFaceLivenessSession: events of the client in, events of the server out, then the verdict is stored.

A stream passes: handshake → a thread → authentication → authorization → the session begins → the film arrives, within
its bounds → a thread → the session is judged. A WebSocket is accepted even for a caller who is refused, since a
browser can read only what comes over it. Whatever ends the stream before the verdict makes the session fail.
"""

import asyncio
import logging
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from urllib.parse import parse_qsl

import msgspec

from mien.access.authenticator import Authenticator, authorize
from mien.access.chain import Chain
from mien.access.claim import Call
from mien.errors import ApiError, InternalServerError, SetupError, ThrottlingError, UnavailableError
from mien.operations.context import Caller, Context
from mien.operations.liveness import streamed_session
from mien.operations.liveness.liveness_events import StartFaceLivenessSessionRequest, disconnection
from mien.operations.liveness.streamed_session import LiveSession, now_ms
from mien.serving.budget import Budget, Share
from mien.serving.request import Request
from mien.store.base import DiskError, StoreUnavailableError
from mien.watch.record import Record, Watcher
from mien.wire import awsjson
from mien.wire.admission import Admission, Arrival
from mien.wire.answer import CLOSE, Answer, Headers, Receive, Scope, Send, refusal, respond
from mien.wire.body import ClientGoneError
from mien.wire.duplex import Duplex
from mien.wire.eventstream import MOST_MESSAGE, encode
from mien.wire.inbox import Inbox
from mien.wire.websocket import WebSocket

OPERATION = "StartFaceLivenessSession"
SOCKET_PATH, PATH = "/start-face-liveness-session-websocket", "/start-face-liveness-session"
STREAMS = frozenset({("GET", SOCKET_PATH), ("POST", PATH)})
_PREFIX = "x-amz-rekognition-streaming-liveness-"
_MEMBERS = {"session-id": "SessionId", "video-width": "VideoWidth", "video-height": "VideoHeight",
            "challenge-versions": "ChallengeVersions"}  # fmt: skip
_NAMED = ("x-amz-user-agent", "user-agent")  # by which a client names itself, in its query or as a header
_MISSING = "Face Liveness needs packages that are not installed: pip install 'mien[video]'."
# Codes of mien's that the stream has other names for.
_NAMES = {"InternalServerError": "InternalServerException", "RequestTimeoutException": "ValidationException"}
# The errors that AWS's client knows as a part of the stream; any other is sent as an error that its model lacks.
_MODELLED = {
    "ValidationException", "InternalServerException", "ThrottlingException", "ServiceQuotaExceededException",
    "ServiceUnavailableException",
}  # fmt: skip

log = logging.getLogger("mien.request")


@dataclass(slots=True)
class _Stream:
    """One stream, while it lasts.

    Attributes:
        call: the request that opened it.
        line: the connection.
        arrival: as admission needs it.
        request: its budget and its stages.
        headers: of the answer.
        place: among the films that arrive; None until this one begins.
        session: None until it has begun.
        is_open: whether the answer has begun.
    """

    call: Call
    line: WebSocket | Duplex
    arrival: Arrival
    request: Request
    headers: dict[str, str]
    place: Share | None = None
    session: LiveSession | None = None
    is_open: bool = False

    async def open(self) -> None:
        """Begins the answer."""
        self.is_open = True
        await self.line.open(self.headers)

    async def send(self, kind: str, payload: bytes) -> None:
        """Sends an event."""
        named = {":event-type": kind, ":message-type": "event", ":content-type": "application/json"}
        await self.line.send(encode(named, payload))

    async def refuse(self, error: ApiError) -> None:
        """Sends an error, and ends the stream."""
        code, text = _NAMES.get(error.code, error.code), error.message or error.code
        if isinstance(error, UnavailableError):
            code = "ServiceUnavailableException"
        if code in _MODELLED:
            named = {":message-type": "exception", ":exception-type": code, ":content-type": "application/json"}
            await self.line.send(encode(named, msgspec.json.encode({"Message": text, "Code": code})))
        else:
            await self.line.send(encode({":message-type": "error", ":error-code": code, ":error-message": text}, b""))
        await self.line.close()


class Streams:
    """What answers streams.

    Args:
        context: shared by all operations.
        authenticator: identifies the caller.
        admission: keeps the work within the limits.
        places: how many films may arrive at the same time.
        watchers: called with a record of each stream, after its end.
    """

    def __init__(
        self,
        context: Context,
        authenticator: Authenticator,
        admission: Admission,
        places: Budget,
        watchers: Sequence[Watcher],
    ) -> None:
        self._context = context
        self._authenticator = authenticator
        self._admission = admission
        self._places = places
        self._watchers = watchers

    async def answer(self, scope: Scope, headers: Headers, receive: Receive, send: Send, request_id: str) -> None:
        """Serves one stream."""
        began, is_socket = time.perf_counter(), scope["path"] == SOCKET_PATH
        try:
            line = WebSocket(headers, receive, send, MOST_MESSAGE) if is_socket else Duplex(receive, send)
        except ImportError:
            await respond(refusal(UnavailableError(_MISSING), True, CLOSE), headers, request_id, send)
            return
        if line.objection is not None:
            await respond(line.objection, headers, request_id, send)
            return
        query = scope["query_string"].decode("latin-1")
        call = Call(scope["raw_path"].decode("latin-1"), query, headers, b"", scope["method"])
        address = scope["client"][0] if scope.get("client") else ""
        arrival = self._admission.arrival(call, address, receive, pictured=False, reads=True)
        request = self._admission.request(arrival)
        stream = _Stream(call, line, arrival, request, {"x-amzn-requestid": request_id})
        code, status = "ClientGone", 499
        try:
            code, status, refused = await self._served(stream, request_id)
            if refused is not None:
                await respond(refused, headers, request_id, send)
        finally:
            if stream.place is not None:
                stream.place.release()
            seconds, parent = time.perf_counter() - began, headers.get("traceparent", "")
            record = Record(
                request_id, OPERATION, code, status, request.key, request.faces, began, seconds, tuple(request.stages),
                parent, OPERATION,
            )  # fmt: skip
            for watcher in self._watchers:
                watcher(record)

    async def _served(self, stream: _Stream, request_id: str) -> tuple[str, int, Answer | None]:
        """Serves a stream; returns code and status for its record, and an answer if it has none yet."""
        try:
            await self._run(stream)
        except ClientGoneError:
            await self._fail(stream)
            if stream.is_open:
                await stream.line.close()
            return "ClientGone", 499, None
        except asyncio.CancelledError:  # by uvicorn, once stop_timeout is over
            stream.request.abandon()
            if stream.session is not None:
                with suppress(Exception):
                    stream.session.fail()  # here, since the event loop ends
            return await self._refuse(stream, UnavailableError("mien is stopping."))
        except Exception as error:
            await self._fail(stream)
            known = _known(error)
            if known.status == 500 and not isinstance(error, ApiError | DiskError | StoreUnavailableError):
                log.exception("failed", extra={"facts": {"request_id": request_id, "operation": OPERATION}})
            return await self._refuse(stream, known)
        return "OK", 200, None

    async def _run(self, stream: _Stream) -> None:
        caller, chain, wanted, sdk = await self._admission.turn(lambda: self._admitted(stream), stream.arrival)
        context = replace(self._context, request=stream.request)
        session = stream.session = await self._admission.turn(
            lambda: streamed_session.begin(context, caller, wanted, sdk), stream.arrival
        )
        stream.headers[f"{_PREFIX}session-id"] = wanted.session_id
        await stream.open()
        for kind, payload in session.opening():
            await stream.send(kind, payload)
        with stream.request.stage("video"):
            await Inbox(stream.line, session, chain, lambda: self._admit(stream)).film()
        await self._admission.turn(session.judge, replace(stream.arrival, reads=False))
        await stream.send("DisconnectionEvent", disconnection(now_ms()))
        await stream.line.close()

    def _admitted(self, stream: _Stream) -> tuple[Caller, Chain | None, StartFaceLivenessSessionRequest, str | None]:
        """Returns the caller, what verifies its messages, what it asks for, and the client's name of itself."""
        call, request = stream.call, stream.request
        identity, chain = self._authenticator.authenticate_stream(call)
        request.key = identity.name
        if identity.key is not None:
            request.party = self._admission.confirmed(identity.key.access_key)
            stream.arrival = replace(stream.arrival, party=request.party)
        given = dict(parse_qsl(call.query, keep_blank_values=True)) if call.method == "GET" else call.headers
        prefix = "" if call.method == "GET" else _PREFIX
        members = {member: given[prefix + name] for name, member in _MEMBERS.items() if prefix + name in given}
        wanted = awsjson.decode(msgspec.json.encode(members), StartFaceLivenessSessionRequest)
        authorize(identity, OPERATION, wanted)
        sdk = next((given[name] for name in _NAMED if given.get(name)), None)
        return identity.caller, chain, wanted, sdk

    def _admit(self, stream: _Stream) -> None:
        """Takes a place for the film of a stream, which is held in memory."""
        stream.place = self._places.ask(1, stream.request.party)
        if not stream.place.ready.done():
            raise ThrottlingError("Too many videos of liveness sessions arrive already; try again.")

    async def _fail(self, stream: _Stream) -> None:
        """Stores that a session has failed, if it had begun and has no verdict; what still looks at it stops."""
        stream.request.abandon()
        session = stream.session
        if session is not None:
            with suppress(Exception):  # a store that cannot be reached lets it expire
                await self._admission.turn(session.fail, stream.arrival)

    async def _refuse(self, stream: _Stream, error: ApiError) -> tuple[str, int, Answer | None]:
        if not stream.is_open and isinstance(stream.line, Duplex):
            return error.code, error.status, refusal(error, True, CLOSE)
        if not stream.is_open:
            await stream.open()
        await stream.refuse(error)
        return error.code, error.status, None


def _known(error: Exception) -> ApiError:
    """Returns the error that a client is told."""
    if isinstance(error, ApiError):
        return error
    if isinstance(error, SetupError):
        return UnavailableError(_MISSING)
    return UnavailableError() if isinstance(error, StoreUnavailableError) else InternalServerError()
