"""The tracks of a film as bytes, so that another process can go on with it."""

from collections.abc import Iterable

import msgspec
import numpy as np

from mien.face.types import Box, Embedding
from mien.video.track import Best, Track


class _Best(msgspec.Struct, array_like=True):
    at_ms: int
    seen_well: float
    box: tuple[float, float, float, float]
    embedding: bytes


class _Track(msgspec.Struct, array_like=True):
    index: int
    box: tuple[float, float, float, float]
    at_ms: int
    pace: tuple[float, float]
    best: list[_Best]
    recent: bytes | None
    beside: list[int]


class _State(msgspec.Struct, array_like=True):
    tracks: list[_Track]
    became: dict[int, int]
    following: int
    cut_ms: int


def packed(tracks: Iterable[Track], became: dict[int, int], following: int, cut_ms: int) -> bytes:
    """Returns tracks, the indices that became others, the next index and the last cut, as MessagePack."""
    return msgspec.msgpack.encode(_State([_of(each) for each in tracks], became, following, cut_ms))


def unpacked(state: bytes) -> tuple[list[Track], dict[int, int], int, int]:
    """Returns what was packed.

    Raises:
        msgspec.DecodeError: it is damaged.
    """
    found = msgspec.msgpack.decode(state, type=_State)
    return [_track(each) for each in found.tracks], found.became, found.following, found.cut_ms


def _of(track: Track) -> _Track:
    best = [_Best(each.at_ms, each.seen_well, _corners(each.box), _bytes(each.embedding)) for each in track.best]
    recent = None if track.recent is None else _bytes(track.recent)
    return _Track(track.index, _corners(track.box), track.at_ms, track.pace, best, recent, sorted(track.beside))


def _track(packed: _Track) -> Track:
    best = [Best(each.at_ms, each.seen_well, Box(*each.box), _vector(each.embedding)) for each in packed.best]
    recent = None if packed.recent is None else _vector(packed.recent)
    beside = set(packed.beside)
    return Track(packed.index, Box(*packed.box), packed.at_ms, packed.pace, best, recent, beside=beside)


def _corners(box: Box) -> tuple[float, float, float, float]:
    return float(box.x1), float(box.y1), float(box.x2), float(box.y2)


def _bytes(vector: Embedding) -> bytes:
    return vector.astype(np.float16).tobytes()  # an embedding is rounded to it


def _vector(data: bytes) -> Embedding:
    return np.frombuffer(data, np.float16).astype(np.float32)
