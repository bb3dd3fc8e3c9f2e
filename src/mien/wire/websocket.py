"""Speaks WebSocket (RFC 6455) over a request that was upgraded; the protocol is the library websockets'.

The library is an extra and is loaded with the first WebSocket. Nothing is compressed, so that a message takes no more
memory than it has bytes on the wire.
"""

import http
from collections import deque
from collections.abc import Mapping

from mien.wire.answer import Answer, Headers, Receive, Send
from mien.wire.body import ClientGoneError

MOST_FRAMES = 4096  # of a connection, so that it cannot keep the event loop busy with tiny ones
NOT_BINARY = 1003  # closing codes
TOO_MUCH = 1008


class WebSocket:
    """A WebSocket that a client asked for.

    Args:
        headers: of the request.
        receive: returns the next message of ASGI.
        send: takes a message of ASGI.
        most: bytes that a message may have.

    Raises:
        ImportError: the library is not installed.
    """

    def __init__(self, headers: Headers, receive: Receive, send: Send, most: int) -> None:
        from websockets.datastructures import Headers as Fields  # noqa: PLC0415  an optional dependency
        from websockets.http11 import Request  # noqa: PLC0415
        from websockets.protocol import State  # noqa: PLC0415
        from websockets.server import ServerProtocol  # noqa: PLC0415

        self._receive = receive
        self._send = send
        self._protocol = ServerProtocol(state=State.OPEN, max_size=most)
        self._accepted = ServerProtocol().accept(Request("/", Fields(headers)))
        self._frames = 0
        self._part = bytearray()
        self._messages: deque[bytes] = deque()
        self._is_closed = False

    @property
    def objection(self) -> Answer | None:
        """The answer to a request that asks for no WebSocket of this version; None if it does."""
        if self._accepted.status_code == http.HTTPStatus.SWITCHING_PROTOCOLS:
            return None
        return Answer(self._accepted.status_code, bytes(self._accepted.body), "text/plain; charset=utf-8")

    async def open(self, extra: Mapping[str, str]) -> None:
        """Accepts it, with these headers besides those of the protocol."""
        pairs = {name.lower(): value for name, value in self._accepted.headers.raw_items()} | dict(extra)
        pairs.pop("date", None)  # which uvicorn adds
        headers = [(name.encode(), value.encode()) for name, value in pairs.items()]
        await self._send({"type": "http.response.start", "status": 101, "headers": headers})
        await self._send({"type": "http.response.body", "body": b"", "more_body": True})

    async def receive(self) -> bytes | None:
        """Returns the next message; None once the client has closed.

        Raises:
            ClientGoneError: it hung up without closing, or broke the protocol.
        """
        while not self._messages:
            if self._is_closed:
                return None
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise ClientGoneError
            self._protocol.receive_data(message["body"])
            await self._take_frames()
            await self._flush()
        return self._messages.popleft()

    async def send(self, data: bytes) -> None:
        """Sends a message, unless the client has closed."""
        if not self._is_closed:
            self._protocol.send_binary(data)
            await self._flush()

    async def close(self, code: int = 1000) -> None:
        """Closes it, if it is not closed, and ends the answer."""
        await self._fail(code)
        await self._send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _take_frames(self) -> None:
        from websockets.frames import Frame, Opcode  # noqa: PLC0415

        for frame in self._protocol.events_received():
            self._frames += 1
            if not isinstance(frame, Frame):
                continue
            if frame.opcode is Opcode.CLOSE:
                self._is_closed = True
            elif frame.opcode is Opcode.TEXT:
                await self._fail(NOT_BINARY)
            elif frame.opcode in {Opcode.BINARY, Opcode.CONT}:
                self._part += frame.data
                if frame.fin:
                    self._messages.append(bytes(self._part))
                    self._part.clear()
        if self._frames > MOST_FRAMES:
            await self._fail(TOO_MUCH)
        if self._protocol.parser_exc is not None:  # the library has sent what closes it
            self._is_closed = True

    async def _fail(self, code: int) -> None:
        if not self._is_closed:
            self._is_closed = True
            self._protocol.send_close(code)
            await self._flush()

    async def _flush(self) -> None:
        data = b"".join(self._protocol.data_to_send())
        if data:
            await self._send({"type": "http.response.body", "body": data, "more_body": True})
