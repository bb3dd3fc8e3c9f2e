"""Starts a server to measure, on an empty store and a free port, and reads its memory and CPU time."""

import dataclasses
import re
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, suppress
from pathlib import Path
from types import TracebackType

import psutil

from mien import config
from mien.config import Settings
from mien.errors import SetupError
from mien.system import leftovers

MB = 1e6
_LISTENS = re.compile(r"listens on http://\[?([^\]\s]+)\]?:(\d+)$")
_START_TIMEOUT = 10.0  # seconds to accept connections after the server printed its address
_PAUSE = 0.02  # seconds between two attempts
_STOP_TIMEOUT = 15.0  # seconds to stop


class ServerProcess:
    """Runs `mien serve` as a process while the context is entered.

    Args:
        settings: the server's settings, except for its data directory, store, host and port.
        cached: whether the server uses its image cache. Without it, the same image is processed again each time.

    Attributes:
        host: the address where it listens.
        port: the port where it listens.
        before: its memory in MB after the start.
    """

    def __init__(self, settings: Settings, *, cached: bool = False) -> None:
        self._settings = settings if cached else dataclasses.replace(settings, image_cache=0)
        self._made = ExitStack()
        self.host, self.port, self.before = "", 0, 0.0

    def __enter__(self) -> "ServerProcess":
        """Starts the server.

        Raises:
            SetupError: the server did not start; the message is its own.
        """
        place = self._made.enter_context(leftovers.folder(Path(tempfile.gettempdir()), "mien-measured-"))
        own = dataclasses.replace(self._settings, data=str(place), store="", host="127.0.0.1", port=0)
        values = {row.flag: getattr(own, row.name) for row in config.TABLE}
        flags = [f"{flag}={value}" for flag, value in values.items() if value is not None]
        with (place / "log").open("w") as log:
            self._process = subprocess.Popen(  # noqa: S603  the command is this program
                [sys.executable, "-m", "mien", "serve", *flags], stdout=subprocess.PIPE, stderr=log, text=True
            )
        assert self._process.stdout is not None  # noqa: S101  a pipe was asked for
        match = _LISTENS.search(self._process.stdout.readline().strip())
        if match is None:
            lines = (place / "log").read_text().strip().splitlines()
            said = [line for line in lines if line.startswith("mien: ")] or lines  # libraries write there too
            self.__exit__(None, None, None)
            raise SetupError(said[-1].removeprefix("mien: ") if said else "The server to measure did not start.")
        self.host, self.port = match[1], int(match[2])
        self._seen = psutil.Process(self._process.pid)
        self._wait_for_connections()
        self.before = self.resident()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stops the server and removes its data."""
        self._process.terminate()
        try:
            self._process.wait(_STOP_TIMEOUT)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdout:
            self._process.stdout.close()
        self._made.close()

    def _wait_for_connections(self) -> None:
        """Waits until the server accepts connections, which can be shortly after it printed its address.

        Raises:
            SetupError: the server accepts none.
        """
        for _ in range(int(_START_TIMEOUT / _PAUSE)):
            try:
                socket.create_connection((self.host, self.port), _START_TIMEOUT).close()
                return
            except OSError:
                time.sleep(_PAUSE)
        self.__exit__(None, None, None)
        raise SetupError("The server to measure accepts no connections.")

    def _processes(self) -> list[psutil.Process]:
        return [self._seen, *self._seen.children()]

    def resident(self) -> float:
        """Returns its resident memory in MB, over all its processes."""
        return sum(float(each.memory_info().rss) for each in self._processes()) / MB

    def shared_once(self) -> float:
        """Returns its memory in MB, where a page that n processes share counts as one n-th; Linux only."""
        return sum(float(each.memory_full_info().pss) for each in self._processes()) / MB

    def processor(self) -> float:
        """Returns the CPU time that its processes have used, in seconds."""
        return sum(float(used.user + used.system) for used in (each.cpu_times() for each in self._processes()))

    def forget_peak(self) -> None:
        """Resets `peak`, on systems that can (Linux)."""
        for each in self._processes():
            with suppress(OSError):
                Path(f"/proc/{each.pid}/clear_refs").write_text("5")

    def peak(self) -> float | None:
        """Returns the sum of its processes' peak memory in MB; None if the system does not report it."""
        try:
            every = [Path(f"/proc/{each.pid}/status").read_text() for each in self._processes()]
        except OSError:
            return None
        found = [re.search(r"VmHWM:\s+(\d+) kB", status) for status in every]
        return sum(int(match[1]) for match in found if match) * 1024 / MB or None
