"""Writes and reads the file of a calibration that `mien eval` measured, which replaces the pack's own."""

from pathlib import Path

import msgspec

from mien.errors import SetupError
from mien.packs import toml
from mien.packs.manifest import Cosine, Manifest
from mien.packs.specs import Share

Pairs = list[tuple[Share, Cosine]]  # false accept rate, cosine


class CalibrationFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The content of the file.

    Attributes:
        pack: the name of the pack it was measured with.
        contract: the digest of that pack (`Manifest.contract`).
        calibration: pairs of false accept rate and the cosine that this share of impostor pairs reaches, as in a
            pack's manifest.
        images: how many photographs were measured.
        people: how many people they show.
        extrapolated: the rates for which there were too few pairs.
    """

    pack: str
    contract: str
    calibration: Pairs
    images: int
    people: int
    extrapolated: list[float] = []


def write(path: Path, measured: CalibrationFile) -> None:
    """Writes the file, one value a line, so that `calibration` can be pasted into a manifest.

    Raises:
        SetupError: it cannot be written.
    """
    rows = ", ".join(f"[{far:g}, {cosine:.4f}]" for far, cosine in measured.calibration)
    text = f"""\
# Written by `mien eval`; `mien serve --calibration {path.name}` measures similarity by it.
pack = "{measured.pack}"
contract = "{measured.contract}"
images = {measured.images}
people = {measured.people}
# false accept rate and the cosine that this share of impostor pairs reaches
calibration = [{rows}]
# rates for which there were too few pairs
extrapolated = [{", ".join(f"{far:g}" for far in measured.extrapolated)}]
"""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    except OSError as error:
        raise SetupError(f"{path} cannot be written: {error.strerror}.") from None


def read(path: Path, manifest: Manifest) -> Pairs:
    """Returns the calibration in a file, for the pack that runs.

    Raises:
        SetupError: it cannot be read, or was measured with another pack.
    """
    try:
        found = toml.decode(toml.read(path), CalibrationFile)
    except OSError as error:
        raise SetupError(f"The calibration {path} cannot be read: {error.strerror}.") from None
    except ValueError as error:
        raise SetupError(f"{path} is not a calibration: {error}.") from None
    if found.contract != manifest.contract:
        raise SetupError(
            f"The calibration {path} was measured with the pack {found.pack}, contract {found.contract[:12]}…, and "
            f"does not fit the pack {manifest.name}, contract {manifest.contract[:12]}…; measure it again with "
            f"`mien eval DIR --pack {manifest.name} --calibrate {path.name}`."
        )
    return found.calibration
