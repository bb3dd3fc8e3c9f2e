"""Faces of a film as few bytes, to be kept: places, poses and attributes, and neither pictures nor embeddings.

The numbers are float32. Bytes of the same weight stand together, which compresses better than numbers side by side.
"""

import zlib
from collections.abc import Mapping, Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from mien.face.types import Answer, Box, Detection, Face, Features, Pose, Quality, Verdict, Years

VERDICTS = ("beard", "eyeglasses", "eyes_open", "gender", "mouth_open", "mustache", "smile", "sunglasses")
EMOTIONS = ("neutral", "happy", "sad", "surprise", "anger", "fear", "disgust", "confusion")
NAMES = (*VERDICTS, "age_range", "emotions")  # the attributes that are kept; AWS has no others for a film
_BASE = 4 + 10 + 1 + 3 + 2  # box, landmarks, confidence, pose, brightness and sharpness
_MESH = 60 + 3  # landmarks and pose of the mesh
_EVERY = _BASE + _MESH + len(VERDICTS) + 2 + len(EMOTIONS)
_LEVEL = 6  # of zlib, in which a face takes 20 µs

Row = NDArray[np.float32]


class _Packed(msgspec.Struct, array_like=True):
    """Times in milliseconds (int32), and the shuffled numbers of as many faces."""

    times: bytes
    columns: int
    numbers: bytes


def pack(seen: Sequence[tuple[int, Face]], *, measured: bool) -> bytes:
    """Packs faces with the milliseconds at which they were seen; `measured` tells whether attributes are kept."""
    columns = _EVERY if measured else _BASE
    rows = np.empty((len(seen), columns), np.float32)
    for row, (_, face) in zip(rows, seen, strict=True):
        row[:_BASE] = _base(face)
        if measured:
            row[_BASE:] = _measured(face.features)
    times = np.array([at for at, _ in seen], np.int32)
    shuffled = np.ascontiguousarray(rows.view(np.uint8).T).tobytes()
    return msgspec.msgpack.encode(_Packed(times.tobytes(), columns, zlib.compress(shuffled, _LEVEL)))


def unpack(data: bytes) -> list[tuple[int, Face]]:
    """Returns the faces that `pack` packed, without crops; boxes and landmarks are in pixels of the film."""
    packed = msgspec.msgpack.decode(data, type=_Packed)
    times = np.frombuffer(packed.times, np.int32)
    shuffled = np.frombuffer(zlib.decompress(packed.numbers), np.uint8).reshape(4 * packed.columns, len(times))
    rows = np.ascontiguousarray(shuffled.T).view(np.float32)
    return [(int(at), _face(row)) for at, row in zip(times, rows, strict=True)]


def _base(face: Face) -> list[float]:
    box, pose, quality = face.box, face.pose, face.quality
    return [
        box.x1, box.y1, box.x2, box.y2, *face.detection.landmarks.ravel().tolist(), face.detection.confidence,
        pose.roll, pose.yaw, pose.pitch, quality.brightness, quality.sharpness,
    ]  # fmt: skip


def _measured(features: Features) -> list[float]:
    nan, answers = float("nan"), features.answers
    points = features.landmarks.ravel().tolist() if features.landmarks is not None else [nan] * 60
    pose = [features.pose.roll, features.pose.yaw, features.pose.pitch] if features.pose else [nan] * 3
    verdicts = [_signed(answers.get(name)) for name in VERDICTS]
    years = answers.get("age_range")
    emotions = answers.get("emotions")
    shares = emotions if isinstance(emotions, Mapping) else {}
    return [
        *points, *pose, *verdicts, *((years.low, years.high) if isinstance(years, Years) else (nan, nan)),
        *(shares.get(name, nan) for name in EMOTIONS),
    ]  # fmt: skip


def _signed(answer: Answer | None) -> float:
    """Returns the confidence of a yes, that of a no below zero, and NaN for an unknown answer."""
    if not isinstance(answer, Verdict):
        return float("nan")
    return answer.confidence if answer.value else -answer.confidence


def _face(row: Row) -> Face:
    numbers = row.tolist()
    detection = Detection(Box(*numbers[:4]), row[4:14].reshape(5, 2), numbers[14])
    quality = Quality(numbers[18], numbers[19], 0.0)
    features = _features(row[_BASE:]) if len(row) > _BASE else Features()
    return Face(detection, Pose(*numbers[15:18]), quality, (), features=features)


def _features(row: Row) -> Features:
    points, pose, verdicts, years, emotions = np.split(row, np.cumsum([60, 3, len(VERDICTS), 2]))
    shares = {name: value for name, value in zip(EMOTIONS, emotions.tolist(), strict=True) if value == value}  # noqa: PLR0124  NaN
    answers: dict[str, Answer | None] = {
        name: Verdict(value > 0, abs(value)) if value == value else None  # noqa: PLR0124  NaN
        for name, value in zip(VERDICTS, verdicts.tolist(), strict=True)
    }
    answers["age_range"] = None if np.isnan(years).any() else Years(*map(int, years.tolist()))
    answers["emotions"] = shares or None
    is_meshed = not np.isnan(points).any()
    return Features(
        answers, points.reshape(30, 2) if is_meshed else None, Pose(*pose.tolist()) if is_meshed else None, meshed=True
    )
