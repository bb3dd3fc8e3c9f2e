"""A request that stores nothing writes nothing: no image, no part of one and no embedding reaches a disk.

Two observations prove it: the kernel's count of bytes written by the process, which includes files that were deleted at
once, and the files in every folder that the process knows.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from benchmarks import pictures
from benchmarks.calls import KINDS, associated, body, prepared
from mien.measure.speed.sample_photos import jpeg
from tests import live, photos
from tests.live import Live

PICTURES: dict[str, Callable[[], bytes]] = {
    "photograph": lambda: photos.hopper().data,
    "12 MP JPEG": lambda: jpeg(pictures.enlarged(pictures.portrait(), 12_000_000)),
    "36 MP JPEG of a crowd": lambda: jpeg(pictures.enlarged(pictures.crowd(pictures.portrait()), 36_000_000)),
    "36 MP PNG of a crowd": lambda: pictures.png(pictures.repeated(pictures.crowd(pictures.portrait()), 6000)),
}


@dataclass(frozen=True, slots=True)
class Watched:
    """A server, and the folder with its data, temporary files, cache and home."""

    server: Live
    folder: Path

    def written(self) -> int:
        """Returns the bytes that the process has written to a disk."""
        said = Path(f"/proc/{self.server.process.pid}/io").read_text()
        found = re.search(r"^write_bytes: (\d+)$", said, re.MULTILINE)
        assert found
        return int(found[1])

    def files(self) -> dict[str, tuple[int, int, int]]:
        """Returns inode, size and modification time of every file and folder."""
        states = {str(path): path.lstat() for path in self.folder.rglob("*")}
        return {path: (state.st_ino, state.st_size, state.st_mtime_ns) for path, state in states.items()}

    def call(self, operation: str, sent: bytes) -> bytes:
        answer = self.server.post(operation, sent)
        assert answer.status == 200, answer.body
        return answer.body


@pytest.fixture(scope="module")
def watched(packs: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    """Starts a server that logs only errors, since its log is a file."""
    if not Path("/proc/self/io").exists():
        pytest.skip("the system does not say in /proc what a process wrote")
    folder = tmp_path_factory.mktemp("watched")
    places = {name: folder / name.lower() for name in ("TMPDIR", "HOME", "XDG_CACHE_HOME", "SQLITE_TMPDIR")}
    for place in places.values():
        place.mkdir()
    variables = {name: str(place) for name, place in places.items()}
    server = live.serve(packs, folder / "data", "--log-level", "error", files=None, **variables)
    made = Watched(server, folder)
    try:
        answers = [made.call(*each) for each in prepared(photos.hopper().data)]
        made.call("AssociateFaces", associated(answers[2]))
        yield made
    finally:
        server.stop()


@pytest.fixture(scope="module")
def seen(watched: Watched) -> Watched:
    """Returns the watched server; skips where its writes cannot be counted."""
    written, files = watched.written(), watched.files()
    watched.call("IndexFaces", body("IndexFaces", photos.astronaut().data))
    assert watched.files() != files
    if watched.written() == written:
        pytest.skip("the file system of the tests' folder does not count what is written to it")
    return watched


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "IndexFaces"])
@pytest.mark.parametrize("name", PICTURES)
def test_a_request_that_stores_nothing_writes_nothing(seen: Watched, name: str, kind: str) -> None:
    sent = body(kind, PICTURES[name]())
    written, files = seen.written(), seen.files()
    seen.call(kind, sent)
    assert seen.written() == written
    assert seen.files() == files


def test_a_request_that_is_refused_writes_nothing(seen: Watched) -> None:
    """Half an image, and an image without a face."""
    half, nobody = photos.hopper().data[:20_000], photos.nobody()
    written, files = seen.written(), seen.files()
    for kind in ("DetectFaces", "CompareFaces", "SearchFacesByImage"):
        assert seen.server.post(kind, body(kind, half)).status == 400
    assert seen.server.post("SearchFacesByImage", body("SearchFacesByImage", nobody)).status == 400
    assert seen.written() == written
    assert seen.files() == files


def test_what_is_stored_of_a_picture_is_less_than_the_picture(seen: Watched) -> None:
    sent = body("IndexFaces", PICTURES["12 MP JPEG"]())
    written = seen.written()
    seen.call("IndexFaces", sent)
    assert 0 < seen.written() - written < len(sent) // 4
