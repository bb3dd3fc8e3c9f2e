"""A budget is shared in the order of asking, never overdrawn, and gives even the largest its turn."""

import math
import threading
import time

import pytest

from mien.errors import ThrottlingError
from mien.serving.budget import Budget


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


def test_between_parties_the_one_that_holds_least_comes_first() -> None:
    budget = Budget(2)
    held = [budget.ask(1, "crowd"), budget.ask(1, "crowd")]
    crowd, lone = [budget.ask(1, "crowd") for _ in range(5)], budget.ask(1, "lone")
    held[0].release()
    assert lone.ready.done()
    held[1].release()
    assert [each.ready.done() for each in crowd] == [True, False, False, False, False]


def test_a_party_has_its_part_while_others_are_about() -> None:
    now = [0.0]
    budget = Budget(4, (2,), lending=30, clock=lambda: now[0])
    alone = [budget.ask(1, "one") for _ in range(5)]
    assert [each.ready.done() for each in alone] == [True] * 4 + [False]
    for each in alone:
        each.release()
    budget.ask(1, "other").release()
    beside = [budget.ask(1, "one") for _ in range(4)]
    assert [each.ready.done() for each in beside] == [True, True, False, False]
    now[0] = 31
    late = budget.ask(1, "one")
    assert [each.ready.done() for each in [*beside, late]] == [True] * 4 + [False]


def test_what_lends_nothing_keeps_a_part_for_others() -> None:
    budget = Budget(8, (4, 6), lending=math.inf)
    first = [budget.ask(2, "slow", "address") for _ in range(4)]
    second = [budget.ask(2, "too", "address") for _ in range(2)]
    elsewhere = budget.ask(2, "third", "elsewhere")
    assert [each.ready.done() for each in first] == [True, True, False, False]
    assert [each.ready.done() for each in second] == [True, False]
    assert elsewhere.ready.done()
    second[0].release()
    assert second[1].ready.done()


def test_a_party_may_hold_one_share_whatever_its_part() -> None:
    budget = Budget(10, (5,), lending=math.inf)
    large = budget.ask(10, "one")
    assert large.ready.done()
    assert not budget.ask(1, "one").ready.done()
    large.release()
    assert budget.ask(10, "other").ready.done() is False  # one's second is held by now


def test_it_knows_when_nothing_comes_to_an_end() -> None:
    now = [0.0]
    budget = Budget(2, clock=lambda: now[0])
    shares = [budget.ask(1), budget.ask(1)]
    assert not budget.is_stuck(60)
    now[0] = 61
    assert budget.is_stuck(60)
    shares[0].release()
    assert not budget.is_stuck(60)
    budget.ask(1)
    assert not budget.is_stuck(60)


def test_a_party_that_is_named_twice_holds_once() -> None:
    budget = Budget(4, (2, 3), lending=math.inf)
    for _ in range(3):
        shares = [budget.ask(1, "here", "here") for _ in range(4)]
        assert [each.ready.done() for each in shares] == [True, True, False, False]
        for each in shares:
            each.release()
    assert (budget.in_flight, budget.waiting) == (0, 0)
