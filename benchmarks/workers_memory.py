"""Measures the memory of whole servers of several workers over one large collection, beside a server of one.

    python benchmarks/workers_memory.py [--faces 1e7] [--workers 1,2,8] [--folder DIR] [--json FILE]

A store is filled with random faces, and `mien serve` started over it with each number of workers. One connection to
each worker searches until all of them have the gallery, in memory of their own or mapped from its snapshot. Memory is
read when the server has been left alone, so that nothing of a request is in it. A page that n processes share counts
as one n-th (PSS); what a worker has of its own is told by what it belongs to. Linux only. Ten million faces take some
20 GB of disk, and many minutes until the first search is answered.
"""

import argparse
import http.client
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import closing
from pathlib import Path

import psutil
from filled import fill

from mien import config
from mien.packs import manifest

NAME = "crowd"
ALONE = 8.0  # seconds after an answer in which a server gives back what requests took
MB = 2**20
HEADERS = {"X-Amz-Target": "RekognitionService.SearchFaces", "Content-Type": "application/x-amz-json-1.1"}
_MAPPING = re.compile(r"^[0-9a-f]+-[0-9a-f]+ \S+ \S+ \S+ \S+ *(.*)$")


def main(arguments: list[str] | None = None) -> list[dict[str, object]]:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--faces", type=float, default=1e7)
    parser.add_argument("--workers", default="1,2,8")
    parser.add_argument("--folder", help="where to write (default: the folder for temporary files)")
    parser.add_argument("--json", metavar="FILE", help="also write the rows to FILE as JSON")
    given = parser.parse_args(arguments)
    rows: list[dict[str, object]] = []
    with tempfile.TemporaryDirectory(dir=given.folder) as folder:
        entry = manifest.named(config.DEFAULT_PACK)
        with closing(fill(Path(folder), {NAME: int(given.faces)}, entry.contract).database) as database:
            ((face,),) = database.read(lambda cursor: cursor.rows("SELECT face_id FROM faces LIMIT 1"))
        for count in map(int, given.workers.split(",")):
            rows.append(measured(Path(folder), count, bytes(face).hex(), rows))
            print(line(rows[-1]), flush=True)
    if given.json:
        Path(given.json).parent.mkdir(parents=True, exist_ok=True)
        Path(given.json).write_text(json.dumps(rows, indent=2))
    return rows


def measured(folder: Path, count: int, face: str, before: list[dict[str, object]]) -> dict[str, object]:
    """Returns the memory in MB of a server of so many workers, and how many times that of the first row it is."""
    command = [
        sys.executable, "-m", "mien", "serve", "--data", str(folder), "--port", "0", "--workers", str(count),
        "--threads", str(max(count, os.cpu_count() or 1)), "--request-timeout", "3600",
    ]  # fmt: skip
    with (folder / "log").open("w") as log:
        server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)
    try:
        assert server.stdout
        port = int(server.stdout.readline().rpartition(":")[2])
        parent = psutil.Process(server.pid)
        workers = parent.children() or [parent]
        clients = [http.client.HTTPConnection("127.0.0.1", port, timeout=3600) for _ in range(count)]
        while True:
            for client in clients:
                search(client, face)
            if count == 1 or all(maps_segments(each.pid) for each in workers):
                break
            time.sleep(1)
        time.sleep(ALONE)
        found = {each.pid: memory(each.pid) for each in {parent, *workers}}
    finally:
        server.terminate()
        server.wait(600)
    own: Counter[str] = sum((found[each.pid][1] for each in workers), Counter())
    total = sum(taken for taken, _ in found.values()) / MB
    first = before[0]["total"] if before else total
    assert isinstance(first, float)
    return {
        "workers": count, "total": total, "of_first": total / first,
        "parent": found[parent.pid][0] / MB if count > 1 else 0.0,
        "own": {kind: taken / MB / count for kind, taken in own.items()},
    }  # fmt: skip


def search(client: http.client.HTTPConnection, face: str) -> None:
    """Searches with a stored face; raises if the server answers with an error."""
    client.request("POST", "/", json.dumps({"CollectionId": NAME, "FaceId": str_of(face)}), HEADERS)
    answer = client.getresponse()
    said = answer.read()
    if answer.status != 200:
        raise RuntimeError(said.decode())


def str_of(face: str) -> str:
    """Returns a face's id as it is written."""
    return "-".join((face[:8], face[8:12], face[12:16], face[16:20], face[20:]))


def maps_segments(process: int) -> bool:
    return ".segment" in Path(f"/proc/{process}/maps").read_text()


def memory(process: int) -> tuple[int, "Counter[str]"]:
    """Returns the bytes of a process, shared pages divided, and those of its own by what they belong to."""
    total, own, kind = 0, Counter[str](), ""
    for row in Path(f"/proc/{process}/smaps").read_text().splitlines():
        if mapping := _MAPPING.match(row):
            kind = kind_of(mapping[1])
        elif row.startswith("Pss:"):
            total += 1024 * int(row.split()[1])
        elif row.startswith(("Private_Clean:", "Private_Dirty:", "Private_Hugetlb:")):
            own[kind] += 1024 * int(row.split()[1])
    return total, own


def kind_of(name: str) -> str:
    """Returns what a mapping belongs to, from its name."""
    if name.endswith(".segment"):
        return "segments"
    if ".so" in name or name.endswith("python3.11"):
        return "libraries"
    return "weights" if name.endswith("(deleted)") else "anonymous"


def line(row: dict[str, object]) -> str:
    own = row["own"]
    assert isinstance(own, dict)
    parts = ", ".join(f"{kind} {taken:.0f}" for kind, taken in sorted(own.items(), key=lambda each: -each[1]))
    return (
        f"{row['workers']} workers: {row['total']:.0f} MiB ({row['of_first']:.2f} times the first), of which the "
        f"parent {row['parent']:.0f}; each worker's own: {parts}"
    )


if __name__ == "__main__":
    main()
