"""Hands the networks of an attribute set to the measures of attributes."""

from mien.face.attributes.evidence import Networks
from mien.packs import sign_weights
from mien.packs.deferred import Deferred, Wrap


def networks(sessions: dict[str, Deferred], wrap: Wrap = lambda _, session: session) -> Networks:
    """Returns the networks as the measures of attributes take them, each wrapped."""
    return Networks(**{role: wrap(role, session) for role, session in sessions.items()}, signs=sign_weights.read())
