"""The newest picture of a camera, kept by a thread that connects again whenever the stream ends.

Pictures are never queued: the thread takes one from the decoder when a look wants it, and the decoder drops those
between two looks.
"""

import importlib.util
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from mien.errors import FilmError, SetupError
from mien.face.types import Pixels
from mien.video.camera_address import CameraAddress
from mien.video.film import open_film

FIRST_PAUSE, LONGEST_PAUSE = 1.0, 30.0  # seconds between two attempts to open it, doubled each time
FILM_EVERY = 100  # milliseconds between the pictures of a film that is taken as a camera
BREAK = 2.0  # seconds that the clock of such a film may jump

Changed = Callable[[bool, str], None]  # whether pictures come, and a sentence that says why not


@dataclass(frozen=True, slots=True)
class Shot:
    """A picture of a camera.

    Attributes:
        number: counts the camera's pictures.
        at: when it came, by `time.monotonic`.
        pixels: uint8 BGR (H, W, 3), upright.
    """

    number: int
    at: float
    pixels: Pixels


class Camera:
    """A camera, read until it is stopped. As a context it starts the thread, and stops it at the end.

    Args:
        address: where it is.
        changed: is called when pictures come, and when they end, and when the reason is another.
        first_pause: seconds before the first attempt to open it again.

    Raises:
        SetupError: PyAV is not installed.
    """

    def __init__(self, address: CameraAddress, changed: Changed, first_pause: float = FIRST_PAUSE) -> None:
        if importlib.util.find_spec("av") is None:
            raise SetupError("Cameras need the package av: pip install 'mien[video]'.")
        self.address = address
        self.opened = 0  # times that pictures came
        self._changed, self._first_pause = changed, first_pause
        self._why: str | None = None  # why no pictures come, as last said
        self._shot: Shot | None = None
        self._number, self._wanted = 0, 1  # of the newest picture, and of the one that a look waits for
        self._moved = threading.Condition()
        self._is_over, self._stopping = False, threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"camera {address.name}", daemon=True)

    @property
    def is_over(self) -> bool:
        """Whether it is a film that has ended."""
        return self._is_over

    @property
    def is_open(self) -> bool:
        """Whether pictures come."""
        return self._shot is not None

    def next(self, after: int, timeout: float) -> Shot | None:
        """Waits for a picture that comes after the one with this number; None if none came in time."""
        with self._moved:
            self._wanted = after + 1
            self._moved.notify_all()
            self._moved.wait_for(lambda: self._is_over or (self._shot and self._shot.number > after), timeout)
            return self._shot if self._shot and self._shot.number > after else None

    def __enter__(self) -> "Camera":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        with self._moved:
            self._stopping.set()
            self._moved.notify_all()
        self._thread.join(1.0)  # one that waits for the network ends with the process

    def _run(self) -> None:
        pause = self._first_pause
        while not self._stopping.is_set():
            before = self._number
            try:
                self._read()
                why = "The stream ended."
            except FilmError as error:
                why = str(error)
            except Exception as error:  # noqa: BLE001  whatever a stream does, the other cameras go on
                why = f"The stream cannot be read ({type(error).__name__})."
            if self._stopping.is_set() or self._ended(why):
                return
            pause = self._first_pause if self._number > before else min(2 * pause, LONGEST_PAUSE)
            self._stopping.wait(pause)

    def _read(self) -> None:
        address, pace = self.address, Pace()
        with open_film(Path(address.opened) if address.is_film else address.opened, "all") as film:
            for frame in film.frames(every_ms=FILM_EVERY if address.is_film else 0):
                if address.is_film:
                    self._stopping.wait(pace.early(frame.at_ms / 1000, time.monotonic()))
                self._keep(frame.pixels)
                if self._why is not None or not self.opened:
                    self.opened += 1
                    self._why = None
                    self._changed(True, "")
                if self._is_ended_before_wanted():
                    return

    def _keep(self, pixels: Pixels) -> None:
        with self._moved:
            self._number += 1
            self._shot = Shot(self._number, time.monotonic(), pixels)
            self._moved.notify_all()

    def _is_ended_before_wanted(self) -> bool:
        """Waits until a look wants another picture, as a film does always; returns whether the end came first."""
        with self._moved:
            self._moved.wait_for(lambda: self._stopping.is_set() or self.address.is_film or self._wanted > self._number)
            return self._stopping.is_set()

    def _ended(self, why: str) -> bool:
        """Says that pictures have ended; returns whether they end for good."""
        with self._moved:
            self._is_over = self.address.is_film
            self._shot = self._shot if self._is_over else None
            self._moved.notify_all()
        if why != self._why:
            self._why = why
            self._changed(False, why)
        return self._is_over


class Pace:
    """The speed at which a film is read as if it were a camera."""

    def __init__(self) -> None:
        self._started: tuple[float, float] | None = None  # of the film, and of the clock

    def early(self, at: float, now: float) -> float:
        """Returns the seconds to wait for a picture; a film whose clock jumps is started again."""
        early = 0.0 if self._started is None else at - self._started[0] - (now - self._started[1])
        if self._started is None or not -BREAK < early < BREAK:
            self._started = at, now
            return 0.0
        return max(early, 0.0)
