"""Whether mien can work: a free thread, an inference, a read of the store and a write, tried now and then."""

import asyncio
import time
from collections.abc import Callable

from mien.errors import SetupError

FRESH = 1.0  # seconds that a finding holds, so that asking often is no load
WRITTEN = 3.0  # seconds that the finding of a write does
PATIENCE = 5.0  # seconds that an inference and a read may take together


class Readiness:
    """Whether mien can do what it is there for: a free thread, an inference, a read of the store and a write.

    Args:
        infer: runs a known input through the networks; raises a SetupError when an answer is wrong.
        read: reads something from the store.
        stands_still: whether operations have taken all threads and do not come to an end.
        write: writes something into the store.
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
        self._written: tuple[float, bool] | None = None
        self._known: tuple[float, str] | None = None
        self._asking = asyncio.Lock()
        self._stopping = False

    def stop(self) -> None:
        """Say from now on that no more requests are wanted."""
        self._stopping = True

    async def reason(self) -> str:
        """Returns why mien is not ready; empty when it is."""
        if self._stopping:
            return "mien is stopping."
        if self._stands_still():
            return "Operations have taken all threads for longer than request_timeout, and do not come to an end."
        async with self._asking:
            if self._known is None or time.monotonic() - self._known[0] > FRESH:
                try:
                    reason = await asyncio.wait_for(asyncio.to_thread(self._find), PATIENCE)
                except TimeoutError:
                    reason = f"An inference and a read of the store took more than {PATIENCE:g} seconds."
                self._known = time.monotonic(), reason
            return self._known[1]

    def _find(self) -> str:
        try:
            self._infer()
        except SetupError:
            return "A network answers a known input wrongly."
        except Exception:  # noqa: BLE001  whatever it is, it is a reason
            return "The networks do not run."
        try:
            self._read()
        except Exception:  # noqa: BLE001
            return "The store cannot be read."
        return "" if self._writes() else "The store cannot be written to."

    def _writes(self) -> bool:
        """Whether a write goes well, or did a moment ago: each waits for the disk."""
        if self._written is None or time.monotonic() - self._written[0] > WRITTEN:
            try:
                self._write()
                worked = True
            except Exception:  # noqa: BLE001
                worked = False
            self._written = time.monotonic(), worked
        return self._written[1]
