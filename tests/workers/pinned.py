"""A server of many workers, and kept connections to each of them, as clients of one worker alone."""

import http.client
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from tests import live
from tests.live import Answer, Live

SOON = 30.0  # seconds


def serve(packs: str, data: Path, workers: int, *flags: str) -> Live:
    """Starts a server of so many workers with one thread each."""
    return live.serve(packs, data, "--workers", str(workers), "--threads", str(workers), *flags)


def workers(server: Live) -> list[psutil.Process]:
    """Returns the processes of a server's workers."""
    return psutil.Process(server.process.pid).children()


def connected(worker: psutil.Process, port: int) -> set[int]:
    """Returns the clients' ports of the connections that a worker holds."""
    with_port = (each for each in worker.net_connections("tcp") if each.laddr.port == port and each.raddr)
    return {each.raddr.port for each in with_port if each.status == psutil.CONN_ESTABLISHED}


def soon(condition: Callable[[], object], what: str) -> None:
    """Waits until a condition holds."""
    end = time.monotonic() + SOON
    while not condition():
        assert time.monotonic() < end, f"{what} does not come about"
        time.sleep(0.02)


def is_over(process: psutil.Process) -> bool:
    """Returns whether a process has ended; one that waits to be reaped has."""
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


@dataclass(slots=True)
class Pinned(Live):
    """A server as a client of one worker sees it, over one kept connection."""

    kept: http.client.HTTPConnection = field(init=False)
    turn: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.kept = http.client.HTTPConnection(self.host, self.port, timeout=60)
        self.kept.request("GET", "/healthz")
        self.kept.getresponse().read()

    def worker(self) -> psutil.Process:
        """Returns the process that holds the connection."""
        return next(each for each in workers(self) if self.kept.sock.getsockname()[1] in connected(each, self.port))

    def pairs(self, method: str, path: str, body: bytes | None, headers: Iterable[tuple[str, str]]) -> Answer:
        """Sends a request on the kept connection."""
        with self.turn:
            self.kept.request(method, path, body, dict(headers))
            response = self.kept.getresponse()
            names = {name.lower(): value for name, value in response.getheaders()}
            return Answer(response.status, names, response.read())


def pinned(server: Live, count: int) -> list[Pinned]:
    """Returns clients of as many workers, each of another one."""
    made = [
        Pinned(server.process, server.host, server.port, server.data, server.welcome, server.log) for _ in range(count)
    ]
    assert len({each.worker().pid for each in made}) == count
    return made
