"""A node of Ray on this machine: started with a token, on loopback unless an address is named, and stopped.

Away from loopback, Ray's gRPC servers listen on all addresses, whatever address a node is given.
"""

import ipaddress
import json
import os
import re
import secrets
import shutil
import socket
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psutil

from mien.errors import SetupError
from mien.system import leftovers

LOOPBACK = "127.0.0.1"
STORE = 80_000_000  # bytes of Ray's shared memory; the least that it takes is 75 MB, and shards need none
LONGEST_SOCKET = 107  # bytes of a path of a Unix socket
PROBE = """
import sys
from ray._raylet import GcsClient
from ray.exceptions import AuthenticationError
try:
    GcsClient(address=sys.argv[1]).get_all_node_info(timeout=5)
except AuthenticationError:
    sys.exit(3)
"""
REFUSED = 3  # the probe's exit code where the head asks for another token
ANSWER = 20  # seconds that a head has for the probe
SOCKET = "/run/session_2026-01-01_00-00-00_000000_4194304/sockets/plasma_store"
PATIENCE = 40  # seconds for a node to end; Ray takes up to 30 for what runs on it


@dataclass(frozen=True)
class Node:
    """A node that `start` became.

    Attributes:
        pid: of the process that started Ray's others.
        born: when that process began, in seconds since 1970; tells it from a later one with its number.
        at: the node's own address.
        head: `ADDRESS:PORT` of the cluster's head.
    """

    pid: int
    born: float
    at: str
    head: str


def start(folder: Path, at: str, port: int, join: str = "", cpus: int | None = None) -> None:
    """Becomes a node of Ray, which runs until it gets SIGTERM.

    Args:
        folder: for the token and Ray's own files.
        at: address of this node.
        port: on which the head listens.
        join: `ADDRESS:PORT` of the head of the cluster to join; empty starts a head.
        cpus: that Ray counts here; by default all.

    Raises:
        SetupError: Ray is missing, a node runs already, or an argument does not fit.
    """
    _need_ray()
    folder = folder.resolve()
    if not 1 <= port <= 65535:
        raise SetupError(f"--head-port takes a port from 1 to 65535, not {port}.")
    _check(folder, at, join, cpus)
    if running(folder):
        raise SetupError("A node of Ray runs here already; end it with `mien ray down`.")
    token(folder, make=not join)
    if join:
        check_head(folder, join)
    _check_listening(at, 0 if join else port)
    for old in sorted(folder.glob("run/session_2*"))[:-1]:  # what the last node wrote stays, for who asks why it ended
        shutil.rmtree(old, ignore_errors=True)
    head = join or f"{at}:{port}"
    if join:
        place = ["--address", head]
    else:
        place = ["--head", "--port", str(port), "--include-dashboard", "false"]
        # where ray[client] is installed, which needs gRPC, Ray would open a port for clients that are no nodes
        place += ["--ray-client-server-port", "0"] if find_spec("grpc") else []
    options = ["--block", "--temp-dir", str(folder / "run"), "--node-ip-address", at, "--num-gpus", "0"]
    options += ["--object-store-memory", str(STORE)]
    options += ["--disable-usage-stats", "--include-log-monitor", "false"]
    options += [] if cpus is None else ["--num-cpus", str(cpus)]
    node = Node(os.getpid(), psutil.Process().create_time(), at, head)
    _file(folder).write_text(json.dumps(asdict(node)))
    command = [sys.executable, "-m", "ray.scripts.scripts", "start", *place, *options]
    os.execve(command[0], command, os.environ | environment(folder, at))  # noqa: S606


def running(folder: Path) -> Node | None:
    """Returns the node that runs from a folder."""
    try:
        node = Node(**json.loads(_file(folder).read_text()))
        process = psutil.Process(node.pid)
        return node if process.create_time() == node.born and _alive(process) else None
    except (OSError, ValueError, TypeError, psutil.NoSuchProcess):
        return None


def stop(folder: Path) -> bool:
    """Ends the node that runs from a folder, with all its processes; returns False where none ran."""
    node = running(folder)
    if not node:
        return False
    main = psutil.Process(node.pid)
    processes = [main, *main.children(recursive=True)]
    main.terminate()
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until and any(map(_alive, processes)):
        time.sleep(0.05)
    for process in filter(_alive, processes):
        process.kill()
    _file(folder).unlink(missing_ok=True)
    return True


