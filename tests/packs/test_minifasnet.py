"""The reader of the networks that tell a living face executes nothing of a file, and what it builds computes right."""

import random
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from mien.engine.cores import Cores
from mien.engine.onnx import OnnxSession
from mien.engine.openvino import OpenVinoSession
from mien.engine.session import Graph, Pixels, Session
from mien.packs.readers import minifasnet, tensors
from tests.packs import minifasnet as made

ENGINES: dict[str, Callable[[Graph], Session]] = {
    "openvino": lambda graph: OpenVinoSession(graph, Cores(1), "f32"),
    "onnx": lambda graph: OnnxSession(graph, Cores(1), "cpu"),
}
FILES = ("2.7_80x80_MiniFASNetV2.pth", "4_0_0_80x80_MiniFASNetV1SE.pth")


def pictures(count: int) -> Pixels:
    """Pictures RGB of all kinds of detail: waves, noise, a flat ground."""
    rng = np.random.default_rng(3)
    y, x = np.mgrid[:80, :80]
    found = []
    for number in range(count):
        ground = 127 + 60 * np.sin(x / (3.0 + 5 * number) + rng.uniform(0, 6)) + 40 * np.cos(y / (4.0 + 7 * number))
        found.append(ground[..., None] * rng.uniform(0.5, 1, 3) + rng.normal(0, 8 * number, (80, 80, 3)))
    return np.asarray(np.clip(found, 0, 255), np.uint8)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("squeezes", [False, True])
def test_a_network_computes_what_its_layers_say(engine: str, squeezes: bool, tmp_path: Path) -> None:
    file, computed = made.write(tmp_path, 11 + squeezes, squeezes=squeezes)
    session = ENGINES[engine](Graph(file, 80, 80, "BGR", read=minifasnet.read))
    shown = pictures(3)
    found = session.run(shown)["probabilities"]
    expected = np.stack([computed.probabilities(each[:, :, ::-1]) for each in shown])
    assert np.ptp(expected) > 0.1
    assert found == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("name", FILES)
def test_the_publishers_networks_compute_what_their_layers_say(name: str, packs: str) -> None:
    file = Path(packs) / name
    if not file.is_file():
        pytest.skip(f"{name} is not here")
    session = ENGINES["openvino"](Graph(file, 80, 80, "BGR", read=minifasnet.read))
    shown = pictures(2)
    computed = made.Computed(tensors.read(file))
    expected = np.stack([computed.probabilities(each[:, :, ::-1]) for each in shown])
    assert session.run(shown)["probabilities"] == pytest.approx(expected, abs=1e-4)


def read(folder: Path, content: bytes) -> tensors.Tensors:
    file = folder / "given.pth"
    file.write_bytes(content)
    return tensors.read(file)


def test_tensors_come_back_as_they_were_written(tmp_path: Path) -> None:
    given = made.small(5, squeezes=True)
    found = read(tmp_path, made.written(given))
    assert list(found) == list(given)
    for name, each in given.items():
        assert np.array_equal(found[name], each)


FOREIGN = {
    "a call": b"cos\nsystem\n" + made.text("true") + b"\x85R",
    "a call by the stack": made.text("os") + made.text("system") + b"\x93",
    "an object": b"(ios\nsystem\n",
    "an instance": b"ccollections\nOrderedDict\n)\x81",
    "another call of a known name": b"ccollections\nOrderedDict\n" + made.text("x") + b"\x85R",
    "bytes": b"U\x01a",
    "another reference": b"Pname\n",
}


@pytest.mark.parametrize("foreign", FOREIGN.values(), ids=FOREIGN.keys())
def test_what_is_no_tensor_is_refused_and_not_run(foreign: bytes, tmp_path: Path) -> None:
    table = b"\x80\x02}(" + made.text("name") + foreign + b"u."
    with pytest.raises(ValueError, match="holds no tensors that can be read"):
        read(tmp_path, made.HEAD + made.FACTS + table + b"\x80\x02].")


def test_a_tensor_that_reaches_beyond_its_storage_is_refused(tmp_path: Path) -> None:
    content = made.written({"name": np.ones((2, 3), np.float32)})
    for wrong in (
        content.replace(made.whole(2, 3), made.whole(2, 4)),
        content.replace(made.whole(2, 3), made.whole(3, 2)),
        content.replace(made.whole(2, 3), made.whole(-2, 3)),
        content.replace(b"tQ" + made.whole(0), b"tQ" + made.whole(1)),
        content.replace(b"tQ" + made.whole(0), b"tQ" + made.whole(-1)),
        content.replace(struct.pack("<q", 6), struct.pack("<q", 7)),
        content.replace(made.FACTS, made.FACTS.replace(b"\x88u", b"\x89u")),
        content.replace(b"storage", b"memory!"),
        content.replace(made.whole(2, 3), made.text("ab") + made.text("cd")),
    ):
        assert wrong != content
        with pytest.raises(ValueError, match="holds no tensors that can be read"):
            read(tmp_path, wrong)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of damaged escapes in text
def test_a_file_that_is_cut_or_damaged_is_refused_or_read_never_worse(tmp_path: Path) -> None:
    content = made.written({"a": np.ones((2, 3), np.float32), "b": np.zeros(4, np.float32)})
    for end in range(len(content)):
        with pytest.raises(ValueError, match="holds no tensors that can be read"):
            read(tmp_path, content[:end])
    rng = random.Random(8)
    for _ in range(1000):
        damaged = bytearray(content)
        for _ in range(rng.randint(1, 3)):
            damaged[rng.randrange(len(damaged))] = rng.randrange(256)
        try:
            read(tmp_path, bytes(damaged))
        except ValueError:
            continue


def test_deep_nesting_is_read_without_recursion(tmp_path: Path) -> None:
    deep = b")" + b"\x85" * 300_000
    with pytest.raises(ValueError, match="holds no tensors that can be read"):
        read(tmp_path, made.HEAD + made.FACTS + b"\x80\x02}(" + deep + b"Nu." + b"\x80\x02].")


def test_a_network_that_lacks_a_layer_or_has_another_shape_is_refused(tmp_path: Path) -> None:
    whole = made.small(7, squeezes=False)
    for name, wrong in (
        ("module.prob.weight", None),
        ("module.conv_34.project.bn.bias", None),
        ("module.conv1.conv.weight", np.ones((4, 3), np.float32)),
        ("module.conv_23.conv.conv.weight", np.ones((5, 9, 1, 1), np.float32)),
    ):
        given = {each: array for each, array in whole.items() if each != name} | (
            {} if wrong is None else {name: wrong}
        )
        (tmp_path / "wrong.pth").write_bytes(made.written(given))
        with pytest.raises(ValueError, match=r"is missing, or has another shape|layers that do not fit"):
            minifasnet.read(tmp_path / "wrong.pth")
