"""Measures how soon after its start a server answers a search in a large collection, with and without a snapshot.

    python benchmarks/start.py [--faces 1e7] [--folder DIR] [--codes memory|mapped] [--json FILE]

The store is filled (`filled.py`) and a snapshot written. Then `mien serve` starts with a cold file cache and answers a
SearchFaces. The floor is reading the snapshot's bytes.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import boto3
from botocore.config import Config
from filled import ACCOUNT, DIMENSION, fill

from mien import app, config
from mien.serving.current_gallery import GallerySettings
from mien.serving.galleries import Galleries
from mien.store.open import Store


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--faces", type=float, default=1e7)
    parser.add_argument("--folder", help="where to write (default: the folder for temporary files)")
    parser.add_argument("--codes", default="memory", choices=config.CODES)
    parser.add_argument("--json", metavar="FILE", help="also write the figures to FILE as JSON")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=given.folder) as name:
        folder = Path(name)
        store = fill(folder, {"people": int(given.faces)})
        face_id = prepare(store, folder)
        figures = {"faces": given.faces, "snapshot_read_s": floor(folder / "snapshots")}
        figures |= start(folder, face_id, given.codes, "from the snapshot")
        shutil.rmtree(folder / "snapshots")
        figures |= start(folder, face_id, given.codes, "without one")
    for what, value in figures.items():
        print(f"{what:50} {value:,g}")
    if given.json:
        Path(given.json).write_text(json.dumps(figures, indent=2))


def prepare(store: Store, folder: Path) -> str:
    """Assigns the collection to the server's pack and writes its snapshot; returns the id of a face."""
    settings = config.load({}, os.environ)
    contract = app.open_pack(settings).manifest.contract
    store.database.write(lambda cursor: cursor.run("UPDATE collections SET contract = ?", contract))
    found = store.collections.find(ACCOUNT, "people")
    assert found is not None
    face_id = str(store.faces.page(found.key, None, 1)[0].face_id)
    galleries = Galleries(store, GallerySettings(DIMENSION, 2, folder=folder / "snapshots"))
    galleries.faces(found)
    galleries.write_snapshots()
    store.database.close()
    return face_id


def floor(folder: Path) -> float:
    """Returns the seconds of reading the snapshot from the disk."""
    forget(folder)
    started = time.perf_counter()
    for path in folder.rglob("*"):
        if path.is_file():
            with path.open("rb", buffering=0) as file:
                while file.read(1 << 22):
                    pass
    return round(time.perf_counter() - started, 2)


def forget(folder: Path) -> None:
    """Drops the files from the system's cache."""
    for path in folder.rglob("*"):
        if path.is_file():
            with path.open("rb") as file:
                os.fsync(file.fileno())
                os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def start(folder: Path, face_id: str, codes: str, how: str) -> dict[str, float]:
    """Returns the seconds until a server listens and until it has answered a search, and its memory then."""
    forget(folder)
    started = time.perf_counter()
    command = [sys.executable, "-m", "mien", "serve", "--data", str(folder), "--port", "0", "--gallery-codes", codes]
    limits = ["--request-timeout", "3600"]
    with subprocess.Popen([*command, *limits], stdout=subprocess.PIPE, stderr=sys.stderr, text=True) as server:
        assert server.stdout is not None
        address = server.stdout.readline().split()[-1]
        listens = time.perf_counter() - started
        patient = Config(read_timeout=3600, retries={"total_max_attempts": 1})
        client = boto3.client(
            "rekognition", endpoint_url=address, region_name="us-east-1", aws_access_key_id="any",
            aws_secret_access_key="any", config=patient,
        )  # fmt: skip
        client.search_faces(CollectionId="people", FaceId=face_id, MaxFaces=5)
        answered = time.perf_counter() - started
        status = Path(f"/proc/{server.pid}/status").read_text()
        resident = int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1]) / 1000
        server.kill()
    return {f"{how}: s until it listens": round(listens, 2), f"{how}: s until a search is answered": round(answered, 2),
            f"{how}: resident MB": round(resident)}  # fmt: skip


if __name__ == "__main__":
    main()
