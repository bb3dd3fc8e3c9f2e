"""A calibration measured on a user's own people, kept in a file and used in place of the pack's (`mien eval`)."""

from pathlib import Path

import msgspec

from mien.errors import SetupError
from mien.packs import toml
from mien.packs.manifest import Cosine, Manifest, Share

Bars = list[tuple[Share, Cosine]]  # false accept rate, cosine


class CalibrationFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the file holds.

    `calibration` has pairs of false accept rate and the cosine that this share of impostor pairs reaches, as in a
    pack's manifest; `extrapolated` names the rates for which there were too few pairs. `contract` is the digest of the
    pack it was measured with (`Manifest.contract`).
    """

    pack: str
    contract: str
    calibration: Bars
    images: int
    people: int
    extrapolated: list[float] = []


def write(path: Path, measured: CalibrationFile) -> None:
    """Write the file, a value a line, so that `calibration` can be pasted into a manifest.

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


def read(path: Path, manifest: Manifest) -> Bars:
    """The calibration in a file, for the pack that runs.

    Raises:
        SetupError: it cannot be read, or was measured with other embeddings.
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
            f"does not fit the pack {manifest.name}, contract {manifest.contract[:12]}…; make it anew with "
            f"`mien eval DIR --pack {manifest.name} --calibrate {path.name}`."
        )
    return found.calibration
