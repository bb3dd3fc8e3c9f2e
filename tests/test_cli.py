"""The command is a thin skin: it loads nothing heavy before a command asks for it."""

import os
import subprocess
import sys
from pathlib import Path


def test_nothing_multiplies_matrices_before_the_server_has_said_with_how_many_threads() -> None:
    """OpenBLAS reads its number of threads when NumPy is loaded; `mien.cli` sets it just before."""
    asked = "import sys, mien.cli; mien.cli.parser(); print('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True).stdout == "False\n"


def test_a_server_says_so_before_it_reads_which_pack_made_its_store(tmp_path: Path) -> None:
    """Seen: the store was read, and NumPy loaded with it, before the server had said anything."""
    (tmp_path / "mien.db").touch()
    asked = """
import os, sys

class Watching:
    def find_spec(self, name, *_):
        if name == "numpy":
            print(os.environ.get("OPENBLAS_NUM_THREADS"), flush=True)
            os._exit(0)

sys.meta_path.insert(0, Watching())
from mien.cli import main
main(["serve", "--data", sys.argv[1]])
"""
    environment = {name: value for name, value in os.environ.items() if name != "OPENBLAS_NUM_THREADS"}
    ran = subprocess.run(
        [sys.executable, "-c", asked, str(tmp_path)], capture_output=True, text=True, env=environment, check=False
    )
    assert ran.stdout == "1\n"
