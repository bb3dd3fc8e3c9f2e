"""`mien crowd`: adds an operator's photographs to the crowd of a pack."""

import argparse
from pathlib import Path

from mien.commands.packs import Command
from mien.config import Settings
from mien.errors import SetupError


def add_to(command: Command) -> None:
    """Adds the command."""
    made = command("crowd", crowd, "add faces to the crowd of a pack, as a pack of your own")
    made.add_argument("folder", type=Path, metavar="DIR", help="photographs, one of each person; people you may use")
    made.add_argument("--name", required=True, help="what the new pack is called")


def crowd(settings: Settings, given: argparse.Namespace) -> None:
    """Embeds the largest face of each photograph, and keeps a pack whose crowd also has them."""
    import numpy as np

    from mien import app
    from mien.errors import ApiError
    from mien.image.decode import read_header
    from mien.image.limits import EVERY
    from mien.measure.accuracy.dataset import SUFFIXES
    from mien.packs import crowds
    from mien.system.progress import Progress

    if not given.folder.is_dir():
        raise SetupError(f"{given.folder} is not a folder.")
    photos = sorted(path for path in given.folder.rglob("*") if path.suffix.lower() in SUFFIXES)
    pack = app.open_pack(settings)
    crowds.check(pack.manifest, settings.packs, given.name)  # before all are embedded
    pipeline, progress = pack.pipeline, Progress("images", len(photos))
    found = []
    for photo in photos:
        progress.step(True)
        try:
            faces = pipeline.find(read_header(photo.read_bytes(), EVERY))
        except (ApiError, OSError) as error:
            raise SetupError(f"{photo} cannot be read: {error}.") from None
        if faces:
            found.append([each.vectors for each in pipeline.ensemble.apart([faces[0].crops])])
    progress.close()
    if not found:
        raise SetupError(f"No face was found in {given.folder}.")
    parts = [np.concatenate(vectors) for vectors in zip(*found, strict=True)]
    made = crowds.widen(pack.manifest, settings.packs, given.name, parts)
    print(
        f"The pack {made.name} has {len(found):,} more faces in its crowd. Serve with `--pack {made.name}`; "
        f"`mien reindex` brings collections of {pack.manifest.name} to it."
    )
