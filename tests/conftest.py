"""What every test may ask for: the pack, a live server, and the photographs of people where they are at hand."""

import os
import random
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from mien import app, config
from mien.packs import install, manifest
from mien.packs.load import Pack
from tests import live as servers
from tests import photos
from tests.locked import Locked
from tests.postgres import Postgres


@pytest.fixture(scope="session")
def packs() -> str:
    """The folder with the default pack's files: MIEN_PACKS, the shared folder, or the cache; never the network."""
    entry = manifest.named(config.DEFAULT_PACK)
    beside = photos.SHARED / "models"
    for folder in (os.environ.get("MIEN_PACKS", ""), str(beside) if beside.is_dir() else ""):
        if folder:
            return str(Path(folder).resolve())
    found = install.find(entry, "")
    if found is None:
        pytest.skip("the files of the pack duo are not here; set MIEN_PACKS or run `mien packs install duo`")
    return str(next(iter(found.values())).parent)


@pytest.fixture(scope="session")
def pack(packs: str) -> Pack:
    """The default pack, compiled in this process."""
    return app.open_pack(config.load({"packs": packs, "threads": 2}, {}))


@pytest.fixture(scope="session")
def duo(packs: str) -> Pack:
    """The pack `duo`, compiled in this process."""
    if install.find(manifest.named("duo"), packs) is None:
        pytest.skip("the files of the pack duo are not here")
    return app.open_pack(config.load({"packs": packs, "threads": 2, "pack": "duo"}, {}))


@pytest.fixture(scope="session")
def live(packs: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[servers.Live]:
    """A real server in a process of its own, shared by all tests; each makes collections under names of its own."""
    server = servers.serve(packs, tmp_path_factory.mktemp("live") / "data")
    yield server
    if server.process.poll() is None:
        server.stop()


@pytest.fixture(scope="session")
def locked(packs: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Locked]:
    """A server that asks for a signature, shared by all tests; it has no key when it starts."""
    server = servers.serve(packs, tmp_path_factory.mktemp("locked") / "data")
    try:
        assert server.client().list_collections()["CollectionIds"] == []  # any credentials: there is no key yet
        yield Locked(server)
    finally:
        server.stop()


@pytest.fixture(scope="session")
def people() -> Path:
    """The folder of photographs of two people."""
    folder = photos.SHARED / "faces"
    if not folder.is_dir():
        pytest.skip("the photographs in ../shared/faces are not here")
    return folder


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A PostgreSQL server, shared by all tests."""
    server = Postgres()
    yield server
    server.close()


@pytest.fixture
def schema(postgres: Postgres) -> Iterator[str]:
    """The address of an empty schema of its own."""
    with postgres.schema() as address:
        yield address


@pytest.fixture
def processes_end() -> Iterator[None]:
    """Kills the processes that a test leaves running."""
    me = psutil.Process()
    before = set(me.children())
    yield
    for child in set(me.children()) - before:
        child.kill()
        child.wait(30)


@pytest.fixture
def seed() -> int:
    """What every choice follows from; MIEN_TEST_SEED takes it up again. pytest shows what is printed of a failure."""
    chosen = int(os.environ.get("MIEN_TEST_SEED") or time.time_ns() % 1_000_000)
    print(f"MIEN_TEST_SEED={chosen}")
    random.seed(chosen)
    return chosen
