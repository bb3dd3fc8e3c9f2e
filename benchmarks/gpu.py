"""A GPU beside the processor: every network by itself, and whole servers under many clients.

    python -m benchmarks.gpu write FOLDER [PACK …]        networks as ONNX, with the answers that OpenVINO gives
    python -m benchmarks.gpu networks FOLDER [--device cuda] [--seconds 1]
    MIEN_PACKS=… python -m benchmarks.gpu serve [PACK …] [--device cuda] [--clients 64] [--seconds 3]
                                                          [--images FOLDER]

`networks` needs the repository, NumPy, onnx and onnxruntime-gpu, and no OpenVINO: the folder that `write` made brings
the networks along. It adds one of generated weights, shaped as ResNet-100 at 112 × 112. For each network it gives the
images a second on the processor and on the device by the size of a call, what a call of one takes, what 64 threads get
whose calls go together, and how far the answers are from OpenVINO's. `serve` needs all of mien; it calls a server of
each engine in turns; the pack `large` has that generated network. Where the device cannot be used, either says why and
stops.
"""

import argparse
import json
import os
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from mien.engine import card
from mien.engine.cores import Cores
from mien.engine.onnx import OnnxSession
from mien.engine.session import Graph, Outputs, Pixels, waves
from mien.errors import SetupError

SIZES = (1, 4, 16, 32)
THREADS = 64
LARGE = "resnet100.onnx"
PACKS = ("duo", "attributes")
PACK = """
name = "large"
title = "YuNet-n and a network of generated weights"
calibration = [[0.1, 0.2], [0.01, 0.3], [0.001, 0.4], [0.0001, 0.5], [0.00001, 0.6], [0.000001, 0.7]]  # to serve at all
[license]
name = "CC0-1.0"
address = "https://creativecommons.org/publicdomain/zero/1.0/"
commercial = true
weights = "random numbers"
training_data = "none"
[[files]]
name = "yunet_n_640_640.onnx"
url = "https://raw.githubusercontent.com/ShiqiYu/libfacedetection.train/0047ac24afb1a50a0c6105001c89d1b5b805dbf1/onnx/yunet_n_640_640.onnx"
sha256 = "25a606a145a5b6d7271ae138fbd00eba91dad8b83222ae3f2c7ecd0f4a7b0e31"
[[files]]
name = "resnet100.onnx"
bring = true
[detector]
kind = "canvas"
file = "yunet_n_640_640.onnx"
head = "yunet"
wide = 640
narrow = 320
color = "BGR"
least_score = 0.6
most_overlap = 0.4
[embedder]
file = "resnet100.onnx"
size = 112
dimension = 512
color = "RGB"
mean = [127.5, 127.5, 127.5]
scale = [127.5, 127.5, 127.5]
mirror = false
points = [[0.3419, 0.4616], [0.6565, 0.4598], [0.5002, 0.6405], [0.3710, 0.8247], [0.6315, 0.8233]]
"""


def write(folder: Path, packs: list[str]) -> None:
    """Writes the networks of packs as plain ONNX, and what OpenVINO answers for a known input in f32."""
    import onnx  # noqa: PLC0415

    from mien.engine.exported import exported  # noqa: PLC0415  needs OpenVINO
    from mien.engine.openvino import OpenVinoSession  # noqa: PLC0415
    from mien.packs import install, kinds, load  # noqa: PLC0415

    folder.mkdir(parents=True, exist_ok=True)
    described: list[dict[str, Any]] = []
    answers: dict[str, np.ndarray] = {}

    def take(graph: Graph, cores: Cores) -> OpenVinoSession:
        found = graph.read(graph.file) if graph.read else None
        if found is None and graph.file.suffix == ".onnx":
            found = graph.file.read_bytes()
        name = f"{graph.file.stem}-{graph.height}"
        session = OpenVinoSession(graph, cores, "f32")
        if all(each["name"] != name for each in described):
            content = found if isinstance(found, bytes) else exported(found, graph)
            onnx.save(onnx.load_from_string(content), str(folder / f"{name}.onnx"))
            row = {"name": name, "height": graph.height, "width": graph.width, "color": graph.color}
            described.append(row | {"mean": graph.mean, "scale": graph.scale, "batch": graph.batch})
            for output, values in session.run(waves(*session.shape)[None]).items():
                answers[f"{name}:{output}"] = values
        return session

    for pack in packs:
        entry = kinds.mine()[pack]
        files = install.install(entry, os.environ.get("MIEN_PACKS", ""))
        compiling = load.Networks(entry, files, Cores(1), take)
        if hasattr(entry, "inputs"):
            for each in entry.inputs.values():
                compiling.compile(each.file, (each.size, each.size), (each.color, each.mean, each.scale))
        else:
            load.load(entry, files, Cores(1), take)
    (folder / "networks.json").write_text(json.dumps(described, indent=1))
    np.savez(folder / "answers.npz", **answers)
    print(f"{len(described)} networks are in {folder}: {sum(f.stat().st_size for f in folder.iterdir()) / 1e6:.0f} MB")


