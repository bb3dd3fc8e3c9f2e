"""A key is held to its rate by all processes together, in memory that never grows."""

import os

from mien.access.rates import Rates
from mien.system.shared_memory import SharedMemory


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def taken(rates: Rates, key: str, rate: float, times: int = 100) -> int:
    return sum(rates.take(key, rate) for _ in range(times))


def test_a_burst_of_one_second_and_then_the_rate() -> None:
    clock = Clock()
    rates = Rates(SharedMemory(4096), clock)
    assert taken(rates, "key", 5.0) == 5
    clock.now += 0.6
    assert taken(rates, "key", 5.0) == 3
    clock.now += 3600
    assert taken(rates, "key", 5.0) == 5


def test_less_than_one_a_second() -> None:
    clock = Clock()
    rates = Rates(SharedMemory(4096), clock)
    assert taken(rates, "key", 0.5) == 1
    clock.now += 1.9
    assert taken(rates, "key", 0.5) == 0
    clock.now += 0.2
    assert taken(rates, "key", 0.5) == 1


def test_each_key_has_its_own() -> None:
    rates = Rates(SharedMemory(1 << 17), Clock())
    assert [taken(rates, f"key-{number}", 3.0, 10) for number in range(200)] == [3] * 200
    assert [taken(rates, f"key-{number}", 3.0, 10) for number in range(200)] == [0] * 200


def test_more_keys_than_there_is_room_for_are_served_all_the_same() -> None:
    clock = Clock()
    rates = Rates(SharedMemory(1024), clock)
    for number in range(10_000):
        clock.now += 0.001
        assert rates.take(f"key-{number}", 2.0)


def test_processes_share_a_bucket() -> None:
    rates, ends = Rates(SharedMemory(4096), Clock()), os.pipe()
    for _ in range(4):
        if not os.fork():
            os.write(ends[1], b"+" * taken(rates, "key", 10.0, 50))
            os._exit(0)
    for _ in range(4):
        os.wait()
    os.close(ends[1])
    with os.fdopen(ends[0], "rb") as said:
        assert len(said.read()) == 10
