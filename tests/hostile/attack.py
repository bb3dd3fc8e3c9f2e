"""Attacks a server from a separate process, while bystanders measure how others are served, and asserts the limits.

An attack is a coroutine that each attacker runs again and again until the time is up:

    async def endless_header(target: Target) -> None:
        async with target.connection() as peer:
            await peer.send(b"GET /healthz HTTP/1.1\\r\\nx: ")
            while True:
                await peer.send(b"a" * 65536)

    def test_a_header_without_end(attacked: Locked) -> None:
        attack.run(attacked, endless_header).hold()

It is pickled, and so it is a function of a module or a `functools.partial` of one with its arguments (a key, a body).
An attacker calls it again when it returns or its connection is closed, after PAUSE. `attacked` is the fixture of
`conftest.py`: a server with keys. `MIEN_TEST_ATTACK_SECONDS` and `MIEN_TEST_ATTACK_CONNECTIONS` set how long and by how
many; `make hostile` sets 30 and 64. A test may fix the number of connections if its attack requires it.

The attackers run at niceness 19, since otherwise they would take the cores on which the server and the bystanders are
measured; on a machine of their own the network would limit them. The server's work for them has its normal priority.
"""

import asyncio
import multiprocessing
import os
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection as Pipe
from pathlib import Path
from typing import Any

import psutil

from tests.locked import Locked

SECONDS = float(os.environ.get("MIEN_TEST_ATTACK_SECONDS", "2.5"))
CONNECTIONS = int(os.environ.get("MIEN_TEST_ATTACK_CONNECTIONS", "16"))
PAUSE = 0.01  # seconds between two attacks of an attacker
NICE = 19
MOST_HELD = 150e6  # bytes more than before
MOST_LEFT = 30e6  # bytes more than before that are still held after RELIEF
MOST_WAIT = 0.250  # seconds of a signed ListCollections, at the 99th of 100
MOST_SILENCE = 1.0  # seconds of GET /healthz
BLOCK = 65536  # bytes that an attack without end sends at a time
RELIEF = 10.0  # seconds after the attack in which memory is returned to the system

Attack = Callable[["Target"], Awaitable[None]]


