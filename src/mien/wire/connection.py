"""Connections in bounds: no more than the process has room for, and none that is held without asking anything.

Of what a connection sends, no more is read than what is worked on: one head, then its body as the application takes it,
then AHEAD bytes of what follows, until the request is answered and its answer is on its way.
"""

import asyncio
import resource
from asyncio import TimerHandle, Transport
from dataclasses import dataclass, field
from typing import Any

from uvicorn.config import Config
from uvicorn.server import ServerState

from mien.errors import ApiError
from mien.wire import framing
from mien.wire import head as heads
from mien.wire.exchange import Exchange
from mien.wire.framing import AT_A_TIME, Body
from mien.wire.head import Head

RESERVE = 128  # file descriptors for the store, the listening socket, model files and what libraries open
AHEAD = 16 * 1024  # bytes read at a time while no body is read; what is kept behind a request that waits
DROPPED_AT_A_TIME = 64 * 1024
MOST_DROPPED = 64 * 1024 * 1024  # bytes of a body that was answered before it was whole
MOST_REFUSED = 1024 * 1024  # bytes behind what is no request
LINGER = 5.0  # seconds in which they may come
HURRY = 1.0  # seconds that a client has to read its answer when the server stops


@dataclass(slots=True)
class Connections:
    """What is known of all connections.

    Attributes:
        most: how many are held; a further one is closed at once.
        idle: seconds that one may be without a request: from its beginning or its last answer to the next head's end.
        open: how many are held now.
        refused: how many were closed at once, so far.
        buffer: what all read into, one after the other.
    """

    most: int
    idle: float
    open: int = 0
    refused: int = 0
    buffer: memoryview = field(default_factory=lambda: memoryview(bytearray(AT_A_TIME)))

    def protocol(self, **given: Any) -> "Connection":
        """Make what speaks HTTP on a new connection; called by uvicorn with what its own needs."""
        return Connection(self, given["config"], given["server_state"])


