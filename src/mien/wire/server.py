"""HTTP in front of the operations: one ASGI application, one route, and a few pages beside it.

A request's life: method and headers → whose account it goes on → room for its body → the body → a thread → who is
calling → a typed request → the operation → a response or an error as AWS JSON → a record of it for who watches. An
unexpected failure is logged once, with the request's id, and answered as InternalServerError without a word about its
cause.
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
    COMPRESSED,
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

log = logging.getLogger("mien.request")


class Server:
    """The ASGI application.

    Args:
        context: what the operations share.
        operations: name → operation.
        authenticator: finds out who is calling.
        admission: what keeps them within bounds.
        pages: path → what answers a GET of it.
        watchers: what is told about each request.
    """

    def __init__(
        self,
        context: Context,
        operations: Operations,
        authenticator: Authenticator,
        *,
        admission: Admission,
        pages: Mapping[str, Page],
        watchers: Sequence[Watcher],
    ) -> None:
        self._context = context
        self._operations = operations
        self._authenticator = authenticator
        self._admission = admission
        self._pages = pages
        self._watchers = watchers
        self._decoding = threading.Lock()
        self._pictured = {name for name, operation in operations.items() if operation.pictured}
        self._reading = {name for name, operation in operations.items() if operation.reads}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        headers = _joined(scope["headers"])
        request_id = str(uuid.uuid4())
        answer, record = await self._answer(scope, headers, receive, request_id)
        if scope["path"] in self._pages and scope["method"] != "POST":
            headers = {}  # nobody's origin: a page is for whoever opens it, and not for other pages
        try:
            if answer is not NO_ANSWER:
                await respond(answer, headers, request_id, send)
        finally:
            if record is not None:
                for watcher in self._watchers:  # after the answer, which need not wait for them
                    watcher(record)

    async def _answer(
        self, scope: Scope, headers: Headers, receive: Receive, request_id: str
    ) -> tuple[Answer, Record | None]:
        method, path = scope["method"], scope["path"]
        if method == "OPTIONS":
            return preflight(headers), None
        if method in ("GET", "HEAD") and path in self._pages:
            return await self._pages[path](headers), None
        name = awsjson.operation_name(headers.get("x-amz-target"))
        if method != "POST" or not (name or _is_json(headers)):
            return NOT_AN_API_CALL, None
        if headers.get("content-encoding", "").lower() not in ("", "identity"):
            return COMPRESSED, None
        return await self._called(name, scope, headers, receive, request_id)

    async def _called(
        self, name: str | None, scope: Scope, headers: Headers, receive: Receive, request_id: str
    ) -> tuple[Answer, Record]:
        known = name if name in self._operations else None
        began, arrival = time.perf_counter(), self._arrival(name, scope, headers, receive)
        request = self._admission.request(arrival)
        try:
            body, room = await self._admission.body(arrival, request)
            call = replace(arrival.call, body=body)
            answered = await self._admission.run(partial(self._operate, name, call, request), arrival, request, room)
            answer, code = Answer(200, answered), "OK"
        except ClientGoneError:
            answer, code = NO_ANSWER, "ClientGone"
        except asyncio.CancelledError:  # by the loop, when stopping has taken as long as it may
            answer, code = _refusal(ThrottlingError("mien is stopping."), headers, CLOSE)
        except DiskError:  # as below; a fault of this machine's, which SDKs try again too
            answer, code = _refusal(InternalServerError(), headers)
        except StoreUnavailableError:  # the store has said so in the log, once
            answer, code = _refusal(UnavailableError(), headers)  # SDKs wait and try again
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

    def _arrival(self, name: str | None, scope: Scope, headers: Headers, receive: Receive) -> Arrival:
        call = Call(scope["raw_path"].decode("latin-1"), scope["query_string"].decode("latin-1"), headers, b"")
        address = scope["client"][0] if scope.get("client") else ""
        pictured, reads = name in self._pictured, name in self._reading
        return self._admission.arrival(call, address, receive, pictured=pictured, reads=reads)

    def _operate(self, name: str | None, call: Call, request: Request) -> bytes:
        request.raise_if_abandoned()
        awsjson.parse(call.body)
        if name not in self._operations:
            self._parse_whole(call)
            raise awsjson.unknown(name) if name else UnknownOperationError()
        operation = self._operations[name]
        identity = self._admitted(call)
        request.key = identity.name
        if identity.key is not None:
            request.party = self._admission.confirmed(identity.key.access_key)
        with self._turn(call):
            parameters = awsjson.decode(call.body, operation.request)
        authorize(identity, name, parameters)
        return awsjson.encode(operation.answer(replace(self._context, request=request), identity.caller, parameters))

    def _admitted(self, call: Call) -> Identity:
        try:
            return self._authenticator.authenticate(call)
        except FrameworkError:
            if len(call.body) <= SMALL:  # a body that does not parse is complained of first, if that costs little
                self._parse_whole(call)
            raise

    def _parse_whole(self, call: Call) -> None:
        with self._turn(call):
            awsjson.parse_whole(call.body)

    def _turn(self, call: Call) -> AbstractContextManager[object]:
        """Has large bodies decoded one at a time, since the decoder holds the interpreter and the event loop waits."""
        return self._decoding if len(call.body) > SMALL else nullcontext()


def _refusal(error: Exception, headers: Headers, extra: Extra = ()) -> tuple[Answer, str]:
    """What an error is answered with, and its code; what nobody foresaw is an InternalServerError."""
    if isinstance(error, BodyTooLargeError | RequestTimeoutError):
        extra = CLOSE  # or the rest of the body would go on holding the connection
    known = error if isinstance(error, ApiError) else InternalServerError()
    return refusal(known, _is_json(headers), extra), known.code


def _is_json(headers: Headers) -> bool:
    return headers.get("content-type", "").partition(";")[0].strip().lower() == awsjson.CONTENT_TYPE


def _joined(raw: list[tuple[bytes, bytes]]) -> Headers:
    """Header names to values; the values of one that comes more than once are joined by commas."""
    headers: Headers = {}
    for name, value in raw:
        key, text = name.decode("latin-1"), value.decode("latin-1")
        headers[key] = f"{headers[key]},{text}" if key in headers else text
    return headers
