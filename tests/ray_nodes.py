"""Nodes of Ray on loopback, each a tree of processes that can be killed or stopped alone."""

import contextlib
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import psutil

from mien.spread import ray_node

SOON = 60  # seconds
# In the environment of `ray_node` Ray stays on loopback and refuses a second node, unless it is told otherwise here.
START = """
from ray._private import ray_constants, services
from ray.scripts.scripts import main
ray_constants.ENABLE_RAY_CLUSTER = True
services.get_node_ip_address = lambda address=None: "127.0.0.1"
main()
"""


class Nodes:
    """A cluster whose first node is its head; only those who have its token may use it.

    Args:
        count: of its nodes.
        cpus: that Ray counts on each.
        folder: for what Ray writes; a short path, since sockets lie in it.
    """

    def __init__(self, count: int, cpus: int = 1, folder: Path | None = None) -> None:
        self.folder = folder or Path(tempfile.mkdtemp(prefix="ray-"))
        self.port = free_port()
        ray_node.token(self.folder, make=True)
        self._cpus = cpus
        self._started = 0
        self.nodes: dict[str, psutil.Popen] = {}
        try:
            for _ in range(count):
                self.join()
        except BaseException:
            self.close()
            raise

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        """What a process needs that uses the cluster."""
        return ray_node.environment(self.folder, ray_node.LOOPBACK)

    def join(self) -> str:
        """Starts one more node, and returns the name of the resource that only it has."""
        name = f"node{self._started}"
        place = ["--address", self.address] if self._started else ["--head", "--port", str(self.port)]
        options = ["--block", "--node-ip-address", "127.0.0.1", "--num-cpus", str(self._cpus), "--num-gpus", "0"]
        options += [
            "--object-store-memory",
            str(ray_node.STORE),
            "--resources",
            json.dumps({name: 100}),
            "--disable-usage-stats",
        ]
        options += ["--include-log-monitor", "false"]
        options += [] if self._started else ["--include-dashboard", "false", "--temp-dir", str(self.folder)]
        self._started += 1
        with (self.folder / f"{name}.log").open("wb") as log:
            self.nodes[name] = psutil.Popen(
                [sys.executable, "-c", START, "start", *place, *options],
                stdout=log,
                stderr=subprocess.STDOUT,
                env=os.environ | self.environment,
            )
        self._wait(name)
        return name

    def processes(self, name: str) -> list[psutil.Process]:
        """The processes of a node: its daemons and its workers."""
        main = self.nodes[name]
        with contextlib.suppress(psutil.NoSuchProcess):
            return [psutil.Process(main.pid), *main.children(recursive=True)]
        return []

    def memory(self, name: str) -> int:
        """The bytes of a node's processes that they share with none."""
        total = 0
        for process in self.processes(name):
            with contextlib.suppress(psutil.Error):
                total += process.memory_full_info().uss
        return total

    def kill(self, name: str) -> None:
        """Ends a node as a loss of its power would."""
        processes = self.processes(name)
        for process in processes:  # none can clean up after another
            with contextlib.suppress(psutil.NoSuchProcess):
                process.suspend()
        for process in processes:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(processes, SOON)
        del self.nodes[name]

    def close(self) -> None:
        """Ends all nodes."""
        for name in list(self.nodes):
            self.kill(name)

    def _wait(self, name: str) -> None:
        """Waits until a node is up."""
        until = time.monotonic() + SOON
        log = self.folder / f"{name}.log"
        while b"Ray runtime started" not in log.read_bytes():
            if self.nodes[name].poll() is not None or time.monotonic() > until:
                raise AssertionError(log.read_text())
            time.sleep(0.1)


def connect(nodes: Nodes, **more: Any) -> Any:
    """Connects this process to a cluster, and returns the module `ray`."""
    os.environ.update(nodes.environment)
    import ray

    ray.init(nodes.address, namespace="mien", log_to_driver=False, configure_logging=False, **more)
    return ray


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])
