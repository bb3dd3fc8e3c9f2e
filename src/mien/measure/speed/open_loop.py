"""Measures latency under open-loop load: calls arrive at planned times, whether or not earlier ones were answered.

A client that waits for each answer slows down with a slow server, and so hides the waiting time of others
(coordinated omission). Here each latency counts from the planned time of the call.
"""

import heapq
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from mien.measure.speed.http_client import Body
from mien.measure.speed.load_generator import LoadGenerator
from mien.measure.speed.load_worker import CallTimes

CONNECTIONS = 128  # connections that the calls are spread over; more than are ever in use at once
KINDS = ("even", "poisson")


@dataclass(frozen=True, slots=True)
class OpenLoopResult:
    """The figures of calls at planned times.

    Attributes:
        kind: "even", at equal intervals, or "poisson", as from many independent clients.
        load: the rate as a share of the server's closed-loop rate.
        calls_per_second: the rate.
        calls: the number of calls.
        p50_ms, p99_ms: from the planned time to the last byte of the answer.
        ideal: p99 ÷ p50 of an ideal server with the same arrivals: each call takes one core for cores ÷ closed-loop
            rate, first come, first served.
        late_p99_ms: the 99th percentile of how long after its planned time a call was sent.
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
        """Returns p99 ÷ p50."""
        return self.p99_ms / self.p50_ms


def measure(  # noqa: PLR0917
    generator: LoadGenerator, operation: str, body: Body, most: float, load: float, seconds: float, cores: int
) -> Iterator[OpenLoopResult]:
    """Calls an operation at a share of its closed-loop rate, evenly and at random.

    Args:
        generator: the load generator.
        operation: the operation of the API.
        body: the body of each call.
        most: the closed-loop rate, in calls a second.
        load: the share, above 0.
        seconds: the duration for each kind.
        cores: the number of cores of the machine.
    """
    for kind in KINDS:
        times = planned(kind, load * most, seconds)
        times_measured = generator.call_at(operation, body, times, CONNECTIONS)
        yield _row(kind, load, load * most, times_measured, _spread(ideal_latencies(times, cores, cores / most)))


def planned(kind: str, rate: float, seconds: float) -> list[float]:
    """Returns at least two arrival times from 0 on. Random ones are reproducible for the same rate and duration."""
    count = max(2, round(rate * seconds))
    if kind == "even":
        return [number / rate for number in range(count)]
    gaps = np.random.default_rng(1).exponential(1 / rate, count)
    return [float(time) for time in np.cumsum(gaps) - gaps[0]]


def ideal_latencies(times: list[float], cores: int, seconds: float) -> list[float]:
    """Simulates the latencies of an ideal server: each call takes one core for this time, first come, first served."""
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


def _row(kind: str, load: float, rate: float, times_measured: CallTimes, ideal: float) -> OpenLoopResult:
    p50, p99 = np.percentile(times_measured.took, [50, 99]) * 1000
    return OpenLoopResult(
        kind=kind,
        load=load,
        calls_per_second=round(rate, 2),
        calls=len(times_measured.took),
        p50_ms=round(float(p50), 3),
        p99_ms=round(float(p99), 3),
        ideal=round(ideal, 2),
        late_p99_ms=round(1000 * float(np.percentile(times_measured.late, 99)), 3),
    )
