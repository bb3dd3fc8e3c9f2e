"""Ends a Face Liveness session: makes its images small enough, and keeps them in the store or in S3.

A session whose images S3 does not take has failed, since its caller would look for them there.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass

import cv2
import numpy as np

from mien.errors import InternalServerError
from mien.face.types import Pixels
from mien.image.source import S3WriteError
from mien.operations.context import Context
from mien.store.base import Region
from mien.store.tables.liveness_sessions import LivenessImage, LivenessResult, LivenessSettings

log = logging.getLogger("mien")

MOST_BYTES = 204_800  # of an image of a session; the service model's LivenessImageBlob
REFERENCE, AUDIT = "reference.jpg", "audit-image-{}.jpg"  # files of a session in S3; the latter's name is mien's
QUALITIES = (95, 90, 80, 65)  # of JPEG, the first that fits is taken


@dataclass(frozen=True, slots=True)
class Shot:
    """A frame of a session with the region of its face; pixels uint8 (H, W, 3) BGR, upright."""

    pixels: Pixels
    region: Region


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a session came to; the fields are those of `LivenessResult`, with frames for images."""

    confidence: float
    reference: Shot | None = None
    audits: tuple[Shot, ...] = ()
    challenge: tuple[str, str] | None = None
    feedback: tuple[tuple[str, str], ...] = ()
    sdk: str | None = None
    evidence: tuple[tuple[str, float, str], ...] = ()


def end(context: Context, account: str, session_id: str, outcome: Outcome) -> bool:
    """Ends a session that was begun as SUCCEEDED; returns False if it has expired or ended, and keeps nothing then.

    Raises:
        InternalServerError: S3 does not take its images; it has FAILED.
    """
    session = context.store.liveness.find(account, session_id)
    if session is None or session.status != "IN_PROGRESS" or session.settings is None:
        return False
    settings = session.settings
    shots = {REFERENCE: outcome.reference} if outcome.reference else {}
    shots |= {AUDIT.format(place): shot for place, shot in enumerate(outcome.audits[: settings.audits])}
    try:
        named = {object_name(settings, session_id, file): shot for file, shot in shots.items()}
        kept = _kept(context, settings, named)
    except S3WriteError as error:
        log.error("the images of a liveness session were not written", extra={"facts": {"why": str(error)}})
        fail(context, account, session_id, outcome)
        raise InternalServerError("The images of the session could not be written to S3.") from None
    reference = kept.pop(0) if outcome.reference else None
    result = LivenessResult(
        outcome.confidence, reference, tuple(kept), outcome.challenge, outcome.feedback, outcome.sdk, outcome.evidence
    )
    return context.store.liveness.finish(account, session_id, "SUCCEEDED", result)


def _kept(context: Context, settings: LivenessSettings, shots: Mapping[str, Shot]) -> list[LivenessImage]:
    """Makes the images of a session, by the names that they have in S3, and writes them there if they belong there.

    Raises:
        S3WriteError: S3 does not take them.
    """
    jpegs = {name: small_jpeg(shot.pixels) for name, shot in shots.items()}
    if settings.bucket is None:
        return [LivenessImage(shot.region, jpegs[name]) for name, shot in shots.items()]
    context.s3.write(settings.bucket, jpegs, settings.kms_key)
    return [LivenessImage(shot.region, name=name) for name, shot in shots.items()]


def fail(context: Context, account: str, session_id: str, outcome: Outcome | None = None) -> bool:
    """Ends a session that was begun as FAILED; returns False if it has expired or ended."""
    result = LivenessResult(challenge=outcome.challenge, sdk=outcome.sdk) if outcome else LivenessResult()
    return context.store.liveness.finish(account, session_id, "FAILED", result)


def object_name(settings: LivenessSettings, session_id: str, file: str) -> str:
    """Returns the name of a session's file in S3, as AWS makes it: prefix, SessionId and file between slashes."""
    prefix = settings.prefix
    return f"{prefix}{'' if not prefix or prefix.endswith('/') else '/'}{session_id}/{file}"


def small_jpeg(pixels: Pixels) -> bytes:
    """Encodes pixels, uint8 (H, W, 3) BGR, as a JPEG of at most `MOST_BYTES`, smaller where no quality is enough."""
    while True:
        for quality in QUALITIES:
            jpeg = cv2.imencode(".jpg", pixels, (cv2.IMWRITE_JPEG_QUALITY, quality))[1].tobytes()
            if len(jpeg) <= MOST_BYTES:
                return jpeg
        pixels = np.asarray(cv2.resize(pixels, None, fx=0.7, fy=0.7, interpolation=cv2.INTER_AREA), np.uint8)
