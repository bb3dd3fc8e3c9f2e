"""Folders of people to import, made of the photographs that packages ship, and the command run on them."""

import json
import subprocess
from pathlib import Path
from typing import Any

import numpy as np

from tests import photos
from tests.live import command, environment


def mien(
    *arguments: object, code: int = 0, folder: Path | None = None, **variables: str
) -> "subprocess.CompletedProcess[str]":
    """Run the command to its end, which must have this exit code."""
    own = {name: value for name, value in environment().items() if not name.startswith("AWS_")}
    ran = subprocess.run(
        command(*map(str, arguments)),
        capture_output=True,
        text=True,
        timeout=300,
        cwd=folder,
        env=own | variables,
        check=False,
    )
    assert ran.returncode == code, ran.stderr
    assert "Traceback" not in ran.stderr
    return ran


def answer(*arguments: object, code: int = 0, **variables: str) -> Any:
    """Returns the parsed output of a command with --json."""
    return json.loads(mien(*arguments, "--json", code=code, folder=None, **variables).stdout)


def tally(**counts: Any) -> dict[str, Any]:
    """Returns what an import with --json prints, of which these numbers are not zero."""
    names = ("photographs", "earlier", "faces", "users", "added", "refused", "unlike", "bystanders", "failed")
    return dict.fromkeys(names, 0) | {"left_out": {}} | counts


def variants(name: str, count: int) -> list[bytes]:
    """So many photographs of one person, each a little darker than the one before."""
    pixels = (photos.hopper() if name == "hopper" else photos.astronaut()).pixels
    return [photos.jpeg((pixels * (1 - step / 40)).astype(np.uint8), quality=85) for step in range(count)]


def folder(place: Path, each: int = 2) -> Path:
    """Two people with some photographs each, one photograph without a face, and one file that is not a photograph."""
    for name, shown in (("Grace Hopper", "hopper"), ("Astronautin", "astronaut")):
        (place / name).mkdir(parents=True)
        for number, data in enumerate(variants(shown, each)):
            (place / name / f"{number:03d}.jpg").write_bytes(data)
    (place / "Nobody").mkdir()
    (place / "Nobody" / "gray.jpg").write_bytes(photos.nobody())
    (place / "notes.txt").write_text("no photograph")
    (place / ".hidden.jpg").write_bytes(photos.hopper().data)
    return place
