"""A server of its own to measure: started as a user starts it, on an empty store and a free port, and watched."""

import dataclasses
import re
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType

import psutil

from mien import config
from mien.config import Settings
from mien.errors import SetupError
from mien.system import leftovers

MB = 1e6
_LISTENS = re.compile(r"listens on http://\[?([^\]\s]+)\]?:(\d+)$")
_START = 10.0  # seconds a server has to take connections after saying that it listens
_PAUSE = 0.02  # seconds between two tries
_STOP = 15.0  # seconds a server has to stop


class ServerProcess:
    """`mien serve` as a process, from entering the context to leaving it.

    Args:
        settings: of the server, but for its data directory, store, host and port.
        cached: whether it remembers images as the settings say. Otherwise it looks at each anew, though a bench sends
            the same again and again.

    Attributes:
        host: where it listens.
        port: the port it took.
        before: megabytes of memory it held when it had started.
    """

    def __init__(self, settings: Settings, *, cached: bool = False) -> None:
        self._settings = settings if cached else dataclasses.replace(settings, image_cache=0)
        self._made = ExitStack()
        self.host, self.port, self.before = "", 0, 0.0

    def __enter__(self) -> "ServerProcess":
        """Start it.

        Raises:
            SetupError: it did not start; the text is its own.
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
            said = (place / "log").read_text().strip().splitlines()
            self.__exit__(None, None, None)
            raise SetupError(said[-1].removeprefix("mien: ") if said else "The server to measure did not start.")
        self.host, self.port = match[1], int(match[2])
        self._seen = psutil.Process(self._process.pid)
        self._answers()
        self.before = self.resident()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop it and remove what it stored."""
        self._process.terminate()
        try:
            self._process.wait(_STOP)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdout:
            self._process.stdout.close()
        self._made.close()

    def _answers(self) -> None:
        """Wait until it takes connections, which it may do a moment after it said where it listens.

        Raises:
            SetupError: it takes none.
        """
        for _ in range(int(_START / _PAUSE)):
            try:
                socket.create_connection((self.host, self.port), _START).close()
                return
            except OSError:
                time.sleep(_PAUSE)
        self.__exit__(None, None, None)
        raise SetupError("The server to measure takes no connections.")

    def resident(self) -> float:
        """Megabytes of memory it holds."""
        return float(self._seen.memory_info().rss) / MB

    def processor(self) -> float:
        """Seconds of a processor it has used."""
        used = self._seen.cpu_times()
        return float(used.user + used.system)

    def forget_peak(self) -> None:
        """Let `peak` count from here, where the system can (Linux)."""
        try:
            Path(f"/proc/{self._process.pid}/clear_refs").write_text("5")
        except OSError:
            return

    def peak(self) -> float | None:
        """The most megabytes it held; None where the system does not say."""
        try:
            status = Path(f"/proc/{self._process.pid}/status").read_text()
        except OSError:
            return None
        match = re.search(r"VmHWM:\s+(\d+) kB", status)
        return int(match[1]) * 1024 / MB if match else None
