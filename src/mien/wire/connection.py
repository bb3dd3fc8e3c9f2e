"""Speaks HTTP/1.1 on a connection, one request at a time, and limits how many connections are open and how long.

This is back-pressure: a connection is read no further than one head, then its body as fast as the application takes it,
then READ_AHEAD bytes of what follows, until the request is answered.
"""

import asyncio
from asyncio import TimerHandle, Transport
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from uvicorn.config import Config
from uvicorn.server import ServerState

from mien.errors import ApiError
from mien.watch.record import Watcher, refused
from mien.wire import framing
from mien.wire import head as heads
from mien.wire.exchange import Exchange
from mien.wire.framing import AT_A_TIME, Body, Endless
from mien.wire.head import HeadReader

READ_AHEAD = 16 * 1024  # bytes read at a time outside a body, and kept behind a request in progress
DISCARDED_AT_A_TIME = 64 * 1024  # bytes
MOST_DISCARDED = 64 * 1024 * 1024  # bytes of a body that was answered before it was complete
MOST_REFUSED = 1024 * 1024  # bytes behind a malformed request
LINGER = 5.0  # seconds in which they may arrive
STOP_LINGER = 1.0  # seconds that a client has to read its answer when the server stops


@dataclass(slots=True)
class Connections:
    """The limits and counters that all connections share.

    Attributes:
        most: how many may be open; a further one is closed at once.
        idle_timeout: seconds from the beginning or the last answer to the end of the next head.
        watchers: called with a record of each request that is refused before the application sees it.
        open: how many are open now.
        refused: how many were closed at once, so far.
        buffer: the one that all connections read into.
        lost: called when a connection is closed.
    """

    most: int
    idle_timeout: float
    watchers: Sequence[Watcher] = ()
    open: int = 0
    refused: int = 0
    buffer: memoryview = field(default_factory=lambda: memoryview(bytearray(AT_A_TIME)))
    lost: Callable[[], None] = lambda: None

    def protocol(self, **arguments: Any) -> "Connection":
        """Returns the protocol of a new connection; called by uvicorn with the arguments of its own protocols."""
        return Connection(self, arguments["config"], arguments["server_state"])


