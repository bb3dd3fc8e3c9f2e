"""Measures a gallery spread over nodes of Ray on this machine beside the same gallery in one process.

    python -m benchmarks.spread                                      # a million faces, two nodes, two shards
    python -m benchmarks.spread --faces 2e7 --nodes 2 --shards 4
    python -m benchmarks.spread --faces 1e5 --nodes 3 --shards 2 --replicas 2 --kills 3

Shards are the galleries of `mien.gallery` over their shares of the faces (`key % shards`), in actors of Ray. All read
one SQLite, from which each compares what it answers in full precision. Searches of the one process, empty calls of
every shard and searches of every shard take turns, so that noise affects all of them.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.spread_shards import Answer, Shard
from mien.gallery import GrowingGallery, Scanners
from mien.gallery.base import nearest
from mien.measure.speed.population import Population, shipped
from mien.measure.speed.search_at_size import PROBES, GroundTruth, keep, people
from mien.store.open import Store, open_store
from mien.system import leftovers
from tests.ray_nodes import Nodes, connect

LATE = 0.25  # seconds after which another replica is asked
PATIENCE = 60.0  # seconds


class Front:
    """Asks one replica of every shard, and another where it fails or is late; never answers from a part."""

    def __init__(self, ray: Any, replicas: list[list[Any]]) -> None:
        self.ray = ray
        self.replicas = replicas
        self.first = [0] * len(replicas)

    def search(self, probe: NDArray[np.float32], limit: int = 1, least: float = -1, method: str = "search") -> Answer:
        """Returns the nearest of all shards.

        Raises:
            TimeoutError: a shard did not answer within the patience.
        """
        arguments = (probe, limit, least)
        calls = [self._call(shard, method, arguments) for shard in range(len(self.replicas))]
        answers = [self._answer(shard, call, method, arguments) for shard, call in enumerate(calls)]
        keys, cosines = (np.concatenate(each) for each in zip(*answers, strict=True))
        best = nearest(keys, cosines, limit)
        return keys[best], cosines[best]

    def _call(self, shard: int, method: str, arguments: tuple[Any, ...]) -> Any:
        replica = self.replicas[shard][self.first[shard]]
        return getattr(replica, method).remote(*arguments)

    def _answer(self, shard: int, call: Any, method: str, arguments: tuple[Any, ...]) -> Answer:
        until = time.monotonic() + PATIENCE
        alone = len(self.replicas[shard]) == 1
        while time.monotonic() < until:
            try:
                return self.ray.get(call, timeout=PATIENCE if alone else LATE)  # type: ignore[no-any-return]
            except (self.ray.exceptions.RayActorError, self.ray.exceptions.GetTimeoutError):
                self.first[shard] = (self.first[shard] + 1) % len(self.replicas[shard])
                if alone:
                    time.sleep(0.05)
                call = self._call(shard, method, arguments)
        raise TimeoutError


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    for name, kind, default in (
        ("faces", float, 1e6), ("nodes", int, 2), ("shards", int, 2), ("replicas", int, 1),
        ("seconds", float, 5.0), ("threads", int, 2), ("kills", int, 1),
    ):  # fmt: skip
        parser.add_argument(f"--{name}", type=kind, default=default)
    parser.add_argument("--own-sketches", action="store_true", help="every shard has directions of its own")
    given = parser.parse_args()
    faces, population = int(given.faces), shipped(PROBES)
    with ExitStack() as stack:
        folder = stack.enter_context(leftovers.folder(Path(tempfile.gettempdir()), "mien-spread-"))
        store = open_store("", str(folder))
        one = GrowingGallery(len(population.mean), store.faces.embeddings, Scanners(given.threads))
        truth = filled(store, one, population, faces)
        nodes = Nodes(given.nodes)
        stack.callback(nodes.close)
        ray = connect(nodes)
        stack.callback(ray.shutdown)
        started = time.perf_counter()
        front = Front(ray, placed(ray, str(folder), faces, given))
        front.search(population.probes[0])
        say("all shards current from the store, s", time.perf_counter() - started)
        for name in nodes.nodes:
            say(f"MB of {name}", nodes.memory(name) / 1e6)
        compared(one, front, truth, population)
        timed(one, front, population, given.seconds)
        for shard in (each for replicas in front.replicas for each in replicas):
            say("snapshot written, s", ray.get(shard.save.remote()))
        for _ in range(given.kills):
            killed(ray, front, nodes, population.probes, given.replicas > 1)


def say(what: str, value: Any) -> None:
    print(json.dumps({what: round(value, 4) if isinstance(value, float) else value}), flush=True)


def filled(store: Store, one: GrowingGallery, population: Population, faces: int) -> GroundTruth:
    """Writes all faces to the store and adds them to the gallery of one process, and returns exact search's answers."""
    probes = population.probes
    truth = GroundTruth(probes, np.zeros(len(probes), np.int64), np.full(len(probes), -2, np.float32))
    for keys, embeddings in people(population, faces):
        store.database.write(lambda cursor, k=keys, e=embeddings: keep(cursor, k, e))  # type: ignore[misc]
        one.add(keys, embeddings)
        truth.see(keys, embeddings)
    return truth