@dataclass(slots=True)
class Peer:
    """One connection of an attacker."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    target: "Target"

    async def send(self, data: bytes) -> None:
        """Sends as fast as the server reads."""
        self.writer.write(data)
        self.target.sent += len(data)
        await self.writer.drain()

    async def answer(self, most: int = 65536) -> bytes:
        """Returns a part of the answer; empty if the server has closed the connection."""
        return await self.reader.read(most)


@dataclass(slots=True)
class Target:
    """The attacked server, as an attacker sees it."""

    host: str
    port: int
    sent: int = 0  # bytes, by all attackers

    def connection(self) -> "Connecting":
        """Returns a new connection for `async with`, which ends with a reset."""
        return Connecting(self)


@dataclass(slots=True)
class Connecting:
    """Keeps a connection open while a block runs."""

    target: Target
    peer: Peer | None = None

    async def __aenter__(self) -> Peer:
        reader, writer = await asyncio.open_connection(self.target.host, self.target.port)
        self.peer = Peer(reader, writer, self.target)
        return self.peer

    async def __aexit__(self, *_: object) -> None:
        if self.peer:
            self.peer.writer.transport.abort()


@dataclass(slots=True)
class Report:
    """The result of an attack: the server's memory in bytes, the bystanders' requests in seconds.

    Attributes:
        before: memory before it began.
        most: the most while it ran.
        after: the least within RELIEF of its end.
        listed: seconds of each signed ListCollections of another client.
        healthy: seconds of each GET of /healthz.
        failures: errors of the bystanders' requests.
        sent: bytes that the attackers sent.
        attempts: the number of attacks begun.
    """

    before: float = 0
    most: float = 0
    after: float = 0
    listed: list[float] = field(default_factory=list)
    healthy: list[float] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    sent: int = 0
    attempts: int = 0

    @property
    def p99(self) -> float:
        """Returns the 99th percentile of ListCollections, in seconds."""
        return sorted(self.listed)[int(len(self.listed) * 0.99)]

    def __str__(self) -> str:
        grew, left = (self.most - self.before) / 1e6, (self.after - self.before) / 1e6
        return (
            f"{self.sent / 1e6:.0f} MB sent in {self.attempts} attacks; held {grew:.0f} MB more, {left:.0f} after; "
            f"ListCollections p99 {self.p99 * 1e3:.0f} ms of {len(self.listed)}, /healthz {max(self.healthy) * 1e3:.0f}"
        )

    def hold(self) -> None:
        """Asserts the limits that hold under any attack."""
        print(self)
        assert self.sent, "nothing was attacked"
        assert not self.failures, self.failures[:5]
        assert self.most - self.before <= MOST_HELD, str(self)
        assert self.p99 <= MOST_WAIT, str(self)
        assert max(self.healthy) <= MOST_SILENCE, str(self)
        assert self.after - self.before <= MOST_LEFT, str(self)


def run(
    attacked: Locked,
    attack: Attack,
    connections: int = CONNECTIONS,
    seconds: float = SECONDS,
    meanwhile: Callable[[], object] | None = None,
) -> Report:
    """Attacks a server, and measures its memory and the latency of other clients.

    `meanwhile` is called in this process halfway through the attack, for further assertions.
    """
    server, report = attacked.server, Report()
    process = psutil.Process(server.process.pid)
    with _bystanders(attacked, report) as measured:
        measured.wait(30)  # the first answers are slow by themselves
        report.before = process.memory_info().rss
        _forget_peak(process.pid)
        with _attackers(server.host, server.port, attack, connections, report) as pipe:
            report.listed.clear()
            report.healthy.clear()
            time.sleep(seconds / 2)
            if meanwhile:
                meanwhile()
            time.sleep(seconds / 2)
            report.most = _peak(process.pid)
            pipe.send("stop")
    report.after, due = float(process.memory_info().rss), time.monotonic() + RELIEF
    while report.after - report.before > MOST_LEFT / 2 and time.monotonic() < due:
        time.sleep(0.1)
        report.after = min(report.after, process.memory_info().rss)
    return report


@contextmanager
def _bystanders(attacked: Locked, report: Report) -> Iterator[threading.Event]:
    """Runs two clients during the attack: an SDK with a key, and a health check."""
    key = attacked.key(f"bystander-{time.monotonic_ns()}")
    client, ended, warm = attacked.client(key), threading.Event(), threading.Event()

    def listing() -> None:
        client.list_collections(MaxResults=10)

    def health() -> None:
        assert attacked.server.send("GET", "/healthz", None, {}).status == 200

    def ask(what: Callable[[], None], seconds: list[float], pause: float) -> None:
        while not ended.wait(pause):
            began = time.perf_counter()
            try:
                what()
            except Exception as error:  # noqa: BLE001  any error is reported
                report.failures.append(f"{what.__name__}: {error!r}")
            seconds.append(time.perf_counter() - began)
            if len(seconds) >= 5:
                warm.set()

    asking = [
        threading.Thread(target=ask, args=(listing, report.listed, 0.015)),
        threading.Thread(target=ask, args=(health, report.healthy, 0.05)),
    ]
    for each in asking:
        each.start()
    try:
        yield warm
    finally:
        ended.set()
        for each in asking:
            each.join()


@contextmanager
def _attackers(host: str, port: int, attack: Attack, connections: int, report: Report) -> Iterator["Pipe[Any, Any]"]:
    spawn = multiprocessing.get_context("spawn")
    ours, theirs = spawn.Pipe()
    process = spawn.Process(target=_attack, args=(theirs, host, port, attack, connections), daemon=True)
    process.start()
    try:
        assert ours.recv() == "begun"
        yield ours
        report.sent, report.attempts = ours.recv()
    finally:
        process.join(10)
        process.kill()


def _attack(pipe: "Pipe[Any, Any]", host: str, port: int, attack: Attack, connections: int) -> None:
    os.nice(NICE)
    target, attempts = Target(host, port), 0

    async def attacker() -> None:
        nonlocal attempts
        while True:
            attempts += 1
            with suppress(OSError, EOFError):  # the server has closed the connection
                await attack(target)
            await asyncio.sleep(PAUSE)

    async def attackers() -> None:
        crowd = [asyncio.create_task(attacker()) for _ in range(connections)]
        pipe.send("begun")
        stop = asyncio.get_running_loop().run_in_executor(None, pipe.recv)
        await asyncio.wait([stop, *crowd], return_when="FIRST_COMPLETED")  # or the first that fails
        for each in crowd:
            each.cancel()
        for failed in await asyncio.gather(*crowd, return_exceptions=True):
            if isinstance(failed, Exception):
                raise failed

    asyncio.run(attackers())
    pipe.send((target.sent, attempts))


def _forget_peak(process: int) -> None:
    Path(f"/proc/{process}/clear_refs").write_text("5")


def _peak(process: int) -> float:
    """Returns the peak memory of a process since `_forget_peak`, in bytes."""
    line = next(x for x in Path(f"/proc/{process}/status").read_text().splitlines() if x.startswith("VmHWM"))
    return float(line.split()[1]) * 1024


async def endless(target: Target, begin: bytes, part: bytes) -> None:
    """Sends a beginning, then a part again and again until the server closes."""
    block = part * (BLOCK // len(part))
    async with target.connection() as peer:
        await peer.send(begin)
        while not peer.reader.at_eof():
            await peer.send(block)
