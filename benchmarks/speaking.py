"""Compares HTTP servers with the same small ASGI application: requests a second and CPU time.

    python benchmarks/speaking.py [SERVER …] [--seconds 3] [--with PYTHON]

Each server runs one worker with uvloop and is called by 1 and by 16 clients with persistent connections: GET /healthz,
and a POST of ListCollections. `--with` names a Python that has hypercorn and Granian. `mien` is mien's own connection
under uvicorn's loop.
"""

import argparse
import multiprocessing
import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil

APPLICATION = "benchmarks.speaking:application"
HEALTH = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
CALL = (
    b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-amz-json-1.1\r\n"
    b"X-Amz-Target: RekognitionService.ListCollections\r\nX-Amz-Date: 20240101T000000Z\r\n"
    b"Authorization: AWS4-HMAC-SHA256 Credential=A/20240101/us-east-1/rekognition/aws4_request, SignedHeaders=host, "
    b"Signature=0000000000000000000000000000000000000000000000000000000000000000\r\n"
    b"User-Agent: Boto3/1.44\r\nContent-Length: 2\r\n\r\n{}"
)
BEGIN = b"POST / HTTP/1.1\r\nHost: localhost\r\n"
FLOODS = ((BEGIN, b"x:\r\n"), (BEGIN + b"x: ", b"a"), (b"GET /", b"a"), (b"", HEALTH))
ANSWER = b'{"CollectionIds":[],"FaceModelVersions":[]}'


async def application(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] != "http":
        return
    while (await receive()).get("more_body"):
        pass
    length = str(len(ANSWER)).encode()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", length)]})
    await send({"type": "http.response.body", "body": ANSWER})


def serve_mien(port: int) -> None:
    from mien.wire import listen  # noqa: PLC0415  a server of the other Python has no mien
    from mien.wire.connection import Connections  # noqa: PLC0415
    from mien.wire.port import bind  # noqa: PLC0415

    source = listen.Port(bind("127.0.0.1", port))
    listen.run(application, source, Connections(2048, 60.0), 1, lambda: None, lambda: None)


def command(server: str, port: int, python: str) -> list[str]:
    own, other = [sys.executable, "-m"], [python, "-m"]
    address = ["--host", "127.0.0.1", "--port", str(port)]
    quiet = ["--no-access-log", "--log-level", "error"]
    return {
        "mien": [sys.executable, __file__, "--serve", str(port)],
        "uvicorn httptools": [
            *own,
            "uvicorn",
            APPLICATION,
            "--http",
            "httptools",
            "--loop",
            "uvloop",
            *address,
            *quiet,
        ],
        "uvicorn h11": [*own, "uvicorn", APPLICATION, "--http", "h11", "--loop", "uvloop", *address, *quiet],
        "hypercorn": [*other, "hypercorn", APPLICATION, "-k", "uvloop", "-b", f"127.0.0.1:{port}"],
        "granian": [*other, "granian", APPLICATION, "--interface", "asgi", "--loop", "uvloop", *address, "--no-log"],
    }[server]


def ask(port: int, request: bytes, seconds: float, counts: Any, number: int) -> None:
    count, until = 0, time.perf_counter() + seconds
    while time.perf_counter() < until:
        with socket.create_connection(("127.0.0.1", port)) as raw:
            raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            while time.perf_counter() < until and answered(raw, request):
                count += 1
    counts[number] = count


def answered(raw: socket.socket, request: bytes) -> bool:
    """Returns whether the server answered; hypercorn closes each connection after a thousand requests."""
    raw.sendall(request)
    received = b""
    while len(received.partition(b"\r\n\r\n")[2]) < len(ANSWER):
        part = raw.recv(65536)
        if not part:
            return False
        received += part
    return True


