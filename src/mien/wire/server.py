"""HTTP in front of the operations: one ASGI application, one route.

A request's life: method and headers → a bounded body → the target's operation → a typed request → the operation, on
a thread of the pool → a response or an error as AWS JSON. An unexpected failure is logged once, with the request's
id, and answered as InternalServerError without a word about its cause.
"""

import asyncio
import logging
import time
import uuid
from collections.abc import Awaitable, Callable, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from mien.errors import (
    ApiError,
    FrameworkError,
    InternalServerError,
    MissingAuthenticationTokenError,
    ThrottlingError,
    UnknownOperationError,
)
from mien.operations.context import Context, Operations
from mien.store.base import StoreUnavailableError
from mien.wire import awsjson
from mien.wire.access import Door, Identity, authorize
from mien.wire.sigv4 import Call

MOST_BODY = 16 * 1024 * 1024  # bytes; reference 1.1
MOST_DROPPED = 64 * 1024 * 1024  # bytes of a body that is too long that are read before the connection is closed
EXPOSED = "x-amzn-RequestId,x-amzn-ErrorType,x-amz-request-id,x-amz-id-2,x-amzn-ErrorMessage,Date"
NOT_AN_API_CALL = (
    b"<AccessDeniedException>\n  <Message>Unable to determine service/operation name to be authorized</Message>\n"
    b"</AccessDeniedException>\n"
)
NOT_SIGNED = (
    b"<MissingAuthenticationTokenException>\n  <Message>Missing Authentication Token</Message>\n"
    b"</MissingAuthenticationTokenException>\n"
)

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Headers = dict[str, str]

log = logging.getLogger("mien.request")


@dataclass(frozen=True, slots=True)
class Answer:
    """A response before it is sent."""

    status: int
    body: bytes
    content_type: str | None = awsjson.CONTENT_TYPE
    extra: tuple[tuple[str, str], ...] = ()


class _BodyTooLargeError(Exception):
    """The body is longer than MOST_BODY."""


class _ClientGoneError(Exception):
    """The client hung up before its body was whole."""


class Server:
    """The ASGI application.

    Args:
        context: what the operations share.
        operations: name → operation.
        door: what lets callers in.
        threads: how many operations run at the same time.
    """

    def __init__(self, context: Context, operations: Operations, door: Door, threads: int) -> None:
        self._context = context
        self._operations = operations
        self._door = door
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="operation")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        headers = _joined(scope["headers"])
        request_id = str(uuid.uuid4())
        try:
            answer = await self._answer(scope, headers, receive, request_id)
        except _BodyTooLargeError:
            answer = Answer(413, b"", None, (("connection", "close"),))
        except _ClientGoneError:
            return
        await send(
            {
                "type": "http.response.start",
                "status": answer.status,
                "headers": _response_headers(answer, headers, request_id),
            }
        )
        await send({"type": "http.response.body", "body": answer.body})

    async def _answer(self, scope: Scope, headers: Headers, receive: Receive, request_id: str) -> Answer:
        method, path = scope["method"], scope["path"]
        if method == "OPTIONS":
            return _preflight(headers)
        if method == "GET" and path == "/healthz":
            return Answer(200, b"ok\n", "text/plain; charset=utf-8")
        target = headers.get("x-amz-target")
        is_json = headers.get("content-type", "").partition(";")[0].strip().lower() == awsjson.CONTENT_TYPE
        name = awsjson.operation_name(target)
        if method != "POST" or not (name or is_json):
            return Answer(403, NOT_AN_API_CALL, "application/xml")
        body = await _body(headers, receive)
        raw_path, query = scope["raw_path"].decode("latin-1"), scope["query_string"].decode("latin-1")
        call = Call(raw_path, query, headers, body)
        started = time.perf_counter()
        try:
            answer = Answer(200, await self._run(name, call))
            code = "OK"
        except ApiError as error:
            answer, code = _refusal(error, is_json), error.code
        except StoreUnavailableError as error:
            log.warning("store unavailable", extra={"facts": {"request_id": request_id, "why": str(error)}})
            answer, code = _refusal(ThrottlingError(), is_json), ThrottlingError.code  # SDKs wait and try again
        except Exception:
            log.exception("failed", extra={"facts": {"request_id": request_id, "operation": name}})
            failure = InternalServerError()
            answer, code = Answer(failure.status, awsjson.encode_error(failure)), failure.code
        facts = {"request_id": request_id, "operation": name, "code": code, "status": answer.status}
        log.info("answered", extra={"facts": facts | {"ms": round(1000 * (time.perf_counter() - started), 2)}})
        return answer

    async def _run(self, name: str | None, call: Call) -> bytes:
        awsjson.parse(call.body)
        if name not in self._operations:
            awsjson.parse_whole(call.body)
            raise awsjson.unknown(name) if name else UnknownOperationError()
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._pool, self._operate, name, call)

    def _operate(self, name: str, call: Call) -> bytes:
        operation = self._operations[name]
        identity = self._admitted(call)
        request = awsjson.decode(call.body, operation.request)
        authorize(identity, name, request)
        return awsjson.encode(operation.answer(self._context, identity.caller, request))

    def _admitted(self, call: Call) -> Identity:
        try:
            return self._door.admit(call)
        except FrameworkError:
            awsjson.parse_whole(call.body)  # a body that does not parse is complained of first
            raise


