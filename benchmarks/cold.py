"""How soon after its start a server answers, and how much memory it holds: an empty store, the pack on disk.

    python benchmarks/cold.py [--turns 7] [--images FOLDER] [--dropped] [--json FILE]

Every turn starts `mien serve` as a user starts it and, as the floor, a process that only imports NumPy, OpenCV and
OpenVINO, and one that also compiles the pack's networks, one after the other, and runs each once. Printed are medians.
Files are in the system's cache; `--dropped` has the system drop what it caches before each process (root, Linux).
"""

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mien.bench.client import Client, bodies
from mien.bench.photos import Photo, photos
from mien.config import Settings, load
from mien.packs import install, own

MIXED, CLIENTS = 200, 4  # image requests after the first, and how many clients share them
OPERATIONS = ("DetectFaces", "IndexFaces", "SearchFacesByImage", "CompareFaces")
IMPORT = "import numpy, cv2, openvino"
COMPILE = """
import sys, numpy, openvino
core, kept, count = openvino.Core(), [], int(sys.argv[1])
options = {"NUM_STREAMS": count, "INFERENCE_NUM_THREADS": count, "PERFORMANCE_HINT_NUM_REQUESTS": count}
for file, side in zip(sys.argv[2::2], map(int, sys.argv[3::2])):
    model = core.read_model(file)
    model.reshape([1, 3, side, side])
    kept.append(core.compile_model(model, "CPU", options))
    kept[-1](numpy.zeros((1, 3, side, side), numpy.float32))
"""
Figures = dict[str, float]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--turns", type=int, default=7)
    parser.add_argument("--images", metavar="FOLDER", help="photographs to send (default: those of mien bench)")
    parser.add_argument("--dropped", action="store_true", help="drop the system's cache of files before each process")
    parser.add_argument("--json", metavar="FILE", help="also write every turn's figures to FILE")
    given = parser.parse_args()
    settings, taken = load({}, os.environ), photos(given.images)
    turns = [turn(settings, taken, given.dropped) for _ in range(given.turns)]
    print(f"{'':52} {'median':>8} {'least':>8} {'most':>8}")
    for what in turns[0]:
        values = [each[what] for each in turns]
        print(f"{what:52} {statistics.median(values):8,.2f} {min(values):8,.2f} {max(values):8,.2f}")
    if given.json:
        Path(given.json).write_text(json.dumps(turns, indent=2))


def turn(settings: Settings, taken: list[Photo], dropped: bool) -> Figures:
    """Each floor once, and one server from its start to its end."""
    figures = {}
    for name, arguments in floors(settings).items():
        if dropped:
            drop()
        started = time.perf_counter()
        subprocess.run([sys.executable, *arguments], check=True)
        figures[f"floor, {name}: s"] = time.perf_counter() - started
    if dropped:
        drop()
    return figures | start(taken)


def floors(settings: Settings) -> dict[str, list[str]]:
    """Name → the interpreter's arguments."""
    pack = own.named(settings.pack, settings.packs)
    files, wanted = install.install(pack, settings.packs), pack.embedder
    networks: list[str] = []
    spec = pack.detector
    names = {spec.file: (spec.wide, spec.narrow)} if hasattr(spec, "file") else {}
    for file, sides in (names | {wanted.file: (wanted.size,)}).items():
        for side in sides:
            networks += [str(files[file]), str(side)]
    return {
        "an empty program": ["-c", "pass"],
        "imports": ["-c", IMPORT],
        "imports, networks compiled and run": ["-c", f"{IMPORT}\n{COMPILE}", str(settings.cores), *networks],
    }


def drop() -> None:
    """Have the system drop every file it caches."""
    os.sync()
    Path("/proc/sys/vm/drop_caches").write_text("3")


def start(taken: list[Photo]) -> Figures:
    """Seconds since the start until a server listens and has answered, and megabytes it holds at each of these."""
    first = next(photo for photo in taken if "1080p" in photo.name)
    detect, index = bodies("DetectFaces", first.data, "")(), bodies("IndexFaces", first.data, "people")()
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        with serving(folder) as (server, port):
            figures = {"listening: s": time.perf_counter() - began} | memory(server, "listening")
            client = Client("127.0.0.1", port)
            client.call("DetectFaces", detect)
            figures |= {"first DetectFaces answered: s": time.perf_counter() - began}
            figures |= memory(server, "first DetectFaces answered")
            client.call("CreateCollection", b'{"CollectionId": "people"}')
            client.call("IndexFaces", index)
            figures |= {"first IndexFaces answered: s": time.perf_counter() - began}
            client.close()
            mixed(port, taken)
            figures |= memory(server, f"{MIXED} image requests later")
            return figures | {"most ever: MB": figure(server, "status", "VmHWM")}


@contextmanager
def serving(folder: str) -> Iterator["tuple[subprocess.Popen[str], int]"]:
    """A server on an empty store and a free port, and the port; the settings are the environment's."""
    command = [sys.executable, "-m", "mien", "serve", "--data", f"{folder}/data", "--host", "127.0.0.1", "--port", "0"]
    with (
        (Path(folder) / "log").open("w") as log,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True) as server,
    ):
        assert server.stdout is not None
        try:
            said = server.stdout.readline()
            if "listens on" not in said:
                raise SystemExit((Path(folder) / "log").read_text())
            yield server, int(said.rpartition(":")[2])
        finally:
            server.terminate()


def mixed(port: int, taken: list[Photo]) -> None:
    """Image requests of every kind and size, from several clients."""
    kinds = [(name, bodies(name, photo.data, "people")) for photo in taken for name in OPERATIONS]

    def work(begin: int) -> None:
        client = Client("127.0.0.1", port)
        for number in range(begin, MIXED, CLIENTS):
            name, body = kinds[(number // CLIENTS + number) % len(kinds)]  # no client is left with one operation
            client.call(name, body())
        client.close()

    threads = [threading.Thread(target=work, args=(begin,)) for begin in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def memory(server: "subprocess.Popen[str]", when: str) -> Figures:
    """Resident megabytes in all, and what of them is the process's own rather than a file's."""
    return {
        f"{when}: resident MB": figure(server, "smaps_rollup", "Rss"),
        f"{when}: of it anonymous": figure(server, "smaps_rollup", "Anonymous"),
    }


def figure(server: "subprocess.Popen[str]", file: str, name: str) -> float:
    """A number of kilobytes that the system tells of a process, in megabytes."""
    told = re.search(rf"^{name}:\s+(\d+) kB", Path(f"/proc/{server.pid}/{file}").read_text(), re.MULTILINE)
    assert told is not None
    return int(told[1]) * 1024 / 1e6


if __name__ == "__main__":
    main()
