"""Mixed traffic for long: `python -m tests.faults.soak --seconds 3600 --json FILE`, or `make soak`.

All operations, bad requests, large pictures. In the first half the server is stopped and killed in turns, and held
against what it acknowledged each time; in the second half it runs on, and its memory is watched. Ends with 1 when
anything unexpected was answered, anything acknowledged was lost, or memory grew.
"""

import argparse
import json
import os
import sys
import tempfile
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

import psutil

from tests import live
from tests.faults import filling
from tests.faults.proof import prove
from tests.faults.traffic import PATIENT, Run, Worker, bodies, traffic
from tests.faults.visitors import Visitor, furnish, large
from tests.live import Live

WORKERS, VISITORS = 3, 2
LIFE = 60.0  # seconds that a server runs in the first half
WARM = 0.35  # of the second half passes before memory is looked at
GROWTH = 0.15  # of memory, in the second half, is too much
SAMPLE = 0.5  # seconds between looks at memory
LINES = 12  # of memory in the table


@dataclass(slots=True)
class Record:
    """What was seen.

    Attributes:
        took: operation → seconds of each answer without an error.
        refused: (operation, code) → how often.
        memory: seconds since the start, megabytes resident, of each look.
        steady: when the second half began, in seconds since the start.
        ends: how the server was ended, and how often.
        changes: how many were acknowledged.
        unexpected: what should not have been.
    """

    took: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    refused: Counter[tuple[str, str]] = field(default_factory=Counter)
    memory: list[tuple[float, float]] = field(default_factory=list)
    steady: float = 0.0
    ends: Counter[str] = field(default_factory=Counter)
    changes: int = 0
    unexpected: list[str] = field(default_factory=list)

    def tell(self, operation: str, status: int, code: str, seconds: float) -> None:
        if status == 200:
            self.took[operation].append(seconds)
        elif status:
            self.refused[operation, code] += 1

    def growth(self) -> tuple[float, float]:
        """Megabytes held after the warm-up, and at the end; medians of a fifth of the time between."""
        since = [(at, held) for at, held in self.memory if at >= self.steady]
        begun = since[0][0] + WARM * (since[-1][0] - since[0][0])
        warm = [held for at, held in since if at >= begun]
        fifth = max(1, len(warm) // 5)
        return median(warm[:fifth]), median(warm[-fifth:])


def soak(packs: str, folder: Path, seconds: float, seed: int, *, crowded: int, growth: float) -> Record:
    """Use a server for so long; what was seen.

    Args:
        packs: folder with the pack's files.
        folder: an empty one, for the server's data.
        seconds: how long the clients call.
        seed: of their choices.
        crowded: how many faces there are from the start.
        growth: share by which memory may grow in the second half.
    """
    record, data = Record(), folder / "data"
    crowd = filling.fill(data, crowded)
    bodies(), large()
    run = Run(tell=record.tell)
    workers = [Worker(f"w{number}", run, seed + number) for number in range(WORKERS)]
    visitors = [Visitor(f"v{number}", run, seed - number) for number in range(VISITORS)]
    lives = max(2, round(seconds / 2 / LIFE))
    begun = time.monotonic()
    try:
        for number in range(lives):
            with lived(packs, data, record, begun) as server:
                furnish(server)
                prove(server, workers, crowd)
                with traffic(server, [*workers, *visitors]):
                    pause(run, seconds / 2 / lives)
                    end(server, killed=number % 2 == 0, record=record)
        with lived(packs, data, record, begun) as server:
            prove(server, workers, crowd)
            record.steady = time.monotonic() - begun
            with traffic(server, [*workers, *visitors]):
                pause(run, seconds / 2)
            prove(server, workers, crowd)
            end(server, killed=False, record=record)
        before, after = record.growth()
        if after > before * (1 + growth):
            record.unexpected.append(f"memory grew from {before:.0f} to {after:.0f} MB")
    except BaseException as error:  # noqa: BLE001  what went wrong is what is reported
        record.unexpected.append(f"{type(error).__name__}: {error}")
    record.changes = run.acknowledged
    return record


def pause(run: Run, seconds: float) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until and not run.failures:
        time.sleep(0.1)


def end(server: Live, killed: bool, record: Record) -> None:
    record.ends["killed" if killed else "stopped"] += 1
    if killed:
        server.kill()
    elif code := server.stop():
        record.unexpected.append(f"a stopped server ended with {code}")


@contextmanager
def lived(packs: str, data: Path, record: Record, begun: float) -> Iterator[Live]:
    """A server's life, its memory watched, its log read at the end."""
    server = live.serve(packs, data, *PATIENT)
    watched, over = psutil.Process(server.process.pid), threading.Event()

    def watch() -> None:
        while not over.wait(SAMPLE):
            try:
                record.memory.append((time.monotonic() - begun, watched.memory_info().rss / 1e6))
            except psutil.Error:
                return

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield server
    finally:
        over.set()
        watcher.join()
        if server.process.poll() is None:
            server.kill()
        for line in server.log.read_text().splitlines():
            if not line.startswith("libpng") and '"level": "info"' not in line[:100]:
                record.unexpected.append(line[:2000])
        server.log.unlink()


def table(record: Record) -> dict[str, Any]:
    """All of it as JSON can hold it."""
    step = max(1, -(-len(record.memory) // LINES))
    shown = [*record.memory[::step], *record.memory[-1:]]
    operations = {
        name: {
            "answers": len(took), "p50_ms": round(1000 * median(took), 1),
            "p99_ms": round(1000 * sorted(took)[int(0.99 * len(took))], 1),
            "refused": {code: count for (called, code), count in sorted(record.refused.items()) if called == name},
        }
        for name, took in sorted(record.took.items())
    }  # fmt: skip
    grown = dict(zip(("warm_mb", "end_mb"), record.growth(), strict=True)) if record.steady and record.memory else {}
    return {
        "operations": operations,
        "memory_mb": [{"seconds": round(at), "mb": round(held)} for at, held in shown],
        "steady_from_seconds": round(record.steady),
        **{name: round(held, 1) for name, held in grown.items()},
        "ends": dict(record.ends),
        "changes_acknowledged": record.changes,
        "unexpected": record.unexpected,
    }


def printed(facts: dict[str, Any]) -> Iterator[str]:
    yield "| operation | answers | p50 ms | p99 ms | refused, as it should be |\n|---|---|---|---|---|"
    for name, row in facts["operations"].items():
        codes = ", ".join(f"{count} {code}" for code, count in row["refused"].items())
        yield f"| {name} | {row['answers']} | {row['p50_ms']} | {row['p99_ms']} | {codes} |"
    yield "\n| after seconds | resident MB |\n|---|---|"
    yield from (f"| {row['seconds']} | {row['mb']} |" for row in facts["memory_mb"])
    if "warm_mb" in facts:
        since = facts["steady_from_seconds"]
        yield f"\nOne process from {since} s on: {facts['warm_mb']} MB when warm, {facts['end_mb']} MB at the end."
    ends = ", ".join(f"{how} {count} times" for how, count in facts["ends"].items())
    yield f"The server was {ends}. {facts['changes_acknowledged']} changes were acknowledged, and held."
    yield from (f"UNEXPECTED: {each}" for each in facts["unexpected"])


def main() -> int:
    parser = argparse.ArgumentParser(description="Use a server for long, and say what came of it.")
    parser.add_argument("--seconds", type=float, default=3600)
    parser.add_argument("--seed", type=int, default=time.time_ns() % 1_000_000)
    parser.add_argument("--packs", default=os.environ.get("MIEN_PACKS", ""), help="folder with the pack's files")
    parser.add_argument("--json", type=Path, help="file to write the table to")
    given = parser.parse_args()
    print(f"seed {given.seed}", flush=True)
    with tempfile.TemporaryDirectory(prefix="mien-soak-") as folder:
        record = soak(given.packs, Path(folder), given.seconds, given.seed, crowded=filling.CROWD, growth=GROWTH)
    facts = table(record)
    print("\n".join(printed(facts)))
    if given.json:
        given.json.parent.mkdir(parents=True, exist_ok=True)
        given.json.write_text(json.dumps(facts, indent=2))
    return 1 if facts["unexpected"] else 0


if __name__ == "__main__":
    sys.exit(main())
