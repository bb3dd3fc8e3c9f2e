"""Runs `mien ray`: starts, shows and ends this machine's node of Ray."""

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mien.config import Settings


def add_to(command: Callable[..., argparse.ArgumentParser], under: Any) -> None:
    """Adds the commands to the family `ray`."""
    up = command("up", _up, "run a node of Ray in the foreground; only who has its token may use it", under)
    up.add_argument("--at", metavar="ADDRESS", default="127.0.0.1", help="address of this node (default 127.0.0.1)")
    up.add_argument("--head-port", type=int, default=6379, metavar="PORT", help="of a head (default 6379)")
    up.add_argument("--join", default="", metavar="HEAD:PORT", help="join the cluster of this head")
    up.add_argument("--cpus", type=int, default=None, metavar="NUMBER", help="that Ray counts here (default all)")
    command("down", _down, "end the node of this machine", under)
    command("status", _status, "list the nodes of the cluster", under).add_argument(
        "--json", action="store_true", help="print JSON"
    )


def _up(settings: Settings, given: argparse.Namespace) -> None:
    from mien.spread import ray_node

    if given.at != ray_node.LOOPBACK:
        print(
            "mien: away from loopback Ray listens on all addresses of this machine; let a firewall admit only the "
            "other nodes. Calls need the token, but travel unencrypted.",
            file=sys.stderr,
            flush=True,
        )
    ray_node.start(_folder(settings), given.at, given.head_port, given.join, given.cpus)


def _down(settings: Settings, _: argparse.Namespace) -> None:
    from mien.spread import ray_node

    print("The node ended." if ray_node.stop(_folder(settings)) else "No node of Ray runs here.")


def _status(settings: Settings, given: argparse.Namespace) -> None:
    from mien.spread import ray_node

    nodes = [
        {
            "address": node["NodeManagerAddress"],
            "alive": node["Alive"],
            "cpus": int(node["Resources"].get("CPU", 0)),
            "memory": int(node["Resources"].get("memory", 0)),
        }
        for node in ray_node.nodes(_folder(settings))
    ]
    if given.json:
        print(json.dumps(nodes, indent=2))
        return
    for node in nodes:
        state = "up" if node["alive"] else "lost"
        print(f"{node['address']:<16} {state:<5} {node['cpus']:>4} CPUs {node['memory'] / 2**30:>7.1f} GiB")


def _folder(settings: Settings) -> Path:
    return Path(settings.data) / "ray"
