"""Serves the API over HTTP: one ASGI application with one route for all operations, and a few pages.

A request passes: method and headers → the party it is charged to → memory for its body → the body → a thread →
authentication → a typed request → authorization → the operation → a response or an error as AWS JSON → a record for
log, metrics and traces. An unexpected failure is logged once, with the request's id, and answered InternalServerError
without its cause.
"""

import asyncio
import logging
import threading
import time
import uuid
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from functools import partial

from mien.access.authenticator import Authenticator, Identity, authorize
from mien.access.claim import Call
from mien.errors import (
    ApiError,
    BodyTooLargeError,
    ContentEncodingError,
    FrameworkError,
    InternalServerError,
    RequestTimeoutError,
    ThrottlingError,
    UnavailableError,
    UnknownOperationError,
)
from mien.operations.context import Context, Operations
from mien.serving.request import Request
from mien.store.base import DiskError, StoreUnavailableError
from mien.watch.record import Record, Watcher
from mien.wire import awsjson
from mien.wire.admission import Admission, Arrival
from mien.wire.answer import (
    CLOSE,
    NO_ANSWER,
    NOT_AN_API_CALL,
    Answer,
    Extra,
    Headers,
    Receive,
    Scope,
    Send,
    preflight,
    refusal,
    respond,
)
from mien.wire.body import SMALL, ClientGoneError
from mien.wire.pages import Page
from mien.wire.stream import STREAMS, Streams

log = logging.getLogger("mien.request")


