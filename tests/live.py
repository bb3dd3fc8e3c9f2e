"""A real `mien serve` in a process of its own, and a way to speak to it below the SDK."""

import http.client
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

JSON = "application/x-amz-json-1.1"
WORKERS = os.environ.get("MIEN_TEST_WORKERS", "1")  # of servers whose test does not say how many


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP response; header names in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(slots=True)
class Live:
    """A running server."""

    process: "subprocess.Popen[str]"
    host: str
    port: int
    data: Path
    welcome: str
    log: Path

    @property
    def address(self) -> str:
        return f"http://{self.host}:{self.port}"

    def client(self) -> Any:
        """A stock boto3 client that does not try again, so that every failure shows."""
        return boto3.client(
            "rekognition",
            endpoint_url=self.address,
            region_name="us-east-1",
            aws_access_key_id="any",
            aws_secret_access_key="any",
            config=Config(retries={"max_attempts": 0}, max_pool_connections=32),
        )

    def post(self, operation: str | None, body: bytes, headers: Mapping[str, str] | None = None) -> Answer:
        """Send raw bytes as an API call would; `Mien.NAME` calls an operation that mien adds."""
        named = operation if operation is None or operation.startswith("Mien.") else f"RekognitionService.{operation}"
        target = {} if named is None else {"X-Amz-Target": named}
        return self.send("POST", "/", body, {"Content-Type": JSON} | target | dict(headers or {}))

    def send(self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]) -> Answer:
        return self.pairs(method, path, body, headers.items())

    def pairs(self, method: str, path: str, body: bytes | None, headers: Iterable[tuple[str, str]]) -> Answer:
        """Send headers as they are, of which one name may come twice; Host is added where it is lacking."""
        connection, sent = http.client.HTTPConnection(self.host, self.port, timeout=60), list(headers)
        given = {name.lower() for name, _ in sent}
        try:
            connection.putrequest(method, path, skip_host="host" in given, skip_accept_encoding=True)
            for name, value in sent:
                connection.putheader(name, value)
            if not given & {"content-length", "transfer-encoding"} and (body is not None or method == "POST"):
                connection.putheader("content-length", str(len(body or b"")))
            connection.endheaders(body)
            response = connection.getresponse()
            names = {name.lower(): value for name, value in response.getheaders()}
            return Answer(response.status, names, response.read())
        finally:
            connection.close()

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Ask it to stop, and wait; its exit code."""
        self.process.send_signal(number)
        return self._ended()

    def kill(self) -> None:
        """End it as a loss of power would."""
        self.process.kill()
        self._ended()

    def _ended(self) -> int:
        code = self.process.wait(30)
        assert self.process.stdout is not None
        self.process.stdout.close()
        return code


def environment(**variables: str) -> dict[str, str]:
    """This process's environment without its mien settings, and with `variables`."""
    return {name: value for name, value in os.environ.items() if not name.startswith("MIEN_")} | variables


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "mien", *arguments]


def interruptible(*arguments: str) -> list[str]:
    """The same command as one that Ctrl-C ends; a shell starts what runs in the background as one that it does not."""
    heard = "import runpy, signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
    return [sys.executable, "-c", f"{heard}; runpy.run_module('mien', run_name='__main__')", *arguments]


def launch(
    packs: str, data: Path, *flags: str, files: int | None = None, **variables: str
) -> "tuple[subprocess.Popen[str], Path]":
    """Start a server on a free port, and do not wait; the process, and where its log is.

    `files` is how many it may have open.
    """
    alone = () if "--workers" in flags else ("--workers", WORKERS)
    start = command("serve", "--data", str(data), "--packs", packs, "--port", "0", *alone, *flags)
    if files is not None:
        start = ["sh", "-c", f'ulimit -n {files}; exec "$@"', "sh", *start]
    with tempfile.NamedTemporaryFile("w", prefix="mien-log-", suffix=".jsonl", delete=False) as log:
        process = subprocess.Popen(
            start, stdout=subprocess.PIPE, stderr=log, text=True, cwd=data.parent, env=environment(**variables),
        )  # fmt: skip
    return process, Path(log.name)


def serve(packs: str, data: Path, *flags: str, files: int | None = None, **variables: str) -> Live:
    """Start a server on a free port and wait until it says that it listens (see `launch`)."""
    process, log = launch(packs, data, *flags, files=files, **variables)
    assert process.stdout is not None
    first = process.stdout.readline()
    if "listens on" not in first:
        process.wait(30)
        process.stdout.close()
        raise AssertionError(f"The server did not start: {log.read_text()}")
    host, _, port = first.split()[-1].removeprefix("http://").rpartition(":")
    return Live(process, host, int(port), data, first, log)
