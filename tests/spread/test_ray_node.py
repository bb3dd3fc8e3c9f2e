"""`mien ray up` on loopback: what listens, who may run code, and what is refused."""

import contextlib
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path

import psutil
import pytest

from mien.errors import SetupError
from mien.spread import ray_node
from tests.locked import mien
from tests.ray_nodes import free_port

pytestmark = pytest.mark.skipif(not find_spec("ray"), reason="Ray is not installed")

SOON = 60  # seconds
CLIENT = """
import sys, pathlib, ray
ray.init(sys.argv[1], log_to_driver=False, configure_logging=False)
ray.get(ray.remote(lambda path: pathlib.Path(path).touch()).remote(sys.argv[2]), timeout=30)
"""


@pytest.fixture(scope="module")
def data() -> Iterator[Path]:
    """The data directory of a node that runs."""
    with tempfile.TemporaryDirectory(prefix="r", dir="/tmp") as made:  # a short path, since sockets lie in it
        folder = Path(made)
        command = [sys.executable, "-m", "mien", "ray", "up", "--data", made, "--cpus", "1"]
        with (folder / "log").open("wb") as log:
            node = subprocess.Popen([*command, "--head-port", str(free_port())], stdout=log, stderr=log)
        try:
            _wait(node, folder / "log")
            yield folder
            done = mien("ray", "down", "--data", made)
            assert done.stdout == "The node ended.\n"
        finally:
            ray_node.stop(folder / "ray")
            node.wait(SOON)


def test_everything_listens_on_loopback(data: Path) -> None:
    node = ray_node.running(data / "ray")
    assert node
    main = psutil.Process(node.pid)
    heard = [
        opened.laddr.ip
        for process in [main, *main.children(recursive=True)]
        for opened in process.net_connections("inet")
        if opened.status == psutil.CONN_LISTEN
    ]
    assert len(heard) >= 3
    assert {address.removeprefix("::ffff:") for address in heard} == {"127.0.0.1"}