def large(file: Path) -> Path:
    """Writes a network of generated weights as large as ArcFace's ResNet-100: 65 million, 24 GFLOP an input."""
    import onnx  # noqa: PLC0415
    from onnx import TensorProto, helper, numpy_helper  # noqa: PLC0415

    random, nodes, weights = np.random.default_rng(100), [], []

    def add(kind: str, *inputs: str | np.ndarray, **options: Any) -> str:
        names = []
        for each in inputs:
            if not isinstance(each, str):
                weights.append(numpy_helper.from_array(np.asarray(each, np.float32), f"w{len(weights)}"))
            names.append(each if isinstance(each, str) else weights[-1].name)
        nodes.append(helper.make_node(kind, names, [f"n{len(nodes)}"], **options))
        return nodes[-1].output[0]

    def convolved(node: str, shape: tuple[int, int, int], stride: int, gain: float) -> str:
        side = shape[2]
        filters = random.normal(0, gain / np.sqrt(shape[1] * side * side), (*shape, side))
        return add("Conv", node, filters, strides=[stride] * 2, pads=[side // 2] * 4)

    node, channels = convolved("input", (64, 3, 3), 1, 1.4), 64
    for depth, blocks in zip((64, 128, 256, 512), (3, 13, 30, 3), strict=True):
        for block in range(blocks):
            stride = 2 if block == 0 else 1
            inner = add("PRelu", convolved(node, (depth, channels, 3), 1, 1.4), np.full((depth, 1, 1), 0.25))
            inner = convolved(inner, (depth, depth, 3), stride, 0.2)  # small, so that f16 holds the sum of 49 blocks
            beside = convolved(node, (depth, channels, 1), stride, 1.0) if block == 0 else node
            node, channels = add("Add", inner, beside), depth
    flat = add("Flatten", node, axis=1)
    add("MatMul", flat, random.normal(0, 1 / np.sqrt(512 * 49), (512 * 49, 512)))
    nodes[-1].output[0] = "embedding"
    entry = helper.make_tensor_value_info("input", TensorProto.FLOAT, ["N", 3, 112, 112])
    answer = helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["N", 512])
    made = helper.make_graph(nodes, "large", [entry], [answer], weights)
    onnx.save(helper.make_model(made, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), str(file))
    return file


def graphs(folder: Path) -> Iterator[tuple[str, Graph]]:
    for row in json.loads((folder / "networks.json").read_text()):
        name = row.pop("name")
        row["mean"], row["scale"] = tuple(row["mean"]), tuple(row["scale"])
        yield name, Graph(folder / f"{name}.onnx", **row)
    file = folder / LARGE
    yield (
        "resnet100-112",
        Graph(file if file.is_file() else large(file), 112, 112, mean=(127.5,) * 3, scale=(127.5,) * 3),
    )


def rate(session: OnnxSession, inputs: Pixels, seconds: float) -> float:
    """Inputs a second: the median over calls with them all, after one that warms up."""
    session.run(inputs)
    took, until = [], time.perf_counter() + seconds
    while not took or time.perf_counter() < until:
        began = time.perf_counter()
        session.run(inputs)
        took.append(time.perf_counter() - began)
    return len(inputs) / median(took)


def crowded(session: OnnxSession, cores: Cores, inputs: Pixels, seconds: float) -> float:
    """Inputs a second of many threads that each run one input after the other."""
    done, began = [0] * THREADS, time.perf_counter()

    def work(number: int) -> None:
        while time.perf_counter() < began + seconds:
            with cores.at_work():
                session.run(inputs[number % len(inputs)][None])
            done[number] += 1

    threads = [threading.Thread(target=work, args=(number,)) for number in range(THREADS)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    return sum(done) / (time.perf_counter() - began)


def apart(found: Outputs, stored: dict[str, np.ndarray]) -> str:
    """The largest difference of a value from the stored one, as a share of the output's largest, or of 1."""
    if not stored:
        return "-"
    shares = [np.abs(found[name] - each).max() / max(1.0, np.abs(each).max()) for name, each in stored.items()]
    return f"{max(shares):.1e}"


def networks(folder: Path, device: str, seconds: float) -> None:
    count = len(os.sched_getaffinity(0))
    stored = np.load(folder / "answers.npz")
    print(f"card: {card.describe() or 'none'}; {count} cores; images a second\n")
    heads = [*(f"{size} a call" for size in SIZES), f"{THREADS} threads", "ms a call of 1", "from OpenVINO"]
    print("| network | device | precision | " + " | ".join(heads) + " |")
    print("|---" * (3 + len(heads)) + "|")
    for name, graph in graphs(folder):
        answers = {key.split(":")[1]: stored[key] for key in stored.files if key.startswith(f"{name}:")}
        for place, precision in (("cpu", "f32"), (device, "f32"), (device, "f16")):
            cores = Cores(count)
            session = OnnxSession(graph, cores, place, precision, together=SIZES[-1])
            most = session.describe().together
            inputs = np.random.default_rng(1).integers(0, 256, (SIZES[-1], *session.shape)).astype(np.uint8)
            rates = [rate(session, inputs[:size], seconds) if size <= most else None for size in SIZES]
            known = session.run(waves(*session.shape)[None])
            cells = [*("-" if each is None else f"{each:,.0f}" for each in rates)]
            cells += [f"{crowded(session, cores, inputs, seconds):,.0f}", f"{1e3 / (rates[0] or 1):.2f}"]
            print(
                f"| {name} | {place} | {precision} | " + " | ".join([*cells, apart(known, answers)]) + " |", flush=True
            )


def add_large(place: Path) -> None:
    """Adds the pack `large` to a cache of its own, which the servers inherit."""
    from mien import config  # noqa: PLC0415
    from mien.engine.choice import engine  # noqa: PLC0415
    from mien.packs import own  # noqa: PLC0415

    os.environ["XDG_CACHE_HOME"] = str(place)
    large(place / LARGE)
    (place / "large.toml").write_text(PACK)
    settings = config.load({"precision": "f32"}, dict(os.environ))
    own.add(place / "large.toml", settings.packs, engine(settings))


def serve(place: Path, given: argparse.Namespace) -> None:
    """Calls a server of each engine in turns, as `mien bench --workers` does with servers of so many workers."""
    from mien import app, config  # noqa: PLC0415
    from mien.measure.speed import floor  # noqa: PLC0415
    from mien.measure.speed.http_client import bodies  # noqa: PLC0415
    from mien.measure.speed.load_generator import LoadGenerator  # noqa: PLC0415
    from mien.measure.speed.request_bench import FILLED, SEARCHED, fill  # noqa: PLC0415
    from mien.measure.speed.sample_photos import photos  # noqa: PLC0415
    from mien.measure.speed.server_process import ServerProcess  # noqa: PLC0415

    packs = given.names or ["retail", "duo", "large"]
    device, clients = given.device, given.clients
    if "large" in packs:
        add_large(place)
    cores = len(os.sched_getaffinity(0))
    print(f"card: {card.describe() or 'none'}; {cores} cores; {clients} clients; images a second")
    for pack in packs:
        base = {"pack": pack, "packs": os.environ.get("MIEN_PACKS", "")}
        kinds = [("openvino", "cpu", {}), ("onnx", device, {"engine": "onnx", "device": device})]
        chosen = [(name, where, config.load(base | more, {})) for name, where, more in kinds]
        opened = app.open_pack(chosen[0][2])
        meshes = floor.Meshes(chosen[0][2], opened.pipeline.cores)
        recorded = [floor.record(opened, photo, meshes) for photo in photos(given.images, ("240p", "1080p"))]
        taken = [image for image in recorded if image.faces][:2]
        with ExitStack() as until:
            servers = []
            for name, where, settings in chosen:
                server = until.enter_context(ServerProcess(settings))
                generator = LoadGenerator(server.host, server.port, clients)
                until.callback(generator.close)
                fill(generator, taken)
                servers.append((f"{name} on {where}", generator))
            print(
                f"\n| {pack} | " + " | ".join(name for name, _ in servers) + " |\n" + "|---" * (1 + len(servers)) + "|"
            )
            for image in taken:
                for operation in ("DetectFaces", "IndexFaces", "SearchFacesByImage"):
                    body = bodies(operation, image.photo.data, FILLED if operation == "IndexFaces" else SEARCHED)
                    rates: list[list[float]] = [[] for _ in servers]
                    for _ in range(max(3, round(given.seconds))):
                        for (_, generator), seen in zip(servers, rates, strict=True):
                            called = generator.call(operation, body, 1.0)
                            seen.append(called.answered / called.wall)
                    cells = " | ".join(f"{median(seen):,.1f}" for seen in rates)
                    print(f"| {operation}, {image.photo.name} | {cells} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", choices=("write", "networks", "serve"))
    parser.add_argument("names", nargs="*")
    parser.add_argument("--device", default="cuda", choices=("cuda", "cpu"))
    parser.add_argument("--clients", type=int, default=64)
    parser.add_argument("--seconds", type=float, default=1.0)
    parser.add_argument("--images", help="a folder of photographs; those of development packages without")
    given = parser.parse_args()
    try:
        if given.part == "write":
            write(Path(given.names[0]), given.names[1:] or list(PACKS))
        elif given.part == "networks":
            networks(Path(given.names[0]), given.device, given.seconds)
        else:
            with tempfile.TemporaryDirectory(prefix="mien-gpu-") as place:
                serve(Path(place), given)
    except SetupError as error:
        sys.exit(f"benchmarks.gpu: {error}")


if __name__ == "__main__":
    main()
