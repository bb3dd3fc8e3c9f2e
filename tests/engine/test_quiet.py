"""Neither engine reports its use: OpenVINO without its model converter, ONNX Runtime with its telemetry off."""

import subprocess
import sys
from pathlib import Path

from tests import live, networks

STARTED = """
import sys, threading
import mien.app, mien.packs.readers.dlib
reporting = [name for name in sys.modules if name.startswith(("openvino_telemetry", "openvino.tools.ovc"))]
print(reporting, threading.active_count())
"""
RUN_BY_ONNX = """
import sys
from pathlib import Path
import numpy as np
from mien.engine.cores import Cores
from mien.engine.onnx import OnnxSession
from mien.engine.session import Graph
OnnxSession(Graph(Path(sys.argv[1]), 112, 112), Cores(1))
"""
CONVERTED = "import mien.engine.openvino; from openvino.tools.ovc import convert_model; print(callable(convert_model))"


def printed(program: str, home: Path, *arguments: str, **variables: str) -> str:
    environment = live.environment(HOME=str(home), **variables)
    for name in ("CI", "TF_BUILD", "JENKINS_URL"):  # with one of these set it would not report
        if name not in variables:
            environment.pop(name, None)
    start = [sys.executable, "-c", program, *arguments]
    done = subprocess.run(start, capture_output=True, text=True, timeout=60, check=True, env=environment)
    return done.stdout


def test_starting_mien_reports_nothing(tmp_path: Path) -> None:
    assert printed(STARTED, tmp_path) == "[] 1\n"
    assert list(tmp_path.iterdir()) == []  # nor is an identifier for this user stored


def test_models_can_still_be_converted_beside_mien(tmp_path: Path) -> None:
    assert printed(CONVERTED, tmp_path, CI="true") == "True\n"


def test_onnx_runtime_reports_nothing_and_stores_no_identifier(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    printed(RUN_BY_ONNX, home, str(networks.embedder(tmp_path / "network.onnx")))
    assert list(home.rglob("*")) == []
