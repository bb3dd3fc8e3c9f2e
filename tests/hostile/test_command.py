"""Wrong arguments and closed pipes: a command prints a sentence or nothing, and never a traceback."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests import live
from tests.locked import mien

PORTS = ["70000", "65536", "-1", "abc", "", "1e3", "0x50", "80.5", "9" * 5000]


def run(*arguments: str, cwd: Path | None = None, **variables: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        live.command(*arguments), capture_output=True, text=True, timeout=60, cwd=cwd, check=False,
        env=live.environment(**variables),
    )  # fmt: skip


def assert_refused(done: "subprocess.CompletedProcess[str]") -> None:
    assert done.returncode == 1
    assert done.stderr.startswith("mien: ")
    assert done.stderr.count("\n") == 1
    assert "port" in done.stderr.lower()


@pytest.mark.parametrize("port", PORTS)
def test_a_port_that_is_none_is_refused_from_the_command_line(port: str, tmp_path: Path) -> None:
    assert_refused(run("serve", f"--port={port}", "--data", str(tmp_path / "data")))
    assert not (tmp_path / "data").exists()


def test_and_from_the_environment(tmp_path: Path) -> None:
    assert_refused(run("serve", "--data", str(tmp_path / "data"), MIEN_PORT="70000"))


@pytest.mark.parametrize("port", ["70000", "-1", "true", "80.5", "[80]", "{a = 1}", "inf", "nan", '"abc"'])
def test_and_from_the_file(port: str, tmp_path: Path) -> None:
    (tmp_path / "mien.toml").write_text(f"port = {port}\n")
    assert_refused(run("serve", "--data", str(tmp_path / "data"), cwd=tmp_path))


@pytest.mark.parametrize(
    "arguments", [["--help"], ["packs", "list"], ["packs", "list", "--json"], ["store", "check"], ["keys", "list"]]
)
def test_what_stops_reading_is_no_mistake(arguments: list[str], tmp_path: Path) -> None:
    data = str(tmp_path / "data")
    if arguments[0] in ("store", "keys"):
        mien("keys", "create", "--name", "admin", "--data", data)
        arguments = [*arguments, "--data", data]
    reading, writing = os.pipe()
    os.close(reading)  # as `head` does when it has enough
    try:
        done = subprocess.run(
            live.command(*arguments), stdout=writing, stderr=subprocess.PIPE, env=live.environment(), timeout=60,
            check=False,
        )  # fmt: skip
    finally:
        os.close(writing)
    assert done.stderr == b""
    assert done.returncode in (0, 128 + signal.SIGPIPE)  # argparse passes over what it could not print


def test_an_ipv6_address_stands_in_brackets(packs: str, tmp_path: Path) -> None:
    try:
        with socket.socket(socket.AF_INET6) as taken:
            taken.bind(("::1", 0))
            taken.listen()
            done = run("serve", "--host", "::1", "--port", str(taken.getsockname()[1]), "--data", str(tmp_path / "no"))
            assert f"[::1]:{taken.getsockname()[1]}" in done.stderr
    except OSError:
        pytest.skip("this machine has no IPv6")
    server = live.serve(packs, tmp_path / "data", "--host", "::1")
    try:
        assert f"http://[::1]:{server.port}\n" in server.welcome
    finally:
        assert server.stop() == 0


@pytest.mark.parametrize("host", ["a" * 100, "a..b", "[::1"])
def test_a_host_that_is_none_is_refused(packs: str, tmp_path: Path, host: str) -> None:
    done = run("serve", "--host", host, "--port", "0", "--data", str(tmp_path / "data"), "--packs", packs)
    assert done.returncode == 1
    assert done.stderr.startswith("mien: ")
    assert "Traceback" not in done.stderr


INTERRUPT = """import builtins, os, runpy, signal, sys
at, real = sys.argv.pop(1), builtins.__import__
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell starts what runs in the background without it
def load(name, *rest, **named):
    if name == at:
        os.kill(os.getpid(), signal.SIGINT)
    return real(name, *rest, **named)
builtins.__import__ = load
sys.argv[0] = "mien"
runpy.run_module("mien", run_name="__main__", alter_sys=True)
"""


@pytest.mark.parametrize("module", ["argparse", "mien.commands", "mien.config", "cv2", "openvino", "uvicorn"])
def test_an_interrupt_while_modules_load_leaves_no_traceback(packs: str, tmp_path: Path, module: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPT, module, "serve", "--port", "0", "--data", str(tmp_path), "--packs", packs],
        capture_output=True, text=True, timeout=60, env=live.environment(), check=False,
    )  # fmt: skip
    assert done.returncode == 128 + signal.SIGINT, done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("words", [["doctor"], ["doctor", "--json"]])
def test_the_doctor_prints_no_ipv6_address_without_brackets(packs: str, tmp_path: Path, words: list[str]) -> None:
    done = run(*words, "--host", "::1", "--data", str(tmp_path), "--packs", packs)
    assert "::1" not in (done.stdout + done.stderr).replace("[::1]", "")
