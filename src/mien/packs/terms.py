"""The terms on which a pack is served to others: a licence that allows it, and similarities that were measured."""

from mien.config import Settings
from mien.errors import SetupError
from mien.packs.load import Pack
from mien.packs.manifest import Manifest


def refuse_unlicensed(settings: Settings, entry: Manifest) -> None:
    """Refuses to serve others with weights that may not be used commercially.

    Raises:
        SetupError: the pack's licence and the settings do not go together.
    """
    allowed = settings.allow_noncommercial
    if entry.license.commercial or (settings.is_on_loopback if allowed is None else allowed):
        return
    why = f"mien listens on {settings.host}" if allowed is None else "allow_noncommercial is false"
    raise SetupError(
        f"mien does not serve the pack {entry.name}: its weights may not be used commercially ({entry.license.name}), "
        f"and {why}; choose another pack, or set allow_noncommercial to true if your use is within that licence."
    )


def refuse_uncalibrated(pack: Pack) -> None:
    """Refuses to serve similarities without a measured calibration.

    Raises:
        SetupError: neither the pack nor the settings bring one.
    """
    if not pack.calibration.is_measured:
        name = pack.manifest.name
        raise SetupError(
            f"mien does not serve the pack {name} yet: it has no measured calibration from cosine to similarity; "
            f"measure one on photographs of your own with `mien eval FOLDER --pack {name} --calibrate FILE`, and serve "
            f"with `--calibration FILE`."
        )
