"""Which packets of a film must be decoded to show one frame for each stretch of time; needs no library."""

from collections import deque
from collections.abc import Iterator
from typing import Protocol, TypeVar

REORDERED = 33  # packets known ahead; a frame is shown at most 16 packets of H.264 after it was read


class Packet(Protocol):
    """What is asked of a packet of PyAV."""

    @property
    def pts(self) -> int | None:
        """When its frame is shown."""


P = TypeVar("P", bound=Packet)


class Clock:
    """Turns a film's timestamps into milliseconds from its start.

    Args:
        numerator: of the unit in seconds.
        denominator: of the unit in seconds.
        start: timestamp of the film's start.
    """

    def __init__(self, numerator: int, denominator: int, start: int) -> None:
        self._numerator, self._denominator, self._start = 1000 * numerator, denominator, start

    def at(self, timestamp: int) -> int:
        """Returns milliseconds, 0 for a timestamp before the start."""
        return max(0, (timestamp - self._start) * self._numerator // self._denominator)

    def timestamp(self, at_ms: int) -> int:
        """Returns the timestamp of a time."""
        return self._start + at_ms * self._denominator // self._numerator


class Sampler:
    """Chooses frames: every frame, and from `sample` on the first of each stretch of time.

    Args:
        clock: of the film.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._every_ms = self._start_ms = 0
        self._shown = -1  # the stretch of the last frame that was shown
        self._ahead: deque[int | None] = deque()  # timestamps of packets that are known and not yet marked
        self._first: dict[int, int] = {}  # a stretch → its first timestamp

    def sample(self, every_ms: int, start_ms: int) -> None:
        """Chooses from now on one frame in each stretch of `every_ms` that does not begin before `start_ms`."""
        self._every_ms, self._start_ms = every_ms, start_ms
        for timestamp in self._ahead:
            self._note(timestamp)

    def marked(self, packets: Iterator[P]) -> Iterator[tuple[P, bool]]:
        """Yields packets in their order, and whether the frame of each may be chosen.

        Frames are stored in another order than they are shown. So the packets are known some way ahead, and the first
        frame of a stretch is known before it is decoded.
        """
        ahead: deque[P] = deque()
        self._ahead.clear()
        for packet in packets:
            ahead.append(packet)
            self._ahead.append(packet.pts)
            self._note(packet.pts)
            if len(ahead) == REORDERED:
                yield ahead.popleft(), self._needed(self._ahead.popleft())
        while ahead:
            yield ahead.popleft(), self._needed(self._ahead.popleft())

    def chosen(self, at_ms: int) -> bool:
        """Returns whether a frame is to be shown, and notes that it is. Called for frames as they are shown."""
        stretch = at_ms // self._every_ms if self._every_ms else self._shown + 1
        if stretch <= self._shown or not self._begun(at_ms):
            return False
        self._shown = stretch
        return True

    def _note(self, timestamp: int | None) -> None:
        if timestamp is None or not self._every_ms:
            return
        stretch = self._clock.at(timestamp) // self._every_ms
        self._first[stretch] = min(self._first.get(stretch, timestamp), timestamp)
        while len(self._first) > 2 * REORDERED:
            self._first.pop(next(iter(self._first)))

    def _needed(self, timestamp: int | None) -> bool:
        if timestamp is None or not self._every_ms:
            return True
        at = self._clock.at(timestamp)
        return self._begun(at) and self._first.get(at // self._every_ms, timestamp) == timestamp

    def _begun(self, at_ms: int) -> bool:
        """Returns whether the stretch of a time begins at `start_ms` or later, so that no stretch has two frames."""
        return at_ms - (at_ms % self._every_ms if self._every_ms else 0) >= self._start_ms
