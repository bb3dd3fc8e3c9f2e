"""The measure of what whole workers take (`benchmarks/workers_memory.py`) runs, in its short form."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from mien.gallery.growing import CROSSOVER
from tests import live

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc/PID/smaps")
def test_what_workers_take_is_measured_and_a_gallery_lies_in_memory_once(packs: str, tmp_path: Path) -> None:
    faces, rows = 5 * CROSSOVER, tmp_path / "rows.json"
    command = [sys.executable, "benchmarks/workers_memory.py", "--faces", str(faces), "--workers", "1,2"]
    environment = live.environment(MIEN_PACKS=packs)
    done = subprocess.run(
        [*command, "--folder", str(tmp_path), "--json", str(rows)], check=False,
        cwd=ROOT, env=environment, capture_output=True, text=True, timeout=600,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    alone, two = json.loads(rows.read_text())
    assert (alone["workers"], two["workers"]) == (1, 2)
    assert alone["of_first"] == 1
    assert 30 < alone["total"] < two["total"] < 2 * alone["total"] + 60  # whose parent loads no network
    assert two["own"].get("segments", 0.0) < 1  # MB: mapped by both, and nobody's own
    assert "2 workers: " in done.stdout
