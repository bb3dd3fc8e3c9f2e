"""Less than a minute of what `make soak` does for an hour; MIEN_TEST_SOAK_SECONDS says how long."""

import os
from pathlib import Path

from tests.faults.soak import printed, soak, table

SECONDS = float(os.environ.get("MIEN_TEST_SOAK_SECONDS", "45"))


def test_mixed_traffic_is_answered_and_nothing_is_lost(packs: str, tmp_path: Path, seed: int) -> None:
    facts = table(soak(packs, tmp_path, SECONDS, seed, crowded=0, growth=0.5))  # too short for memory to settle
    print("\n".join(printed(facts)))
    assert facts["ends"]["killed"] >= 1
    assert facts["ends"]["stopped"] >= 2
    assert facts["changes_acknowledged"] > 0
    assert not facts["unexpected"]
