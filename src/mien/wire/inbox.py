"""Takes the messages of a client's stream: within bounds, each verified, and the event in it passed to the session."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime

from mien.access.chain import Chain
from mien.errors import InvalidSignatureError, RequestTimeoutError, ValidationError
from mien.operations.liveness.streamed_session import LiveSession
from mien.wire import eventstream
from mien.wire.body import ClientGoneError
from mien.wire.duplex import Duplex
from mien.wire.eventstream import Message, MessageReader
from mien.wire.websocket import WebSocket

MOST_RECEIVED = 16 * 2**20  # bytes of a stream: a film of 10 MB in base64, with its signatures
LONGEST = 180.0  # seconds from the challenge to the end of the film, which is as long as a session lives
FILM = 75.0  # seconds that the film may take to arrive; it may have a minute
PAUSE = 20.0  # seconds between two parts of the stream, once the film has begun
_DATE, _SIGNATURE = ":date", ":chunk-signature"


class Inbox:
    """The messages of one stream.

    Args:
        line: the connection.
        session: takes the events.
        chain: verifies the messages; None while any credentials are accepted.
        admit: called when the film begins; raises if too many arrive already.
    """

    def __init__(
        self, line: WebSocket | Duplex, session: LiveSession, chain: Chain | None, admit: Callable[[], None]
    ) -> None:
        self._line = line
        self._session = session
        self._chain = chain
        self._admit = admit
        self._reader = MessageReader()
        self._received = 0

    async def film(self) -> None:
        """Returns once the whole film has arrived.

        Raises:
            ValidationError: the stream or an event in it cannot be read, or is too large.
            InvalidSignatureError: a message is not signed, or not with the key that opened the stream.
            RequestTimeoutError: the film does not arrive in time.
            ThrottlingError: too many films arrive already.
            ClientGoneError: the client ended the stream before the film was complete.
        """
        clock = asyncio.get_running_loop().time
        due = end = clock() + LONGEST
        while not self._session.complete:
            try:
                async with asyncio.timeout_at(due):
                    data = await self._line.receive()
            except TimeoutError:
                raise RequestTimeoutError("The video of the session did not arrive in time.") from None
            if data is None:
                raise ClientGoneError
            self._received += len(data)
            if self._received > MOST_RECEIVED:
                raise ValidationError(f"A stream may have {MOST_RECEIVED} bytes.")
            for message in self._reader.take(data):
                if not self._session.complete:
                    had = self._session.has_film
                    self._take(message)
                    if self._session.has_film and not had:
                        self._admit()
                        end = min(end, clock() + FILM)
            due = min(end, clock() + PAUSE) if self._session.has_film else end

    def _take(self, message: Message) -> None:
        """Takes a message, which may be the signed envelope of another; an empty one ends the stream."""
        if _SIGNATURE in message.headers:
            self._verify(message)
            inner = eventstream.decode(message.payload) if message.payload else None
        elif self._chain is not None:
            raise InvalidSignatureError("A message of the stream is not signed.")
        else:
            inner = message
        if inner is None:
            self._session.end()
            return
        kind = inner.headers.get(":event-type")
        if inner.headers.get(":message-type") != "event" or not isinstance(kind, str):
            raise ValidationError("A message of the stream must be an event, and name its type.")
        self._session.take(kind, inner.payload)

    def _verify(self, message: Message) -> None:
        moment, signature = message.headers.get(_DATE), message.headers[_SIGNATURE]
        if not (isinstance(moment, datetime) and isinstance(signature, bytes)):
            raise InvalidSignatureError("A message of the stream must be signed with its date.")
        if self._chain is not None:
            self._chain.verify(message.raw[_DATE], moment, message.payload, signature, datetime.now(UTC))
