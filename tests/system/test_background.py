"""Work in the background: its turns and pauses, what wakes it, how it stops, and what it does after a failure."""

import logging
import math
import threading
import time
from collections.abc import Callable

import pytest

from mien.system.background import Background


def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.005)


def test_a_turn_follows_another_until_it_is_stopped() -> None:
    done: list[str] = []
    with Background(
        "work",
        lambda: done.append("turn"),
        pause=0.01,
        first=lambda: done.append("first"),
        last=lambda: done.append("last"),
    ):
        until(lambda: len(done) > 3)
    assert (done[0], done[-1]) == ("first", "last")
    assert set(done[1:-1]) == {"turn"}
    count = len(done)
    time.sleep(0.05)
    assert len(done) == count


def test_a_turn_may_say_how_long_to_pause() -> None:
    turns: list[float] = []

    def turn() -> float:
        turns.append(time.monotonic())
        return 0.0 if len(turns) < 100 else math.inf

    with Background("work", turn):
        until(lambda: len(turns) == 100)
        time.sleep(0.05)
    assert len(turns) == 100


def test_a_wake_ends_the_pause_and_many_wakes_share_a_turn() -> None:
    turns: list[float] = []
    with Background("work", lambda: turns.append(time.monotonic()), pause=math.inf, settle=0.2) as work:
        time.sleep(0.05)
        assert not turns
        woken = time.monotonic()
        for _ in range(5):
            work.wake()
            time.sleep(0.01)
        until(lambda: bool(turns))
        time.sleep(0.3)
    assert len(turns) == 1
    assert turns[0] - woken >= 0.2


def test_a_wake_during_a_turn_brings_another() -> None:
    begun, go_on = threading.Event(), threading.Event()
    turns: list[None] = []

    def turn() -> None:
        turns.append(None)
        begun.set()
        go_on.wait(10)

    with Background("work", turn, pause=math.inf) as work:
        work.wake()
        assert begun.wait(10)
        work.wake()
        go_on.set()
        until(lambda: len(turns) == 2)


def test_it_stops_while_it_pauses_and_while_it_settles() -> None:
    for settle in (0.0, 60.0):
        work = Background("work", lambda: None, pause=math.inf, settle=settle)
        work.start()
        if settle:
            work.wake()
        time.sleep(0.05)
        began = time.monotonic()
        work.stop()
        assert time.monotonic() - began < 10


def test_failures_in_a_row_are_logged_once_and_tried_again(caplog: pytest.LogCaptureFixture) -> None:
    outcomes: list[Exception | None] = [OSError(), OSError(), ValueError(), None, OSError()]
    turns: list[Exception | None] = []

    def turn() -> float:
        if not outcomes:
            return math.inf
        turns.append(outcomes.pop(0))
        if error := turns[-1]:
            raise error
        return 0.0

    with caplog.at_level(logging.WARNING, "mien"), Background("work", turn, retry=0.001):
        until(lambda: len(turns) == 5)
    assert [record.getMessage() for record in caplog.records] == ["work failed"] * 3
    assert [record.facts["error"] for record in caplog.records] == ["OSError", "ValueError", "OSError"]  # type: ignore[attr-defined]


def test_turns_begin_although_the_first_work_failed() -> None:
    turned, ended = threading.Event(), threading.Event()

    def fail() -> None:
        raise OSError

    with Background("work", turned.set, first=fail, last=ended.set):
        assert turned.wait(10)
    assert ended.is_set()
