"""The start-up check tells a network's output from zeros, from noise and from another network's."""

import numpy as np
import pytest
from numpy.typing import NDArray

from mien.engine.session import SAMPLES, Recorded, agrees, fingerprint
from mien.packs.load import Pack

ANSWER = np.random.default_rng(11).normal(size=300).astype(np.float32)


def test_a_recorded_session_answers_once_for_each_input() -> None:
    session = Recorded((4, 6, 3), {"a": np.arange(3, dtype=np.float32)})
    outputs = session.run(np.zeros((2, 4, 6, 3), np.uint8))
    np.testing.assert_array_equal(outputs["a"], [[0, 1, 2], [0, 1, 2]])
    assert session.describe().engine == "recorded"


def test_a_fingerprint_samples_all_outputs_in_order_of_their_names() -> None:
    one = Recorded((8, 8, 3), {"b": np.full(640, 2, np.float32), "a": np.full(640, 1, np.float32)})
    print_ = fingerprint(one)
    assert print_.shape == (SAMPLES,)
    assert print_.tolist() == sorted(print_.tolist())
    assert {1.0, 2.0} == set(print_.tolist())


def test_the_known_input_is_the_same_every_time(pack: Pack) -> None:
    for session in pack.sessions.values():
        np.testing.assert_allclose(fingerprint(session), fingerprint(session), rtol=1e-5, atol=1e-6)


def test_rounding_to_bfloat16_agrees() -> None:
    coarse = (ANSWER.view(np.uint32) & 0xFFFF0000).view(np.float32)
    assert agrees(coarse, ANSWER)


@pytest.mark.parametrize(
    "wrong",
    [
        np.zeros_like(ANSWER),
        np.full_like(ANSWER, np.nan),
        np.where(np.arange(300) == 7, np.inf, ANSWER).astype(np.float32),
        np.random.default_rng(12).normal(size=300).astype(np.float32),
        -ANSWER,
        ANSWER[::-1],
        ANSWER * 2,
    ],
    ids=["zeros", "nan", "one infinite", "another network", "negated", "reversed", "doubled"],
)
def test_a_wrong_answer_does_not_agree(wrong: NDArray[np.float32]) -> None:
    assert not agrees(wrong, ANSWER)


def test_the_packs_networks_are_told_apart_by_their_fingerprints(pack: Pack) -> None:
    prints = pack.fingerprints()
    assert not agrees(prints["wide"], prints["narrow"])
    assert not agrees(prints["embedder"], prints["wide"])
