"""A budget is shared in the order of asking, never overdrawn, and gives even the largest its turn."""

import threading
import time

import pytest

from mien.errors import ThrottlingError
from mien.operations.budget import Budget


def test_what_fits_is_granted_at_once_and_comes_back() -> None:
    budget = Budget(10)
    shares = [budget.ask(4), budget.ask(6)]
    assert all(share.ready.done() for share in shares)
    assert (budget.in_flight, budget.waiting) == (10, 0)
    for share in shares:
        share.release()
        share.release()  # a second time does nothing
    assert budget.in_flight == 0


def test_who_asked_first_is_first_though_a_later_one_would_fit() -> None:
    budget = Budget(10)
    held, large, small = budget.ask(8), budget.ask(5), budget.ask(1)
    assert not large.ready.done()
    assert not small.ready.done()
    assert budget.waiting == 2
    held.release()
    assert large.ready.done()
    assert small.ready.done()


def test_what_is_larger_than_the_whole_is_served_alone() -> None:
    budget = Budget(10)
    small, huge, other = budget.ask(1), budget.ask(1000), budget.ask(1)
    assert not huge.ready.done()
    small.release()
    assert huge.ready.done()
    assert not other.ready.done()
    huge.release()
    assert other.ready.done()


def test_who_gives_up_waiting_lets_the_next_one_in() -> None:
    budget = Budget(10)
    held, large, small = budget.ask(8), budget.ask(5), budget.ask(1)
    with pytest.raises(ThrottlingError):
        large.wait(0.01)
    assert small.ready.done()
    held.release()
    small.release()
    assert (budget.in_flight, budget.waiting) == (0, 0)


def test_it_is_never_overdrawn_by_many_threads() -> None:
    budget, now, most = Budget(5), [0], [0]
    counting = threading.Lock()

    def work(amount: int) -> None:
        for _ in range(20):
            share = budget.ask(amount)
            share.wait(30)
            with share:
                with counting:
                    now[0] += amount
                    most[0] = max(most[0], now[0])
                time.sleep(0.0005)
                with counting:
                    now[0] -= amount

    threads = [threading.Thread(target=work, args=(1 + number % 4,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 2 <= most[0] <= 5
    assert (budget.in_flight, budget.waiting) == (0, 0)
