"""What a request takes up, from its first byte to its end: room for its body, a thread, and no more time than it may.

Room and threads are shared in the order of asking. Who waits too long is answered with a ThrottlingException, which
SDKs retry; whose client hangs up while it waits is not begun at all.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

from mien.errors import ThrottlingError
from mien.operations.budget import Budget, Share
from mien.operations.job import AbandonedError, Job
from mien.wire import body
from mien.wire.answer import Headers, Receive
from mien.wire.body import ClientGoneError

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much may be in flight, and how long it may take.

    Attributes:
        bodies: bytes of request bodies.
        pixels: of decoded pictures.
        threads: operations that run at the same time.
        patience: seconds that a request waits for each of these.
        seconds: that an operation may take, from when its request is whole.
        rate: bytes a second that a client must send of a body.
    """

    bodies: Budget
    pixels: Budget
    threads: Budget
    patience: float
    seconds: float
    rate: float


class Admission:
    """Lets requests in as the bounds allow."""

    def __init__(self, bounds: Bounds) -> None:
        self._bounds = bounds
        self._pool = ThreadPoolExecutor(bounds.threads.total, thread_name_prefix="operation")

    def job(self) -> Job:
        """The job of a new request."""
        return Job(self._bounds.pixels, self._bounds.patience)

    async def body(self, headers: Headers, receive: Receive, job: Job) -> tuple[bytearray, Share]:
        """Read a request's body once there is room for it; the room is the caller's to release.

        Raises:
            ThrottlingError: there was no room in time.
            BodyTooLargeError: it is too long.
            ClientGoneError: the client hung up.
            RequestTimeoutError: it came too slowly.
        """
        share = self._bounds.bodies.ask(body.room(headers))
        try:
            if not share.ready.done():
                with job.stage("wait"):
                    await _granted(share, self._bounds.patience)
            with job.stage("body"):
                return await body.read(headers, receive, self._bounds.rate), share
        except BaseException:
            share.release()
            raise

    async def run(self, work: Callable[[], T], job: Job, room: Share, receive: Receive) -> T:
        """Do a request's work on a thread, and release its room when that is over.

        Raises:
            ThrottlingError: no thread was free in time, or the work took too long.
            ClientGoneError: the client hung up; what it asked for stops before its next stage.
        """
        gone = asyncio.ensure_future(receive())  # after the body all that can come is that the client hangs up
        thread = self._bounds.threads.ask(1)
        try:
            with job.stage("wait"):
                await _granted(thread, self._bounds.patience, gone)
            running = self._pool.submit(work)
        except BaseException:
            thread.release()
            room.release()
            gone.cancel()
            raise
        running.add_done_callback(lambda _: thread.release())  # when it is over, though nobody may wait for it then
        running.add_done_callback(lambda _: room.release())
        gone.add_done_callback(lambda _: job.abandon())
        try:
            async with asyncio.timeout(self._bounds.seconds) as limit:
                return await asyncio.wrap_future(running)
        except TimeoutError:
            if not limit.expired():
                raise  # the work's own
            raise ThrottlingError(f"The request was not answered within {self._bounds.seconds:g} seconds.") from None
        except AbandonedError:
            raise ClientGoneError from None
        finally:
            job.abandon()
            gone.cancel()


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
