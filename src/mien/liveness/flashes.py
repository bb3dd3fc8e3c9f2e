"""Whether the colours that the screen flashed are found on the face, in their order and on time, and on a face alone.

The light of the screen multiplies what the skin reflects anyhow, so that a colour shows in the logarithm of what the
camera measures. What is common to all three channels is left out: exposure changes it, and clouds.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mien.liveness.challenge import Challenge
from mien.liveness.seen import Seen
from mien.liveness.skin import CELLS, FRONT
from mien.liveness.told import Shown, Told

Values = NDArray[np.float64]

_LAGS = range(-150, 401, 25)  # ms between what a client says and what its camera sees
_LEAST_FRAMES = 12
_BURNT = 244.0  # of a channel, 0–255, above which more light changes nothing
_BLACK = 4.0  # added before the logarithm, so that what is dark is not all noise


@dataclass(frozen=True, slots=True)
class Flashes:
    """What a film shows of the colours.

    Attributes:
        agreement: correlation of the face's colours with those of the challenge, -1–1; what it is by chance is near 0.
        lag_ms: how much later than the client says they come.
        strength: how much a full colour adds to the light on the face.
        cells: the same of each cell of the face (`skin.CELLS`); NaN where it is burnt out.
        ground: the least that it adds to the ground on either side, in shares of `strength`; NaN where none is seen.
    """

    agreement: float
    lag_ms: int
    strength: float
    cells: Values
    ground: float


def flashes(challenge: Challenge, told: Told, seen: Sequence[Seen]) -> Flashes | None:
    """Looks for the colours of the challenge at the times that the client says; None where it says none, or others."""
    frames = [each for each in seen if each.colours is not None and np.isfinite(each.colours[: len(FRONT)]).any()]
    if told.video_start_ms is None or not _as_asked(challenge, told) or len(frames) < _LEAST_FRAMES:
        return None
    times = np.array([each.at_ms for each in frames], np.float64)
    logs = np.log(np.stack([np.asarray(each.colours, np.float64) for each in frames]) + _BLACK)
    best: tuple[float, int, Values, Values] | None = None
    for lag in _LAGS:
        light = lights(challenge, told, times - lag)
        shown = np.isfinite(light[:, 0])
        if np.count_nonzero(shown) < _LEAST_FRAMES:
            continue
        expected = _tints(light[shown], times[shown])
        found = _tints(np.nanmean(logs[shown, : len(FRONT)], axis=1), times[shown])
        agreement = float((expected * found).sum() / max(np.linalg.norm(expected) * np.linalg.norm(found), 1e-9))
        if best is None or agreement > best[0]:
            best = agreement, lag, expected, shown
    return None if best is None else _measured(*best, times=times, logs=logs)


def lights(challenge: Challenge, told: Told, times: Values) -> Values:
    """Returns the light of the screen at times of the film, (N, 3) RGB 0–1; NaN before and after the colours."""
    found = np.full((len(times), 3), np.nan)
    start = told.video_start_ms or 0
    colors = np.array([(each.red, each.green, each.blue) for each in challenge.colors], np.float64) / 255
    begins = {index: each.at_ms - start for index, each in _first(told).items()}
    for index, flash in enumerate(challenge.colors):
        begin = begins[index]
        end = begins.get(index + 1, begin + flash.downscroll_ms + flash.flat_ms)
        now = (times >= begin) & (times < end)
        covered = (
            np.clip((times[now] - begin) / flash.downscroll_ms, 0, 1) if flash.downscroll_ms else np.ones(now.sum())
        )
        before = colors[max(index - 1, 0)]
        found[now] = covered[:, None] * colors[index] + (1 - covered[:, None]) * before
    return found


def _as_asked(challenge: Challenge, told: Told) -> bool:
    """Returns whether the client says that it showed all colours of the challenge, in their order."""
    first = [each for _, each in sorted(_first(told).items())]
    times = [each.at_ms for each in first]
    shown = [(each.red, each.green, each.blue) for each in first]
    return times == sorted(times) and shown == [(each.red, each.green, each.blue) for each in challenge.colors]


def _first(told: Told) -> dict[int, Shown]:
    """Returns the first message on each colour, by its index; one that scrolls and then stays is told twice."""
    return {each.index: each for each in reversed(told.colors)}


def _tints(logs: Values, times: Values) -> Values:
    """Returns (N, 3) without what all channels have in common, and without a slow drift."""
    tints = logs - logs.mean(axis=1, keepdims=True)
    seconds = (times - times.mean()) / 1000
    drift = np.column_stack([np.ones_like(seconds), seconds, seconds**2])
    return np.asarray(tints - drift @ np.linalg.lstsq(drift, tints, rcond=None)[0])


def _measured(agreement: float, lag: int, expected: Values, shown: Values, *, times: Values, logs: Values) -> Flashes:
    strengths = np.full(logs.shape[1], np.nan)
    for place in range(logs.shape[1]):
        track = logs[shown, place]
        known = (track < np.log(_BURNT + _BLACK)).all(axis=1)  # not where it is outside the frame either
        if known.mean() > 0.9:
            tints = _tints(track[known], times[shown][known])
            strengths[place] = (tints * expected[known]).sum() / max(float((expected[known] ** 2).sum()), 1e-9)
    cells, beside = strengths[: len(CELLS)], strengths[len(CELLS) :]
    front = cells[: len(FRONT)]
    strength = float(np.nanmedian(front)) if np.isfinite(front).any() else float("nan")
    ground = float(np.nanmin(beside)) if np.isfinite(beside).any() else float("nan")
    return Flashes(agreement, lag, strength, cells, ground / strength if strength > 0 else float("nan"))
