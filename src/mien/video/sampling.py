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
    """Chooses frames: the first of each `every_ms`, counted from the film's start; every frame where that is 0.

    Attributes:
        every_ms: the stretch of time that has one frame.
        start_ms: of a stretch that begins before it no frame is chosen.
    """

    def __init__(self, clock: Clock, every_ms: int = 0, start_ms: int = 0) -> None:
        self.every_ms, self.start_ms = every_ms, start_ms
        self._clock = clock
        self._shown = -1  # the stretch of the last frame that was shown

    def marked(self, packets: Iterator[P]) -> Iterator[tuple[P, bool]]:
        """Yields packets in their order, and whether the frame of each may be chosen.

        Frames are stored in another order than they are shown. So the packets are known some way ahead, and the first
        frame of a stretch is known before it is decoded.
        """
        ahead: deque[P] = deque()
        first: dict[int, int] = {}  # a stretch → its first timestamp
        for packet in packets:
            ahead.append(packet)
            self._note(packet, first)
            if len(ahead) == REORDERED:
                yield self._mark(ahead.popleft(), first)
        while ahead:
            yield self._mark(ahead.popleft(), first)

    def chosen(self, at_ms: int) -> bool:
        """Returns whether a frame is to be shown, and notes that it is. Called for frames as they are shown."""
        stretch = at_ms // self.every_ms if self.every_ms else self._shown + 1
        if stretch <= self._shown or not self._begun(at_ms):
            return False
        self._shown = stretch
        return True

    def _note(self, packet: Packet, first: dict[int, int]) -> None:
        if packet.pts is not None and self.every_ms:
            stretch = self._clock.at(packet.pts) // self.every_ms
            first[stretch] = min(first.get(stretch, packet.pts), packet.pts)
            while len(first) > 2 * REORDERED:
                first.pop(next(iter(first)))

    def _mark(self, packet: P, first: dict[int, int]) -> tuple[P, bool]:
        if packet.pts is None or not self.every_ms:
            return packet, True
        at = self._clock.at(packet.pts)
        return packet, self._begun(at) and first.get(at // self.every_ms, packet.pts) == packet.pts

    def _begun(self, at_ms: int) -> bool:
        """Returns whether the stretch of a time begins at `start_ms` or later, so that no stretch has two frames."""
        return at_ms - at_ms % self.every_ms >= self.start_ms if self.every_ms else at_ms >= self.start_ms
