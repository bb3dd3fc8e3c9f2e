"""Weak candidates are looked at closer where they are likely small faces, or faces that lie, and nowhere else."""

import numpy as np

from mien.face.hints import may_be_small, may_be_turned

FACE = np.array([[100, 100, 200, 200]], np.float32)


def test_what_lies_on_a_face_hints_at_nothing() -> None:
    boxes = np.array([[100, 100, 109, 112], [300, 100, 309, 112]], np.float32)
    scores = np.array([0.4, 0.3], np.float32)
    assert may_be_small(boxes, scores, np.array([[50, 50, 200, 200]], np.float32)).tolist() == [1]


def test_the_likeliest_hints_are_taken_and_each_place_once() -> None:
    boxes = np.array([[x, 100, x + 9, 112] for x in (0, 2, 50, 100, 150)], np.float32)
    scores = np.array([0.2, 0.3, 0.02, 0.4, 0.5], np.float32)
    assert may_be_small(boxes, scores, np.empty((0, 4), np.float32)).tolist() == [4, 3, 1]


def test_a_weak_candidate_beside_a_face_may_be_a_turned_one() -> None:
    boxes = np.array([[300, 100, 380, 180], [120, 110, 190, 180], [300, 300, 380, 380]], np.float32)
    scores = np.array([0.3, 0.5, 0.1], np.float32)  # the second lies on the face
    assert may_be_turned(boxes, scores, FACE, 640).tolist() == [True, False, False]


def test_the_smaller_beside_the_face_the_more_is_asked_of_its_score() -> None:
    boxes = np.array([[300, 100, 300 + side, 100 + side] for side in (50, 25, 25, 8)], np.float32)
    scores = np.array([0.3, 0.3, 0.59, 0.59], np.float32)
    assert may_be_turned(boxes, scores, FACE, 400).tolist() == [True, False, True, False]


def test_nothing_is_weak_where_nothing_was_seen() -> None:
    nothing = np.empty((0, 4), np.float32)
    assert may_be_turned(nothing, np.empty(0, np.float32), nothing, 640).tolist() == []
