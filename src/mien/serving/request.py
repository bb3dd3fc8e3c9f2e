"""A request while it is served: its stages, its share of the decoded pixels, and whether its client still waits.

An operation enters a stage for each part of its work. A stage is timed, and none begins after the client has hung up;
one that has begun is finished, so that a write to the store is never cut in two.
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
from mien.serving.giants import Giants

PIXELS = 100_000_000  # in flight by default: one image of the largest size


class AbandonedError(Exception):
    """The client no longer waits for the answer."""


@dataclass(frozen=True, slots=True)
class Stage:
    """A finished stage: when it began, by `time.perf_counter`, and the seconds it took."""

    name: str
    began: float
    seconds: float


class Writers:
    """Limits the writers of each collection, so that those who wait for its lock do not take all threads.

    Args:
        most: writers of one collection at the same time.
        timeout: seconds that a further writer waits while none of them finishes.
    """

    def __init__(self, most: int = 1 << 30, timeout: float = 1.0) -> None:
        self._most = most
        self._timeout = timeout
        self._writing: dict[int, tuple[int, float]] = {}  # collection → count, and when it last changed
        self._changed = threading.Condition()

    @contextmanager
    def turn(self, collection: int) -> Iterator[None]:
        """Waits until the collection has room for a writer, and counts one while the context lasts.

        Raises:
            ThrottlingError: there are too many, and none of them finished in time.
        """
        with self._changed:
            while self._count(collection) >= self._most:
                left = self._writing[collection][1] + self._timeout - time.monotonic()
                if left <= 0 or not self._changed.wait(left):
                    raise ThrottlingError("Too many writes to this collection wait for the store already; try again.")
            self._add(collection, 1)
        try:
            yield
        finally:
            with self._changed:
                self._add(collection, -1)
                self._changed.notify_all()

    def _count(self, collection: int) -> int:
        return self._writing[collection][0] if collection in self._writing else 0

    def _add(self, collection: int, change: int) -> None:
        count = self._count(collection) + change
        if count:
            self._writing[collection] = count, time.monotonic()
        else:
            del self._writing[collection]


class Request:
    """A request while it is served. Its operation uses it on several threads.

    Args:
        pixels: the budget of decoded pixels, shared by all requests.
        queue_timeout: seconds that it waits for its share of that budget.
        party: the access key or address that the share is charged to.
        writers: the limit on writers of a collection, shared by all requests.
        giants: bounds the pictures that exceed the budget, over all workers; None for one process.

    Attributes:
        key: name of the access key that signed it, for the log.
        stages: the finished stages, in the order of their ends.
    """

    __slots__ = (
        "_abandoned",
        "_faces",
        "_giants",
        "_pixels",
        "_queue_timeout",
        "_turn",
        "_writers",
        "key",
        "party",
        "stages",
    )

    def __init__(
        self,
        pixels: Budget | None = None,
        queue_timeout: float = 0.0,
        party: str = "",
        writers: Writers | None = None,
        giants: Giants | None = None,
    ) -> None:
        self._giants = giants
        self._pixels = pixels or Budget(PIXELS)
        self._queue_timeout = queue_timeout
        self._writers = writers or Writers()
        self._turn = threading.Lock()
        self._abandoned = False
        self._faces: list[int] = []
        self.key: str | None = None
        self.party = party
        self.stages: list[Stage] = []

    @property
    def faces(self) -> int:
        """The number of faces that its images show."""
        return sum(self._faces)

    def count_faces(self, faces: int) -> None:
        """Adds the faces of an image; two images may be analyzed on two threads."""
        self._faces.append(faces)

    def abandon(self) -> None:
        """Lets no further stage begin, because the client has hung up."""
        self._abandoned = True

    def stage(self, name: str) -> "_RunningStage":
        """Returns a context that times a stage.

        Raises:
            AbandonedError: on entering, when the client no longer waits.
        """
        return _RunningStage(self, name)

    @contextmanager
    def writing(self, collection: int) -> Iterator[None]:
        """Times the stage of writing to a collection, and waits for a turn to write.

        Raises:
            ThrottlingError: too many operations write to the collection already.
            AbandonedError: the client no longer waits.
        """
        with self.stage("store"), self._writers.turn(collection):
            yield

    @contextmanager
    def decoding(self, picture: EncodedPicture) -> Iterator[Picture]:
        """Waits for a picture's share of the pixels in flight, and yields the picture for decoding.

        Of a request's two pictures only one at a time takes much memory: the other waits for its turn.

        Raises:
            ThrottlingError: the share was not granted in time.
            AbandonedError: the client no longer waits.
        """
        with self.pixels(picture.cost), self._giant(picture.cost), _PictureInTurn(picture, self._turn) as held:
            yield held

    @contextmanager
    def _giant(self, count: int) -> Iterator[None]:
        """Waits for room among the pictures that exceed their workers' shares, if this is one.

        Raises:
            ThrottlingError: that took too long.
            AbandonedError: the client no longer waits.
        """
        if self._giants is None or count <= self._pixels.total:
            yield
            return
        with self.stage("wait"):
            self._giants.take(count, self._queue_timeout)
        try:
            yield
        finally:
            self._giants.give_back()

    def pixels(self, count: int) -> Share:
        """Waits for a share of the pixels that may be decoded at the same time.

        Raises:
            ThrottlingError: it was not granted in time.
            AbandonedError: the client no longer waits.
        """
        share = self._pixels.ask(count, self.party)
        try:
            if not share.ready.done():
                with self.stage("wait"):
                    share.wait(self._queue_timeout)
        except AbandonedError:  # on entering the stage
            share.release()
            raise
        return share

    def raise_if_abandoned(self) -> None:
        """Raises when the client has hung up, before more work begins.

        Raises:
            AbandonedError: the client no longer waits.
        """
        if self._abandoned:
            raise AbandonedError


class _PictureInTurn:
    """A picture that waits for its request's turn before a decoding that takes much memory, and keeps the turn."""

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


class _RunningStage:
    """A stage that is running; adds itself to the request's stages at its end."""

    __slots__ = ("_began", "_name", "_request")

    def __init__(self, request: Request, name: str) -> None:
        self._request = request
        self._name = name

    def __enter__(self) -> None:
        self._request.raise_if_abandoned()
        self._began = time.perf_counter()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._request.stages.append(Stage(self._name, self._began, time.perf_counter() - self._began))
