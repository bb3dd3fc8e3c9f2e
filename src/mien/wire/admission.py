"""Admits a request to memory for its body and to a thread, within the limits of size, time and concurrency.

Memory and threads are shared fairly among the callers (`serving/budget`). Operations that only read have separate
threads, which neither images nor locks of the store can occupy. A request that waits longer than `queue_timeout` is
answered ThrottlingException, which SDKs retry; if its client hangs up meanwhile, it is not begun.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

from mien.access.claim import Call
from mien.access.preauthentication import Preauthenticator
from mien.errors import ThrottlingError
from mien.serving.bounds import Bounds
from mien.serving.budget import Share
from mien.serving.request import AbandonedError, Request
from mien.wire import body
from mien.wire.answer import Receive
from mien.wire.body import ClientGoneError

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Arrival:
    """A request whose body has not been read.

    Attributes:
        call: the request, with an empty body.
        address: of the client.
        party: the access key or address that the request is charged to, before authentication.
        most: bytes that its body may have.
        reads: whether its operation only reads.
        receive: returns the next message of ASGI: a part of the body, or that the client hung up.
    """

    call: Call
    address: str
    party: str
    most: int
    reads: bool
    receive: Receive


class Admission:
    """Admits requests as the bounds allow.

    Args:
        bounds: the limits on what is in flight.
        preauthenticator: names the party of a request.
    """

    def __init__(self, bounds: Bounds, preauthenticator: Preauthenticator) -> None:
        self._bounds = bounds
        self._preauthenticator = preauthenticator
        self._lanes = {
            False: (bounds.threads, ThreadPoolExecutor(bounds.threads.total, thread_name_prefix="operation")),
            True: (bounds.reading, ThreadPoolExecutor(bounds.reading.total, thread_name_prefix="reading")),
        }

    def arrival(self, call: Call, address: str, receive: Receive, *, pictured: bool, reads: bool) -> Arrival:
        """Returns the arrival of a request; `pictured` tells whether its operation takes an image."""
        most = body.MOST_BODY if pictured else body.MOST_PLAIN
        return Arrival(call, address, self._preauthenticator.party(call, address), most, reads, receive)

    def confirmed(self, access_key: str) -> str:
        """Returns the party of a request whose signature was verified, and notes that its key exists."""
        self._preauthenticator.confirm(access_key)
        return access_key

    def request(self, arrival: Arrival) -> Request:
        """Returns the budget and the stages of a new request."""
        bounds = self._bounds
        return Request(bounds.pixels, bounds.queue_timeout, arrival.party, bounds.writers, bounds.giants)

    async def body(self, arrival: Arrival, request: Request) -> tuple[bytearray, Share | None]:
        """Reads a request's body, and returns it with the memory reserved for it, which the caller releases.

        Raises:
            ThrottlingError: no memory became free in time.
            FrameworkError: the body is large, and the head does not name an access key that exists.
            BodyTooLargeError: the body exceeds its limit.
            HttpError: the framing of the body is malformed.
            ClientGoneError: the client hung up.
            RequestTimeoutError: the body arrives too slowly.
        """
        share: Share | None = None

        async def reserve(size: int) -> None:
            nonlocal share
            party = await self._preauthenticator.require_key(arrival.call, arrival.address)
            share = self._bounds.bodies.ask(size, party, arrival.address)
            if not share.ready.done():
                with request.stage("wait"):
                    await _granted(share, self._bounds.queue_timeout)

        try:
            with request.stage("body"):
                headers = arrival.call.headers
                return await body.read(headers, arrival.receive, self._bounds.body_rate, arrival.most, reserve), share
        except BaseException:
            if share is not None:
                share.release()
            raise

    async def run(self, work: Callable[[], T], arrival: Arrival, request: Request, memory: Share | None) -> T:
        """Runs a request's work on a thread, and releases its memory afterwards.

        Raises:
            ThrottlingError: no thread became free in time, or the work took too long.
            ClientGoneError: the client hung up; the work stops before its next stage.
        """
        gone = asyncio.ensure_future(arrival.receive())  # behind the body only a disconnect can arrive
        lane, pool = self._lanes[arrival.reads]
        thread = lane.ask(1, arrival.party)
        try:
            with request.stage("wait"):
                await _granted(thread, self._bounds.queue_timeout, gone)
            running = pool.submit(work)
        except BaseException:
            thread.release()
            if memory is not None:
                memory.release()
            gone.cancel()
            raise
        running.add_done_callback(lambda _: thread.release())  # even if the caller no longer waits
        if memory is not None:
            running.add_done_callback(lambda _: memory.release())
        gone.add_done_callback(lambda _: request.abandon())
        try:
            async with asyncio.timeout(self._bounds.request_timeout) as limit:
                return await asyncio.wrap_future(running)
        except TimeoutError:
            if not limit.expired():
                raise  # by the work
            raise ThrottlingError(
                f"The request was not answered within {self._bounds.request_timeout:g} seconds."
            ) from None
        except AbandonedError:
            raise ClientGoneError from None
        finally:
            request.abandon()
            gone.cancel()
            del running, work  # the traceback of an error keeps this frame, and with it the body

    async def turn(self, work: Callable[[], T], arrival: Arrival) -> T:
        """Runs a part of a stream's work on a thread, even if its client hangs up meanwhile.

        Raises:
            ThrottlingError: no thread became free in time, or the work took too long.
        """
        lane, pool = self._lanes[arrival.reads]
        thread = lane.ask(1, arrival.party)
        try:
            await _granted(thread, self._bounds.queue_timeout)
            running = pool.submit(work)
        except BaseException:
            thread.release()
            raise
        running.add_done_callback(lambda _: thread.release())
        try:
            async with asyncio.timeout(self._bounds.request_timeout) as limit:
                return await asyncio.wrap_future(running)
        except TimeoutError:
            if not limit.expired():
                raise
            raise ThrottlingError("It took too long.") from None


async def _granted(share: Share, timeout: float, gone: "asyncio.Future[Any] | None" = None) -> None:
    """Waits until a share is granted.

    Raises:
        ThrottlingError: it was not granted in time.
        ClientGoneError: `gone` was done first.
    """
    if share.ready.done():
        return
    ready = asyncio.wrap_future(share.ready)
    done, _ = await asyncio.wait([ready, gone] if gone else [ready], timeout=timeout, return_when="FIRST_COMPLETED")
    if ready not in done:
        raise ClientGoneError if done else ThrottlingError
