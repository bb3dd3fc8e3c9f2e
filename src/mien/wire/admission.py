"""What a request takes up, from its first byte to its end: room for its body, a thread, and no more time than it may.

Room and threads are shared fairly among the parties that ask (`operations/budget`), and what only reads has threads of
its own, so that neither pictures nor a store's locks take them all. Who waits too long is answered with a
ThrottlingException, which SDKs retry; whose client hangs up while it waits is not begun at all.
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
        call: what its head says; the body is empty.
        address: where it comes from.
        party: on whose account it goes, as far as is known.
        most: bytes that its body may have.
        reads: whether its operation only reads.
        receive: gives the parts of its body, and then whether the client hangs up.
    """

    call: Call
    address: str
    party: str
    most: int
    reads: bool
    receive: Receive


class Admission:
    """Lets requests in as the bounds allow."""

    def __init__(self, bounds: Bounds, preauthenticator: Preauthenticator) -> None:
        self._bounds = bounds
        self._preauthenticator = preauthenticator
        self._lanes = {
            False: (bounds.threads, ThreadPoolExecutor(bounds.threads.total, thread_name_prefix="operation")),
            True: (bounds.reading, ThreadPoolExecutor(bounds.reading.total, thread_name_prefix="reading")),
        }

    def arrival(self, call: Call, address: str, receive: Receive, *, pictured: bool, reads: bool) -> Arrival:
        """A request as its head tells of it; `pictured` says whether an image may be in its body."""
        most = body.MOST_BODY if pictured else body.MOST_PLAIN
        return Arrival(call, address, self._preauthenticator.party(call, address), most, reads, receive)

    def confirmed(self, access_key: str) -> str:
        """The party that a request is of whose signature was verified."""
        self._preauthenticator.confirm(access_key)
        return access_key

    def request(self, arrival: Arrival) -> Request:
        """The request of a new request."""
        return Request(self._bounds.pixels, self._bounds.queue_timeout, arrival.party, self._bounds.writers)

    async def body(self, arrival: Arrival, request: Request) -> tuple[bytearray, Share | None]:
        """Read a request's body once there is room for it; the room is the caller's to release.

        Raises:
            ThrottlingError: there was no room in time.
            FrameworkError: more room is asked for than anyone has, and not by a key that is known.
            BodyTooLargeError: it is too long.
            ClientGoneError: the client hung up.
            RequestTimeoutError: it came too slowly.
        """
        share: Share | None = None

        async def room(size: int) -> None:
            nonlocal share
            party = await self._preauthenticator.require_key(arrival.call, arrival.address)
            share = self._bounds.bodies.ask(size, party, arrival.address)
            if not share.ready.done():
                with request.stage("wait"):
                    await _granted(share, self._bounds.queue_timeout)

        try:
            with request.stage("body"):
                headers = arrival.call.headers
                return await body.read(headers, arrival.receive, self._bounds.body_rate, arrival.most, room), share
        except BaseException:
            if share is not None:
                share.release()
            raise

    async def run(self, work: Callable[[], T], arrival: Arrival, request: Request, room: Share | None) -> T:
        """Do a request's work on a thread, and release its room when that is over.

        Raises:
            ThrottlingError: no thread was free in time, or the work took too long.
            ClientGoneError: the client hung up; what it asked for stops before its next stage.
        """
        gone = asyncio.ensure_future(arrival.receive())  # after the body all that can come is that the client hangs up
        lane, pool = self._lanes[arrival.reads]
        thread = lane.ask(1, arrival.party)
        try:
            with request.stage("wait"):
                await _granted(thread, self._bounds.queue_timeout, gone)
            running = pool.submit(work)
        except BaseException:
            thread.release()
            if room is not None:
                room.release()
            gone.cancel()
            raise
        running.add_done_callback(lambda _: thread.release())  # when it is over, though nobody may wait for it then
        if room is not None:
            running.add_done_callback(lambda _: room.release())
        gone.add_done_callback(lambda _: request.abandon())
        try:
            async with asyncio.timeout(self._bounds.request_timeout) as limit:
                return await asyncio.wrap_future(running)
        except TimeoutError:
            if not limit.expired():
                raise  # the work's own
            raise ThrottlingError(
                f"The request was not answered within {self._bounds.request_timeout:g} seconds."
            ) from None
        except AbandonedError:
            raise ClientGoneError from None
        finally:
            request.abandon()
            gone.cancel()
            del running, work  # an error that is raised here knows this frame, and would hold the body with itself


async def _granted(share: Share, patience: float, gone: "asyncio.Future[Any] | None" = None) -> None:
    """Wait until a share is granted.

    Raises:
        ThrottlingError: it was not in time.
        ClientGoneError: `gone` was done first.
    """
    if share.ready.done():
        return
    ready = asyncio.wrap_future(share.ready)
    done, _ = await asyncio.wait([ready, gone] if gone else [ready], timeout=patience, return_when="FIRST_COMPLETED")
    if ready not in done:
        raise ClientGoneError if done else ThrottlingError
