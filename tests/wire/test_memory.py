"""No request takes 200 MB, whatever its image: measured over HTTP by the memory of a real server's process."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from benchmarks import pictures
from benchmarks.calls import KINDS, Warm
from mien import config
from mien.errors import SetupError
from mien.measure.speed.sample_photos import AREAS, jpeg
from mien.measure.speed.server_process import ServerProcess

BAR = 200.0  # megabytes
SEEN = 50.0  # megabytes that a crowd takes at the least, or what is measured here is not what it takes
SIZES = ("240p JPEG", "12 MP JPEG", "50 MP JPEG")


@pytest.fixture(scope="module")
def usual() -> dict[str, bytes]:
    try:
        return pictures.usual()
    except SetupError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def warm(packs: str, usual: dict[str, bytes]) -> Iterator[Warm]:
    """Starts a server with default settings that has answered a small request of every kind."""
    if not Path("/proc/self/clear_refs").exists():
        pytest.skip("the system does not say in /proc how much memory a process held at most")
    with ServerProcess(config.load({"packs": packs}, {}), cached=True) as server:
        yield Warm(server, usual["240p JPEG"])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("size", SIZES)
def test_a_photograph(warm: Warm, usual: dict[str, bytes], size: str, kind: str) -> None:
    grown = warm.grown_rested(kind, usual[size], BAR)
    assert grown < BAR


@pytest.fixture(scope="module")
def crowd() -> bytes:
    """Returns a rotated image with many faces, each too small to be cropped at a reduced scale."""
    many = pictures.enlarged(pictures.crowd(pictures.portrait()), AREAS["50 MP"])
    return pictures.turned(jpeg(np.rot90(many).copy()))


@pytest.mark.parametrize("kind", KINDS)
def test_a_crowd(warm: Warm, crowd: bytes, kind: str) -> None:
    grown = warm.grown_rested(kind, crowd, BAR)
    assert SEEN < grown < BAR


@pytest.fixture(scope="module")
def largest() -> bytes:
    """Returns a PNG of 100 megapixels."""
    return pictures.checked("the PNG", pictures.png(pictures.repeated(pictures.crowd(pictures.portrait()))))


@pytest.mark.parametrize("kind", KINDS)
def test_the_largest_png(warm: Warm, largest: bytes, kind: str) -> None:
    grown = warm.grown_rested(kind, largest, BAR)
    assert grown < BAR


def test_the_deepest_png(warm: Warm) -> None:
    """A PNG with 16 bits, transparency and seven passes, which would take 800 MB decoded at once."""
    small = pictures.repeated(pictures.portrait(), 200)
    data = pictures.png(pictures.repeated(small), deep=True, interlaced=True)
    grown = warm.grown_rested("DetectFaces", pictures.checked("the PNG", data), BAR)
    assert grown < BAR
