"""Measures packs on photographs with `mien eval`, and keeps the figures that the documents show (`make accuracy`).

    python benchmarks/accuracy.py --lfw ../shared/lfw-dev --groups ../shared/groups [--pack NAME …] [--part NAME …]

The figures go into `benchmarks/accuracy.json`, from which `docs/generate.py` writes the tables of `docs/accuracy.md`
and `docs/packs.md`, and the accuracy in the catalogue. What is not measured stays as it was. Embeddings are cached, so
that a second run of `people` and `groups` takes seconds, where the first takes some minutes for each pack.
"""

import argparse
import json
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

KEPT = Path(__file__).with_name("accuracy.json")
PACKS = ("duo", "sface", "retail")
PARTS = ("people", "groups")
DROPPED = ("identification", "no_face", "unreadable", "cosines")  # long, or the names of people


def main() -> None:
    given = _given()
    kept: dict[str, Any] = json.loads(KEPT.read_text()) if KEPT.exists() else {}
    for pack in given.pack:
        for part in given.part:
            kept.setdefault(pack, {})[part] = measured(pack, arguments(part, given))
            ordered = {name: {each: kept[name][each] for each in PARTS if each in kept[name]} for name in sorted(kept)}
            KEPT.write_text(json.dumps(ordered, indent=1) + "\n")


def arguments(part: str, given: argparse.Namespace) -> list[str]:
    """What `mien eval` is asked for a part of the figures."""
    if part == "groups":
        return [str(given.groups / "photos"), "--groups", str(given.groups / "labels.csv")]
    return [str(given.lfw / "images"), "--leave-out", str(given.lfw / "known-errors.csv")]


def measured(pack: str, asked: list[str]) -> Any:
    """Runs `mien eval` and returns what it writes with `--json`."""
    with tempfile.TemporaryDirectory() as folder:
        wanted = Path(folder) / "figures.json"
        command = ["eval", *asked, "--pack", pack]
        print(f"\n$ mien {shlex.join(command)}", flush=True)
        subprocess.run([sys.executable, "-m", "mien", *command, "--json", str(wanted)], check=True)
        figures = json.loads(wanted.read_text())
    return {name: value for name, value in figures.items() if name not in DROPPED}


def _given() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="measures packs on photographs, and keeps the figures")
    parser.add_argument("--lfw", type=Path, required=True, help="holds images/PERSON/photo.jpg and known-errors.csv")
    parser.add_argument("--groups", type=Path, required=True, help="holds photos/ and labels.csv")
    parser.add_argument("--pack", nargs="+", default=PACKS, help="the packs to measure (default: %(default)s)")
    parser.add_argument("--part", nargs="+", choices=PARTS, default=PARTS, help="what to measure (default: all)")
    return parser.parse_args()


if __name__ == "__main__":
    main()
