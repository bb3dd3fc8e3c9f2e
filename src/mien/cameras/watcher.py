"""Looks at one camera: the newest picture, again and again, and what it says of who is there."""

import threading
import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import simplejpeg

from mien.cameras import events
from mien.cameras.arrival_pictures import Arrivals
from mien.cameras.events import Events
from mien.cameras.sights import sights
from mien.errors import ApiError, SetupError
from mien.face.types import Pixels
from mien.sorting.looking import Question, is_other_packs
from mien.transfer.importing import PHOTOGRAPH_ERRORS, TRANSIENT_ERRORS
from mien.video.camera import Camera, Shot
from mien.video.continuity import Following
from mien.video.unknown_people import UnknownPeople
from mien.video.visits import Because, Change, Presence

QUALITY = 92  # of the JPEG in which a picture is asked about
STILL = 30.0  # seconds of one and the same picture, bit by bit, after which nobody in it counts as there
WAIT = 0.5  # seconds for a picture, after which who is there is looked at without one
RETRY = 2.0  # seconds after a look that failed


@dataclass(frozen=True, slots=True)
class Watching:
    """What the watchers of a run have in common.

    Attributes:
        question: what is asked of each picture.
        sent: takes the events.
        said: is told in a sentence what goes wrong.
        every: least seconds between two looks at a camera.
        away: seconds unseen after which a person has gone.
        portraits: keeps photographs of who came; None for none.
    """

    question: Question
    sent: Events
    said: Callable[[str], None]
    every: float
    away: float
    portraits: Arrivals | None


class Watcher:
    """Watches one camera on a thread of its own.

    Args:
        camera: the camera.
        unknown: the unknown people of the run.
        watching: what it has in common with the other watchers.
        failed: is told in a sentence why it gives up.
    """

    def __init__(
        self, camera: Camera, unknown: UnknownPeople, watching: Watching, failed: Callable[[str], None]
    ) -> None:
        self._camera, self._watching, self._failed = camera, watching, failed
        self._presence = Presence(unknown, watching.away)
        self._name = camera.address.name
        self._following = Following(unknown.calibration)
        self._stopping = threading.Event()
        self._picture, self._changed_at = 0, 0.0  # a sum over the picture of the last look, and when it was another
        self._complaint = ""
        self.looks = 0
        self.thread = threading.Thread(target=self._run, name=f"watcher {self._name}", daemon=True)

    def stop(self) -> None:
        """Ends it after the running look; everyone goes."""
        self._stopping.set()

    def _run(self) -> None:
        after = 0
        try:
            while not self._stopping.is_set():
                shot = self._camera.next(after, WAIT)
                if shot is None and self._camera.is_over:
                    break
                if shot is None:
                    because: Because = "unseen" if self._camera.is_open else "lost"
                    self._tell(self._presence.pass_time(time.monotonic(), because, _today()), None)
                    continue
                after, due = shot.number, time.monotonic() + self._watching.every
                self._look(shot)
                self._stopping.wait(max(0.0, due - time.monotonic()))
        except ApiError as error:
            self._failed(f"{self._name}: {error.message or error.code}")
        except Exception as error:  # noqa: BLE001  nobody would notice a camera that is no longer watched
            self._failed(f"{self._name}: it cannot be watched any longer ({type(error).__name__}).")
        self._tell(self._presence.end("stopped"), None)

    def _look(self, shot: Shot) -> None:
        pixels = shot.pixels
        if self._is_still(pixels, shot.at):
            self._tell(self._presence.pass_time(shot.at, "still", _today()), None)
            return
        try:
            answer = self._watching.question.people(simplejpeg.encode_jpeg(pixels, QUALITY, "BGR"))
        except SetupError as error:
            self._fail(str(error), shot.at)
            return
        except ApiError as error:
            if error.code not in (*PHOTOGRAPH_ERRORS, *TRANSIENT_ERRORS) or is_other_packs(error):
                raise
            self._fail(error.message or error.code, shot.at)
            return
        self._complaint, self.looks = "", self.looks + 1
        seen = sights(answer)
        tracks = self._following.add(shot.at, seen)
        self._tell(self._presence.look(shot.at, seen, tracks, _today()), pixels)

    def _is_still(self, pixels: Pixels, at: float) -> bool:
        """Returns whether one and the same picture has come for long, as from a camera that hangs."""
        picture = zlib.crc32(pixels.data)
        if picture != self._picture:
            self._picture, self._changed_at = picture, at
        return at - self._changed_at > STILL

    def _fail(self, why: str, at: float) -> None:
        if why != self._complaint:
            self._complaint = why
            self._watching.said(f"{self._name}: nobody is looked for now: {why}")
        self._tell(self._presence.pass_time(at, "lost", _today()), None)
        self._stopping.wait(RETRY)

    def _tell(self, changes: list[Change], pixels: Pixels | None) -> None:
        now, clock = datetime.now(UTC), time.monotonic()
        for change in changes:
            at = now - timedelta(seconds=clock - change.at)
            kept = None
            if (portraits := self._watching.portraits) and pixels is not None and change.event == "came":
                kept = portraits.keep(change, pixels, self._name, at)
            self._watching.sent.send(events.of_change(change, self._name, at, kept))


def _today() -> date:
    return datetime.now().astimezone().date()
