"""Memory that is free goes back to the system, some time after an answer and not before."""

import ctypes
import subprocess
import sys
import threading
import time

import pytest

from mien.system.heap import trimmer
from tests import live

pytestmark = pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "malloc_trim"), reason="the C library is not glibc")

# Forty megabytes in small blocks are freed below one that stays, so that the heap's end cannot give them back.
PROGRAM = """
import time
import numpy as np
import psutil
from mien.system import heap

def resident():
    return psutil.Process().memory_info().rss / 1e6

heap.narrow(1)
trimmer = heap.trimmer(pause=0.1)
trimmer.start()
blocks = [np.ones(100_000, np.uint8) for _ in range(400)]
kept = blocks.pop()
del blocks
time.sleep(0.5)
free = resident()
trimmer.wake()
until = time.monotonic() + 20
while resident() > free - 30 and time.monotonic() < until:
    time.sleep(0.05)
print(round(free - resident()))
trimmer.stop()
"""


def test_what_an_answer_left_free_is_given_back() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=60, check=True, env=live.environment()
    )
    assert int(done.stdout) >= 30


def test_a_trimmer_stops_at_once() -> None:
    trimming = trimmer(pause=60)
    trimming.start()
    trimming.wake()
    time.sleep(0.1)  # now it waits for the pause to pass
    began = time.monotonic()
    trimming.stop()
    assert time.monotonic() - began < 10


def test_what_only_requests_need_is_freed_before_memory_goes_back() -> None:
    freed = threading.Event()
    with trimmer(freed.set, pause=0.05) as trimming:
        assert not freed.wait(0.3)  # nobody was answered
        trimming.wake()
        assert freed.wait(20)
