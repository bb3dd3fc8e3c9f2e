"""The files in which workers count have their room from the start, and a worker that has ended has no gauges."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from mien.errors import SetupError
from mien.workers import counts
from tests import live
from tests.live import Live
from tests.watch.test_metrics import samples, value
from tests.workers.pinned import connected, pinned, serve, soon, workers

SIZE = sum(counts.KINDS.values())


@pytest.fixture
def places(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> tuple[Path, Path]:
    """The folder in memory, and the one on a disk."""
    memory, disk = tmp_path / "memory", tmp_path / "disk"
    for each in (memory, disk):
        each.mkdir()
    monkeypatch.setattr(counts, "MEMORY", memory)
    monkeypatch.setattr("tempfile.tempdir", str(disk))
    return memory, disk


@pytest.fixture
def small(places: tuple[Path, Path]) -> Iterator[Path]:
    """The folder in memory, with room for the files of one worker and a half."""
    option = f"size={SIZE * 3 // 2}"
    mount = ["mount", "-t", "tmpfs", "-o", option, "tmpfs", str(places[0])]
    if subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("no file system can be mounted here; it needs root")
    yield places[0]
    subprocess.run(["umount", str(places[0])], check=True)


def test_room_is_taken_at_the_start(places: tuple[Path, Path]) -> None:
    with counts.folder(3) as made:
        assert made.parent == places[0]
        assert len(list(made.iterdir())) == 3 * len(counts.KINDS)
        assert sum(512 * file.stat().st_blocks for file in made.iterdir()) >= 3 * SIZE
    assert not any(places[0].iterdir())


def test_without_room_in_memory_they_lie_on_a_disk(small: Path, places: tuple[Path, Path]) -> None:
    with counts.folder(1) as made:
        assert made.parent == small
    with counts.folder(2) as made:
        assert made.parent == places[1]
        assert not any(small.iterdir()), "a part of the files is left"


def test_room_nowhere_is_said(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(small))
    with pytest.raises(SetupError, match=r"2 workers need 1\.6 MB, and neither"), counts.folder(2):
        pass
    assert not any(small.iterdir())


def memory_of_its_own(packs: str, data: Path) -> Live:
    """A server of two workers whose /dev/shm has 4 MB and is nobody else's."""
    start = live.command("serve", "--data", str(data), "--packs", packs, "--port", "0", "--workers", "2")
    script = 'mount -t tmpfs -o size=4m tmpfs /dev/shm && exec "$@"'
    log = data.with_name("log")
    with log.open("w") as writes:
        process = subprocess.Popen(
            ["unshare", "--mount", "sh", "-c", script, "sh", *start],
            stdout=subprocess.PIPE, stderr=writes, text=True, cwd=data.parent, env=live.environment(),
        )  # fmt: skip
    assert process.stdout is not None
    first = process.stdout.readline()
    if not first:
        process.wait(30)
        process.stdout.close()
        pytest.skip(f"no file system can be mounted here: {log.read_text()}")
    return Live(process, "127.0.0.1", int(first.split()[-1].rpartition(":")[2]), data, first, log)


def test_memory_that_others_fill_stops_no_worker(packs: str, tmp_path: Path) -> None:
    server = memory_of_its_own(packs, tmp_path / "data")
    full = Path("/proc", str(server.process.pid), "root", "dev/shm/full")
    with pytest.raises(OSError, match="No space"):
        full.write_bytes(bytes(4 << 20))
    for each in pinned(server, 2):
        for name in ("ListCollections", "CreateCollection", "SearchFaces", "IndexFaces"):  # series that are new
            assert each.post(name, b"{}").status in {200, 400}
    assert value(samples(server), "mien_requests_total", operation="ListCollections", code="OK") == 2
    assert "a worker ended" not in server.log.read_text()
    assert server.stop() == 0


def test_a_worker_that_has_ended_is_in_the_counts_and_not_in_the_gauges(packs: str, tmp_path: Path) -> None:
    server = serve(packs, tmp_path / "data", 2)
    for times in range(1, 4):
        first, second = pinned(server, 2)
        assert second.post("ListCollections", b"{}").status == 200
        assert value(samples(first), "mien_connections") == 2
        second.worker().kill()
        soon(lambda: server.log.read_text().count("serves again") == times, "a worker in its place")  # noqa: B023
        found = samples(first)
        assert value(found, "mien_connections") == 1
        assert value(found, "mien_requests_total", operation="ListCollections", code="OK") == times
        first.kept.close()
        soon(lambda: not any(connected(each, server.port) for each in workers(server)), "an idle server")
    kept = {Path(each.path).parent for each in workers(server)[0].memory_maps() if counts.METRICS in each.path}
    assert [len(list(folder.iterdir())) for folder in kept] == [2 * len(counts.KINDS)]
    assert server.stop() == 0