def _refusal(error: ApiError, is_json: bool) -> Answer:
    """An error's answer: AWS JSON, but XML for an unsigned request of another content type (reference 1.3)."""
    if isinstance(error, MissingAuthenticationTokenError) and not is_json:
        return Answer(403, NOT_SIGNED, "application/xml")
    return Answer(error.status, awsjson.encode_error(error))


def _joined(raw: list[tuple[bytes, bytes]]) -> Headers:
    """Header names to values; the values of one that comes more than once are joined by commas."""
    headers: Headers = {}
    for name, value in raw:
        key, text = name.decode("latin-1"), value.decode("latin-1")
        headers[key] = f"{headers[key]},{text}" if key in headers else text
    return headers


async def _body(headers: Headers, receive: Receive) -> bytearray:
    """The whole body, never more than MOST_BODY of it.

    A body that is too long is read on and dropped for a while, since a client that is still sending would meet a
    closed connection instead of the answer; one that asked first whether to send (`Expect`) is answered at once.
    """
    announced = headers.get("content-length", "0")
    too_long = announced.isdigit() and int(announced) > MOST_BODY
    if too_long and "expect" in headers:
        raise _BodyTooLargeError
    body, received = bytearray(), 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise _ClientGoneError
        chunk = message.get("body", b"")
        received += len(chunk)
        too_long = too_long or received > MOST_BODY
        if too_long:
            body.clear()
        else:
            body += chunk
        if not message.get("more_body", False) or received > MOST_DROPPED:
            break
    if too_long:
        raise _BodyTooLargeError
    return body


def _preflight(headers: Headers) -> Answer:
    """What a browser asks before it sends a signed request from another origin (reference 1.7)."""
    allowed = (
        ("access-control-allow-headers", headers.get("access-control-request-headers", "")),
        ("access-control-allow-methods", headers.get("access-control-request-method", "")),
        ("access-control-max-age", "172800"),
    )
    return Answer(200, b"", None, tuple((name, value) for name, value in allowed if value))


def _response_headers(answer: Answer, request: Headers, request_id: str) -> list[tuple[bytes, bytes]]:
    pairs = [("x-amzn-requestid", request_id), ("content-length", str(len(answer.body))), *answer.extra]
    if answer.content_type:
        pairs.append(("content-type", answer.content_type))
    if "origin" in request:
        pairs += [("access-control-allow-origin", "*"), ("access-control-expose-headers", EXPOSED)]
    return [(name.encode("latin-1"), value.encode("latin-1")) for name, value in pairs]
