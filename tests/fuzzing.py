"""How long the tests look that make their own input: MIEN_TEST_FUZZ times as long as every time (`make fuzz`)."""

import os


def examples(count: int) -> int:
    """How many examples to try where every run tries `count`."""
    return count * int(os.environ.get("MIEN_TEST_FUZZ", "1"))