class Connection(asyncio.BufferedProtocol):
    """HTTP/1.1 on one connection, one request at a time."""

    def __init__(self, connections: Connections, config: Config, server: ServerState) -> None:
        self._all = connections
        self._application = config.loaded_app
        self._server = server
        self._loop = asyncio.get_running_loop()
        self._is_counted = False
        self._timer: TimerHandle | None = None
        self._unwritten = 0  # bytes of answers, when the timer was set
        self._reading = True
        self._blocked = False  # whether the client does not read its answers
        self._head = HeadReader()
        self._body: Body | None = None  # the rest of the body that is being read
        self._exchange: Exchange | None = None  # the latest
        self._ahead = b""
        self._idle_timeout = connections.idle_timeout
        self._lingers = False
        self._may_discard = 0  # bytes

    # ------------------------------------------------------------------------------------------- called by the loop

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]  # as asyncio's servers have it
        """Accepts a connection, or closes it if the limit is reached."""
        self._transport = transport
        if self._all.open >= self._all.most:
            self._all.refused += 1
            transport.abort()
            return
        self._is_counted = True
        self._all.open += 1
        self._server.connections.add(self)  # type: ignore[arg-type]  # uvicorn calls only `shutdown`
        self._addresses = {
            "server": _address(transport.get_extra_info("sockname")),
            "client": _address(transport.get_extra_info("peername")),
        }
        self._set_timer(self._idle_timeout)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        """Drops the connection's state, which in a cycle would stay in memory until a garbage collection."""
        self._server.connections.discard(self)
        self._all.open -= self._is_counted
        self._is_counted = False
        self._stop_timer()
        if self._exchange is not None:
            self._exchange.hang_up()
        self._exchange, self._body, self._ahead, self._head = None, None, b"", HeadReader()
        self._all.lost()

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002
        """Returns where to read to next, and thereby how much."""
        if self._lingers:
            return self._all.buffer[:DISCARDED_AT_A_TIME]
        return self._all.buffer[: READ_AHEAD - len(self._ahead) if self._body is None else self._body.next]

    def buffer_updated(self, nbytes: int) -> None:
        """Takes the bytes that were read."""
        if self._lingers:
            self._discard(nbytes)
        else:
            self._take(self._all.buffer[:nbytes])

    def pause_writing(self) -> None:
        """Begins no request until the client has read its answers."""
        self._blocked = True

    def resume_writing(self) -> None:
        """Continues with the bytes that arrived meanwhile."""
        self._blocked = False
        if self._exchange is not None and not self._exchange.answered:
            self._read_more()
        self._proceed()

    def shutdown(self) -> None:
        """Closes once the request in progress is answered; called by uvicorn when it stops."""
        self._idle_timeout = min(self._idle_timeout, STOP_LINGER)
        if self._exchange is None or self._exchange.answered:
            self._transport.close()
            self._set_timer(self._idle_timeout)
        else:
            self._exchange.keep_alive = False

    # ------------------------------------------------------------------------------------------------------- reading

    def _take(self, data: memoryview) -> None:
        try:
            while len(data) and not self._lingers:
                if self._body is not None:
                    data = self._fill(self._body, data)
                elif self._is_free:
                    found = self._head.take(bytes(data))
                    if found is None:
                        return
                    head, rest = found
                    data = memoryview(rest)
                    self._begin(head)
                else:
                    self._ahead += data
                    break
        except ApiError as error:
            self._refuse(error)
        if not self._lingers and (self._body is not None or len(self._ahead) >= READ_AHEAD):
            self._pause_reading()

    @property
    def _is_free(self) -> bool:
        """Returns whether the next request may begin."""
        return not self._blocked and (self._exchange is None or self._exchange.answered)

    def _begin(self, data: bytes) -> None:
        head = heads.read(data)
        self._body = body = framing.body(head, len(data))
        self._stop_timer()
        self._exchange = exchange = Exchange(
            {**head.scope(), **self._addresses}, keep_alive=head.keep_alive, write=self._transport.write,
            read_more=self._read_more, on_answered=self._answered, on_upgraded=self._upgraded,
            default_headers=self._server.default_headers,
        )  # fmt: skip
        if body is None:
            exchange.add(b"", more=False)
        task = self._loop.create_task(exchange.run(self._application))
        self._server.tasks.add(task)
        task.add_done_callback(self._server.tasks.discard)

    def _fill(self, body: Body, data: memoryview) -> memoryview:
        part, rest = body.take(data)
        self._body = None if body.done else body
        if self._exchange is not None:
            self._exchange.add(part, more=not body.done)
        return rest

    def _read_more(self) -> None:
        """Reads more of the body, or until the client hangs up; called when the application waits.

        A client that does not read an answer in parts is read no further, so that what it is owed stays small.
        """
        if len(self._ahead) < READ_AHEAD and not self._blocked:
            self._resume_reading()

    def _upgraded(self) -> None:
        """Passes on everything that the client sends from now on, in another protocol than HTTP."""
        self._body = Endless()
        kept, self._ahead = self._ahead, b""
        self._take(memoryview(kept))

    def _resume_reading(self) -> None:
        if not self._reading and not self._transport.is_closing():
            self._reading = True
            self._transport.resume_reading()

    def _pause_reading(self) -> None:
        if self._reading and not self._transport.is_closing():
            self._reading = False
            self._transport.pause_reading()

    # ----------------------------------------------------------------------------------------------------- answering

    def _answered(self) -> None:
        """Continues after a request: with the next one, or by closing."""
        self._server.total_requests += 1
        exchange = self._exchange
        if exchange is None or self._transport.is_closing():
            return
        if exchange.keep_alive:
            self._set_timer(self._idle_timeout)
            self._proceed()
        elif exchange.is_cut or self._body is None:
            self._close()
        else:
            self._linger(self._idle_timeout, MOST_DISCARDED)

    def _proceed(self) -> None:
        """Takes the bytes that were read ahead, then reads on."""
        if not self._is_free or self._lingers:
            return
        kept, self._ahead = self._ahead, b""
        self._take(memoryview(kept))
        if self._is_free:
            self._resume_reading()

    def _refuse(self, error: ApiError) -> None:
        """Answers a malformed request and closes; the application records a malformed body, and this a head."""
        is_head = self._exchange is None or self._exchange.answered
        if self._exchange is None or is_head:
            self._exchange = Exchange(
                {"method": ""}, keep_alive=False, write=self._transport.write, read_more=self._read_more,
                on_answered=lambda: None, default_headers=self._server.default_headers,
            )  # fmt: skip
        request_id = self._exchange.refuse(error)
        if is_head:
            for watcher in self._all.watchers:
                watcher(refused(request_id, error))
        self._linger(LINGER, MOST_REFUSED)

    def _close(self) -> None:
        self._transport.close()
        self._set_timer(self._idle_timeout)  # for the client to read what was written

    def _linger(self, seconds: float, most: int) -> None:
        """Closes once the client has, and discards what it sends meanwhile, since unread bytes would cause a reset."""
        self._lingers, self._may_discard = True, most
        self._head, self._body, self._ahead = HeadReader(), None, b""
        self._transport.write_eof()
        self._resume_reading()
        self._set_timer(min(seconds, self._idle_timeout))

    def _discard(self, count: int) -> None:
        self._may_discard -= count
        if self._may_discard < 0:
            self._transport.abort()

    # ------------------------------------------------------------------------------------------------------- timing

    def _set_timer(self, seconds: float) -> None:
        self._stop_timer()
        self._unwritten = self._transport.get_write_buffer_size()
        self._timer = self._loop.call_later(seconds, self._timed_out, seconds)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _timed_out(self, seconds: float) -> None:
        """Closes, unless the client is still reading a long answer."""
        left = self._transport.get_write_buffer_size()
        if not left:
            self._transport.close()
        elif left < self._unwritten:
            self._set_timer(seconds)
        else:
            self._transport.abort()


def _address(name: Any) -> tuple[str, int] | None:
    """Returns host and port of a socket's name; None if it has none."""
    return (str(name[0]), int(name[1])) if isinstance(name, tuple) else None
