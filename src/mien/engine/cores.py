"""How many threads are at work on pictures, so that an inference takes a second core only where one would idle."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

_LOCK = threading.Lock()
_at_work = 0


@contextmanager
def at_work() -> Iterator[None]:
    """Count this thread as long as this lasts: it decodes, infers or cuts out."""
    global _at_work  # noqa: PLW0603  the cores are the machine's, whoever in this process uses them
    with _LOCK:
        _at_work += 1
    try:
        yield
    finally:
        with _LOCK:
            _at_work -= 1


def for_each(cores: int) -> int:
    """How many of so many cores there are for each thread at work; all of them where none said that it is."""
    return cores // max(_at_work, 1)
