"""Renews the lease of a video job while a process looks at its film, and ends a process that stands still."""

import threading
import time
from contextlib import suppress
from types import TracebackType

from mien.jobs.film_process import FilmProcess
from mien.store.base import OutcomeUnknownError, StoreUnavailableError
from mien.store.tables.job_claims import LEASE, Claim, JobClaims, JobLostError

RENEWED = LEASE / 3  # seconds between renewals
STUCK = 300.0  # seconds without a report, after which the process is ended


class Keeping:
    """A thread that renews the lease; as a context, it runs until the end.

    Attributes:
        lock: held by whoever changes the job, since a change must name the count of those before.
        heard: when the process last reported, by `time.monotonic`.
    """

    def __init__(self, claims: JobClaims, claim: Claim, running: FilmProcess) -> None:
        self._claims, self._claim, self._running = claims, claim, running
        self.lock = threading.Lock()
        self.heard = time.monotonic()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="lease", daemon=True)

    def __enter__(self) -> "Keeping":
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()

    def _keep(self) -> None:
        while not self._over.wait(RENEWED):
            try:
                with self.lock, suppress(StoreUnavailableError, OutcomeUnknownError):
                    if not self._over.is_set():
                        self._claims.renew(self._claim)
            except JobLostError:
                self._running.kill()
                return
            if time.monotonic() - self.heard > STUCK:
                self._running.kill()
