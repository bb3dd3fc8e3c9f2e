"""Measures packs on photographs with `mien eval`, and keeps the figures that the documents show (`make accuracy`).

    python benchmarks/accuracy.py --lfw ../shared/lfw-dev --groups ../shared/groups [--pack NAME …] [--part NAME …]

The figures go into `benchmarks/accuracy.json`, from which `docs/generate.py` writes the tables of `docs/accuracy.md`
and `docs/packs.md`, and the accuracy in the catalogue. What is not measured stays as it was. On two idle cores `people`
and `groups` take some minutes for each pack, and seconds once the embeddings are cached; `turned` and `degraded` take a
quarter of an hour each, for the default pack alone.
"""

import argparse
import json
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from mien.config import DEFAULT_PACK

KEPT = Path(__file__).with_name("accuracy.json")
PACKS = ("duo", "sface", "retail")
PARTS = {
    "people": "",
    "groups": "",
    "grouping": "",
    "turned": "turned",
    "degraded": "robustness",
}  # what is kept of the JSON; "": all
OF_DEFAULT = ("grouping", "turned", "degraded")  # parts that only the default pack has
DROPPED = ("identification", "no_face", "unreadable", "cosines")  # long, or the names of people


def main() -> None:
    given = _given()
    kept: dict[str, Any] = json.loads(KEPT.read_text()) if KEPT.exists() else {}
    for pack in given.pack:
        for part in given.part:
            if part in OF_DEFAULT and pack != DEFAULT_PACK:
                continue
            figures = measured(pack, arguments(part, given))
            kept.setdefault(pack, {})[part] = figures[PARTS[part]] if PARTS[part] else figures
            ordered = {name: {each: kept[name][each] for each in PARTS if each in kept[name]} for name in sorted(kept)}
            KEPT.write_text(json.dumps(ordered, indent=1) + "\n")


def arguments(part: str, given: argparse.Namespace) -> list[str]:
    """What `mien eval` is asked for a part of the figures."""
    if part == "groups":
        return [str(given.groups / "photos"), "--groups", str(given.groups / "labels.csv")]
    people = [str(given.lfw / "images"), "--leave-out", str(given.lfw / "known-errors.csv")]
    if part == "grouping":
        return [*people, "--groups-of-faces"]
    return [*people, f"--{PARTS[part]}"] if PARTS[part] else people


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
    parser.add_argument("--part", nargs="+", choices=PARTS, default=tuple(PARTS), help="what to measure (default: all)")
    return parser.parse_args()


if __name__ == "__main__":
    main()