def nodes(folder: Path) -> list[dict[str, Any]]:
    """Returns what Ray says of each node of the cluster to which this machine's node belongs."""
    _need_ray()
    node = running(folder)
    if not node:
        raise SetupError("No node of Ray runs here; start one with `mien ray up`.")
    os.environ.update(environment(folder, node.at))  # before Ray is imported, since it reads them once
    ray: Any = import_module("ray")

    try:
        ray.init(node.head, namespace="mien", log_to_driver=False, configure_logging=False)
    except (ConnectionError, RuntimeError, ValueError, ray.exceptions.RayError) as error:
        raise SetupError(f"The cluster at {node.head} does not answer: {error}") from None
    try:
        found: list[dict[str, Any]] = ray.nodes()
        return found
    finally:
        ray.shutdown()


def token(folder: Path, make: bool) -> Path:
    """Returns the file with the cluster's token, which only its owner may read; `make` writes a missing one."""
    file = folder / "token"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)  # Ray lets everybody write into `run`, where its sockets lie
        if make and not file.exists():
            leftovers.write(file, secrets.token_hex(32).encode(), 0o600)
    except OSError as error:
        raise SetupError(f"{folder} cannot be written: {error.strerror}.") from None
    if not file.exists():
        raise SetupError(f"{file} is missing; copy it from the head, over ssh, and keep its mode 0600.")
    if not file.read_text().strip():
        raise SetupError(f"{file} is empty; copy it from another node, or delete it on the head for a new token.")
    if file.stat().st_mode & 0o077:
        raise SetupError(f"{file} can be read by others; run chmod 600 {file}.")
    return file


def check_head(folder: Path, head: str) -> None:
    """Raises SetupError unless a head takes the token in a folder, and no other.

    A cluster without tokens would run on its nodes what anybody on its network sends.
    """
    own = token(folder, make=False).read_text().strip()
    if _probe(head, secrets.token_hex(32)) != REFUSED:
        raise SetupError(f"The cluster at {head} asks for no token; start its head with `mien ray up`.")
    if _probe(head, own) == REFUSED:
        raise SetupError(f"The cluster at {head} does not take the token in {folder / 'token'}; copy the head's.")


def _probe(head: str, secret: str) -> int:
    """Returns REFUSED where a head refuses a token, and 0 where it answers."""
    address, _, port = head.rpartition(":")
    variables = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secret}
    try:
        socket.create_connection((address, int(port)), timeout=ANSWER).close()
        command = [sys.executable, "-c", PROBE, head]
        done = subprocess.run(  # noqa: S603
            command, check=False, env=os.environ | variables, capture_output=True, timeout=ANSWER
        )
        code = done.returncode
    except (OSError, OverflowError, subprocess.TimeoutExpired):
        code = 1
    if code not in (0, REFUSED):
        raise SetupError(f"No head of Ray answers at {head}; see that it runs, and that no firewall is between.")
    return code


def environment(folder: Path, at: str) -> dict[str, str]:
    """Returns the variables that a process needs which starts or uses a node at an address."""
    found = {
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN_PATH": str(folder.resolve() / "token"),
        "RAY_USAGE_STATS_ENABLED": "0",
    }
    # On Linux, Ray replaces 127.0.0.1 by the host's address and listens everywhere, unless it may have no cluster.
    return found | ({"RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0"} if at == LOOPBACK else {})


def _alive(process: psutil.Process) -> bool:
    """Returns whether a process still runs; one that ended may wait long for its parent."""
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def _need_ray() -> None:
    if not find_spec("ray"):
        raise SetupError("Ray is not installed; run pip install 'mien[ray]'.")


def _check(folder: Path, at: str, join: str, cpus: int | None) -> None:
    try:
        ipaddress.IPv4Address(at)
    except ValueError:
        raise SetupError(f"{at} is no IPv4 address; --at takes one of this machine's.") from None
    if cpus is not None and cpus < 0:
        raise SetupError(f"--cpus takes a number from 0, not {cpus}.")
    if join and not re.fullmatch(r"[\w.-]+:\d{1,5}", join):
        raise SetupError(f"--join takes the address and port of a head, as 10.0.0.1:6379, not {join}.")
    if join and (at == LOOPBACK or join.startswith((LOOPBACK, "localhost"))):
        raise SetupError("A node on loopback has a cluster to itself; name --at ADDRESS on the head and on each node.")
    if len(os.fsencode(folder)) + len(SOCKET) > LONGEST_SOCKET:
        longest = LONGEST_SOCKET - len(SOCKET)
        raise SetupError(f"{folder} is too long for Ray's sockets: choose --data so that it has {longest} bytes.")


def _check_listening(at: str, port: int) -> None:
    """Raises SetupError where this machine cannot listen on a port of an address; 0 stands for any port."""
    with socket.socket() as tried:
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            tried.bind((at, port))
        except OSError as error:
            raise SetupError(f"Ray cannot listen on {at}:{port}: {error.strerror}.") from None


def _file(folder: Path) -> Path:
    return folder / "node.json"
