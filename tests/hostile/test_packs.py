"""A pack from elsewhere is data: no command executes it, reads outside its folder, or exhausts memory for it.

Seen: a `pack.toml` with its own digests and `reader = "mtcnn-proposal"` had `joblib.load` run its command at import,
at add and at `doctor --pack`.
"""

import hashlib
import os
import pickle
import subprocess
from collections.abc import Callable
from pathlib import Path

import lz4.frame
import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from mien.packs.readers import arrays
from tests import networks
from tests.live import command, environment

DIMENSION = 16
MANIFEST = """
name = "theirs"
title = "a pack from elsewhere"
calibration = [[0.1, 0.1], [0.01, 0.2], [0.001, 0.3]]
{more}
[license]
name = "MIT"
address = "https://example.org"
commercial = true
weights = "w"
training_data = "t"

[[files]]
name = "embedder.onnx"
bring = true
sha256 = "{embedder}"

[[files]]
name = "{detector}"
bring = true
sha256 = "{digest}"
reader = "{reader}"

[detector]
kind = "canvas"
file = "{detector}"
head = "scrfd"
wide = 320
narrow = 320
color = "RGB"
least_score = 0.5
most_overlap = 0.4

[embedder]
file = "embedder.onnx"
size = 112
dimension = 16
color = "RGB"
mirror = false
points = [[0.3, 0.4], [0.6, 0.4], [0.5, 0.6], [0.4, 0.8], [0.6, 0.8]]
"""


class Command:
    """Runs a command when it is unpickled."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[Callable[[str], int], tuple[str]]:
        return os.system, (f"touch {self.marker}",)


def described(folder: Path, detector: str, reader: str = "", more: str = "") -> None:
    """Writes the manifest of the two files in a folder, with their true digests."""
    digests = [hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in ("embedder.onnx", detector)]
    text = MANIFEST.format(embedder=digests[0], digest=digests[1], detector=detector, reader=reader, more=more)
    (folder / "pack.toml").write_text(text)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Creates a folder that `mien packs import` accepts except for its manifest, beside a cache."""
    made = tmp_path / "theirs"
    made.mkdir()
    networks.embedder(made / "embedder.onnx", 112, DIMENSION)
    networks.scrfd(made / "detector.onnx")
    return made


