"""Builds and sends HTTP responses: the answer of an operation, an error or a preflight, with their CORS headers."""

from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from typing import Any

from mien.errors import ApiError, MissingAuthenticationTokenError
from mien.wire import awsjson

EXPOSED = "x-amzn-RequestId,x-amzn-ErrorType,x-amz-request-id,x-amz-id-2,x-amzn-ErrorMessage,Date"
CLOSE = (("connection", "close"),)
_NOT_AN_API_CALL = (
    b"<AccessDeniedException>\n  <Message>Unable to determine service/operation name to be authorized</Message>\n"
    b"</AccessDeniedException>\n"
)
_NOT_SIGNED = (
    b"<MissingAuthenticationTokenException>\n  <Message>Missing Authentication Token</Message>\n"
    b"</MissingAuthenticationTokenException>\n"
)

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]
Headers = dict[str, str]
Extra = tuple[tuple[str, str], ...]  # headers besides those of every answer


@dataclass(frozen=True, slots=True)
class Answer:
    """A response before it is sent."""

    status: int
    body: bytes
    content_type: str | None = awsjson.CONTENT_TYPE
    extra: Extra = ()


NOT_AN_API_CALL = Answer(403, _NOT_AN_API_CALL, "application/xml")
NO_ANSWER = Answer(499, b"")  # never sent: the client hung up


def refusal(error: ApiError, is_json: bool, extra: Extra = ()) -> Answer:
    """Returns an error's answer: AWS JSON, or XML for an unsigned request of another content type (reference 1.3)."""
    if isinstance(error, MissingAuthenticationTokenError) and not is_json:
        return Answer(403, _NOT_SIGNED, "application/xml")
    return Answer(error.status, awsjson.encode_error(error), extra=extra)


def preflight(headers: Headers) -> Answer:
    """Returns the answer to a browser's preflight before a signed request from another origin (reference 1.7)."""
    allowed = (
        ("access-control-allow-headers", headers.get("access-control-request-headers", "")),
        ("access-control-allow-methods", headers.get("access-control-request-method", "")),
        ("access-control-max-age", "172800"),
    )
    return Answer(200, b"", None, tuple((name, value) for name, value in allowed if value))


async def respond(answer: Answer, request: Headers, request_id: str, send: Send) -> None:
    """Sends an answer with the headers of every response."""
    pairs = [("x-amzn-requestid", request_id), ("content-length", str(len(answer.body))), *answer.extra]
    if answer.content_type:
        pairs.append(("content-type", answer.content_type))
    if "origin" in request:
        pairs += [("access-control-allow-origin", "*"), ("access-control-expose-headers", EXPOSED)]
    headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in pairs]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body})
