"""The files of deploy/: the Dockerfile's steps run in a plain virtual environment, and every setting exists.

No image is built and nothing is applied to a cluster; the files say so.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from mien import config
from mien.store import open as stores
from tests import live
from tests.live import Live

ROOT = Path(__file__).resolve().parents[1]
DEPLOY = ROOT / "deploy"
DOCKERFILE = (DEPLOY / "Dockerfile").read_text().replace("\\\n", "")
VARIABLES = {row.variable for row in config.TABLE}


def instructions(word: str) -> list[str]:
    return re.findall(rf"^{word} (.*)$", DOCKERFILE, re.MULTILINE)


def values(found: Any, name: str) -> Iterator[Any]:
    """Yields every value under a name, at any depth."""
    for key, value in found.items() if isinstance(found, dict) else enumerate(found) if isinstance(found, list) else ():
        if key == name:
            yield value
        yield from values(value, name)


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory, packs: str) -> Path:
    """Fills a folder, in place of an image's root, by the steps of the Dockerfile."""
    root = tmp_path_factory.mktemp("image")
    source = root / "src"
    shown = [line[1:] for line in (ROOT / ".dockerignore").read_text().split() if line.startswith("!")]
    source.mkdir()
    for name in shown:
        path = ROOT / name
        ignored = shutil.ignore_patterns("__pycache__", "*.egg-info")
        shutil.copytree(path, source / name, ignore=ignored) if path.is_dir() else shutil.copy(path, source)
    environment = live.environment(
        MIEN_PACKS=packs, PIP_DISABLE_PIP_VERSION_CHECK="1", PIP_QUIET="1", PIP_NO_COMPILE="1"
    )
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"
    for step in instructions("RUN"):
        here = step.replace("/opt", f"{root}/opt").replace("--no-cache-dir ", "")
        done = subprocess.run(
            here, shell=True, cwd=source, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{step}: {done.stdout[-2000:]}{done.stderr[-2000:]}"
    return root


def test_the_steps_make_a_server_that_runs_on_a_read_only_file_system(image: Path, schema: str, tmp_path: Path) -> None:
    """The server may write only to a temporary folder, and does not start from the source."""
    (variables,) = instructions("ENV")
    given = dict(pair.split("=", 1) for pair in variables.replace("/opt", f"{image}/opt").split())
    given |= {"HOME": str(tmp_path), "TMPDIR": str(tmp_path), "PATH": given["PATH"].replace("$PATH", "/usr/bin:/bin")}
    given |= {"MIEN_STORE": schema, "MIEN_PORT": "0", "MIEN_MASTER_KEY": str(tmp_path / "master.key")}
    given |= {"MIEN_DATA": str(tmp_path / "nowhere")}
    (command,) = instructions("CMD")
    server, *arguments = json.loads(command)
    program = [str(image / "opt" / "mien" / "bin" / server), *arguments]
    refused = subprocess.run(program, env=given, cwd="/", capture_output=True, text=True, timeout=60, check=False)
    assert "make an access key first" in refused.stderr  # it listens for everyone
    create = [program[0], "keys", "create", "--name", "admin"]
    assert subprocess.run(create, env=given, cwd="/", capture_output=True, timeout=60, check=False).returncode == 0
    process = subprocess.Popen(program, env=given, cwd="/", stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    first = process.stdout.readline()
    port = int(first.split()[-1].rpartition(":")[2])
    started = Live(process, "127.0.0.1", port, tmp_path, first, tmp_path)
    assert started.send("GET", "/healthz", None, {}).status == 200
    assert started.post("ListCollections", b"{}").json["__type"] == "MissingAuthenticationTokenException"
    assert started.stop() == 0
    assert not (tmp_path / "nowhere").exists()


def test_the_image_runs_as_an_unprivileged_user_and_has_few_steps() -> None:
    assert instructions("USER") == ["10001:10001"]
    assert len(instructions("RUN")) <= 3
    (variables,) = instructions("ENV")
    named = {pair.split("=")[0] for pair in variables.split()}
    assert {name for name in named if name.startswith("MIEN_")} <= VARIABLES


def test_compose_names_settings_that_exist_and_runs_two_servers_read_only() -> None:
    composed = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    servers = [each for each in composed["services"].values() if each["image"].startswith("mien:")]
    assert len(servers) == 2
    for server in servers:
        named = {name for name in server["environment"] if name.startswith("MIEN_")}
        assert named <= VARIABLES
        assert stores.is_shared(server["environment"]["MIEN_STORE"])
        assert (server["read_only"], server["user"], server["cap_drop"]) == (True, "10001:10001", ["ALL"])
    balancer = (DEPLOY / "Caddyfile").read_text()
    for name, service in composed["services"].items():
        if service in servers:
            assert f"{name}:6436" in balancer
    assert "header_up Host" not in balancer  # signatures cover it


def test_kubernetes_names_settings_that_exist_and_has_probes_and_limits() -> None:
    kinds = {each["kind"]: each for each in yaml.safe_load_all((DEPLOY / "kubernetes.yaml").read_text())}
    assert set(kinds) == {"Deployment", "Service", "PodDisruptionBudget"}
    (container,) = kinds["Deployment"]["spec"]["template"]["spec"]["containers"]
    assert {each["name"] for each in container["env"] if each["name"].startswith("MIEN_")} <= VARIABLES
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert set(container["resources"]) == {"requests", "limits"}
    probed = {each["path"] for each in values(container, "httpGet")}
    assert probed == {"/healthz", "/readyz"}


def test_the_unit_names_settings_that_exist_and_stops_the_parent_first() -> None:
    unit = (DEPLOY / "mien.service").read_text()
    (given,) = re.findall(r"^Environment=(.*)$", unit, re.MULTILINE)
    assert {pair.split("=")[0] for pair in given.split() if pair.startswith("MIEN_")} <= VARIABLES
    assert "KillMode=mixed" in unit  # SIGTERM to the parent alone, which stops its workers
    assert re.findall(r"^ExecStart=(.*)$", unit, re.MULTILINE) == ["/opt/mien/bin/mien serve"]


@pytest.mark.parametrize("file", ["Dockerfile", "compose.yaml", "Caddyfile", "kubernetes.yaml", "mien.service"])
def test_each_file_says_what_was_not_run(file: str) -> None:
    assert re.search(r"[Nn]ot run", (DEPLOY / file).read_text())


def test_the_commands_in_the_files_are_commands() -> None:
    text = "".join(path.read_text() for path in DEPLOY.iterdir())
    found = set(re.findall(r"\bmien (keys|packs|store) ([a-z]+)", text))
    assert ("keys", "create") in found
    for words in found:
        helped = subprocess.run(
            live.command(*words, "--help"), capture_output=True, env=live.environment(), check=False
        )
        assert helped.returncode == 0, words
