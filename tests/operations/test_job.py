"""A job times its stages, and begins none once nobody waits for it."""

import threading
import time
from dataclasses import dataclass
from functools import partial

import numpy as np
import pytest

from mien.engine.watched import WatchedSession
from mien.errors import InvalidImageFormatError, ThrottlingError
from mien.face.types import Pixels
from mien.image.decode import LITTLE, EncodedPicture, read_header
from mien.operations.budget import Budget
from mien.operations.job import AbandonedError, Job
from mien.packs.load import Pack
from tests import photos
from tests.image import files


def test_stages_are_timed_in_the_order_of_their_ends() -> None:
    job = Job()
    with job.stage("outer"), job.stage("inner"):
        time.sleep(0.01)
    assert [stage.name for stage in job.stages] == ["inner", "outer"]
    assert all(0.01 <= stage.seconds < 1 for stage in job.stages)


def test_a_stage_that_fails_is_timed_too() -> None:
    job = Job()
    with pytest.raises(KeyError), job.stage("decode"):
        raise KeyError
    assert [stage.name for stage in job.stages] == ["decode"]


def test_what_has_begun_is_finished_and_nothing_else_begins() -> None:
    job, done = Job(), []
    with job.stage("store"):
        job.abandon()
        done.append("store")
    with pytest.raises(AbandonedError), job.stage("search"):
        done.append("search")
    assert done == ["store"]


@dataclass
class Deserted:
    """A picture whose client hangs up while it is decoded."""

    picture: EncodedPicture
    job: Job

    @property
    def width(self) -> int:
        return self.picture.width

    @property
    def height(self) -> int:
        return self.picture.height

    def rgb(self, long_side: int) -> Pixels:
        self.job.abandon()
        return self.picture.rgb(long_side)


def test_a_picture_whose_client_is_gone_is_not_looked_at(pack: Pack) -> None:
    job, ran = Job(), []

    def noted(name: str, _: int, __: float) -> None:
        ran.append(name)

    watched = pack.through(lambda name, session: WatchedSession(session, partial(noted, name)))
    picture = read_header(photos.astronaut().data)
    assert watched.pipeline.find(picture, job.stage)
    assert [stage.name for stage in job.stages] == ["decode", "detect", "align"]
    assert ran
    ran.clear()
    with pytest.raises(AbandonedError):
        watched.pipeline.find(Deserted(picture, job), job.stage)
    assert ran == []


def test_pixels_are_waited_for_only_so_long() -> None:
    budget = Budget(100)
    first, second = Job(budget, 0.05), Job(budget, 30)
    with first.pixels(1000):  # more than there are: served alone
        with pytest.raises(ThrottlingError):
            first.pixels(1)
        waiting = threading.Thread(target=lambda: second.pixels(50).release())
        waiting.start()
        while not budget.waiting:
            time.sleep(0.001)
    waiting.join(10)
    assert [stage.name for stage in second.stages] == ["wait"]
    assert (budget.in_flight, budget.waiting) == (0, 0)


def test_who_is_gone_before_waiting_leaves_nothing_in_the_queue() -> None:
    budget = Budget(100)
    holding, gone = Job(budget, 1), Job(budget, 1)
    gone.abandon()
    with holding.pixels(100), pytest.raises(AbandonedError):
        gone.pixels(100)
    assert (budget.in_flight, budget.waiting) == (0, 0)


def test_faces_are_added_up() -> None:
    job = Job()
    job.found(2)
    job.found(1)
    assert job.faces == 3


def test_of_a_requests_pictures_only_one_at_a_time_holds_much() -> None:
    job = Job()
    large = read_header(photos.encoded(np.zeros((5000, 5000), np.uint8), "PNG"))
    small = read_header(photos.nobody())
    assert large.held(5000) > LITTLE > small.held(320)
    decoded = threading.Event()

    def other() -> None:
        with job.room(large) as picture:
            picture.rgb(1000)  # which takes little
            picture.rgb(5000)
            decoded.set()

    with job.room(large) as picture:
        assert picture.rgb(5000).shape == (5000, 5000, 3)
        assert picture.rgb(5000).shape == (5000, 5000, 3)  # whose turn it is need not wait for it again
        beside = threading.Thread(target=other)
        beside.start()
        with job.room(small) as beside_it:
            assert beside_it.rgb(320).shape == (240, 320, 3)
        assert not decoded.wait(1.0)
    assert decoded.wait(10)
    beside.join()


def test_a_picture_that_is_refused_gives_its_turn_on() -> None:
    job = Job()
    header = files.png_header(5000, 5000) + files.chunk(b"IDAT", b"\x78") + files.chunk(b"IEND", b"")
    for _ in range(2):
        with pytest.raises(InvalidImageFormatError), job.room(read_header(header)) as picture:
            picture.rgb(5000)