class Server:
    """The ASGI application of the API.

    Args:
        context: shared by all operations.
        services: name of a service, as a target header has it → its operations by name.
        authenticator: identifies the caller.
        streams: answers the paths of streams.
        admission: keeps requests within the limits.
        pages: path → the page that answers a GET.
        watchers: called with a record of each API call, after its answer.
    """

    def __init__(
        self,
        context: Context,
        services: Mapping[str, Operations],
        authenticator: Authenticator,
        streams: Streams,
        *,
        admission: Admission,
        pages: Mapping[str, Page],
        watchers: Sequence[Watcher],
    ) -> None:
        self._context = context
        self._operations = {f"{each}.{name}": of[name] for each, of in services.items() for name in of}
        self._authenticator = authenticator
        self._admission = admission
        self._pages = pages
        self._watchers = watchers
        self._streams = streams
        self._decoder_lock = threading.Lock()
        self._pictured = {target for target, operation in self._operations.items() if operation.pictured}
        self._reading = {target for target, operation in self._operations.items() if operation.reads}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request."""
        if scope["type"] != "http":
            return
        headers = _joined(scope["headers"])
        request_id = scope.get("request_id") or str(uuid.uuid4())  # which other servers of ASGI do not add
        if (scope["method"], scope["path"]) in STREAMS:
            await self._streams.answer(scope, headers, receive, send, request_id)
            return
        answer, record = await self._answer(scope, headers, receive, request_id)
        if scope["path"] in self._pages and scope["method"] != "POST":
            headers = {}  # without Origin, so that no page of another site may read it
        try:
            if answer is not NO_ANSWER:
                await respond(answer, headers, request_id, send)
        finally:
            if record is not None:
                for watcher in self._watchers:  # after the answer, which does not wait for them
                    watcher(record)

    async def _answer(
        self, scope: Scope, headers: Headers, receive: Receive, request_id: str
    ) -> tuple[Answer, Record | None]:
        method, path = scope["method"], scope["path"]
        if method == "OPTIONS":
            return preflight(headers), None
        if method in ("GET", "HEAD") and path in self._pages:
            return await self._pages[path](headers), None
        target = awsjson.own_target(headers.get("x-amz-target"))
        if method != "POST" or not (target or _is_json(headers)):
            return NOT_AN_API_CALL, None
        return await self._called(target, scope, headers, receive, request_id)

    async def _called(
        self, target: str | None, scope: Scope, headers: Headers, receive: Receive, request_id: str
    ) -> tuple[Answer, Record]:
        known = awsjson.operation_name(target) if target in self._operations else None
        began, arrival = time.perf_counter(), self._arrival(target, scope, headers, receive)
        request = self._admission.request(arrival)
        try:
            if headers.get("content-encoding", "").lower() not in ("", "identity"):
                raise ContentEncodingError
            body, memory = await self._admission.body(arrival, request)
            call = replace(arrival.call, body=body)
            work = partial(self._operate, target, call, request)
            answered = await self._admission.run(work, arrival, request, memory)
            answer, code = Answer(200, answered), "OK"
        except ClientGoneError:
            answer, code = NO_ANSWER, "ClientGone"
        except asyncio.CancelledError:  # by uvicorn, once stop_timeout is over
            answer, code = _refusal(ThrottlingError("mien is stopping."), headers, CLOSE)
        except DiskError:  # logged by the store, once; SDKs retry
            answer, code = _refusal(InternalServerError(), headers)
        except StoreUnavailableError:  # logged by the store, once; SDKs retry
            answer, code = _refusal(UnavailableError(), headers)
        except Exception as error:
            answer, code = _refusal(error, headers)
            if answer.status == 500:
                log.exception("failed", extra={"facts": {"request_id": request_id, "operation": known}})
        seconds, parent = time.perf_counter() - began, headers.get("traceparent", "")
        record = Record(
            request_id, known, code, answer.status, request.key, request.faces, began, seconds, tuple(request.stages),
            parent, requested=known or awsjson.requested(headers.get("x-amz-target", "")),
        )  # fmt: skip
        return answer, record

    def _arrival(self, target: str | None, scope: Scope, headers: Headers, receive: Receive) -> Arrival:
        call = Call(scope["raw_path"].decode("latin-1"), scope["query_string"].decode("latin-1"), headers, b"")
        address = scope["client"][0] if scope.get("client") else ""
        pictured, reads = target in self._pictured, target in self._reading
        return self._admission.arrival(call, address, receive, pictured=pictured, reads=reads)

    def _operate(self, target: str | None, call: Call, request: Request) -> bytes:
        request.raise_if_abandoned()
        awsjson.parse(call.body)
        if target not in self._operations:
            self._parse_whole(call)
            raise awsjson.unknown(target) if target else UnknownOperationError()
        operation = self._operations[target]
        identity = self._authenticated(call)
        request.key = identity.name
        if identity.key is not None:
            request.party = self._admission.confirmed(identity.key.access_key)
        with self._decoding(call):
            parameters = awsjson.decode(call.body, operation.request)
        authorize(identity, awsjson.operation_name(target), parameters)
        return awsjson.encode(operation.answer(replace(self._context, request=request), identity.caller, parameters))

    def _authenticated(self, call: Call) -> Identity:
        try:
            return self._authenticator.authenticate(call)
        except FrameworkError:
            if len(call.body) <= SMALL:  # a body that does not parse takes precedence, if checking costs little
                self._parse_whole(call)
            raise

    def _parse_whole(self, call: Call) -> None:
        with self._decoding(call):
            awsjson.parse_whole(call.body)

    def _decoding(self, call: Call) -> AbstractContextManager[object]:
        """Returns the lock that serializes the decoding of large bodies, during which the event loop stands still."""
        return self._decoder_lock if len(call.body) > SMALL else nullcontext()


def _refusal(error: Exception, headers: Headers, extra: Extra = ()) -> tuple[Answer, str]:
    """Returns an error's answer and code; an unexpected error becomes InternalServerError."""
    if isinstance(error, BodyTooLargeError | RequestTimeoutError):
        extra = CLOSE  # since the rest of the body would keep the connection busy
    known = error if isinstance(error, ApiError) else InternalServerError()
    return refusal(known, _is_json(headers), extra), known.code


def _is_json(headers: Headers) -> bool:
    return headers.get("content-type", "").partition(";")[0].strip().lower() == awsjson.CONTENT_TYPE


def _joined(raw: list[tuple[bytes, bytes]]) -> Headers:
    """Returns headers by name, with the values of a repeated name joined by commas."""
    headers: Headers = {}
    for name, value in raw:
        key, text = name.decode("latin-1"), value.decode("latin-1")
        headers[key] = f"{headers[key]},{text}" if key in headers else text
    return headers
