"""A large network's weights lie in a mapped file: the same answers in less memory."""

import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest

from mien.engine.cores import Cores
from mien.engine.mapped import WORTH
from mien.engine.openvino import OpenVinoSession
from mien.engine.session import Graph
from tests import networks
from tests.live import environment

SIDE, LONG = 112, 4096  # of a network with 26 MB of weights
PIXELS = np.random.default_rng(3).integers(0, 255, (5, SIDE, SIDE, 3)).astype(np.uint8)
GROWTH = """
import sys
from pathlib import Path
import numpy as np, psutil
from mien.engine import mapped
from mien.engine.cores import Cores
from mien.engine.openvino import OpenVinoSession
from mien.engine.session import Graph
from mien.system import heap
heap.narrow(2)
small, large, worth = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
mapped.WORTH = worth
pixels = np.zeros((4, 112, 112, 3), np.uint8)
kept = OpenVinoSession(Graph(small, 112, 112), Cores(2))
kept.run(pixels)
heap.give_back()
before = psutil.Process().memory_info().rss
session = OpenVinoSession(Graph(large, 112, 112), Cores(2))
session.run(pixels)
heap.give_back()
print(psutil.Process().memory_info().rss - before)
"""


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = networks.embedder(tmp_path_factory.mktemp("network") / "large.onnx", SIDE, LONG)
    assert file.stat().st_size > 2 * WORTH
    return file


def answer(file: Path) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    (output,) = OpenVinoSession(Graph(file, SIDE, SIDE), Cores(2)).run(PIXELS).values()
    return output


def test_the_answers_are_the_same_to_the_bit(large: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mapped = answer(large)
    assert np.abs(mapped).max() > 0
    monkeypatch.setattr("mien.engine.mapped.WORTH", 1 << 40)
    np.testing.assert_array_equal(answer(large), mapped)


def test_a_server_without_a_temporary_directory_keeps_the_weights_in_memory(
    large: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mapped = answer(large)

    def refused(*_: object) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr(tempfile, "TemporaryFile", refused)
    np.testing.assert_array_equal(answer(large), mapped)


@pytest.mark.skipif(sys.platform != "linux", reason="resident memory is compared as Linux counts it")
def test_the_weights_as_the_file_has_them_are_not_resident(large: Path, tmp_path: Path) -> None:
    small = networks.embedder(tmp_path / "small.onnx", SIDE, 64)

    def growth(worth: int) -> int:
        ran = subprocess.run(
            [sys.executable, "-c", GROWTH, str(small), str(large), str(worth)],
            capture_output=True, text=True, check=True, env=environment(),
        )  # fmt: skip
        return int(ran.stdout)

    assert growth(WORTH) < growth(1 << 40) - large.stat().st_size // 2
