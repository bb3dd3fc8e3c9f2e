"""Memory and its lock are shared with forked processes, and a killed process releases the lock."""

import os
import signal
import struct
import threading
import time
from collections.abc import Callable

from mien.system.shared_memory import SharedMemory


def forked(work: Callable[[], object]) -> int:
    """Runs work in a forked process; returns its id."""
    process = os.fork()
    if not process:
        try:
            work()
        finally:
            os._exit(0)
    return process


def add(memory: SharedMemory, times: int) -> None:
    for _ in range(times):
        with memory.exclusive():
            (before,) = struct.unpack_from("q", memory.view)
            time.sleep(0)  # another would come in between
            struct.pack_into("q", memory.view, 0, before + 1)


def test_of_many_processes_and_threads_one_is_in_at_a_time() -> None:
    memory = SharedMemory(8)

    def work() -> None:
        threads = [threading.Thread(target=add, args=(memory, 200)) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    for process in [forked(work) for _ in range(4)]:
        os.waitpid(process, 0)
    assert struct.unpack_from("q", memory.view) == (4 * 3 * 200,)


def test_a_killed_process_releases_the_lock() -> None:
    memory = SharedMemory(1)

    def hold() -> None:
        with memory.exclusive():
            memory.view[0] = 1
            time.sleep(60)

    process = forked(hold)
    while not memory.view[0]:
        time.sleep(0.01)
    began = time.monotonic()
    threading.Timer(0.3, os.kill, (process, signal.SIGKILL)).start()
    with memory.exclusive():
        assert time.monotonic() - began >= 0.3
    os.waitpid(process, 0)
