"""Pictures that exceed their workers' shares wait in the order of asking, and are woken when there is room."""

import threading
import time

import pytest

from mien.errors import ThrottlingError
from mien.serving.giants import Giants
from mien.system.bell import Bell
from mien.system.worker import Common

ROOM = 100


@pytest.fixture
def workers() -> list[Giants]:
    common = Common(bell=Bell(4))
    return [Giants(common, number, ROOM) for number in range(1, 5)]


def waiting(giants: Giants, pixels: int, seconds: float = 10.0) -> tuple[threading.Thread, list[float]]:
    """Lets a worker wait for room on a thread; the list has the time when it took it."""
    taken: list[float] = []

    def take() -> None:
        giants.take(pixels, seconds)
        taken.append(time.monotonic())

    thread = threading.Thread(target=take)
    thread.start()
    time.sleep(0.05)
    return thread, taken


def test_who_waits_is_woken_when_there_is_room(workers: list[Giants], monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[int] = []
    look = Giants._look

    def counted(giants: Giants, pixels: int, until: float) -> float:
        looks.append(pixels)
        return look(giants, pixels, until)

    monkeypatch.setattr(Giants, "_look", counted)
    workers[0].take(ROOM, 1.0)
    thread, taken = waiting(workers[1], ROOM)
    time.sleep(0.5)
    assert len(looks) <= 3  # it does not look again and again
    freed = time.monotonic()
    workers[0].give_back()
    thread.join(5)
    assert taken and taken[0] - freed < 1.0


def test_who_asked_first_is_first_even_if_a_smaller_one_would_fit(workers: list[Giants]) -> None:
    workers[0].take(60, 1.0)
    large, large_taken = waiting(workers[1], 80)
    small, small_taken = waiting(workers[2], 20)
    assert not large_taken
    assert not small_taken
    workers[0].give_back()
    for thread in (large, small):
        thread.join(5)
    assert large_taken < small_taken  # both fit then, and the second is woken by the first


def test_one_that_gives_up_lets_the_next_in(workers: list[Giants]) -> None:
    workers[0].take(60, 1.0)
    began = time.monotonic()
    with pytest.raises(ThrottlingError):
        workers[1].take(80, 0.2)
    assert 0.2 <= time.monotonic() - began < 5
    workers[2].take(20, 0.0)


def test_a_worker_that_stands_still_while_it_waits_keeps_others_no_longer_than_its_time(workers: list[Giants]) -> None:
    workers[0].take(60, 1.0)
    assert workers[1]._look(80, time.monotonic() + 0.3)  # and then nothing more of it
    began = time.monotonic()
    workers[2].take(20, 10.0)
    assert 0.2 < time.monotonic() - began < 5


def test_a_worker_that_dies_makes_room_and_wakes_who_waits() -> None:
    common = Common(bell=Bell(2))
    dead, alive = Giants(common, 1, ROOM), Giants(common, 2, ROOM)
    dead.take(3 * ROOM, 1.0)  # more than all workers may hold: let in alone
    thread, taken = waiting(alive, 20)
    assert not taken
    common.forget(1)
    thread.join(5)
    assert taken


def test_a_bell_that_rang_before_is_heard_once() -> None:
    bell = Bell(2)
    for _ in range(100_000):
        bell.ring()  # more than a pipe holds
    for number in (1, 2):
        began = time.monotonic()
        bell.wait(number, 10.0)
        assert time.monotonic() - began < 5
        bell.wait(number, 0.2)
        assert time.monotonic() - began >= 0.2
