"""Speaks an event stream over HTTP/1.1, as AWS's client does under Node: body and answer flow at the same time."""

from collections.abc import Mapping

from mien.wire.answer import Answer, Receive, Send
from mien.wire.body import ClientGoneError
from mien.wire.eventstream import CONTENT_TYPE


class Duplex:
    """A request whose answer begins while its body arrives; the same to use as a `WebSocket`.

    Args:
        receive: returns the next message of ASGI.
        send: takes a message of ASGI.
    """

    objection: Answer | None = None

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive = receive
        self._send = send
        self._more = True

    async def open(self, extra: Mapping[str, str]) -> None:
        """Begins the answer, with these headers."""
        pairs = {"content-type": CONTENT_TYPE} | dict(extra)
        headers = [(name.encode(), value.encode()) for name, value in pairs.items()]
        await self._send({"type": "http.response.start", "status": 200, "headers": headers})
        await self._send({"type": "http.response.body", "body": b"", "more_body": True})

    async def receive(self) -> bytes | None:
        """Returns the next part of the body; None at its end.

        Raises:
            ClientGoneError: the client hung up.
            HttpError: the framing of the body is malformed.
        """
        if not self._more:
            return None
        message = await self._receive()
        if message["type"] == "http.disconnect":
            raise message.get("error") or ClientGoneError
        self._more = message["more_body"]
        return bytes(message["body"])

    async def send(self, data: bytes) -> None:
        """Sends a message."""
        await self._send({"type": "http.response.body", "body": data, "more_body": True})

    async def close(self, code: int = 1000) -> None:  # noqa: ARG002  of a WebSocket
        """Ends the answer."""
        await self._send({"type": "http.response.body", "body": b"", "more_body": False})
