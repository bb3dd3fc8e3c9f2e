"""Makes a pack with a larger crowd: that of another pack, and the faces that an operator adds (`mien crowd`)."""

import hashlib
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from mien.errors import SetupError
from mien.packs import install, kinds, manifest, own
from mien.packs.manifest import File, Manifest
from mien.packs.specs import CrowdSpec
from mien.system import leftovers

MOST = 20_000  # faces of a crowd: every face that is embedded is compared with all of them


def check(entry: Manifest, packs: str, name: str) -> CrowdSpec:
    """Returns the crowd of a pack to which a pack of this name may add faces.

    Raises:
        SetupError: the pack has no crowd, or the name is taken or is none.
    """
    if entry.crowd is None:
        raise SetupError(f"The pack {entry.name} has no crowd that faces could be added to; choose one that has.")
    if name in kinds.known(packs):
        raise SetupError(f"There is a pack named {name} already; give yours another name.")
    manifest.parse(msgspec.toml.encode(msgspec.structs.replace(entry, name=name, measured=None)), name)
    return entry.crowd


def widen(entry: Manifest, packs: str, name: str, parts: Sequence[NDArray[np.float32]]) -> Manifest:
    """Keeps a user's pack that is another one with more faces in its crowd.

    More faces only shorten vectors, so the calibration holds: strangers match as often or less.

    Args:
        entry: the other pack.
        packs: the user's own folder of model files.
        name: what the new pack is called.
        parts: for each embedder the vectors of the faces, float32 (N, D), each of length 1.

    Raises:
        SetupError: as `check`, or there are too many faces, or they cannot be kept.
    """
    had = check(entry, packs, name)
    found = install.install(entry, packs)
    arrays = [
        np.concatenate([np.load(found[file], allow_pickle=False), part.astype(np.float16)])
        for file, part in zip(had.files, parts, strict=True)
    ]
    if len(arrays[0]) - 1 > MOST:
        raise SetupError(f"A crowd has at most {MOST:,} faces; this one would have {len(arrays[0]) - 1:,}.")
    written = {f"crowd-{name}-{number}.npy": _bytes(array) for number, array in enumerate(arrays, 1)}
    files = [file for file in entry.files if file.name not in had.files]
    files += [_file(file, data) for file, data in written.items()]
    terms = f"{had.license} And {len(parts[0]):,} faces of your own."
    crowd = msgspec.structs.replace(had, files=[*written], license=terms)
    title = f"{entry.title}, with a crowd of your own"
    made = msgspec.structs.replace(entry, name=name, title=title, files=files, crowd=crowd, measured=None)
    made = manifest.parse(msgspec.toml.encode(made), name)  # so that its name and files are held to the rules
    install.keep(made, {file.name: found[file.name] for file in files if file.name in found})
    for file, data in written.items():
        _write(install.cache("") / name / file, data)
    own.keep(made)
    return made


def _bytes(array: NDArray[np.float16]) -> bytes:
    written = BytesIO()
    np.save(written, array, allow_pickle=False)
    return written.getvalue()


def _file(name: str, data: bytes) -> File:
    return File(name, hashlib.sha256(data).hexdigest(), bring=True, size=len(data))


def _write(place: Path, data: bytes) -> None:
    try:
        leftovers.write(place, data)
    except OSError as error:
        raise SetupError(f"{place} cannot be written: {error.strerror}.") from None
