"""The command is a thin skin: it loads nothing heavy before a command asks for it."""

import subprocess
import sys


def test_nothing_multiplies_matrices_before_the_server_has_said_with_how_many_threads() -> None:
    """OpenBLAS reads its number of threads when NumPy is loaded; `mien.cli` sets it just before."""
    asked = "import sys, mien.cli; mien.cli.parser(); print('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True).stdout == "False\n"
