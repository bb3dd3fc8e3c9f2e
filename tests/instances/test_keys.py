"""Access keys with several servers: made and revoked anywhere, in force everywhere at once; one master key for all."""

import json
import subprocess
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from tests import live as servers
from tests.live import Live
from tests.locked import mien


def client(server: Live, made: dict[str, str]) -> Any:
    return boto3.client(
        "rekognition",
        endpoint_url=server.address,
        region_name="us-east-1",
        aws_access_key_id=made["aws_access_key_id"],
        aws_secret_access_key=made["aws_secret_access_key"],
        config=Config(retries={"max_attempts": 0}),
    )


def test_a_key_is_in_force_and_revoked_at_every_server_at_once(packs: str, schema: str, tmp_path: Path) -> None:
    common = ("--store", schema, "--master-key", str(tmp_path / "keys" / "master.key"))
    both: list[Live] = []
    try:
        for number in range(2):
            both.append(servers.serve(packs, tmp_path / str(number), *common, "--threads", "1"))
            assert both[-1].post("ListCollections", b"{}").status == 200  # no key yet: anyone, on loopback
        done = mien("keys", "create", "--name", "ci", "--json", *common)
        made = json.loads(done.stdout)
        for server in both:
            assert server.post("ListCollections", b"{}").json["__type"] == "MissingAuthenticationTokenException"
            assert client(server, made).list_collections()["CollectionIds"] == []
        assert mien("keys", "revoke", "ci", *common).returncode == 0
        for server in both:
            with pytest.raises(ClientError, match="UnrecognizedClientException"):
                client(server, made).list_collections()
    finally:
        for server in both:
            server.stop()


def test_a_server_with_another_master_key_does_not_start_and_says_why(packs: str, schema: str, tmp_path: Path) -> None:
    ours, other = tmp_path / "ours.key", tmp_path / "other.key"
    assert mien("keys", "create", "--name", "ci", "--store", schema, "--master-key", str(ours)).returncode == 0
    other.write_bytes(bytes(32))
    other.chmod(0o600)
    for path, why in ((other, "every server on one store needs the same file"), (tmp_path / "none", "cannot be used")):
        flags = ("--store", schema, "--master-key", str(path), "--packs", packs, "--port", "0")
        done = subprocess.run(
            servers.command("serve", *flags), capture_output=True, text=True, timeout=60, check=False, cwd=tmp_path,
            env=servers.environment(),
        )  # fmt: skip
        assert done.returncode == 1
        assert why in done.stderr
        assert done.stderr.count("\n") == 1
