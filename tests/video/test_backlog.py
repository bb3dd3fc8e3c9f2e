"""A reader of a live stream that is late: what it drops, and when it goes on."""

from dataclasses import dataclass

from mien.video.backlog import Backlog

GOP = 20


@dataclass
class Reading:
    """A stream of 20 packets a second with a clock of its own, and a reader that needs some time for each."""

    backlog: Backlog
    now: float = 0.0
    sent: int = 0

    def read(self, seconds: float, cost: float) -> tuple[list[int], float]:
        """The packets that it decodes meanwhile, and how late it is in the end, in seconds."""
        decoded, end = [], self.now + seconds
        while self.now < end:
            asked, comes = self.now, self.sent / 20
            self.now = max(self.now, comes)
            if not self.backlog.drops(asked, self.now, self.sent % GOP == 0):
                decoded.append(self.sent)
                self.now += cost
            self.sent += 1
        return decoded, self.now - self.sent / 20


def test_a_reader_that_keeps_up_drops_nothing() -> None:
    decoded, late = Reading(Backlog()).read(60, cost=0.045)
    assert decoded == list(range(len(decoded)))
    assert late < 0.1


def test_a_late_reader_catches_up_and_goes_on_with_a_key_frame() -> None:
    reading = Reading(Backlog())
    _, late = reading.read(10, cost=0.001)
    reading.now += 8  # as if the machine had slept
    before = reading.sent
    decoded, late = reading.read(12, cost=0.04)
    assert late < 0.1
    starts = [after for one, after in zip([before - 1, *decoded], decoded, strict=False) if after != one + 1]
    assert starts
    assert all(number % GOP == 0 for number in starts)


def test_a_reader_that_is_always_too_slow_stays_near() -> None:
    reading = Reading(Backlog())
    latest = max(reading.read(5, cost=0.1)[1] for _ in range(12))
    assert latest < 4
