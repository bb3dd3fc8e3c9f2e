"""One request's work, shared by the operation that does it and whoever waits for its answer.

The operation says which stage it is at. A stage is timed, and none is begun for a caller who is gone; what has begun
is finished, so that a write to the store is never cut in two.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import TracebackType

from mien.errors import ThrottlingError
from mien.face.types import Picture, Pixels
from mien.image.decode import LITTLE, EncodedPicture
from mien.serving.budget import Budget, Share

PIXELS = 100_000_000  # in flight where nobody says how many: one picture of the largest size


class AbandonedError(Exception):
    """Nobody waits for the answer any more."""


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage that is over: when it began on the clock of `time.perf_counter`, and the seconds it took."""

    name: str
    began: float
    seconds: float


class Writers:
    """Those who write to a collection at the same time: few, so that its lock does not hold all threads.

    Args:
        most: how many, for each collection.
        patience: seconds in which one of them has to come to an end; further ones wait no longer.
    """

    def __init__(self, most: int = 1 << 30, patience: float = 1.0) -> None:
        self._most = most
        self._patience = patience
        self._writing: dict[int, tuple[int, float]] = {}  # collection → how many, and when that last changed
        self._changed = threading.Condition()

    @contextmanager
    def turn(self, collection: int) -> Iterator[None]:
        """One of those who write to a collection.

        Raises:
            ThrottlingError: there are too many, and none of them comes to an end.
        """
        with self._changed:
            while self._count(collection) >= self._most:
                left = self._writing[collection][1] + self._patience - time.monotonic()
                if left <= 0 or not self._changed.wait(left):
                    raise ThrottlingError("Those who write to the collection already wait for the store; try again.")
            self._note(collection, 1)
        try:
            yield
        finally:
            with self._changed:
                self._note(collection, -1)
                self._changed.notify_all()

    def _count(self, collection: int) -> int:
        return self._writing[collection][0] if collection in self._writing else 0

    def _note(self, collection: int, change: int) -> None:
        count = self._count(collection) + change
        if count:
            self._writing[collection] = count, time.monotonic()
        else:
            del self._writing[collection]


class Request:
    """What is known about a request on its way.

    Args:
        pixels: of decoded pictures, shared by all requests.
        patience: seconds that it waits for its share of them.
        party: on whose account it takes them: an access key, or an address.
        writers: of collections, shared by all requests.

    Attributes:
        key: name of the access key that asked, for the log.
        stages: those that are over, in the order of their ends.
    """

    __slots__ = ("_abandoned", "_faces", "_patience", "_pixels", "_turn", "_writers", "key", "party", "stages")

    def __init__(
        self, pixels: Budget | None = None, patience: float = 0.0, party: str = "", writers: "Writers | None" = None
    ) -> None:
        self._pixels = pixels or Budget(PIXELS)
        self._patience = patience
        self._writers = writers or Writers()
        self._turn = threading.Lock()
        self._abandoned = False
        self._faces: list[int] = []
        self.key: str | None = None
        self.party = party
        self.stages: list[Stage] = []

    @property
    def faces(self) -> int:
        """How many faces its pictures show."""
        return sum(self._faces)

    def found(self, faces: int) -> None:
        """Note how many faces a picture shows; two pictures may be looked at at the same time."""
        self._faces.append(faces)

    def abandon(self) -> None:
        """Let no further stage begin."""
        self._abandoned = True

    def stage(self, name: str) -> "_Timing":
        """A context that times a stage.

        Raises:
            AbandonedError: on entering, nobody waits for the answer any more.
        """
        return _Timing(self, name)

    @contextmanager
    def writing(self, collection: int) -> Iterator[None]:
        """The stage of writing to a collection, in its turn.

        Raises:
            ThrottlingError: too many wait for the collection already.
            AbandonedError: nobody waits for the answer any more.
        """
        with self.stage("store"), self._writers.turn(collection):
            yield

    @contextmanager
    def room(self, picture: EncodedPicture) -> Iterator[Picture]:
        """Wait for a picture's share of the pixels in flight, and give it to be looked at while that lasts.

        Of a request's two pictures only one at a time holds much memory: each comes to its turn when it is decoded so.

        Raises:
            ThrottlingError: there was no room in time.
            AbandonedError: nobody waits for the answer any more.
        """
        with self.pixels(picture.room), _InTurn(picture, self._turn) as held:
            yield held

    def pixels(self, count: int) -> Share:
        """Wait for a share of the pixels that may be decoded at the same time.

        Raises:
            ThrottlingError: there was none in time.
            AbandonedError: nobody waits for the answer any more.
        """
        share = self._pixels.ask(count, self.party)
        try:
            if not share.ready.done():
                with self.stage("wait"):
                    share.wait(self._patience)
        except AbandonedError:  # on entering the stage
            share.release()
            raise
        return share

    def go_on(self) -> None:
        """Find out whether to begin something.

        Raises:
            AbandonedError: nobody waits for the answer any more.
        """
        if self._abandoned:
            raise AbandonedError


class _InTurn:
    """A picture that waits for its turn before it is decoded at a scale at which it holds much, and then keeps it."""

    __slots__ = ("_has_turn", "_picture", "_turn")

    def __init__(self, picture: EncodedPicture, turn: threading.Lock) -> None:
        self._picture = picture
        self._turn = turn
        self._has_turn = False

    @property
    def width(self) -> int:
        return self._picture.width

    @property
    def height(self) -> int:
        return self._picture.height

    def rgb(self, long_side: int) -> Pixels:
        if not self._has_turn and self._picture.held(long_side) > LITTLE:
            self._turn.acquire()
            self._has_turn = True
        return self._picture.rgb(long_side)

    def __enter__(self) -> Picture:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._has_turn:
            self._turn.release()


class _Timing:
    """A stage while it lasts."""

    __slots__ = ("_began", "_name", "_request")

    def __init__(self, request: Request, name: str) -> None:
        self._request = request
        self._name = name

    def __enter__(self) -> None:
        self._request.go_on()
        self._began = time.perf_counter()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._request.stages.append(Stage(self._name, self._began, time.perf_counter() - self._began))
