"""Lets a process of the server work behind its requests."""

import os
import signal
from contextlib import suppress
from pathlib import Path

LOW = 10  # added to the niceness: on busy cores it gets a tenth of what a request gets, and so is never stuck
FIRST_TO_GO = "1000"  # for a system that is out of memory


def give_way() -> None:
    """Takes this process out of the way of others, for cores and for memory, and leaves SIGINT to the server."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal sends it to this process as well
    with suppress(OSError):
        os.nice(LOW)
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(FIRST_TO_GO)
