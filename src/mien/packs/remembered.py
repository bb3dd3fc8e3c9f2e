"""Names the pack that made a store's collections, for commands that are given none. Loads no engine."""

from collections.abc import Iterator, Sequence
from contextlib import suppress

from mien.errors import SetupError
from mien.packs import catalogs, manifest
from mien.packs.manifest import Manifest


def name(contracts: Sequence[str], packs: str) -> str:
    """Returns the name of the first pack with one of these contracts; empty if none is known here.

    Args:
        contracts: of the packs that made the collections, the one of most faces first.
        packs: the user's own folder of model files; empty for none.
    """
    if not contracts:
        return ""
    known = {entry.contract: entry.name for entry in _known(packs)}
    return next((known[each] for each in contracts if each in known), "")


def _known(packs: str) -> Iterator[Manifest]:
    """Yields the user's own packs, and then those of mien's catalogue."""
    for folder in catalogs.folders(packs):
        for path in sorted(folder.glob("*.toml")):
            with suppress(SetupError):  # the commands about packs say what is wrong with it
                yield catalogs.read(path)
    yield from manifest.catalogue().values()