class Connection(asyncio.BufferedProtocol):
    """HTTP/1.1 on one connection, one request at a time."""

    def __init__(self, connections: Connections, config: Config, server: ServerState) -> None:
        self._all = connections
        self._application = config.loaded_app
        self._server = server
        self._loop = asyncio.get_running_loop()
        self._held = False
        self._timer: TimerHandle | None = None
        self._unwritten = 0  # bytes of answers, when the timer was set
        self._reading = True
        self._stuck = False  # whether the client does not read its answers
        self._head = Head()
        self._body: Body | None = None  # what is to come of the body that is read
        self._exchange: Exchange | None = None  # the last that was begun
        self._ahead = b""
        self._patience = connections.idle
        self._lingers = False
        self._may_drop = 0

    # ------------------------------------------------------------------------------------------- what the loop calls

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]  # as asyncio's servers have it
        """Take a connection, or close it."""
        self._transport = transport
        if self._all.open >= self._all.most:
            self._all.refused += 1
            transport.abort()
            return
        self._held = True
        self._all.open += 1
        self._server.connections.add(self)  # type: ignore[arg-type]  # which has the method `shutdown`
        self._addresses = {
            "server": _address(transport.get_extra_info("sockname")),
            "client": _address(transport.get_extra_info("peername")),
        }
        self._wait(self._patience)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        """Forget a connection."""
        self._server.connections.discard(self)
        self._all.open -= self._held
        self._held = False
        self._stop_waiting()
        if self._exchange is not None:
            self._exchange.hang_up()

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002
        """Say how much may be read next, and to where."""
        if self._lingers:
            return self._all.buffer[:DROPPED_AT_A_TIME]
        return self._all.buffer[: AHEAD - len(self._ahead) if self._body is None else self._body.next]

    def buffer_updated(self, nbytes: int) -> None:
        """Take what was read."""
        if self._lingers:
            self._drop(nbytes)
        else:
            self._take(self._all.buffer[:nbytes])

    def pause_writing(self) -> None:
        """Begin nothing until the client has read its answers."""
        self._stuck = True

    def resume_writing(self) -> None:
        """Go on with what was sent meanwhile."""
        self._stuck = False
        self._go_on()

    def shutdown(self) -> None:
        """Close as soon as what was begun is answered; called by uvicorn when it stops."""
        self._patience = min(self._patience, HURRY)
        if self._exchange is None or self._exchange.answered:
            self._transport.close()
            self._wait(self._patience)
        else:
            self._exchange.stays = False

    # ------------------------------------------------------------------------------------------------------- reading

    def _take(self, data: memoryview) -> None:
        try:
            while len(data) and not self._lingers:
                if self._body is not None:
                    data = self._fill(self._body, data)
                elif self._is_free:
                    whole = self._head.take(bytes(data))
                    if whole is None:
                        return
                    data = memoryview(whole[1])
                    self._begin(whole[0])
                else:
                    self._ahead += data
                    break
        except ApiError as error:
            self._refuse(error)
        if not self._lingers and (self._body is not None or len(self._ahead) >= AHEAD):
            self._read_no_more()

    @property
    def _is_free(self) -> bool:
        """Whether the next request may begin."""
        return not self._stuck and (self._exchange is None or self._exchange.answered)

    def _begin(self, head: bytes) -> None:
        request = heads.read(head)
        self._body = body = framing.body(request, len(head))
        self._stop_waiting()
        self._exchange = exchange = Exchange(
            {**request.scope(), **self._addresses}, stays=request.stays, write=self._transport.write, want=self._want,
            over=self._answered, always=self._server.default_headers,
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

    def _want(self) -> None:
        """Read more of the body, or until the client hangs up; called when the application waits."""
        if len(self._ahead) < AHEAD:
            self._read_on()

    def _read_on(self) -> None:
        if not self._reading and not self._transport.is_closing():
            self._reading = True
            self._transport.resume_reading()

    def _read_no_more(self) -> None:
        if self._reading and not self._transport.is_closing():
            self._reading = False
            self._transport.pause_reading()

    # ----------------------------------------------------------------------------------------------------- answering

    def _answered(self) -> None:
        """Go on after a request."""
        self._server.total_requests += 1
        exchange = self._exchange
        if exchange is None or self._transport.is_closing():
            return
        if exchange.stays:
            self._wait(self._patience)
            self._go_on()
        elif exchange.cuts or self._body is None:
            self._close()
        else:
            self._linger(self._patience, MOST_DROPPED)

    def _go_on(self) -> None:
        """Take what was kept, then read."""
        if not self._is_free or self._lingers:
            return
        kept, self._ahead = self._ahead, b""
        self._take(memoryview(kept))
        if self._is_free:
            self._read_on()

    def _refuse(self, error: ApiError) -> None:
        """Answer what is no request, or no body of one, and close."""
        if self._exchange is None or self._exchange.answered:
            self._exchange = Exchange(
                {"method": ""}, stays=False, write=self._transport.write, want=self._want, over=lambda: None,
                always=self._server.default_headers,
            )  # fmt: skip
        self._exchange.refuse(error)
        self._linger(LINGER, MOST_REFUSED)

    def _close(self) -> None:
        self._transport.close()
        self._wait(self._patience)  # for the client to read what was written

    def _linger(self, seconds: float, most: int) -> None:
        """Close when the client has, and drop what it sends until then: with bytes unread it would meet a reset."""
        self._lingers, self._may_drop, self._ahead = True, most, b""
        self._head = Head()
        self._transport.write_eof()
        self._read_on()
        self._wait(min(seconds, self._patience))

    def _drop(self, count: int) -> None:
        self._may_drop -= count
        if self._may_drop < 0:
            self._transport.abort()

    # ------------------------------------------------------------------------------------------------------- waiting

    def _wait(self, seconds: float) -> None:
        self._stop_waiting()
        self._unwritten = self._transport.get_write_buffer_size()
        self._timer = self._loop.call_later(seconds, self._waited, seconds)

    def _stop_waiting(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _waited(self, seconds: float) -> None:
        """Close, but for a client that is still reading a long answer."""
        left = self._transport.get_write_buffer_size()
        if not left:
            self._transport.close()
        elif left < self._unwritten:
            self._wait(seconds)
        else:
            self._transport.abort()


def _address(name: Any) -> tuple[str, int] | None:
    """A host and a port, of what the system calls an end of a connection."""
    return (str(name[0]), int(name[1])) if isinstance(name, tuple) else None


def room_for(wanted: int) -> int:
    """How many connections the process may hold, at most `wanted`: as many as it may have files open, less a reserve.

    The soft limit is raised as far as it need be and may be; it is low for the sake of programs that use `select`.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return wanted
    files = wanted + RESERVE if hard == resource.RLIM_INFINITY else min(wanted + RESERVE, hard)
    if files > soft:
        resource.setrlimit(resource.RLIMIT_NOFILE, (files, hard))
    return max(1, min(wanted, max(files, soft) - RESERVE))