def placed(ray: Any, folder: str, faces: int, given: argparse.Namespace) -> list[list[Any]]:
    """Starts the actors, evenly over the nodes, replicas of one shard on different nodes."""
    threads = max(1, given.threads // given.shards)
    actor = ray.remote(Shard)
    return [
        [
            actor.options(
                num_cpus=0, resources={f"node{(shard + replica) % given.nodes}": 1}, max_restarts=-1, max_concurrency=8
            ).remote(folder, shard, given.shards, faces=faces, threads=threads, own=given.own_sketches)
            for replica in range(given.replicas)
        ]
        for shard in range(given.shards)
    ]


def compared(one: GrowingGallery, front: Front, truth: GroundTruth, population: Population) -> None:
    """Says what was found, and how many of the ten nearest of every probe one of the two missed."""
    alone = [one.search(probe, 10, -1) for probe in population.probes]
    both = {
        "one process": [(hits.keys, hits.cosines) for hits in alone],
        "spread": [front.search(probe, 10) for probe in population.probes],
    }
    mates = np.arange(1, len(alone) + 1)
    for name, answers in both.items():
        first = np.array([keys[0] for keys, _ in answers])
        say(f"found, {name}", float(np.mean(first == truth.keys)))
        say(f"mates, {name}", float(np.mean(first == mates)))
    pairs = list(zip(*both.values(), strict=True))
    say("probes whose nearest differs", sum(int(a[0][0] != b[0][0]) for a, b in pairs))
    say("of ten nearest, missed by one process", sum(missed(a, b) for a, b in pairs))
    say("of ten nearest, missed by the spread gallery", sum(missed(b, a) for a, b in pairs))


def missed(answer: Answer, other: Answer) -> int:
    """Returns how many faces of the other answer are nearer than the last of this one, which has not got them."""
    return int(np.count_nonzero(~np.isin(other[0], answer[0]) & (other[1] > answer[1][-1])))


def timed(one: GrowingGallery, front: Front, population: Population, seconds: float) -> None:
    """Says the latencies of one process, of empty calls and of the spread gallery, measured in turns."""
    ways: dict[str, Callable[[NDArray[np.float32]], object]] = {
        "one process": lambda probe: one.search(probe, 1, -1),
        "empty fan-out": lambda probe: front.search(probe, method="empty"),
        "spread": front.search,
    }
    took: dict[str, list[float]] = {name: [] for name in ways}
    until, number = time.perf_counter() + 3 * seconds, 0
    while time.perf_counter() < until:
        for name, way in ways.items():
            for turn in range(8):
                probe = population.probes[(number + turn) % PROBES]
                started = time.perf_counter()
                way(probe)
                took[name].append(1000 * (time.perf_counter() - started))
        number += 8
    for name, times in took.items():
        say(f"{name}, ms: p50, p99", [round(float(np.quantile(times, each)), 2) for each in (0.5, 0.99)])


def killed(ray: Any, front: Front, nodes: Nodes, probes: NDArray[np.float32], whole: bool) -> None:
    """Kills an actor, or with replicas its node, and says the longest search after it, and answers that differ."""
    before = [front.search(probe)[0][0] for probe in probes]
    victim = ray.get(front.replicas[0][front.first[0]].about.remote())["pid"]
    name = next(name for name in nodes.nodes if any(each.pid == victim for each in nodes.processes(name)))
    if whole and name != "node0":
        nodes.kill(name)
    else:
        whole = False
        next(each for each in nodes.processes(name) if each.pid == victim).kill()
    longest, differ, number, until = 0.0, 0, 0, time.perf_counter() + 20
    while time.perf_counter() < until:
        row = number % len(probes)
        started = time.perf_counter()
        differ += int(front.search(probes[row])[0][0] != before[row])
        longest = max(longest, time.perf_counter() - started)
        number += 1
    say(f"{'node' if whole else 'actor'} killed; longest search after it, s", longest)
    say(f"answers of {number} that differ from those before", differ)
    say("shards", [ray.get(shards[front.first[n]].about.remote()) for n, shards in enumerate(front.replicas)])


if __name__ == "__main__":
    main()
