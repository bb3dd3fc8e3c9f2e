"""A server that lets in only those who have a key, and keys to it."""

import json
import subprocess
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from mien.access.authenticator import create_key
from mien.access.grant import Grant
from mien.store import open as stores
from mien.store.vault import Vault
from tests import live
from tests.live import Live


@dataclass(frozen=True)
class Key:
    """An access key's id and secret."""

    id: str
    secret: str


class Locked:
    """A server with keys, and the command that makes them beside it."""

    def __init__(self, server: Live) -> None:
        self.server = server
        self.admin = key(server.data, "admin")

    def key(self, name: str, **grant: Any) -> Key:
        """Make a key while the server runs, as the command does but without the time it takes to start."""
        store = stores.open_store("", str(self.server.data))
        with closing(store.database):
            return Key(*create_key(store.keys, Vault(self.server.data / "master.key"), name, Grant(**grant)))

    def client(self, which: Key, path: str = "", retries: int = 0, **more: Any) -> Any:
        return boto3.client(
            "rekognition",
            endpoint_url=self.server.address + path,
            region_name=more.pop("region", "us-east-1"),
            aws_access_key_id=which.id,
            aws_secret_access_key=which.secret,
            config=Config(retries={"total_max_attempts": retries + 1, "mode": "standard"}),
            **more,
        )


def mien(*arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run the command to its end."""
    return subprocess.run(
        live.command(*arguments), capture_output=True, text=True, timeout=60, env=live.environment(), check=False
    )


def key(data: Path, name: str) -> Key:
    done = mien("keys", "create", "--name", name, "--data", str(data), "--json")
    assert done.returncode == 0, done.stderr
    made = json.loads(done.stdout)
    return Key(made["aws_access_key_id"], made["aws_secret_access_key"])
