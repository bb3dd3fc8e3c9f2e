"""Decides from what a film shows whether a living person did what the challenge asked for.

The confidence is that of the weakest evidence, since an attack that fails at one thing is an attack.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mien.liveness.advice import Condition, advice
from mien.liveness.challenge import LIGHT, Challenge
from mien.liveness.finding import Evidence, ramp
from mien.liveness.flashes import Flashes, flashes
from mien.liveness.life import clues, life
from mien.liveness.movement import BLINKS
from mien.liveness.placement import in_oval, placement, size
from mien.liveness.recording import recording
from mien.liveness.sameness import Similarity, sameness
from mien.liveness.seen import Seen
from mien.liveness.told import Told

__all__ = ["Decision", "Evidence", "Similarity", "decide"]

_LEAST_FRAMES, _LEAST_SHOWN = 10, (0.6, 0.9)  # frames with a face, and the shares of all that score 0 and 1
_AGREES = (0.65, 0.85)  # agreements with the colours that score 0 and 1


@dataclass(frozen=True, slots=True)
class Decision:
    """What a session came to.

    Attributes:
        confidence: 0–100 that a living person was there.
        evidence: what it follows from, the weakest first.
        reference: the index in `seen` of the frame that shows the face best; None if no frame shows one.
        audit: indices of further frames, spread over the film, in its order.
        feedback: conditions that lowered the confidence, by AWS's codes in lower case, and what to tell the person.
    """

    confidence: float
    evidence: tuple[Evidence, ...]
    reference: int | None
    audit: tuple[int, ...]
    feedback: tuple[Condition, ...] = ()


def decide(challenge: Challenge, told: Told, seen: Sequence[Seen], similarity: Similarity, audits: int = 4) -> Decision:
    """Decides a session.

    Args:
        challenge: what was asked for.
        told: what the client says.
        seen: what the frames show, in the film's order: ten a second or more, all with box, landmarks, mesh,
            blendshapes and colours, some with embeddings and probabilities of the networks.
        similarity: of the pack that embedded the faces.
        audits: the most audit frames.
    """
    places = [place for place, each in enumerate(seen) if each.box is not None and each.landmarks is not None]
    shown = [seen[place] for place in places]
    if len(shown) < _LEAST_FRAMES:
        none = Evidence("face", 0.0, f"Only {len(shown)} frames show a face.")
        return Decision(0.0, (none,), places[-1] if places else None, (), advice((none,), shown))
    required, weighed = _evidence(challenge, told, seen, shown, similarity)
    alive = life(weighed)
    confidence = 100 * min(each.score for each in (*required, alive))
    found = sorted((*required, alive, *weighed), key=lambda each: each.score)
    best = _reference(told, shown)
    others = [place for number, place in enumerate(places) if number != best]
    chosen = np.unique(np.linspace(0, len(others) - 1, min(audits, len(others))).round().astype(int))
    audit = tuple(others[each] for each in chosen)
    return Decision(confidence, tuple(found), places[best], audit, advice(found, shown))


def _evidence(
    challenge: Challenge, told: Told, seen: Sequence[Seen], shown: Sequence[Seen], similarity: Similarity
) -> tuple[list[Evidence], list[Evidence]]:
    """Returns what each session must have, and what is weighed together."""
    is_lit = challenge.kind == LIGHT
    found = flashes(challenge, told, shown) if is_lit else None
    share = len(shown) / len(seen)
    required = [
        Evidence("face", ramp(share, *_LEAST_SHOWN), f"{share:.0%} of the frames show a face."),
        *placement(challenge, told, shown),
        sameness(shown, similarity),
        recording(told, seen),
        *([_colours(found)] if is_lit else []),
    ]
    return required, clues(shown, found, challenge)


def _colours(found: Flashes | None) -> Evidence:
    if found is None:
        return Evidence("colours", 0.0, "The client does not say that it showed the colours in their order.")
    said = f"The colours on the face agree with those flashed by {found.agreement:.2f}, {found.lag_ms} ms later."
    return Evidence("colours", ramp(found.agreement, *_AGREES), said)


def _reference(told: Told, shown: Sequence[Seen]) -> int:
    """Returns which frame shows the face large, straight and with open eyes, before colours tint it."""
    late = in_oval(told, shown)
    large = [
        number for number, each in enumerate(shown) if size(each) >= 0.9 * size(late[0]) and each.at_ms <= late[0].at_ms
    ]
    return max(large, key=lambda number: _straight(shown[number]))


def _straight(seen: Seen) -> float:
    """Returns how straight into the camera, and with how open eyes, a face looks."""
    if seen.landmarks is None:
        return -np.inf
    left, right, nose = (float(each[0]) for each in seen.landmarks[:3])
    aside = abs(nose - (left + right) / 2) / max(abs(right - left), 1e-6)
    shut = float(np.mean([seen.blendshapes[each] for each in BLINKS])) if seen.blendshapes is not None else 0.5
    return -aside - shut
