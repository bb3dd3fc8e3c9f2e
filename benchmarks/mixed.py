"""Measures whether memory stays flat over mixed requests of all 21 operations.

    python -m benchmarks.mixed                     # 100,000 requests
    python -m benchmarks.mixed --requests 5000

The clients are those of `make soak` (`tests/faults`): photographs of a few hundred pixels, of 4, 12 and 48 megapixels,
and bad requests, each with its expected error. Each client keeps at most a few hundred faces, so that the store does
not grow. One server answers all requests. The exit code is 1 if any answer was unexpected.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from mien import config
from mien.packs import install, manifest
from tests.faults import filling
from tests.faults.proof import prove
from tests.faults.soak import VISITORS, WARM, WORKERS, Record, end, lived, table
from tests.faults.traffic import Run, Worker, bodies, traffic
from tests.faults.visitors import Visitor, furnish, large

SAMPLE = 0.2  # seconds between looks at memory
LINES = 20  # of memory in the table
OPERATIONS = 21


def main() -> int:
    flags = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    flags.add_argument("--requests", type=int, default=100_000)
    flags.add_argument("--seed", type=int, default=time.time_ns() % 1_000_000)
    flags.add_argument("--json", type=Path, help="file to write what was seen to")
    given = flags.parse_args()
    files = install.install(manifest.named(config.DEFAULT_PACK), config.load({}, os.environ).packs)
    print(f"seed {given.seed}", flush=True)
    with tempfile.TemporaryDirectory(prefix="mien-mixed-") as folder:
        record = Record()
        seen = mix(str(next(iter(files.values())).parent), Path(folder), given.requests, given.seed, record)
    facts = table(record) | (flat(seen) if seen else {})
    print_out(facts)
    if given.json:
        given.json.write_text(json.dumps(facts, indent=2))
    return 1 if facts["unexpected"] else 0


def mix(packs: str, folder: Path, requests: int, seed: int, record: Record) -> list[tuple[int, float]]:
    """Sends requests; returns samples of the number answered and the resident memory in MB."""
    crowd = filling.fill(folder / "data", 0)
    bodies(), large()
    run = Run(tell=record.tell)
    workers = [Worker(f"w{number}", run, seed + number) for number in range(WORKERS)]
    visitors = [Visitor(f"v{number}", run, seed - number) for number in range(VISITORS)]
    seen: list[tuple[int, float]] = []
    try:
        with lived(packs, folder / "data", record, time.monotonic()) as server:
            process = psutil.Process(server.process.pid)
            furnish(server)
            prove(server, workers, crowd)
            begun = time.monotonic()
            with traffic(server, [*workers, *visitors]):
                while not run.failures and (answered := count(record)) < requests:
                    seen.append((answered, process.memory_info().rss / 1e6))
                    time.sleep(SAMPLE)
            seen.append((count(record), process.memory_info().rss / 1e6))
            print(f"{count(record)} requests in {time.monotonic() - begun:.0f} s", flush=True)
            prove(server, workers, crowd)
            end(server, killed=False, record=record)
    except BaseException as error:  # noqa: BLE001  what went wrong is what is reported
        record.unexpected.append(f"{type(error).__name__}: {error}")
    record.changes = run.acknowledged
    return seen


def count(record: Record) -> int:
    """Returns the number of answers, including errors."""
    return sum(map(len, list(record.took.values()))) + sum(list(record.refused.values()))


def flat(seen: list[tuple[int, float]]) -> dict[str, Any]:
    """Returns memory by number of requests, and the slope of a line fitted after the warm-up."""
    warm = [each for each in seen if each[0] >= WARM * seen[-1][0]]
    requests, held = np.array(warm).T
    fifth = max(1, len(warm) // 5)
    step = max(1, -(-len(seen) // LINES))
    return {
        "memory_by_requests": [{"requests": at, "mb": round(mb)} for at, mb in [*seen[::step], seen[-1]]],
        "warm_from_requests": int(requests[0]),
        "slope_mb_per_10000": round(float(np.polyfit(requests, held, 1)[0] * 1e4), 2) if len(warm) > 2 else None,
        "warm_mb": round(float(np.median(held[:fifth])), 1),
        "end_mb": round(float(np.median(held[-fifth:])), 1),
        "most_mb": round(float(max(mb for _, mb in seen)), 1),
    }


def print_out(facts: dict[str, Any]) -> None:
    operations = facts["operations"]
    print("| operation | answers | p50 ms | p99 ms | refused, as it should be |\n|---|---|---|---|---|")
    for name, row in operations.items():
        print(f"| {name} | {row['answers']} | {row['p50_ms']} | {row['p99_ms']} | {sum(row['refused'].values())} |")
    print("\n| requests | resident MB |\n|---|---|")
    for row in facts.get("memory_by_requests", ()):
        print(f"| {row['requests']:,} | {row['mb']} |")
    if "end_mb" in facts:
        print(f"\n{len(operations)} of {OPERATIONS} operations. From request {facts['warm_from_requests']:,} on: "
              f"{facts['warm_mb']} MB in the first fifth, {facts['end_mb']} MB in the last, "
              f"{facts['slope_mb_per_10000']} MB more for 10,000 requests; {facts['most_mb']} MB at most.")  # fmt: skip
    for each in facts["unexpected"]:
        print(f"UNEXPECTED: {each}")


if __name__ == "__main__":
    sys.exit(main())
