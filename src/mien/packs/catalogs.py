"""Reads the manifests of the packs that users added, as they lie in files."""

from pathlib import Path

from mien.errors import SetupError
from mien.packs import install, manifest, toml
from mien.packs.manifest import CATALOG, Manifest


def folders(packs: str) -> list[Path]:
    """Returns where manifests lie: in the user's own folder of model files, if there is one, and in the cache."""
    return [folder / CATALOG for folder in ([Path(packs)] if packs else []) + [install.cache("")]]


def read(path: Path) -> Manifest:
    """Returns the manifest in a file.

    Raises:
        SetupError: it cannot be read, or is called otherwise than its pack.
    """
    try:
        entry = manifest.parse(toml.read(path), str(path))
    except OSError as error:
        raise SetupError(f"{path} cannot be read: {error.strerror}.") from None
    if entry.name != path.stem:
        raise SetupError(f"{path} describes the pack {entry.name}; call it {entry.name}.toml.")
    return entry
