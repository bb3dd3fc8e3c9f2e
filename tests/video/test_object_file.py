"""A film in a bucket as a file: read anywhere in few requests and little memory, and never a mixture of two films."""

import io
import random

import pytest

from mien.errors import FilmError, InvalidS3ObjectError
from mien.image.source import ObjectChangedError
from mien.video import object_file
from mien.video.object_file import CHANGED, PAUSES, UNREADABLE, ObjectFile

DATA = random.Random(3).randbytes(1000)
BLOCK = 64


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(object_file, "BLOCK", BLOCK)


class Bucket:
    """Gives parts of DATA, after some failures."""

    def __init__(self, *failures: type[Exception]) -> None:
        self.failures, self.asked, self.pauses = list(failures), list[tuple[int, int]](), list[float]()

    def part(self, first: int, size: int) -> bytes:
        self.asked.append((first, size))
        if self.failures:
            raise self.failures.pop(0)
        return DATA[first : first + size]

    def file(self) -> ObjectFile:
        return ObjectFile(self.part, len(DATA), self.pauses.append)


def test_it_reads_as_the_bytes_do(seed: int) -> None:
    bucket = Bucket()
    file, plain = io.BufferedReader(bucket.file(), 100), io.BytesIO(DATA)
    for _ in range(300):
        place, size = random.randrange(1100), random.randrange(300)
        assert file.seek(place) == plain.seek(place)
        assert file.read(size) == plain.read(size)
        assert file.tell() == plain.tell()
    assert file.seek(-10, io.SEEK_END) == 990
    assert file.read() == DATA[-10:]


def test_a_film_read_through_is_asked_for_once_and_little_is_held() -> None:
    bucket = Bucket()
    file = bucket.file()
    found = b""
    while part := file.read(50):
        found += part
    assert found == DATA
    assert bucket.asked == [(first, min(BLOCK, 1000 - first)) for first in range(0, 1000, BLOCK)]
    assert len(file._blocks) == object_file.HELD


def test_a_part_is_asked_for_again_after_pauses() -> None:
    bucket = Bucket(InvalidS3ObjectError, InvalidS3ObjectError)
    assert bucket.file().read(10) == DATA[:10]
    assert bucket.pauses == list(PAUSES[:2])


@pytest.mark.parametrize(
    ("failures", "sentence", "asked"),
    [([InvalidS3ObjectError] * 20, UNREADABLE, len(PAUSES) + 1), ([ObjectChangedError], CHANGED, 1)],
)
def test_what_cannot_be_read_is_said_in_a_sentence(failures: list[type[Exception]], sentence: str, asked: int) -> None:
    bucket = Bucket(*failures)
    file = bucket.file()
    with pytest.raises(FilmError, match=sentence[:30]):
        file.read(10)
    assert str(file.fault) == sentence
    assert len(bucket.asked) == asked
