"""What packs there are, for a person or a program to read."""

from typing import Any

from mien.errors import SetupError
from mien.packs import install, manifest
from mien.packs.manifest import Manifest


def rows(packs: str) -> list[dict[str, Any]]:
    """Every pack of the catalogue as plain data; `packs` is the user's own folder of model files."""
    return [_row(entry, packs) for entry in manifest.catalogue().values()]


def as_text(listed: list[dict[str, Any]]) -> str:
    """The same, a paragraph a pack."""
    return "\n\n".join(_paragraph(row) for row in listed)


def _row(entry: Manifest, packs: str) -> dict[str, Any]:
    return {
        "name": entry.name,
        "title": entry.title,
        "license": entry.license.name,
        "license_address": entry.license.address,
        "commercial": entry.license.commercial,
        "weights": entry.license.weights,
        "training_data": entry.license.training_data,
        "model_version": entry.model_version,
        "state": _state(entry, packs),
        "files": [
            {"name": file.name, "url": file.url, "source": file.source, "sha256": file.sha256} for file in entry.files
        ],
    }


def _state(entry: Manifest, packs: str) -> str:
    try:
        return "installed" if install.find(entry, packs) else "not installed"
    except SetupError:
        return "damaged"


def _paragraph(row: dict[str, Any]) -> str:
    use = "commercial use allowed" if row["commercial"] else "non-commercial use only"
    files = "\n".join(f"    {file['source']}\n      sha256 {file['sha256']}" for file in row["files"])
    return (
        f"{row['name']}  {row['title']}  [{row['state']}]\n"
        f"  weights  {row['license']} ({use}), {row['license_address']}\n"
        f"           {row['weights']}\n"
        f"  trained  {row['training_data']}\n"
        f"  version  {row['model_version']}\n"
        f"  files\n{files}"
    )
