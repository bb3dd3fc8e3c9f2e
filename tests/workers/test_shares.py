"""What is the machine's is divided among workers, so that together they take no more."""

import pytest

from mien import config
from mien.config import Settings
from mien.workers import shares


def settings(**given: object) -> Settings:
    return config.load(given, {})


@pytest.mark.parametrize(("threads", "workers"), [(1, 1), (2, 1), (3, 1), (4, 2), (16, 8), (64, 32)])
def test_one_for_every_two_threads(threads: int, workers: int) -> None:
    assert shares.count(settings(threads=threads)) == workers


def test_as_many_as_are_asked_for() -> None:
    assert shares.count(settings(threads=16, workers=3)) == 3


@pytest.mark.parametrize("workers", [1, 2, 3, 5, 8, 16])
def test_shares_add_up(workers: int) -> None:
    whole = settings(threads=16, bodies_in_flight=100, pixels_in_flight=77, image_cache=19)
    each = [shares.share(whole, number, workers) for number in range(1, workers + 1)]
    assert sum(one.threads for one in each) == 16
    assert sum(one.bodies_in_flight for one in each) == 100
    assert sum(one.pixels_in_flight for one in each) == 77
    assert sum(one.image_cache for one in each) == 19
    assert max(one.threads for one in each) - min(one.threads for one in each) <= 1


def test_every_worker_has_something() -> None:
    each = [shares.share(settings(threads=2, pixels_in_flight=3), number, 8) for number in range(1, 9)]
    assert {one.threads for one in each} == {1}
    assert {one.pixels_in_flight for one in each} == {1}


def test_what_is_not_divided_stays() -> None:
    whole = settings(threads=8, connections=50, scan_threads=8)
    one = shares.share(whole, 2, 4)
    assert (one.connections, one.scan_threads) == (50, 8)


@pytest.mark.parametrize(
    ("threads", "workers", "cores", "expected"),
    [
        (0, 2, 4, [{0, 1}, {2, 3}]),
        (0, 3, 8, [{0, 1, 2}, {3, 4, 5}, {6, 7}]),
        (8, 2, 8, [{0, 1, 2, 3}, {4, 5, 6, 7}]),
        (4, 2, 8, [set(), set()]),  # a container, say: other programs use the machine too
        (0, 2, 2, [set(), set()]),  # a worker with one core could not get out of another program's way
        (0, 1, 8, [set()]),
    ],
)
def test_workers_keep_to_cores_of_their_own_where_the_machine_is_theirs(
    monkeypatch: pytest.MonkeyPatch, threads: int, workers: int, cores: int, expected: list[set[int]]
) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda _: set(range(cores)))
    whole = settings(threads=threads)
    own = [shares.own_cores(whole, number, workers, set(range(cores))) for number in range(1, workers + 1)]
    assert own == expected
