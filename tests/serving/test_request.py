"""A request times its stages, and begins none once nobody waits for it."""

import os
import signal
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
from mien.packs.load import Pack
from mien.serving.budget import Budget
from mien.serving.giants import Giants
from mien.serving.request import AbandonedError, Request
from mien.system.bell import Bell
from mien.system.shared_memory import SharedMemory
from mien.system.worker import Common
from tests import photos
from tests.image import files


def test_stages_are_timed_in_the_order_of_their_ends() -> None:
    request = Request()
    with request.stage("outer"), request.stage("inner"):
        time.sleep(0.01)
    assert [stage.name for stage in request.stages] == ["inner", "outer"]
    assert all(0.01 <= stage.seconds < 1 for stage in request.stages)


def test_a_stage_that_fails_is_timed_too() -> None:
    request = Request()
    with pytest.raises(KeyError), request.stage("decode"):
        raise KeyError
    assert [stage.name for stage in request.stages] == ["decode"]


def test_what_has_begun_is_finished_and_nothing_else_begins() -> None:
    request, done = Request(), []
    with request.stage("store"):
        request.abandon()
        done.append("store")
    with pytest.raises(AbandonedError), request.stage("search"):
        done.append("search")
    assert done == ["store"]


@dataclass
class Deserted:
    """A picture whose client hangs up while it is decoded."""

    picture: EncodedPicture
    request: Request

    @property
    def width(self) -> int:
        return self.picture.width

    @property
    def height(self) -> int:
        return self.picture.height

    def rgb(self, long_side: int) -> Pixels:
        self.request.abandon()
        return self.picture.rgb(long_side)


def test_a_picture_whose_client_is_gone_is_not_looked_at(pack: Pack) -> None:
    request, ran = Request(), []

    def noted(name: str, _: int, __: float) -> None:
        ran.append(name)

    watched = pack.through(lambda name, session: WatchedSession(session, partial(noted, name)))
    picture = read_header(photos.astronaut().data)
    assert watched.pipeline.find(picture, request.stage)
    assert [stage.name for stage in request.stages] == ["decode", "detect", "align"]
    assert ran
    ran.clear()
    with pytest.raises(AbandonedError):
        watched.pipeline.find(Deserted(picture, request), request.stage)
    assert ran == []


def test_pixels_are_waited_for_only_so_long() -> None:
    budget = Budget(100)
    first, second = Request(budget, 0.05), Request(budget, 30)
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
    holding, gone = Request(budget, 1), Request(budget, 1)
    gone.abandon()
    with holding.pixels(100), pytest.raises(AbandonedError):
        gone.pixels(100)
    assert (budget.in_flight, budget.waiting) == (0, 0)


def test_faces_are_added_up() -> None:
    request = Request()
    request.count_faces(2)
    request.count_faces(1)
    assert request.faces == 3


def test_of_a_requests_pictures_only_one_at_a_time_holds_much() -> None:
    request = Request()
    large = read_header(photos.encoded(np.zeros((5000, 5000), np.uint8), "PNG"))
    small = read_header(photos.nobody())
    assert large.held(5000) > LITTLE > small.held(320)
    decoded = threading.Event()

    def other() -> None:
        with request.decoding(large) as picture:
            picture.rgb(1000)  # which takes little
            picture.rgb(5000)
            decoded.set()

    with request.decoding(large) as picture:
        assert picture.rgb(5000).shape == (5000, 5000, 3)
        assert picture.rgb(5000).shape == (5000, 5000, 3)  # whose turn it is need not wait for it again
        beside = threading.Thread(target=other)
        beside.start()
        with request.decoding(small) as beside_it:
            assert beside_it.rgb(320).shape == (240, 320, 3)
        assert not decoded.wait(1.0)
    assert decoded.wait(10)
    beside.join()


def test_a_picture_that_is_refused_gives_its_turn_on() -> None:
    request = Request()
    header = files.png_header(5000, 5000) + files.chunk(b"IDAT", b"\x78") + files.chunk(b"IEND", b"")
    for _ in range(2):
        with pytest.raises(InvalidImageFormatError), request.decoding(read_header(header)) as picture:
            picture.rgb(5000)


def test_pictures_that_exceed_a_workers_share_are_bounded_over_all_workers() -> None:
    picture, common, begun = read_header(photos.astronaut().data), Common(bell=Bell(3)), SharedMemory(1)
    size, room = picture.cost, 2 * picture.cost

    def request(number: int, share: int = size // 10) -> Request:
        return Request(Budget(share), 0.3, giants=Giants(common, number, room))

    others: list[int] = []
    for number in (1, 2):
        process = os.fork()
        if not process:
            with request(number).decoding(picture):
                begun.view[0] = number
                time.sleep(60)
        others.append(process)
        while begun.view[0] < number:
            time.sleep(0.01)
    with pytest.raises(ThrottlingError), request(3).decoding(picture):
        pass
    with request(3, share=size).decoding(picture):
        pass  # one that does not exceed its share
    for number, process in enumerate(others, 1):
        os.kill(process, signal.SIGKILL)
        os.waitpid(process, 0)
        common.forget(number)  # as the parent does
    with request(3).decoding(picture) as held:
        assert held.rgb(64).size
    with Request(Budget(1), 0.3, giants=Giants(common, 3, 1)).decoding(picture):
        pass  # one that exceeds even the machine's bound is let in alone
