"""Decisions on sessions acted by geometry: a living face passes, and each attack fails by what is wrong with it."""

from dataclasses import replace

import numpy as np
import pytest

from mien.liveness.challenge import LIGHT, MOVEMENT
from mien.liveness.decide import Decision, decide
from mien.liveness.seen import Seen
from tests.liveness.acted import START, Actor, act, session, similarity, told

ALIVE = Actor()
KINDS = [LIGHT, MOVEMENT]


def decided(actor: Actor, seed: int = 3, kind: str = LIGHT) -> Decision:
    challenge = session(seed, kind)
    return decide(challenge, told(challenge), act(actor, challenge, seed), similarity)


def weak(decision: Decision) -> set[str]:
    return {each.name for each in decision.evidence if each.score < 0.5}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", range(4))
def test_a_living_face_passes(kind: str, seed: int) -> None:
    found = decided(ALIVE, seed, kind)
    assert found.confidence >= 80, found.evidence
    assert weak(found) == set()


@pytest.mark.parametrize(
    "actor",
    [
        replace(ALIVE, strength=0.06),
        replace(ALIVE, strength=0.6),
        replace(ALIVE, noise=1.5),
        replace(ALIVE, ground=300.0),
        replace(ALIVE, blinks=False),
        replace(ALIVE, every_ms=66),
    ],
    ids=["weak light", "strong light", "noise", "wall", "no blink", "15 a second"],
)
def test_a_living_face_passes_in_other_conditions(actor: Actor) -> None:
    assert decided(actor).confidence >= 80


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("ground", [0.0, 1200.0], ids=["print", "mask"])
def test_a_picture_of_a_face_fails(kind: str, seed: int, ground: float) -> None:
    """However good it is: the networks are told that it is alive."""
    found = decided(Actor(flat=True, ground=ground, blinks=False), seed, kind)
    assert found.confidence < 50, found.evidence
    assert {"movement", "depth", "life"} <= weak(found)
    assert kind == MOVEMENT or "light on the skin" in weak(found)


@pytest.mark.parametrize(
    ("actor", "name"),
    [
        (replace(ALIVE, nearer=False), "nearer"),
        (replace(ALIVE, nearer=False), "oval"),
        (replace(ALIVE, faces=2), "alone"),
        (replace(ALIVE, swapped=True), "same person"),
        (replace(ALIVE, strength=0.0), "colours"),
        (replace(ALIVE, living=0.02), "networks"),
        (replace(ALIVE, every_ms=400), "film"),
        (replace(ALIVE, noise=0.0, strength=0.0, jitter=0.0), "film"),
    ],
)
def test_what_is_wrong_is_named(actor: Actor, name: str) -> None:
    found = decided(actor)
    assert name in weak(found)
    if name != "networks":
        assert found.confidence < 50
    scores = [each.score for each in found.evidence]
    assert scores == sorted(scores)


@pytest.mark.parametrize("kind", KINDS)
def test_a_picture_that_blinks_fails(kind: str) -> None:
    """As a photograph that a program animates, in the right colours."""
    found = decided(Actor(flat=True, ground=0.0), 3, kind)
    assert found.confidence < 50 and "depth" in weak(found)


@pytest.mark.parametrize("kind", KINDS)
def test_a_replay_with_moire_fails(kind: str) -> None:
    """It shows all that a living face shows, but not to the networks."""
    found = decided(replace(ALIVE, living=0.02, lit_as=session(77)), 3, kind)
    assert found.confidence < 50


def test_a_replay_that_only_its_stripes_betray_fails() -> None:
    found = decided(replace(ALIVE, stripes=90.0, blinks=False), 3, MOVEMENT)
    assert found.confidence < 50 and "stripes" in weak(found)
    assert decided(replace(ALIVE, stripes=None), 3, MOVEMENT).confidence >= 80


def test_the_colours_of_other_sessions_fail() -> None:
    for seed in range(20):
        found = decided(replace(ALIVE, lit_as=session(1000 + seed)), seed)
        assert found.confidence < 50 and "colours" in weak(found)


def test_a_client_that_tells_other_colours_or_none_fails() -> None:
    challenge = session(3)
    said, seen = told(challenge), act(ALIVE, challenge)
    swapped = tuple(replace(each, index={1: 2, 2: 1}.get(each.index, each.index)) for each in said.colors)
    for colors in ((), said.colors[:-1], swapped, tuple(replace(each, red=7) for each in said.colors)):
        assert decide(challenge, replace(said, colors=colors), seen, similarity).confidence == 0


def test_a_film_made_before_the_challenge_was_known_fails() -> None:
    challenge = session(3)
    said, seen = told(challenge), act(ALIVE, challenge)
    for asked in (START + 3000, START + 5000):
        found = decide(challenge, replace(said, asked_ms=asked), seen, similarity)
        assert found.confidence < 50 and "film" in weak(found)


def test_the_reference_is_large_straight_and_not_yet_tinted() -> None:
    challenge = session(3)
    seen, said = act(ALIVE, challenge), told(challenge)
    found = decide(challenge, said, seen, similarity, audits=3)
    assert found.reference is not None
    shown = seen[found.reference]
    assert shown.at_ms + START <= said.colors[0].at_ms + 100
    assert shown.blendshapes is not None and shown.blendshapes[9] < 0.3
    assert shown.box is not None and shown.box[2] - shown.box[0] > 0.8 * challenge.oval.width
    assert len(found.audit) == 3 and found.reference not in found.audit
    assert list(found.audit) == sorted(found.audit)
    assert seen[found.audit[-1]].at_ms - seen[found.audit[0]].at_ms > 3000
    assert decide(challenge, said, seen, similarity, audits=0).audit == ()


@pytest.mark.parametrize(
    "blind",
    [
        lambda each: Seen(each.at_ms),
        lambda each: replace(each, mesh=None, blendshapes=None),
        lambda each: replace(each, colours=None),
        lambda each: replace(each, embedding=None),
        lambda each: replace(each, colours=np.full_like(each.colours, np.nan)),
    ],
    ids=["no face", "no mesh", "no colours", "no embedding", "colours outside"],
)
def test_what_cannot_be_seen_does_not_pass(blind) -> None:  # type: ignore[no-untyped-def]
    challenge = session(3)
    seen = [blind(each) for each in act(ALIVE, challenge)]
    assert decide(challenge, told(challenge), seen, similarity).confidence < 50


def test_without_the_networks_a_living_face_still_passes() -> None:
    challenge = session(3)
    seen = [replace(each, living=None) for each in act(ALIVE, challenge)]
    assert decide(challenge, told(challenge), seen, similarity).confidence >= 80


def test_no_frames_decide_nothing() -> None:
    challenge = session(3)
    found = decide(challenge, told(challenge), [], similarity)
    assert (found.confidence, found.reference, found.audit) == (0.0, None, ())


def test_some_frames_may_lack_the_face() -> None:
    challenge = session(3)
    seen = [Seen(each.at_ms) if number % 20 == 7 else each for number, each in enumerate(act(ALIVE, challenge))]
    assert decide(challenge, told(challenge), seen, similarity).confidence >= 80
