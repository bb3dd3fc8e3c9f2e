"""Judges whether the faces of an image are living ones, and which of them are below the bar that a server may set."""

from collections.abc import Sequence
from typing import Literal

from mien.errors import InvalidParameterError, SetupError
from mien.face.living import TOO_CLOSE, Likelihood
from mien.face.types import Face
from mien.image.decode import read_header
from mien.operations.context import Context

# What an operation does with faces below the bar: takes them, leaves them out with a reason, or needs one above it.
Demand = Literal["none", "filtered", "needed"]
Refused = tuple[Face, list[str]]

BELOW = "LOW_CONFIDENCE"  # AWS's reason for a face below the bar
_AS_AWS = {TOO_CLOSE: "LOW_FACE_QUALITY"}  # for a reason that AWS does not have
NOT_LIVING = "The image may show a print or a screen; it must show a living person before the camera."
NOT_TOLD = (
    "The image does not show whether the face is living: it must be sharp, from the front, of 40 pixels or more, and "
    "at most two thirds of the image wide and high."
)


def likelihoods(context: Context, data: bytes, faces: Sequence[Face]) -> list[Likelihood]:
    """Returns how likely each of an image's faces is a living one.

    The image is decoded once more, so that neither other operations nor the image cache keep what only this needs.

    Raises:
        InvalidParameterError: the networks are not available.
        ThrottlingError: other requests held the decoded pixels for too long.
    """
    if not faces:
        return []
    try:
        living = context.living.open()
    except SetupError as error:
        raise InvalidParameterError(f"This server cannot tell living faces: {error}") from None
    decoding, stage = context.request.decoding(read_header(data, context.accepted)), context.request.stage("living")
    with decoding as held, stage, context.pack.pipeline.cores.at_work():
        return living.likelihoods(held, faces)


def held_to(context: Context, demand: Demand, data: bytes, faces: list[Face]) -> tuple[list[Face], list[Refused]]:
    """Returns the faces that reach the server's bar, and the others with AWS's reasons.

    Raises:
        InvalidParameterError: a face that reaches it is needed, and there are only others.
        As `likelihoods`.
    """
    bar = context.require_live
    if demand == "none" or not (bar and faces):
        return faces, []
    found = likelihoods(context, data, faces)
    reached = [each.confidence is not None and each.confidence >= bar for each in found]
    if demand == "needed" and not any(reached):
        raise InvalidParameterError(NOT_TOLD if found[0].confidence is None else NOT_LIVING)
    refused = [
        (face, [_AS_AWS.get(reason, reason) for reason in each.reasons] or [BELOW])
        for face, each, passes in zip(faces, found, reached, strict=True)
        if not passes
    ]
    return [face for face, passes in zip(faces, reached, strict=True) if passes], refused