def flood(port: int, process: "psutil.Process", begin: bytes, part: bytes, seconds: float) -> str:
    """Returns the memory growth in MB and the slowest /healthz in seconds while 16 connections send endlessly."""
    before, most, slowest = process.memory_info().rss, 0, 0.0
    spawn = multiprocessing.get_context("spawn")
    sending = [spawn.Process(target=send, args=(port, begin, part, seconds), daemon=True) for _ in range(4)]
    for each in sending:
        each.start()
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        began = time.monotonic()
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=30) as raw:
                answered(raw, HEALTH)
        except OSError:
            pass
        slowest = max(slowest, time.monotonic() - began)
        most = max(most, process.memory_info().rss)
        time.sleep(0.05)
    for each in sending:
        each.join(5)
        each.kill()
    return f"{(most - before) / 1e6:.0f}, {slowest:.1f}"


def send(port: int, begin: bytes, part: bytes, seconds: float) -> None:
    """Sends on four connections in turn, as much as each accepts."""
    os.nice(19)
    block, until, open_now = part * (65536 // len(part)), time.monotonic() + seconds, []
    while time.monotonic() < until:
        if len(open_now) < 4:
            try:
                raw = socket.create_connection(("127.0.0.1", port), timeout=1)
                raw.sendall(begin)
                raw.setblocking(False)
                open_now.append(raw)
            except OSError:
                time.sleep(0.01)
        for raw in list(open_now):
            try:
                raw.send(block)
            except BlockingIOError:
                time.sleep(0.001)
            except OSError:
                raw.close()
                open_now.remove(raw)


def measure(server: "subprocess.Popen[bytes]", port: int, request: bytes, clients: int, seconds: float) -> str:
    """Returns the requests a second, and the server's CPU time for one in µs."""
    process = psutil.Process(server.pid)
    every = [process, *process.children(recursive=True)]
    spawn = multiprocessing.get_context("spawn")
    counts = spawn.Array("q", clients)
    asking = [spawn.Process(target=ask, args=(port, request, seconds, counts, n)) for n in range(clients)]
    before = sum(sum(each.cpu_times()[:2]) for each in every)
    for each in asking:
        each.start()
    for each in asking:
        each.join()
    used, done = sum(sum(each.cpu_times()[:2]) for each in every) - before, sum(counts)
    return f"{done / seconds:.0f}, {used / done * 1e6:.0f}"


def main() -> None:
    servers = ["mien", "uvicorn httptools", "uvicorn h11", "hypercorn", "granian"]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("servers", nargs="*", default=servers)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument(
        "--floods", action="store_true", help="measure memory and the latency of others under floods, instead of speed"
    )
    parser.add_argument("--with", dest="python", default=sys.executable)
    parser.add_argument("--serve", type=int, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.serve:
        return serve_mien(given.serve)
    speeds = "| requests a second, µs of processor time | /healthz, 1 | /healthz, 16 | ListCollections, 1 | 16 |"
    floods = "| MB more, seconds of /healthz | tiny headers | one header | one target | pipelined |"
    print(floods if given.floods else speeds, "|---|---|---|---|---|", sep="\n")
    for name in given.servers:
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        root = Path(__file__).resolve().parents[1]
        paths = os.pathsep.join((str(root), str(root / "src")))
        with subprocess.Popen(
            command(name, port, given.python), env=os.environ | {"PYTHONPATH": paths}, cwd=root
        ) as it:
            for _ in range(100):
                time.sleep(0.1)
                try:
                    socket.create_connection(("127.0.0.1", port)).close()
                    break
                except OSError:
                    continue
            if given.floods:
                process = ([*psutil.Process(it.pid).children(recursive=True)] or [psutil.Process(it.pid)])[-1]
                cells = [flood(port, process, begin, part, given.seconds) for begin, part in FLOODS]
            else:
                cells = [measure(it, port, request, n, given.seconds) for request in (HEALTH, CALL) for n in (1, 16)]
            it.terminate()
        print(f"| {name} | {' | '.join(cells)} |", flush=True)
    return None


if __name__ == "__main__":
    main()
