"""A pack is loaded whole or not at all, and one that answers wrongly does not start."""

from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np
import pytest

from mien.engine.cores import Cores
from mien.engine.session import Graph, Outputs, Pixels, Runtime, Session
from mien.errors import SetupError
from mien.packs import install, load, manifest
from mien.packs.load import Pack

RETAIL = manifest.named("retail")


class Spoiled:
    """A session that runs the network and changes its outputs, as a broken runtime was seen to do."""

    def __init__(self, session: Session, factor: float) -> None:
        self._session = session
        self._factor = np.float32(factor)

    @property
    def shape(self) -> tuple[int, int, int]:
        return self._session.shape

    @property
    def shapes(self) -> Sequence[tuple[int, int, int]]:
        return self._session.shapes

    def describe(self) -> Runtime:
        return self._session.describe()

    def run(self, pixels: Pixels) -> Outputs:
        return {name: value * self._factor for name, value in self._session.run(pixels).items()}

    def release(self) -> None:
        self._session.release()


@pytest.fixture(scope="module")
def files(packs: str) -> dict[str, Path]:
    found = install.find(RETAIL, packs)
    assert found is not None
    return found


def network(graph: Graph) -> str:
    """The name that a pack's network has in its checks."""
    return {640: "wide", 320: "narrow", 128: "small"}[graph.height] if graph.file.suffix == ".onnx" else "embedder"


def test_a_sound_pack_passes_its_check(pack: Pack) -> None:
    pack.check()


@pytest.mark.parametrize("factor", [0.0, np.nan, 1.5, -1.0])
@pytest.mark.parametrize("spoiled", ["wide", "narrow", "small", "embedder"])
def test_a_network_that_answers_wrongly_stops_the_start(
    files: dict[str, Path], pack: Pack, spoiled: str, factor: float
) -> None:
    def compile_graph(graph: Graph, cores: Cores) -> Session:
        session = pack.sessions[network(graph)]
        return Spoiled(session, factor) if network(graph) == spoiled else session

    loaded = load.load(RETAIL, files, Cores(1), compile_graph)
    with pytest.raises(SetupError, match=f"start-up check failed: the {spoiled} network of the pack retail"):
        loaded.check()


def test_a_file_that_is_no_network_is_refused_in_one_sentence(files: dict[str, Path], tmp_path: Path) -> None:
    (name,) = RETAIL.detector.files
    broken = tmp_path / name
    broken.write_bytes(b"no network")
    with pytest.raises(SetupError, match="The pack retail cannot be loaded") as caught:
        load.load(RETAIL, files | {name: broken}, Cores(1))
    assert "\n" not in str(caught.value)


def test_a_calibration_that_falls_is_refused(files: dict[str, Path]) -> None:
    fallen = msgspec.structs.replace(RETAIL, calibration=[(1e-3, 0.5), (1e-4, 0.4)])
    with pytest.raises(SetupError, match="calibration"):
        load.load(fallen, files, Cores(1))
