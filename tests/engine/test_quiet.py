"""OpenVINO is imported without its model converter, which would report that it was."""

import subprocess
import sys
from pathlib import Path

from tests import live

STARTED = """
import sys, threading
import mien.app, mien.packs.readers.dlib
reporting = [name for name in sys.modules if name.startswith(("openvino_telemetry", "openvino.tools.ovc"))]
print(reporting, threading.active_count())
"""
CONVERTED = "import mien.engine.openvino; from openvino.tools.ovc import convert_model; print(callable(convert_model))"


def printed(program: str, home: Path, **variables: str) -> str:
    environment = live.environment(HOME=str(home), **variables)
    for name in ("CI", "TF_BUILD", "JENKINS_URL"):  # where these are set it would not report
        if name not in variables:
            environment.pop(name, None)
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True, env=environment
    )
    return done.stdout


def test_nobody_is_told_that_mien_starts(tmp_path: Path) -> None:
    assert printed(STARTED, tmp_path) == "[] 1\n"
    assert list(tmp_path.iterdir()) == []  # nor is a number for this user kept


def test_whoever_converts_models_beside_mien_still_can(tmp_path: Path) -> None:
    assert printed(CONVERTED, tmp_path, CI="true") == "True\n"
