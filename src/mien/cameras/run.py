"""Several cameras at once: the parts of each put together, watched until they end or the run is stopped."""

import threading
from collections.abc import Sequence
from contextlib import ExitStack
from functools import partial

from mien.cameras import events
from mien.cameras.watcher import Watcher, Watching
from mien.face.similarity import Calibration
from mien.video.camera import Camera
from mien.video.camera_address import CameraAddress
from mien.video.unknown_people import UnknownPeople

POLL = 0.2  # seconds between two looks whether all films are over
LAST_LOOK = 15.0  # seconds that a running look may still take


class Run:
    """A run of `mien watch` over cameras.

    Args:
        watching: what is asked of pictures, and who is told.
        calibration: of the pack that embeds the faces.
        stopping: is set to end the run.
    """

    def __init__(self, watching: Watching, calibration: Calibration, stopping: threading.Event) -> None:
        self._watching, self._stopping = watching, stopping
        self._unknown = UnknownPeople(calibration)
        self._failure = ""

    def watch(self, addresses: Sequence[CameraAddress]) -> str:
        """Watches cameras until the end; returns why it had to end, empty if nothing went wrong."""
        with ExitStack() as stack:
            watchers = []
            for address in addresses:
                camera = stack.enter_context(Camera(address, partial(self._changed, address)))
                watchers.append(Watcher(camera, self._unknown, self._watching, self._fail))
            for each in watchers:
                each.thread.start()
            while not self._stopping.wait(POLL) and any(each.thread.is_alive() for each in watchers):
                pass
            for each in watchers:
                each.stop()
            for each in watchers:
                each.thread.join(LAST_LOOK)
        return self._failure

    def _changed(self, address: CameraAddress, is_open: bool, why: str) -> None:
        if is_open:
            self._watching.said(f"{address.name}: pictures come.")
            self._watching.sent.send(events.of_camera("open", address.name))
        elif address.is_film:
            self._watching.said(f"{address.name}: the film is over. {why}")
        else:
            self._watching.said(f"{address.name}: no pictures come; it is tried again. {why}")
            self._watching.sent.send(events.of_camera("lost", address.name, why))

    def _fail(self, why: str) -> None:
        self._failure = why
        self._stopping.set()
