"""Writes constraints.txt for `make pins`: every pinned version, with the hash of each file that the index has of it.

Each entry names the sets it belongs to: `serve`, `pins`, or an extra of pyproject.toml. `make` installs a set by
picking its entries, and pip refuses a file whose hash is not among them. Versions stay as they are; `--upgrade` lets
them move.
"""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PINS = ROOT / "constraints.txt"
TOOLS = {"build": "setuptools>=77", "pins": "uv>=0.9"}  # what builds mien and its sdists, and what writes this file
SETS = (
    "serve", "postgres", "parquet", "eval", "tracing", "onnx", "cuda", "sface", "dlib", "galleries", "heic", "video",
    "ray", "docs", "dev",
)  # fmt: skip
PYTHON = "3.11.5"  # the lowest that every pinned version supports
HEAD = """\
# Written by `make pins`; do not edit. A comment names the sets that an entry belongs to. The hashes are those of its
# files for every system and Python. `make` picks the entries of a set and installs them with --require-hashes.
"""


def entries(text: str) -> list[str]:
    """Returns the entries of a requirements file, each with its hashes."""
    return re.findall(r"^\S+==\S+.*?(?=^\S|\Z)", text, re.MULTILINE | re.DOTALL)


def resolve(sources: list[str], folder: Path, upgrade: bool) -> list[str]:
    """Returns the entries that requirements come to, with the versions that are pinned already."""
    pinned = re.findall(r"^(\S+==\S+)", PINS.read_text(), re.MULTILINE)
    known, made = folder / "known.txt", folder / "made.txt"
    known.write_text("" if upgrade else "\n".join(dict.fromkeys(pinned)))
    subprocess.run(
        [Path(sys.executable).with_name("uv"), "pip", "compile", *sources, "--universal", "--generate-hashes",
         "--quiet", "--no-header", "--no-annotate", "--no-emit-index-url", "--python-version", PYTHON,
         "-c", known, "-o", made],
        check=True, cwd=ROOT,
    )  # fmt: skip
    return entries(made.read_text())


def main() -> None:
    """Writes constraints.txt."""
    found: dict[str, list[str]] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        sources = {each: ["pyproject.toml", *(["--extra", each] if each != "serve" else [])] for each in SETS}
        for tool, requirement in TOOLS.items():
            (folder / f"{tool}.in").write_text(requirement + "\n")
            sources[tool] = [str(folder / f"{tool}.in")]
        for each, given in sources.items():
            for entry in resolve(given, folder, "--upgrade" in sys.argv):
                found.setdefault(entry.rstrip() + "\n", []).append(each)
    parts = [f"# for: {' '.join(sets)} .\n{entry}" for entry, sets in sorted(found.items())]
    PINS.write_text("\n".join([HEAD, *parts]))


if __name__ == "__main__":
    main()
