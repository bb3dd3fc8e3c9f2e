"""Takes video jobs from the store, one at a time for each process of a server, and sees each to its end.

Any number of servers and workers do so on one store. A job whose server died is taken by another when its lease is
over, and continues after the last batch that was saved.
"""

import logging
import time
from contextlib import suppress

import numpy as np

from mien import __version__
from mien.config import Settings
from mien.errors import ServiceError
from mien.image.source import ObjectFacts, ObjectPlace
from mien.jobs.film_process import FilmLostError, FilmProcess, needed
from mien.jobs.keeping import Keeping
from mien.jobs.notices import PAUSES, NotPublishedError, Publisher
from mien.jobs.reports import Begin, Ended, Failed, Refused, Seen
from mien.operations.context import Context
from mien.operations.video.track_search import search_tracks
from mien.operations.video.video_limits import can_read_films
from mien.store.tables.job_claims import Claim, Ending, JobLostError
from mien.store.tables.job_records import FAILED, SUCCEEDED, Persons
from mien.store.tables.video_faces import Batch
from mien.system.background import Background

INTERVAL = 1.0  # seconds between looks for a job
MOST_ATTEMPTS = 3  # at one place of a film
AGAIN = 2.0  # seconds before a job is tried again whose process ended
UNFINISHED = (
    "The analysis ended without a result {attempts} times at {seconds:.1f} s of the film. The film may be damaged: "
    "convert it with another program, and start a job for the new file."
)

log = logging.getLogger("mien")


class Runner:
    """Has films looked at; used by one thread.

    Args:
        settings: of this process of the server.
        context: store, galleries and the S3 client.
    """

    def __init__(self, settings: Settings, context: Context) -> None:
        self._settings, self._context = needed(settings), context
        self._claims = context.store.job_claims
        self._label = f"{__version__} {context.pack.manifest.contract}\n".encode()
        self._running: FilmProcess | None = None
        self._is_stopping = False

    def turn(self) -> float:
        """Takes a job if one is due, and sees it to its end; returns the seconds to pause."""
        claim = self._claims.claim()
        if claim is None:
            return INTERVAL
        try:
            self._attempt(claim)
        except JobLostError:
            log.info("a video job was deleted, or is another server's now", extra={"facts": _facts(claim)})
        return 0.0

    def stop(self) -> None:
        """Ends a running turn early; its job is due for another server at once."""
        self._is_stopping = True
        if running := self._running:
            running.kill()

    def _attempt(self, claim: Claim) -> None:
        if claim.attempts > MOST_ATTEMPTS:
            sentence = UNFINISHED.format(attempts=MOST_ATTEMPTS, seconds=claim.job.position / 1000)
            self._finish(claim, Ending(FAILED, sentence))
            return
        try:
            self._finish(claim, self._analysed(claim))
        except FilmLostError:
            if self._is_stopping:
                self._claims.put_back(claim)
                return
            log.warning("the process that looks at a film has ended", extra={"facts": _facts(claim)})
            self._claims.put_back(claim, AGAIN, counted=True)

    def _analysed(self, claim: Claim) -> Ending:
        """Has the rest of a film looked at, and saves what is seen.

        Raises:
            FilmLostError: the process ended before the film did.
            JobLostError: the job was deleted, or is another server's now.
        """
        job, state = claim.job, self._state(claim)
        number = job.faces if state else 0
        asked = job.asked
        begin = Begin(
            self._settings, ObjectPlace(asked.bucket, asked.name, asked.version), ObjectFacts(asked.size, asked.etag),
            asked.every_attribute, job.collection is not None, state,
        )  # fmt: skip
        with FilmProcess(begin) as self._running, Keeping(self._claims, claim, self._running) as keeping:
            if self._is_stopping:
                raise FilmLostError
            for report in self._running.reports():
                keeping.heard = time.monotonic()
                match report:
                    case Seen(metadata, position, count, tracks, packed, known):
                        batch = Batch(number, count, tracks, packed)
                        with keeping.lock:
                            self._claims.save(claim, metadata, position, batch, self._label + known)
                        number += count
                    case Ended():
                        return self._searched(claim, report)
                    case Refused(sentence):
                        return Ending(FAILED, sentence)
                    case Failed(error):
                        facts = _facts(claim) | {"error": error}
                        log.error("a film was not analysed, which is a bug", extra={"facts": facts})
        raise FilmLostError

    def _state(self, claim: Claim) -> bytes | None:
        """Returns the state to continue from; None to begin, also where another mien or another pack made it."""
        state = self._claims.state(claim)
        if state and state.startswith(self._label):
            return state[len(self._label) :]
        if state or claim.job.faces:
            self._claims.begin_again(claim)
        return None

    def _searched(self, claim: Claim, ended: Ended) -> Ending:
        tracks = {index: np.frombuffer(embedding, np.float32) for index, embedding in ended.tracks}
        if claim.job.collection is None:
            return Ending(SUCCEEDED, metadata=ended.metadata)
        try:
            matches = search_tracks(self._context, claim.job, tracks)
        except ServiceError as error:  # the collection is gone, or of another pack than the server has now
            return Ending(FAILED, error.message)
        return Ending(SUCCEEDED, persons=Persons(ended.became, matches), metadata=ended.metadata)

    def _finish(self, claim: Claim, ending: Ending) -> None:
        self._claims.finish(claim, ending)
        log.info("a video job has ended", extra={"facts": _facts(claim) | {"status": ending.status}})


class Teller:
    """Publishes the ends of jobs to their topics, again and again where that fails; used by one thread."""

    def __init__(self, settings: Settings, context: Context) -> None:
        self._claims = context.store.job_claims
        self._publisher = Publisher(settings.sns_endpoint, context.s3.settings)

    def turn(self) -> float:
        """Publishes the end of a job, if one is due; returns the seconds to pause."""
        claim = self._claims.claim(ended=True)
        if claim is None:
            return INTERVAL
        with suppress(JobLostError):  # it was deleted meanwhile
            self._tell(claim)
        return 0.0

    def _tell(self, claim: Claim) -> None:
        try:
            self._publisher.publish(claim.job)
        except NotPublishedError as error:
            is_last = claim.attempts > len(PAUSES)
            facts = _facts(claim) | {"error": str(error), "attempt": claim.attempts, "last": is_last}
            log.warning("the end of a video job could not be published", extra={"facts": facts})
            if not is_last:
                self._claims.put_back(claim, PAUSES[claim.attempts - 1], counted=True)
                return
        self._claims.told(claim)


def background(settings: Settings, context: Context) -> tuple[Background, ...]:
    """Returns the work of this process of a server on video jobs; none where it can read no film and tell no topic.

    Args:
        settings: of this process.
        context: what its operations share.
    """
    work: list[Background] = []
    if can_read_films():
        runner = Runner(settings, context)
        work.append(Background("video jobs", runner.turn, interrupt=runner.stop))
    if context.video.topics:
        work.append(Background("notices of video jobs", Teller(settings, context).turn))
    return tuple(work)


def _facts(claim: Claim) -> dict[str, object]:
    return {"job": claim.job.job_id, "operation": claim.job.operation}
