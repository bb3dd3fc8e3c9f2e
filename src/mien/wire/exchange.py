"""One request and its answer, as ASGI has them: the body as it comes, the answer as one write."""

import asyncio
import http
import logging
import uuid
from collections.abc import Awaitable, Callable, Iterable

from mien.errors import ApiError, InternalServerError
from mien.wire.answer import CLOSE, Message, Receive, Scope, Send, refusal

Pairs = Iterable[tuple[bytes, bytes]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

_LINES = {status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode() for status in http.HTTPStatus}
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_BODILESS = (204, 304)

log = logging.getLogger("mien.request")


class Exchange:
    """A request from when its head is whole until it is answered.

    Args:
        scope: as ASGI has it.
        stays: whether the connection is for further requests.
        write: sends bytes to the client.
        want: called when the application waits for more of the body, or for the client to hang up.
        over: called when the request is answered.
        always: gives the headers that every answer has.
    """

    def __init__(
        self,
        scope: Scope,
        *,
        stays: bool,
        write: Callable[[bytes], None],
        want: Callable[[], None],
        over: Callable[[], None],
        always: Pairs,
    ) -> None:
        self.stays = stays
        self.cuts = False  # whether the application ends the connection, though the client may be sending
        self.answered = False
        self._scope = scope
        self._write = write
        self._want = want
        self._over = over
        self._always = always
        self._gone = False
        self._asked = False
        self._parts: list[bytes] = []
        self._more = True
        self._news = asyncio.Event()
        self._start: Message | None = None

    def add(self, part: bytes, more: bool) -> None:
        """Take a part of the body, the last where there is no more."""
        if part:
            self._parts.append(part)
        self._more = more
        self._news.set()

    def hang_up(self) -> None:
        """Tell the application that the client is gone; nothing is written from now on."""
        self._gone = True
        self._news.set()

    async def run(self, application: Application) -> None:
        """Have the request answered."""
        try:
            await application(self._scope, self._receive, self._send)
        except Exception:
            log.exception("failed")
        if not (self.answered or self._gone):
            self.refuse(InternalServerError())

    def refuse(self, error: ApiError) -> None:
        """Answer with an error, and ask for no more requests."""
        answer = refusal(error, True, CLOSE)
        pairs = [("x-amzn-requestid", str(uuid.uuid4())), ("content-type", answer.content_type or ""),
                 ("content-length", str(len(answer.body))), *answer.extra]  # fmt: skip
        self._answer(answer.status, [(name.encode(), value.encode()) for name, value in pairs], answer.body)

    async def _receive(self) -> Message:
        if not (self.answered or self._gone):
            if self._is_awaited():
                self._write(_CONTINUE)
            self._want()
            await self._news.wait()
            self._news.clear()
        if self.answered or self._gone:
            return {"type": "http.disconnect"}
        body = self._parts[0] if len(self._parts) == 1 else b"".join(self._parts)
        self._parts = []
        return {"type": "http.request", "body": body, "more_body": self._more}

    def _is_awaited(self) -> bool:
        """Whether the client sends the body only when it is told to, which it then is."""
        if self._asked or self._parts or not self._more:
            return False
        self._asked = True
        return any(name == b"expect" and value.lower() == b"100-continue" for name, value in self._scope["headers"])

    async def _send(self, message: Message) -> None:
        if self._gone:
            return
        if message["type"] == "http.response.start":
            self._start = message
        elif self._start is not None and not self.answered:
            self._answer(self._start["status"], self._start["headers"], message["body"])

    def _answer(self, status: int, headers: Pairs, body: bytes) -> None:
        lines = [name + b": " + value for name, value in (*self._always, *headers)]
        if b"connection: close" in lines:
            self.stays, self.cuts = False, True
        elif self._more or not self.stays:  # of a body that is not whole it is not known whether the rest will come
            self.stays = False
            lines.append(b"connection: close")
        head = b"\r\n".join(lines)
        if head.count(b"\n") != len(lines) - 1:
            raise ValueError("a header of the answer has a line break")
        bodiless = self._scope["method"] == "HEAD" or status in _BODILESS
        self.answered = True
        self._write(b"".join((_LINES[status], head, b"\r\n\r\n", b"" if bodiless else body)))
        self._news.set()
        self._over()
