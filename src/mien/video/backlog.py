"""Notices that pictures come faster than they are decoded, and says which packets to drop until that is over."""

import time
from collections.abc import Iterator
from typing import Protocol, TypeVar

WINDOW = 2.0  # seconds
IDLE = 0.02  # share of the window spent waiting for packets, below which there is a backlog
WAITED = 0.01  # seconds waited for one packet, which say that the backlog is over


class Keyed(Protocol):
    """A packet that says whether decoding can begin with it."""

    @property
    def is_keyframe(self) -> bool:
        """Whether it is the first of pictures that refer to none before it."""


Packet = TypeVar("Packet", bound=Keyed)


class Backlog:
    """The packets of a live stream that lie unread.

    A reader that keeps up waits for most packets. One that never waits is late, and ever later; neither the stream's
    clock nor this machine's could tell, since both may jump.
    """

    def __init__(self) -> None:
        self._began: float | None = None
        self._waited = 0.0
        self._dropping = self._needs_keyframe = False

    def without(self, packets: Iterator[Packet]) -> Iterator[Packet]:
        """Yields the packets that are to be decoded."""
        while True:
            asked = time.monotonic()
            packet = next(packets, None)
            if packet is None:
                return
            if not self.drops(asked, time.monotonic(), packet.is_keyframe):
                yield packet

    def drops(self, asked: float, came: float, is_keyframe: bool) -> bool:
        """Returns whether a packet is dropped undecoded.

        Args:
            asked: when the reader asked for it, in seconds.
            came: when it came.
            is_keyframe: whether decoding can begin with it.
        """
        waited = came - asked
        if self._dropping and waited >= WAITED:
            self._dropping, self._began = False, None
        if not self._dropping and self._is_late(came, waited):
            self._dropping = self._needs_keyframe = True
        if not self._dropping and is_keyframe:
            self._needs_keyframe = False
        return self._dropping or self._needs_keyframe

    def _is_late(self, now: float, waited: float) -> bool:
        self._waited += waited
        if self._began is None:
            self._began, self._waited = now, 0.0
            return False
        if now - self._began < WINDOW:
            return False
        late = self._waited < IDLE * (now - self._began)
        self._began, self._waited = now, 0.0
        return late
