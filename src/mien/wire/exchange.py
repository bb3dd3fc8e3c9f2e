"""Runs the ASGI application for one request: passes it the body as it arrives, and writes its answer at once."""

import asyncio
import http
import logging
import uuid
from collections.abc import Callable, Iterable

from mien.errors import ApiError, InternalServerError
from mien.wire.answer import CLOSE, Application, Message, Scope, refusal

Pairs = Iterable[tuple[bytes, bytes]]

_STATUS_LINES = {status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode() for status in http.HTTPStatus}
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_BODILESS = (204, 304)  # RFC 9110, 6.4.1

log = logging.getLogger("mien.request")


class Exchange:
    """A request, from its complete head to its answer.

    A disconnect message carries `error` if the rest of the body was refused, so that the application can record it.

    Args:
        scope: of ASGI; `request_id` is added, the id that the answer must have.
        keep_alive: whether the connection serves further requests.
        write: sends bytes to the client.
        read_more: called when the application waits for more of the body, or for the client to hang up.
        on_answered: called when the request is answered.
        on_upgraded: called when the answer is 101, after which all that the client sends is passed on as it is.
        default_headers: stand in every answer.
    """

    def __init__(
        self,
        scope: Scope,
        *,
        keep_alive: bool,
        write: Callable[[bytes], None],
        read_more: Callable[[], None],
        on_answered: Callable[[], None],
        default_headers: Pairs,
        on_upgraded: Callable[[], None] = lambda: None,
    ) -> None:
        self.keep_alive = keep_alive
        self.is_cut = False  # whether the application closes the connection, even if the client is still sending
        self.answered = False
        self._request_id = scope["request_id"] = str(uuid.uuid4())
        self._scope = scope
        self._write = write
        self._read_more = read_more
        self._on_answered = on_answered
        self._on_upgraded = on_upgraded
        self._default_headers = default_headers
        self._gone = False
        self._error: ApiError | None = None
        self._may_continue = True  # whether 100 Continue may still be sent
        self._parts: list[bytes] = []
        self._more = True
        self._changed = asyncio.Event()
        self._start: Message | None = None
        self._framed: Callable[[bytes], bytes] | None = None  # frames the parts of an answer that comes in parts

    def add(self, part: bytes, more: bool) -> None:
        """Takes a part of the body; `more` tells whether others follow."""
        if part:
            self._parts.append(part)
        self._more = more
        self._changed.set()

    def hang_up(self) -> None:
        """Tells the application that the client has hung up. Nothing is written from now on."""
        self._gone = True
        self._changed.set()

    async def run(self, application: Application) -> None:
        """Runs the application, and answers InternalServerError if it sends nothing."""
        try:
            await application(self._scope, self._receive, self._send)
        except Exception:
            log.exception("failed")
        if self._framed is not None:
            self._end(complete=False)
        elif not (self.answered or self._gone):
            self.refuse(InternalServerError())

    def refuse(self, error: ApiError) -> str:
        """Answers with an error and closes the connection; returns the id of the answer."""
        self._error = error
        if self._framed is not None:
            self._end(complete=False)
            return self._request_id
        answer = refusal(error, True, CLOSE)
        pairs = [("x-amzn-requestid", self._request_id), ("content-type", answer.content_type or ""),
                 ("content-length", str(len(answer.body))), *answer.extra]  # fmt: skip
        self._answer(answer.status, [(name.encode(), value.encode()) for name, value in pairs], answer.body)
        return self._request_id

    async def _receive(self) -> Message:
        if not (self.answered or self._gone):
            if self._expects_continue():
                self._write(_CONTINUE)
            self._read_more()
            await self._changed.wait()
            self._changed.clear()
        if self.answered or self._gone:
            error, self._error = self._error, None  # kept, its traceback would keep the exchange in a cycle
            return {"type": "http.disconnect", "error": error}
        body = self._parts[0] if len(self._parts) == 1 else b"".join(self._parts)
        self._parts = []
        return {"type": "http.request", "body": body, "more_body": self._more}

    def _expects_continue(self) -> bool:
        """Returns whether the client waits for 100 Continue; True only once."""
        if not self._may_continue or self._parts or not self._more:
            return False
        self._may_continue = False
        return any(name == b"expect" and value.lower() == b"100-continue" for name, value in self._scope["headers"])

    async def _send(self, message: Message) -> None:
        if self._gone:
            return
        if message["type"] == "http.response.start":
            self._start = message
        elif self._start is None or self.answered:
            return
        elif self._framed is not None or message.get("more_body", False):
            self._add(self._start, message)
        else:
            self._answer(self._start["status"], self._start["headers"], message["body"])

    def _add(self, start: Message, message: Message) -> None:
        """Writes a part of an answer whose length is not known at its beginning, while the body may still arrive."""
        if self._framed is None:
            self._framed = self._begin(start)
        if message["body"]:
            self._write(self._framed(message["body"]))
        if not message.get("more_body", False):
            self._end(complete=True)

    def _begin(self, start: Message) -> Callable[[bytes], bytes]:
        """Writes the head of such an answer; returns what frames its parts."""
        self.keep_alive = False
        if start["status"] == 101:
            self._write(self._head(101, start["headers"]))
            self._more = True
            self._on_upgraded()
            return bytes
        framing = ((b"transfer-encoding", b"chunked"), (b"connection", b"close"))
        self._write(self._head(start["status"], (*start["headers"], *framing)))
        return lambda part: b"%x\r\n%b\r\n" % (len(part), part)

    def _end(self, complete: bool) -> None:
        """Ends an answer that came in parts; one that is not complete lacks its last chunk."""
        if self.answered or self._gone:
            return
        self.answered = True
        if complete and self._framed is not bytes:
            self._write(b"0\r\n\r\n")
        self._changed.set()
        self._on_answered()

    def _head(self, status: int, headers: Pairs) -> bytes:
        lines = [name + b": " + value for name, value in (*self._default_headers, *headers)]
        head = b"\r\n".join(lines)
        if head.count(b"\n") != len(lines) - 1:
            raise ValueError("a header of the answer contains a line break")
        return b"".join((_STATUS_LINES[status], head, b"\r\n\r\n"))

    def _answer(self, status: int, headers: Pairs, body: bytes) -> None:
        headers = list(headers)
        if (b"connection", b"close") in headers:
            self.keep_alive, self.is_cut = False, True
        elif self._more or not self.keep_alive:  # the rest of an incomplete body may never arrive
            self.keep_alive = False
            headers.append((b"connection", b"close"))
        head = self._head(status, headers)
        is_bodiless = self._scope["method"] == "HEAD" or status in _BODILESS
        self.answered = True
        self._write(head if is_bodiless else head + body)
        self._changed.set()
        self._on_answered()
