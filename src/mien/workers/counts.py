"""Makes the files in which workers count what `/metrics` adds up: one of each kind for every number of a worker.

Workers map these files, and a process that writes to a page for which the file system has no room is killed (SIGBUS).
So the room is taken at the start. A worker that is started again counts on in the files of its number, which therefore
never become more.
"""

import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from mien.errors import SetupError
from mien.system import leftovers

METRICS = "mien-metrics-"  # how the name of a folder begins in which workers count
MEMORY = Path("/dev/shm")  # noqa: S108  the file system that Linux keeps in memory
GAUGES = "gauge_livesum"  # the kind that a dead worker has no part in
# The bytes of a file of each kind, named as prometheus_client names them: about twice what all series take.
KINDS = {"counter": 256 << 10, GAUGES: 64 << 10, "histogram": 512 << 10}


@contextmanager
def folder(workers: int) -> Iterator[Path]:
    """Yields a folder with the files of so many workers, in memory if there is room.

    Raises:
        SetupError: there is room nowhere.
    """
    tried = [MEMORY, Path(tempfile.gettempdir())]
    with ExitStack() as until:
        for where in tried:
            with ExitStack() as attempt:
                try:
                    made = attempt.enter_context(leftovers.folder(where, METRICS))
                    _fill(made, workers)
                except OSError:
                    continue
                until.enter_context(attempt.pop_all())
                break
        else:
            need = workers * sum(KINDS.values()) / 2**20
            raise SetupError(
                f"The metrics of {workers} workers need {need:.1f} MB, and neither {tried[0]} nor {tried[1]} has room. "
                "Make room in one of them, name another folder in TMPDIR, or serve with fewer workers."
            )
        yield made


def _fill(made: Path, workers: int) -> None:
    for kind, size in KINDS.items():
        for number in range(1, workers + 1):
            with _place(made, kind, number).open("xb") as file:
                if hasattr(os, "posix_fallocate"):
                    os.posix_fallocate(file.fileno(), 0, size)
                else:
                    file.write(bytes(size))


def forget(made: Path, number: int) -> None:
    """Empties the gauges of a worker that has ended; what it counted stays in the sums."""
    with _place(made, GAUGES, number).open("r+b") as file:
        file.write(bytes(8))  # how many bytes are in use


def _place(made: Path, kind: str, number: int) -> Path:
    return made / f"{kind}_{number}.db"
