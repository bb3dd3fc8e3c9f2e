"""What images showed is remembered within so many bytes and so many seconds, and is whole."""

import threading
import time
import tracemalloc
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from random import random
from uuid import uuid4

import numpy as np
import pytest

from mien.face.attributes.measures import NAMES
from mien.face.types import (
    Answer,
    Box,
    Crop,
    Detection,
    Face,
    Features,
    Pixels,
    Pose,
    Quality,
    Verdict,
    Years,
)
from mien.serving.image_cache import FACE, PARTS, PICTURE, ImageCache, ImageFaces, expiry

MIB = 1 << 20
CROPS = 2 * 128 * 128 * 3
RANDOM = np.random.default_rng(0)


@dataclass
class Clock:
    """Time that passes when a test says so."""

    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


def face() -> Face:
    """One whose arrays are parts of larger ones, as a network's answers are."""
    x1, y1, x2, y2 = RANDOM.random(4).tolist()
    found = Detection(Box(x1, y1, x2, y2), RANDOM.random((100, 5, 2), np.float32)[7], float(RANDOM.random()))
    roll, yaw, pitch = RANDOM.random(3).tolist()
    crop, mirrored = RANDOM.integers(0, 256, (2, 1, 128, 128, 3), np.uint8)[:, 0]
    return Face(found, Pose(roll, yaw, pitch), Quality(*RANDOM.random(3).tolist()), (Crop(crop, mirrored),))


def pixels(face: Face) -> list[Pixels]:
    return [array for crop in face.crops for array in (crop.straight, crop.mirrored) if array is not None]


def sighting(faces: int = 1) -> ImageFaces:
    return ImageFaces(640, 480, tuple(face() for _ in range(faces)), (None,) * faces)


def embedded(picture: ImageFaces, places: Iterable[int]) -> ImageFaces:
    batch = RANDOM.random((len(picture.faces), 256), np.float32)
    return picture.with_known({id(picture.faces[place]): batch[place] for place in places})


def whole(picture: ImageFaces) -> bool:
    """Whether each face has an embedding, or both crops to make it of."""
    pairs = zip(picture.faces, picture.embeddings, strict=True)
    return all(
        embedding is not None or sum(array.nbytes for array in pixels(face)) == CROPS for face, embedding in pairs
    )


def test_what_was_kept_is_found_as_it_was() -> None:
    image_cache, picture = ImageCache(MIB), sighting(2)
    assert image_cache.find("a") is None
    image_cache.keep("a", picture)
    found = image_cache.find("a")
    assert found is not None
    assert (found.width, found.height, found.embeddings) == (640, 480, (None, None))
    for one, other in zip(found.faces, picture.faces, strict=True):
        assert (one.box, one.pose, one.quality) == (other.box, other.pose, other.quality)
        assert one.detection.confidence == other.detection.confidence
        assert np.array_equal(one.detection.landmarks, other.detection.landmarks)
        assert np.array_equal(pixels(one), pixels(other))
    assert (image_cache.hits, image_cache.misses) == (1, 1)


def test_an_embedding_takes_the_place_of_the_crops() -> None:
    before = sighting(3)
    after = embedded(before, [1])
    assert whole(before)
    assert whole(after)
    assert [each is None for each in after.embeddings] == [True, False, True]
    assert after.faces[1].crops == ()
    assert after.faces[1].box == before.faces[1].box
    assert after.faces[0] is before.faces[0]
    assert before.size - after.size == CROPS - 1024
    assert set(after.known) == {id(after.faces[1])}
    (known,) = after.known.values()
    assert embedded(after, [1]).embeddings[1] is known  # what is known is not learnt again


@pytest.mark.parametrize("faces", [0, 1, 5, 20])
@pytest.mark.parametrize("known", [True, False])
def test_as_many_bytes_are_counted_as_are_taken(faces: int, known: bool) -> None:
    """By the allocator's own account; nothing kept holds on to the larger array it was a part of."""
    pictures, image_cache = 50, ImageCache(1 << 30)
    embedded(sighting(), [0])  # what is made only once is made
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        for _ in range(pictures):
            picture = sighting(faces)
            image_cache.keep(uuid4().hex * 2, embedded(picture, range(faces)) if known else picture)
        del picture
        taken = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert 0.5 * image_cache.held < taken <= image_cache.held