def mien(folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Runs a command in limited memory, so that a bomb kills the command and not the machine."""
    limited = ["sh", "-c", 'ulimit -v 12000000; exec "$@"', "sh", *command(*arguments)]
    variables = environment(
        XDG_CACHE_HOME=str(folder.parent / "cache"), MIEN_THREADS="1", MIEN_DATA=str(folder.parent / "data")
    )
    return subprocess.run(
        limited, capture_output=True, text=True, timeout=60, check=False, env=variables, cwd=folder.parent
    )


def refused(ran: "subprocess.CompletedProcess[str]") -> str:
    """Returns the one sentence of a command that refused."""
    assert ran.returncode == 1, ran.stdout + ran.stderr
    said = ran.stderr.strip()
    assert said.count("\n") == 0, said
    return said


def kept(folder: Path) -> list[str]:
    """Returns the pack's files in the cache."""
    return sorted(path.name for path in (folder.parent / "cache" / "mien").rglob("*") if path.is_file())


def test_a_pack_of_good_networks_is_taken_in_and_answers(folder: Path) -> None:
    """The unmodified pack is accepted, so that each refusal below has its own reason."""
    described(folder, "detector.onnx")
    ran = mien(folder, "packs", "add", str(folder / "pack.toml"))
    assert ran.returncode == 0, ran.stderr
    assert "works and is added" in ran.stdout


@pytest.mark.parametrize("reader", ["mtcnn-proposal", "mtcnn-refinement", "mtcnn-output"])
def test_no_command_of_a_pack_is_run(folder: Path, reader: str) -> None:
    marker = folder.parent / "ran"
    content = pickle.dumps([np.zeros(3, np.float32), Command(marker)])
    (folder / "weights.lz4").write_bytes(lz4.frame.compress(content))
    described(folder, "weights.lz4", reader, "tried = false")
    assert "cannot be loaded: the file holds more than arrays" in refused(
        mien(folder, "packs", "add", str(folder / "pack.toml"))
    )
    assert kept(folder) == []
    if reader != "mtcnn-proposal":
        assert not marker.exists()
        return
    assert mien(folder, "packs", "import", str(folder)).returncode == 0  # files as they should be; nothing is opened
    for arguments in (
        ("packs", "verify", "theirs"),
        ("packs", "checks", "--pack", "theirs"),
        ("serve", "--pack", "theirs", "--port", "0"),
    ):
        assert "cannot be loaded: the file holds more than arrays" in refused(mien(folder, *arguments))
    assert "cannot be loaded: the file holds more than arrays" in mien(folder, "doctor", "--pack", "theirs").stdout
    assert not marker.exists()


def bomb(count: int) -> bytes:
    """Returns a network whose middle layer has that many numbers."""
    sides = numpy_helper.from_array(np.array([1, count], np.int64), "sides")
    entry = helper.make_tensor_value_info("input", TensorProto.FLOAT, [1, 3, 112, 112])
    end = helper.make_tensor_value_info("embedding", TensorProto.FLOAT, [1, 1])
    nodes = [
        helper.make_node("ReduceMean", ["input"], ["mean"], axes=[1, 2, 3], keepdims=0),
        helper.make_node("ConstantOfShape", ["sides"], ["wide"]),
        helper.make_node("Add", ["wide", "mean"], ["sum"]),
        helper.make_node("ReduceMax", ["sum"], ["embedding"], axes=[1], keepdims=1),
    ]
    graph = helper.make_graph(nodes, "bomb", [entry], [end], [sides])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    return bytes(model.SerializeToString())


@pytest.mark.parametrize("engine", ["openvino", "onnx"])
def test_a_small_network_that_asks_for_a_lot_of_memory_is_refused(folder: Path, engine: str) -> None:
    (folder / "embedder.onnx").write_bytes(bomb(10**11))
    described(folder, "detector.onnx")
    said = refused(mien(folder, "packs", "add", str(folder / "pack.toml"), "--engine", engine))
    assert "numbers, and at most 1e+09 are allowed" in said
    assert kept(folder) == []


@pytest.mark.parametrize("location", ["weights.bin", "../secret", "/etc/passwd", ""])
@pytest.mark.parametrize("engine", ["openvino", "onnx"])
def test_weights_in_a_file_without_a_digest_are_refused(folder: Path, location: str, engine: str) -> None:
    model = onnx.load(str(folder / "embedder.onnx"))
    weight = model.graph.initializer[0]
    for place in (folder / "weights.bin", folder.parent / "secret"):
        place.write_bytes(weight.raw_data)
    weight.ClearField("raw_data")
    weight.data_location = TensorProto.EXTERNAL
    entry = weight.external_data.add()
    entry.key, entry.value = "location", location
    (folder / "embedder.onnx").write_bytes(model.SerializeToString())
    described(folder, "detector.onnx")
    assert "has weights in another file" in refused(
        mien(folder, "packs", "add", str(folder / "pack.toml"), "--engine", engine)
    )
    assert "has weights in another file" in refused(mien(folder, "packs", "import", str(folder)))
    assert kept(folder) == []


def test_of_several_packs_none_is_taken_in_when_one_is_refused(folder: Path) -> None:
    described(folder, "detector.onnx")
    stick = folder.parent / "stick"
    for name in ("a", "b"):
        (stick / name).mkdir(parents=True)
        for file in folder.iterdir():
            (stick / name / file.name).write_bytes(file.read_bytes())
    (stick / "b" / "detector.onnx").write_bytes(b"damaged")
    assert "was damaged on the way" in refused(mien(folder, "packs", "import", str(stick)))
    assert kept(folder) == []


@pytest.mark.parametrize(
    "content",
    [
        b"", pickle.dumps(np.zeros(3)), pickle.dumps("a word"),
        b"\x80\x04(K\xffM\xff\xffJ\xff\xff\xff\x7ft}(\x8c\x05shapeK\x01ub\x00", b"\x80\x04(K\x00t}(K\x01K\x01ub\x00",
        b"cos\nsystem\n(S'true'\ntR.", b"\x80\x04\x8d\xff\xff\xff\xff\xff\xff\xff\x7f", b"I" + b"9" * 9000 + b"\n",
    ],
)  # fmt: skip
def test_what_is_no_list_of_arrays_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "file").write_bytes(lz4.frame.compress(content))
    with pytest.raises(ValueError):
        list(arrays.read(tmp_path / "file"))


def test_an_archive_that_inflates_without_end_is_stopped(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(lz4.frame.compress(bytes(200 << 20)))
    with pytest.raises(ValueError, match="holds more than 64 MiB"):
        list(arrays.read(tmp_path / "file"))
