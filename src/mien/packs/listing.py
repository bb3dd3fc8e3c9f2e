"""Lists the known packs for `mien packs list`, as text or as plain data."""

from typing import Any

import msgspec

from mien.errors import SetupError
from mien.packs import install, kinds
from mien.packs.kinds import Pack
from mien.packs.manifest import Manifest, Measured

JUDGED = {"attributes": "attributes of a face", "living": "whether a face is a living one"}  # by the kind of a set


def rows(packs: str) -> list[dict[str, Any]]:
    """Returns every pack as plain data, mien's and the user's; `packs` is the user's own folder of model files."""
    return [_row(entry, packs) for _, entry in sorted(kinds.known(packs).items())]


def as_text(listed: list[dict[str, Any]]) -> str:
    """Returns the same as text, one paragraph for each pack."""
    return "\n\n".join(_paragraph(row) for row in listed)


def _row(entry: Pack, packs: str) -> dict[str, Any]:
    recognition = entry if isinstance(entry, Manifest) else None
    return {
        "name": entry.name,
        "title": entry.title,
        "kind": "recognition" if isinstance(entry, Manifest) else entry.kind,
        "own": entry.name not in kinds.mine(),
        "size": entry.size,
        "license": entry.license.name,
        "license_address": entry.license.address,
        "commercial": entry.license.commercial,
        "weights": entry.license.weights,
        "training_data": entry.license.training_data,
        "model_version": recognition.model_version if recognition else None,
        "crowd": recognition.crowd.license if recognition and recognition.crowd else None,
        "measured": msgspec.to_builtins(recognition.measured) if recognition else None,
        "tried": recognition.tried if recognition else True,
        "calibrated": bool(recognition.calibration) if recognition else True,
        "state": _state(entry, packs),
        "files": [
            {"name": file.name, "url": file.url, "source": file.source, "sha256": file.sha256, "size": file.size}
            for file in entry.files
        ],
    }


def _state(entry: Pack, packs: str) -> str:
    try:
        return "installed" if install.find(entry, packs) else "not installed"
    except SetupError:
        return "damaged"


def _paragraph(row: dict[str, Any]) -> str:
    use = "commercial use allowed" if row["commercial"] else "non-commercial use only"
    files = "\n".join(f"    {file['source']}\n      sha256 {file['sha256']}" for file in row["files"])
    marks = "".join(f"  [{mark}]" for mark in _marks(row))
    crowd = f"  crowd    {row['crowd']}\n" if row["crowd"] else ""
    return (
        f"{row['name']}  {row['title']}{marks}\n"
        f"  size     {row['size'] / 1e6:.1f} MB\n"
        f"  weights  {row['license']} ({use}), {row['license_address']}\n"
        f"           {row['weights']}\n"
        f"  trained  {row['training_data']}\n"
        f"{crowd}"
        f"{_recognition(row)}"
        f"  files\n{files}"
    )


def _recognition(row: dict[str, Any]) -> str:
    """Returns the lines that only a recognition pack has."""
    if row["kind"] in JUDGED:
        return f"  judges   {JUDGED[row['kind']]}, beside any recognition pack\n"
    return f"  measured {_figures(row)}\n  version  {row['model_version']}\n"


def _marks(row: dict[str, Any]) -> list[str]:
    marks = [row["state"], *(["your own"] if row["own"] else []), *([] if row["tried"] else ["not tried"])]
    return marks if row["calibrated"] else [*marks, "not calibrated"]


def _figures(row: dict[str, Any]) -> str:
    if row["measured"] is None:
        return "nothing yet; `mien eval` measures it on photographs of your own"
    measured = msgspec.convert(row["measured"], Measured)
    tar = ", ".join(f"{share:.2%} at FAR {float(far):g}" for far, share in measured.tar.items())
    time = "" if measured.ms is None else f"; {measured.ms:g} ms an image"
    return f"{measured.data}: TAR {tar}{time}\n           {measured.command}"
