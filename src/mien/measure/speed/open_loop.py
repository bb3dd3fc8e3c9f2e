"""Calls that come when they come, whether or not others were answered: what those who wait for an answer wait for.

A client that calls again as soon as it is answered leaves a slow server in peace, and so hides how long others would
have waited (coordinated omission). Here each call has its planned time, and its latency counts from then.
"""

import heapq
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from mien.measure.speed.http_client import Body
from mien.measure.speed.load_generator import LoadGenerator
from mien.measure.speed.load_worker import CallTimes

LINES = 128  # kept connections that the calls are spread over; more than are ever under way
KINDS = ("even", "poisson")


@dataclass(frozen=True, slots=True)
class OpenLoopResult:
    """What was measured of calls at planned times.

    Attributes:
        kind: "even", one after the other at the same distance, or "poisson", as from many who know nothing of each
            other.
        load: their rate as a share of what the server did with all clients calling.
        calls_per_second: that rate.
        calls: how many there were.
        p50_ms, p99_ms: from the planned time to the last byte of the answer.
        ideal: p99 ÷ p50 of a server that loses nothing between these very calls: each takes one core for cores ÷ what
            the server did with all clients calling, and who came first is served first.
        late_p99_ms: one of a hundred calls was sent more than this after its planned time.
    """

    kind: str
    load: float
    calls_per_second: float
    calls: int
    p50_ms: float
    p99_ms: float
    ideal: float
    late_p99_ms: float

    @property
    def spread(self) -> float:
        """p99 ÷ p50."""
        return self.p99_ms / self.p50_ms


def measure(  # noqa: PLR0917
    crowd: LoadGenerator, operation: str, body: Body, most: float, load: float, seconds: float, cores: int
) -> Iterator[OpenLoopResult]:
    """Call an operation at a share of what it can do, evenly and at random.

    Args:
        crowd: what calls.
        operation: of the API.
        body: of each call.
        most: calls a second that the server did with all clients calling.
        load: the share, above 0.
        seconds: how long, for each kind.
        cores: of the machine.
    """
    for kind in KINDS:
        times = planned(kind, load * most, seconds)
        told = crowd.arrive(operation, body, times, LINES)
        yield _row(kind, load, load * most, told, _spread(alone(times, cores, cores / most)))


def planned(kind: str, rate: float, seconds: float) -> list[float]:
    """Times from 0 on, at least two; the random ones are the same for the same rate and time."""
    count = max(2, round(rate * seconds))
    if kind == "even":
        return [number / rate for number in range(count)]
    gaps = np.random.default_rng(1).exponential(1 / rate, count)
    return [float(time) for time in np.cumsum(gaps) - gaps[0]]


def alone(times: list[float], cores: int, seconds: float) -> list[float]:
    """Latencies where each call takes one of the cores for so many seconds, first come, first served."""
    free = [0.0] * cores
    took = []
    for time in times:
        ended = max(heapq.heappop(free), time) + seconds
        heapq.heappush(free, ended)
        took.append(ended - time)
    return took


def _spread(took: list[float]) -> float:
    p50, p99 = np.percentile(took, [50, 99])
    return float(p99 / p50)


def _row(kind: str, load: float, rate: float, told: CallTimes, ideal: float) -> OpenLoopResult:
    p50, p99 = np.percentile(told.took, [50, 99]) * 1000
    return OpenLoopResult(
        kind=kind,
        load=load,
        calls_per_second=round(rate, 2),
        calls=len(told.took),
        p50_ms=round(float(p50), 3),
        p99_ms=round(float(p99), 3),
        ideal=round(ideal, 2),
        late_p99_ms=round(1000 * float(np.percentile(told.late, 99)), 3),
    )
