"""Ways to spoil the snapshots of a server that does not run."""

import random
import shutil
from pathlib import Path

ALL = ("flip a bit of a segment", "flip a bit of the index", "cut a segment short", "cut the index short",
       "empty a segment", "lengthen a segment", "take the index away", "take all away")  # fmt: skip


def do(harm: str, data: Path, chance: random.Random) -> None:
    """Do it to one file, chosen by chance; nothing where there is no such file."""
    folder = data / "snapshots"
    if harm == "take all away":
        return shutil.rmtree(folder, ignore_errors=True)
    files = sorted(folder.rglob("*.index" if "index" in harm else "*.segment"))
    if not files:
        return None
    path = chance.choice(files)
    whole = bytearray(path.read_bytes())
    if harm.startswith("take"):
        path.unlink()
    elif harm.startswith("flip") and whole:
        whole[chance.randrange(len(whole))] ^= 1 << chance.randrange(8)
        path.write_bytes(whole)
    elif harm.startswith("cut"):
        path.write_bytes(whole[: chance.randrange(len(whole) + 1)])
    elif harm.startswith("empty"):
        path.write_bytes(b"")
    elif harm.startswith("lengthen"):
        path.write_bytes(whole + b"\0")
    return None
