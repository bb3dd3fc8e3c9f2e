"""Turns an attribute set and its files into running networks, and checks what they answer to a known input."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mien.config import Settings
from mien.engine.cores import Cores
from mien.engine.openvino import OpenVinoSession
from mien.engine.session import SAMPLES, Session, agrees, fingerprint
from mien.errors import SetupError
from mien.face.attributes.evidence import Networks
from mien.packs import install, load
from mien.packs.attribute_set import AttributeSet

Wrap = Callable[[str, Session], Session]  # gets a network's name and session


def compiled(entry: AttributeSet, files: dict[str, Path], cores: Cores) -> dict[str, Session]:
    """Compiles the networks of a set, by their roles.

    They run on OpenVINO whatever engine runs the recognition pack, since no other reads all of their formats, and in
    float32, since bfloat16 has no more than eight bits for the coordinates of a mesh.

    Args:
        entry: the set.
        files: name → path, digests checked (`install.find`).
        cores: the cores that inferences share.

    Raises:
        SetupError: a network cannot be read or compiled.
    """
    compiling = load.Networks(entry, files, cores, partial(OpenVinoSession, precision="f32"))
    try:
        return {
            role: compiling.compile(each.file, (each.size, each.size), (each.color, each.mean, each.scale))
            for role, each in entry.inputs.items()
        }
    except load.UNREADABLE as error:
        raise SetupError(f"The attribute set {entry.name} cannot be loaded: {load.reason(error)}.") from None


def opened(entry: AttributeSet, settings: Settings, cores: Cores | None = None) -> dict[str, Session]:
    """Finds or downloads a set and compiles it; without `cores` for itself alone.

    Raises:
        SetupError: it is not available or does not load.
    """
    return compiled(entry, install.install(entry, settings.packs), cores or Cores(settings.cores))


def fingerprints(sessions: dict[str, Session]) -> dict[str, NDArray[np.float32]]:
    """Returns the fingerprint of every network, by its role."""
    return {role: fingerprint(session) for role, session in sessions.items()}


def check(entry: AttributeSet, sessions: dict[str, Session]) -> None:
    """Compares the fingerprint of every network with the stored one.

    Raises:
        SetupError: one differs, so that every answer would be silently wrong.
    """
    for role, found in fingerprints(sessions).items():
        if not agrees(found, np.array(entry.checks.get(role, [0.0] * SAMPLES), np.float32)):
            raise SetupError(
                f"The start-up check failed: the {role} network of the attribute set {entry.name} answers a known "
                "input wrongly. mien does not answer wrong attributes; try another version of OpenVINO."
            )


def networks(sessions: dict[str, Session], wrap: Wrap) -> Networks:
    """Returns the networks as the measures of attributes take them, each wrapped."""
    return Networks(**{role: wrap(role, session) for role, session in sessions.items()})