def test_attributes_are_counted_as_well() -> None:
    def judged(picture: ImageFaces) -> ImageFaces:
        def answer() -> Features:
            verdicts: dict[str, Answer | None] = {name: Verdict(True, random()) for name in NAMES}
            answers = {**verdicts, "emotions": {each: random() for each in "abcdefgh"}, "age_range": Years(1, 2)}
            return Features(answers, np.zeros((30, 2), np.float32), Pose(random(), random(), random()), True)

        return replace(picture, faces=tuple(replace(face, features=answer()) for face in picture.faces))

    pictures, image_cache = 50, ImageCache(1 << 30)
    embedded(sighting(), [0])
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        for _ in range(pictures):
            image_cache.keep(uuid4().hex * 2, judged(embedded(sighting(5), range(5))))
        taken = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert 0.5 * image_cache.held < taken <= image_cache.held


def test_it_holds_no_more_than_its_room_and_the_longest_unused_goes_first() -> None:
    size = PICTURE + FACE + 1024
    image_cache = ImageCache(10 * size)
    for number in range(10):
        image_cache.keep(str(number), embedded(sighting(), [0]))
    assert image_cache.held == 10 * size
    assert image_cache.find("0") is not None
    image_cache.keep("10", embedded(sighting(), [0]))
    assert image_cache.held == 10 * size
    assert [str(number) for number in range(11) if image_cache.find(str(number)) is None] == ["1"]


def test_what_is_kept_again_is_counted_once() -> None:
    image_cache, picture = ImageCache(MIB), sighting()
    image_cache.keep("a", picture)
    assert image_cache.held == picture.size
    smaller = embedded(picture, [0])
    image_cache.keep("a", smaller)
    assert image_cache.held == smaller.size


def test_a_crowd_does_not_push_the_others_out() -> None:
    image_cache, most = ImageCache(MIB), MIB // PARTS
    image_cache.keep("one", sighting())
    crowd = sighting(most // CROPS + 1)
    assert most < crowd.size < MIB
    image_cache.keep("crowd", crowd)
    assert image_cache.find("crowd") is None
    assert image_cache.find("one") is not None
    image_cache.keep("crowd", embedded(crowd, range(len(crowd.faces))))  # without crops it is small
    assert image_cache.find("crowd") is not None


def test_nothing_is_remembered_without_room() -> None:
    image_cache = ImageCache(0)
    image_cache.keep("a", sighting(0))
    assert not image_cache.on
    assert image_cache.held == 0
    assert image_cache.find("a") is None


def test_it_lasts_from_when_it_was_last_asked_for() -> None:
    clock = Clock()
    image_cache = ImageCache(MIB, lifetime=60, clock=clock)
    image_cache.keep("asked for", sighting())
    image_cache.keep("left alone", sighting())
    clock.now += 59
    assert image_cache.find("asked for") is not None
    clock.now += 1
    assert image_cache.find("left alone") is None
    clock.now += 58
    assert image_cache.find("asked for") is not None
    clock.now += 60
    image_cache.drop_expired()
    assert image_cache.held == 0


def test_a_server_that_idles_forgets() -> None:
    image_cache = ImageCache(MIB, lifetime=0.1)
    with expiry(image_cache, pause=0.02):
        image_cache.keep("a", sighting())
        assert image_cache.held > 0
        due = time.monotonic() + 10
        while image_cache.held and time.monotonic() < due:
            time.sleep(0.01)
        assert image_cache.held == 0  # and nobody asked


def test_many_threads_keep_within_the_room_and_find_what_is_whole() -> None:
    image_cache = ImageCache(4 * MIB)
    pictures = {str(number): sighting(1 + number % 4) for number in range(32)}
    failures: list[BaseException] = []

    def guarded(work: Callable[[np.random.Generator], None], seed: int) -> None:
        try:
            work(np.random.default_rng(seed))
        except BaseException as error:  # noqa: BLE001  a thread's failure is the test's
            failures.append(error)

    def use(random: np.random.Generator) -> None:
        for _ in range(300):
            digest = str(random.integers(32))
            found = image_cache.find(digest) or pictures[digest]
            assert whole(found)
            assert [each.box for each in found.faces] == [each.box for each in pictures[digest].faces]
            place = int(random.integers(len(found.faces)))
            vector = np.full(256, int(digest), np.float32)
            image_cache.keep(digest, found.with_known({id(found.faces[place]): vector}))
            assert 0 <= image_cache.held <= 4 * MIB
            assert all(np.array_equal(each, vector) for each in found.known.values())

    threads = [threading.Thread(target=guarded, args=(use, seed)) for seed in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures, failures
    assert image_cache.hits > image_cache.misses > 0
