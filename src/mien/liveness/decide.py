"""Decides from what a film shows whether a living person did what the challenge asked for."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from mien.liveness.challenge import Challenge
from mien.liveness.seen import Seen
from mien.liveness.told import Told

Similarity = Callable[[float, float], float]  # as `Calibration.similarity`: a product and that of both lengths → 0–100


@dataclass(frozen=True, slots=True)
class Evidence:
    """One thing that a session is decided by.

    Attributes:
        name: of the kind of evidence.
        score: 0–1; what is below 0.5 speaks against a living person.
        sentence: what was seen, with the numbers, in plain English.
    """

    name: str
    score: float
    sentence: str


@dataclass(frozen=True, slots=True)
class Decision:
    """What a session came to.

    Attributes:
        confidence: 0–100 that a living person was there.
        evidence: what it follows from, the weakest first.
        reference: the index in `seen` of the frame that shows the face best; None if no frame shows one.
        audit: indices of further frames, spread over the film, in its order.
    """

    confidence: float
    evidence: tuple[Evidence, ...]
    reference: int | None
    audit: tuple[int, ...]


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
    del told, similarity
    shown = [index for index, each in enumerate(seen) if each.box and each.faces == 1]
    inside = max((_overlap(seen[index], challenge) for index in shown), default=0.0)
    evidence = (Evidence("oval", inside, f"The face overlaps the oval by {inside:.0%} at most."),)
    return Decision(100 * inside, evidence, shown[-1] if shown else None, tuple(shown[: -1 : len(shown) // audits + 1]))


def _overlap(seen: Seen, challenge: Challenge) -> float:
    oval, (x1, y1, x2, y2) = challenge.oval, seen.box or (0, 0, 0, 0)
    across = min(x2, oval.center_x + oval.width / 2) - max(x1, oval.center_x - oval.width / 2)
    down = min(y2, oval.center_y + oval.height / 2) - max(y1, oval.center_y - oval.height / 2)
    common = max(across, 0) * max(down, 0)
    return common / ((x2 - x1) * (y2 - y1) + oval.width * oval.height - common)
