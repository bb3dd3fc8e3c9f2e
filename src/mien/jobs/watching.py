"""Looks at a film in a process of its own, with a low priority, so that requests have the cores and the interpreter.

The server that started it keeps what it reports (`reports.py`), and it ends with the server.
"""

import os
import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import IO, BinaryIO, cast

import msgspec
import numpy as np

from mien import app
from mien.config import Settings
from mien.errors import FilmError, SetupError
from mien.face.attributes.measures import MESH
from mien.face.types import Face
from mien.image.source import S3
from mien.jobs.reports import Begin, Ended, Failed, Refused, Report, Seen
from mien.packs.analyst import Analyst
from mien.packs.load import Pack
from mien.system import low_priority, pipe_messages
from mien.video.analysis import Analysis, Measure
from mien.video.decoder_process import DecoderKilledError
from mien.video.film import Bounds, Film, Formats, open_film
from mien.video.object_file import ObjectFile
from mien.video.packing import NAMES
from mien.video.packing import pack as pack_faces

SAVED = 1.0  # seconds between batches, which is what is lost with the process
MOST_FACES = 1000  # in a batch


class Watching:
    """Looks at one film and reports what it sees, batch by batch."""

    def __init__(self, begin: Begin, tell: Callable[[Report], None]) -> None:
        self._begin, self._tell = begin, tell
        self._settings = Settings(**begin.settings)
        self._seen: list[tuple[int, Face]] = []
        self._tracks: list[int] = []

    def run(self) -> None:
        """Looks at the whole film.

        Raises:
            FilmError: it is damaged, or cannot be read.
        """
        facts, settings = self._begin.facts, self._settings
        part = partial(S3(app.s3_settings(settings)).part, self._begin.place, facts.etag)
        film_file = ObjectFile(part, facts.size)
        bounds = Bounds(cast("Formats", settings.video_formats), settings.video_gigabytes, settings.video_hours)
        try:
            with open_film(cast("BinaryIO", film_file), bounds) as film:
                self._watch(film)
        except FilmError as error:
            raise film_file.fault or error from None

    def _watch(self, film: Film) -> None:
        pack = app.open_pack_unchecked(self._settings)
        analysis = Analysis(
            film, pack.pipeline, pack.calibration.similarity,
            followed=self._begin.searched, measure=self._measure(pack), state=self._begin.state,
        )  # fmt: skip
        saved = time.monotonic()
        for sample in analysis:
            for track, face in sample.faces:
                self._tracks.append(track)
                self._seen.append((sample.at_ms, face))
            if time.monotonic() - saved > SAVED or len(self._seen) >= MOST_FACES:
                self._save(film, sample.at_ms, analysis.state())
                saved = time.monotonic()
        self._save(film, film.metadata.duration_ms, analysis.state())
        tracks = [(each.index, each.embedding.astype(np.float32).tobytes()) for each in analysis.people()]
        self._tell(Ended(film.metadata, tracks, analysis.became))

    def _measure(self, pack: Pack) -> Measure | None:
        """Returns what measures attributes, if any are wanted and can be measured."""
        if not self._begin.measured:
            return None
        analyst = Analyst(self._settings, pack.pipeline.cores)
        wanted = analyst.measurable((*NAMES, MESH))
        return partial(analyst.measured, wanted=wanted) if wanted else None

    def _save(self, film: Film, position: int, state: bytes) -> None:
        packed = pack_faces(self._seen, measured=self._begin.measured)
        tracks = np.array(self._tracks, np.int32).tobytes()
        self._tell(Seen(film.metadata, position, len(self._seen), tracks, packed, state))
        self._seen, self._tracks = [], []


def main() -> None:
    """Looks at the film that the server names, and ends."""
    low_priority.give_way()
    told = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints must not stand among the messages
    begin = msgspec.msgpack.decode(pipe_messages.read(sys.stdin.buffer) or b"", type=Begin)
    threading.Thread(target=_end_with, args=(sys.stdin.buffer,), daemon=True).start()

    def tell(report: Report) -> None:
        pipe_messages.write(told, msgspec.msgpack.encode(report))

    try:
        Watching(begin, tell).run()
    except DecoderKilledError:
        pass  # nothing is told, so that the job is tried again
    except (FilmError, SetupError) as error:
        tell(Refused(str(error)))
    except Exception as error:  # noqa: BLE001  told to the server, which logs it
        tell(Failed(type(error).__name__))
    told.close()


def _end_with(heard: IO[bytes]) -> None:
    """Ends this process when the server's end of the pipe is closed."""
    heard.read(1)
    os._exit(1)


if __name__ == "__main__":
    main()