def test_only_who_has_the_token_runs_code(data: Path, tmp_path: Path) -> None:
    right = ray_node.environment(data / "ray", "127.0.0.1")
    right["RAY_NUM_REDIS_GET_RETRIES"] = "2"  # tries of a client, a second each
    plain = {name: value for name, value in right.items() if not name.startswith("RAY_AUTH")}
    clients = {
        "none": plain | {"RAY_AUTH_MODE": "disabled"},
        "wrong": plain | {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": "0" * 64},
        "right": right,
    }
    with ThreadPoolExecutor() as threads:
        found = threads.map(lambda name: _run(data, tmp_path, name, clients[name]), clients)
        codes = dict(zip(clients, found, strict=True))
    assert [path.name for path in tmp_path.iterdir()] == ["right"]
    assert [name for name, code in codes.items() if code == 0] == ["right"]


def test_the_token_is_its_owners_alone_and_status_lists_the_node(data: Path) -> None:
    token = data / "ray" / "token"
    assert token.stat().st_mode & 0o777 == 0o600
    assert token.parent.stat().st_mode & 0o777 == 0o700
    assert [path.name for path in data.glob("**/plasma_store")] == ["plasma_store"]
    assert not list(data.glob("ray/session*"))  # nothing of Ray's beside the folder that everybody may write into
    assert len(token.read_text()) == 64
    assert mien("ray", "status", "--data", str(data)).stdout.split()[:4] == ["127.0.0.1", "up", "1", "CPUs"]
    again = mien("ray", "up", "--data", str(data))
    assert again.stderr == "mien: A node of Ray runs here already; end it with `mien ray down`.\n"


@pytest.mark.parametrize(
    ("at", "join", "says"),
    [
        ("0.0.0.0.0", "", "is no IPv4 address"),
        ("127.0.0.1", "10.0.0.1:6379", "name --at ADDRESS"),
        ("10.0.0.2", "127.0.0.1:6379", "name --at ADDRESS"),
        ("10.0.0.2", "10.0.0.1:6379", "copy it from the head"),
        ("10.0.0.2", "10.0.0.1", "takes the address and port"),
    ],
)
def test_what_cannot_work_is_refused_before_ray_starts(at: str, join: str, says: str) -> None:
    with tempfile.TemporaryDirectory(prefix="r", dir="/tmp") as made, pytest.raises(SetupError, match=says):
        ray_node.start(Path(made) / "ray", at, 6379, join)


def test_a_port_in_use_another_machines_address_and_no_number_of_cpus_are_refused() -> None:
    with tempfile.TemporaryDirectory(prefix="r", dir="/tmp") as made, socket.socket() as taken:
        folder = Path(made) / "ray"
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(SetupError, match=r"cannot listen on .* in use"):
            ray_node.start(folder, "127.0.0.1", taken.getsockname()[1])
        with pytest.raises(SetupError, match=r"cannot listen on 203\.0\.113\.1:6379"):
            ray_node.start(folder, "203.0.113.1", 6379)
        for port in (0, 99999):
            with pytest.raises(SetupError, match=f"from 1 to 65535, not {port}"):
                ray_node.start(folder, "127.0.0.1", port)
        with pytest.raises(SetupError, match="from 0, not -1"):
            ray_node.start(folder, "127.0.0.1", 6379, cpus=-1)
        (Path(made) / "file").touch()
        with pytest.raises(SetupError, match="cannot be written: Not a directory"):
            ray_node.start(Path(made) / "file" / "ray", "127.0.0.1", 6379)


def test_a_token_that_others_can_read_and_a_long_path_are_refused(tmp_path: Path) -> None:
    ray_node.token(tmp_path, make=True).chmod(0o644)
    with pytest.raises(SetupError, match="chmod 600"):
        ray_node.token(tmp_path, make=True)
    (tmp_path / "token").write_text("")
    (tmp_path / "token").chmod(0o600)
    with pytest.raises(SetupError, match="is empty"):
        ray_node.token(tmp_path, make=True)
    with pytest.raises(SetupError, match="too long for Ray's sockets"):
        ray_node.start(tmp_path / ("long" * 20), "127.0.0.1", 6379)


def test_a_head_is_joined_only_with_its_own_token(data: Path, tmp_path: Path) -> None:
    node = ray_node.running(data / "ray")
    assert node
    ray_node.check_head(data / "ray", node.head)
    ray_node.token(tmp_path, make=True)
    with pytest.raises(SetupError, match="does not take the token"):
        ray_node.check_head(tmp_path, node.head)
    with pytest.raises(SetupError, match="No head of Ray answers"):
        ray_node.check_head(tmp_path, f"127.0.0.1:{free_port()}")


def test_a_head_that_asks_for_no_token_is_not_joined() -> None:
    with tempfile.TemporaryDirectory(prefix="r", dir="/tmp") as made:
        folder, head = Path(made), f"127.0.0.1:{free_port()}"
        ray_node.token(folder, make=True)
        command = [sys.executable, "-m", "ray.scripts.scripts", "start", "--head", "--block", "--temp-dir", made]
        command += ["--port", head.split(":")[1], "--node-ip-address", "127.0.0.1", "--num-cpus", "1"]
        command += ["--object-store-memory", str(ray_node.STORE), "--include-dashboard", "false"]
        open_to_all = ray_node.environment(folder, "127.0.0.1") | {"RAY_AUTH_MODE": "disabled"}
        with (folder / "log").open("wb") as log:
            node = subprocess.Popen(command, env=os.environ | open_to_all, stdout=log, stderr=log)
        try:
            _wait(node, folder / "log")
            with pytest.raises(SetupError, match="asks for no token"):
                ray_node.check_head(folder, head)
        finally:
            processes = psutil.Process(node.pid).children(recursive=True)
            node.kill()
            node.wait(SOON)
            for process in processes:
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.kill()
            psutil.wait_procs(processes, SOON)


def test_without_a_node_down_and_status_say_so(tmp_path: Path) -> None:
    assert mien("ray", "down", "--data", str(tmp_path)).stdout == "No node of Ray runs here.\n"
    assert "start one with `mien ray up`" in mien("ray", "status", "--data", str(tmp_path)).stderr


def _wait(node: subprocess.Popen[bytes], log: Path) -> None:
    """Waits until a node runs."""
    until = time.monotonic() + SOON
    while b"Ray runtime started" not in log.read_bytes():
        assert node.poll() is None and time.monotonic() < until, log.read_text()
        time.sleep(0.1)


def _run(data: Path, folder: Path, name: str, variables: dict[str, str]) -> int:
    """Returns the exit code of a client that makes a file through the cluster."""
    node = ray_node.running(data / "ray")
    assert node
    command = [sys.executable, "-c", CLIENT, node.head, str(folder / name)]
    done = subprocess.run(command, check=False, env=os.environ | variables, capture_output=True, timeout=SOON)
    return done.returncode
