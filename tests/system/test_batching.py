"""Calls that come together are served together, each with its own answer, and nobody waits for nothing."""

import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from mien.system.batching import Batching


def test_calls_that_wait_are_served_together() -> None:
    batches: list[int] = []
    begun, go_on = threading.Event(), threading.Event()

    def serve(asked: Sequence[int]) -> list[int]:
        batches.append(len(asked))
        begun.set()
        assert go_on.wait(10)
        return [2 * each for each in asked]

    batching = Batching(serve, most=8)
    with ThreadPoolExecutor(21) as pool:
        first = pool.submit(batching, 100)
        assert begun.wait(10)
        others = [pool.submit(batching, number) for number in range(20)]
        while len(batching._waiting) < 20:
            time.sleep(0.001)
        go_on.set()
        assert first.result(10) == 200
        assert [other.result(10) for other in others] == [2 * number for number in range(20)]
    assert batches == [1, 8, 8, 4]


def test_a_failure_reaches_those_who_were_served_and_nobody_else() -> None:
    def serve(asked: Sequence[int]) -> list[int]:
        if 13 in asked:
            raise ValueError("13")
        return list(asked)

    batching = Batching(serve, most=1)
    with ThreadPoolExecutor(8) as pool:
        asked = [pool.submit(batching, number) for number in range(40)]
        for number, each in enumerate(asked):
            if number == 13:
                with pytest.raises(ValueError, match="13"):
                    each.result(10)
            else:
                assert each.result(10) == number


def test_many_threads_all_get_their_own_answer() -> None:
    batching: Batching[int, int] = Batching(lambda asked: [each + 1 for each in asked], most=4)
    with ThreadPoolExecutor(16) as pool:
        assert list(pool.map(batching, range(5000))) == list(range(1, 5001))


def test_a_batch_waits_for_those_who_are_expected() -> None:
    batches: list[int] = []

    def serve(asked: Sequence[int]) -> list[int]:
        batches.append(len(asked))
        return list(asked)

    batching = Batching(serve, most=8, expected=lambda: 3, patience=60.0)
    with ThreadPoolExecutor(3) as pool:
        assert list(pool.map(batching, range(3))) == [0, 1, 2]
    assert batches == [3]


def test_a_batch_waits_no_longer_than_its_patience() -> None:
    batching: Batching[int, int] = Batching(list, most=8, expected=lambda: 3, patience=0.05)
    began = time.monotonic()
    assert batching(1) == 1
    assert 0.05 <= time.monotonic() - began < 5.0


@pytest.mark.parametrize(("expected", "most"), [(1, 8), (0, 8), (5, 1)])
def test_a_lone_call_and_a_full_batch_do_not_wait(expected: int, most: int) -> None:
    batching: Batching[int, int] = Batching(list, most, lambda: expected, patience=60.0)
    began = time.monotonic()
    assert batching(1) == 1
    assert time.monotonic() - began < 5.0
