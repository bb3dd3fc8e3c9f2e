"""Checks for `/readyz` that a thread is free, the networks run, and the store can be read and written."""

import asyncio
import time
from collections.abc import Callable

from mien.errors import SetupError

TTL = 1.0  # seconds that a result stays valid, so that frequent checks are no load
WRITE_TTL = 3.0  # seconds for the write, which waits for the disk
TIMEOUT = 5.0  # seconds for an inference, a read and a write together


class Readiness:
    """Tells whether mien can answer requests.

    Args:
        infer: runs a known input through the networks; raises a SetupError if a result is wrong.
        read: reads from the store.
        stands_still: returns whether operations occupy all threads and do not finish.
        write: writes to the store.
    """

    def __init__(
        self,
        infer: Callable[[], None],
        read: Callable[[], object],
        stands_still: Callable[[], bool] = lambda: False,
        write: Callable[[], object] = lambda: None,
    ) -> None:
        self._infer = infer
        self._read = read
        self._stands_still = stands_still
        self._write = write
        self._write_result: tuple[float, bool] | None = None
        self._result: tuple[float, str] | None = None
        self._checking = asyncio.Lock()
        self._stopping = False

    def stop(self) -> None:
        """Reports from now on that mien is stopping, so that no more requests are routed to it."""
        self._stopping = True

    async def reason(self) -> str:
        """Returns why mien is not ready; empty if it is."""
        if self._stopping:
            return "mien is stopping."
        if self._stands_still():
            return "Operations have occupied all threads for longer than request_timeout, and do not finish."
        async with self._checking:
            if self._result is None or time.monotonic() - self._result[0] > TTL:
                try:
                    reason = await asyncio.wait_for(asyncio.to_thread(self._check), TIMEOUT)
                except TimeoutError:
                    reason = f"An inference and a read of the store took more than {TIMEOUT:g} seconds."
                self._result = time.monotonic(), reason
            return self._result[1]

    def _check(self) -> str:
        try:
            self._infer()
        except SetupError:
            return "A network answers a known input wrongly."
        except Exception:  # noqa: BLE001  any error is a reason
            return "The networks do not run."
        try:
            self._read()
        except Exception:  # noqa: BLE001
            return "The store cannot be read."
        return "" if self._can_write() else "The store cannot be written to."

    def _can_write(self) -> bool:
        """Returns whether a write succeeds, or did within WRITE_TTL."""
        if self._write_result is None or time.monotonic() - self._write_result[0] > WRITE_TTL:
            try:
                self._write()
                worked = True
            except Exception:  # noqa: BLE001
                worked = False
            self._write_result = time.monotonic(), worked
        return self._write_result[1]
