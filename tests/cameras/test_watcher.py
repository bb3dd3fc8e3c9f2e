"""A camera is watched on through what goes wrong with those who are asked, and given up only where nothing helps."""

import base64
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from functools import partial
from typing import Any

import numpy as np
import pytest

from mien.cameras import watcher as watching_module
from mien.cameras.events import Events
from mien.cameras.outlet import Event, Outlet
from mien.cameras.run import Run
from mien.cameras.watcher import Watching
from mien.errors import ApiError, InvalidParameterError, ResourceNotFoundError, SetupError, ThrottlingError
from mien.sorting.looking import Question
from mien.video import camera_address
from tests.cameras.receiver import until
from tests.video.streams import HttpStream, Picture, Stream, jpegs, noisy
from tests.video.test_visits import CALIBRATION, face

pytest.importorskip("av", reason="PyAV is not here: pip install 'mien[video]'")
ROOM: Picture = np.full((120, 160, 3), 90, np.uint8)


class Answers:
    """Answers SearchPeopleByImage: with Ann, unless an error is set."""

    def __init__(self) -> None:
        self.error: Exception | None = None
        self.calls = 0

    def call(self, operation: str, members: Mapping[str, Any]) -> dict[str, Any]:
        assert operation == "SearchPeopleByImage"
        assert members["Image"]["Bytes"][:2] == b"\xff\xd8"
        self.calls += 1
        if self.error:
            raise self.error
        box = {"Left": 0.4, "Top": 0.3, "Width": 0.2, "Height": 0.3}
        ann = {"UserId": "ann", "DisplayName": "Ann", "Similarity": 99.0}
        embedding = base64.b64encode(face(1).astype("<f4").tobytes()).decode()
        return {"Faces": [{"FaceDetail": {"BoundingBox": box}, "People": [ann], "Embedding": embedding}]}

    def describe(self) -> str:
        return "nobody"

    def close(self) -> None:
        pass


class Watched:
    """A run on one camera, with what it said and sent."""

    def __init__(self, until_end: ExitStack, stream: Stream) -> None:
        self.answers, self.said = Answers(), list[str]()
        self.events: list[Event] = []
        self.stopping = threading.Event()
        outlet = Outlet("list", self._kept, self.said.append)
        watching = Watching(Question(self.answers, "faces"), Events([outlet]), self.said.append, 0.05, 1.0, None)
        self._run = Run(watching, CALIBRATION, self.stopping)
        self.why: str | None = None
        self._thread = threading.Thread(target=partial(self._watch, camera_address.read([f"door={stream.address}"])))
        self._thread.start()
        until_end.callback(self.end)

    def _kept(self, event: Event) -> None:
        self.events.append(event)

    def _watch(self, addresses: list[camera_address.CameraAddress]) -> None:
        self.why = self._run.watch(addresses)

    def end(self) -> None:
        self.stopping.set()
        self._thread.join(20)

    def wait(self, done: Callable[[], object]) -> None:
        until(done)

    def seen(self, event: str) -> list[Any]:
        return [each.get("Because", each.get("Name")) for each in self.events if each["Event"] == event]


@pytest.fixture
def watched(monkeypatch: pytest.MonkeyPatch) -> Iterator[Watched]:
    monkeypatch.setattr(watching_module, "RETRY", 0.1)
    with ExitStack() as stack:
        stream = stack.enter_context(HttpStream(jpegs(noisy([ROOM], 10))))
        watched = Watched(stack, stream)
        watched.wait(lambda: watched.seen("came"))
        yield watched


@pytest.mark.parametrize(
    "error",
    [
        SetupError("The server does not answer."),
        ThrottlingError(),
        InvalidParameterError(),  # the picture is smaller than what may be searched
    ],
    ids=["away", "busy", "picture"],
)
def test_who_cannot_answer_now_is_asked_again(watched: Watched, error: Exception) -> None:
    watched.answers.error = error
    watched.wait(lambda: watched.seen("went") == ["lost"])
    assert len([each for each in watched.said if "nobody is looked for now" in each]) == 1
    watched.answers.error = None
    watched.wait(lambda: watched.seen("came") == ["Ann", "Ann"])


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (ResourceNotFoundError.collection("faces"), "door: The collection id: faces does not exist"),
        (ApiError("No."), "door: No."),
        (RuntimeError("secret"), "door: it cannot be watched any longer (RuntimeError)."),
    ],
    ids=["collection", "denied", "fault"],
)
def test_what_nothing_helps_ends_the_run_with_a_sentence(watched: Watched, error: Exception, why: str) -> None:
    if type(error) is ApiError:
        error.code = "AccessDeniedException"
    watched.answers.error = error
    watched.wait(lambda: watched.why is not None)
    assert watched.why == why
    watched.wait(lambda: watched.seen("went") == ["stopped"])


def test_nobody_is_there_in_a_picture_that_never_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching_module, "STILL", 0.5)
    with ExitStack() as stack:
        stream = stack.enter_context(HttpStream(jpegs([ROOM])))
        watched = Watched(stack, stream)
        watched.wait(lambda: watched.seen("went") == ["still"])
        calls = watched.answers.calls
        time.sleep(0.5)
        assert watched.answers.calls == calls  # nor is anybody asked about it
        stream.units = jpegs(noisy([ROOM], 10))
        watched.wait(lambda: len(watched.seen("came")) == 2)
