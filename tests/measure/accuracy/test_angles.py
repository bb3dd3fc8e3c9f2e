"""`mien eval --turned`: photos are turned as said, and the shares are those of the pairs that match."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mien.errors import SetupError
from mien.measure.accuracy import angles
from mien.measure.accuracy.angles import TURNS, Turn, turned
from mien.measure.accuracy.dataset import open_dataset
from mien.packs.load import Pack
from tests import photos
from tests.measure.accuracy.folders import two_people


def test_every_angle_is_measured_and_a_quarter_turn_once() -> None:
    assert len(TURNS) == len(set(TURNS)) == 24 + 20
    assert {turn.degrees for turn in TURNS} == set(range(0, 360, 15))


@pytest.mark.parametrize("degrees", range(0, 360, 15))
def test_a_turned_picture_shows_its_parts_where_the_matrix_says(degrees: int) -> None:
    pixels = np.zeros((120, 200, 3), np.uint8)
    pixels[38:42, 118:122] = 255
    for kept in (True, False):
        drawn, matrix = turned(pixels, Turn(degrees, kept))
        weight = drawn[..., 0] / drawn[..., 0].sum(dtype=float)
        rows, columns = np.indices(weight.shape) + 0.5
        place = ((weight * columns).sum(), (weight * rows).sum())
        assert place == pytest.approx(tuple(matrix[:, :2] @ (120, 40) + matrix[:, 2]), abs=0.1)
        assert kept or drawn.shape == pixels.shape


def test_clockwise_is_positive() -> None:
    drawn, _ = turned(
        np.concatenate([np.full((4, 8, 3), 255, np.uint8), np.zeros((4, 8, 3), np.uint8)]), Turn(90, True)
    )
    assert drawn[:, -4:].min() == 255  # what was on top is on the right
    assert drawn[:, :4].max() == 0


def test_shares_are_those_of_the_pairs_that_match() -> None:
    clean = np.eye(4, dtype=np.float32)[[0, 0, 1, 1]]
    seen = clean.copy()
    seen[1] = np.nan  # not found
    seen[3] = clean[0]  # taken for another
    people = np.array([0, 0, 1, 1])
    found = angles._angle(Turn(90, True), seen, clean, people[:, None] != people, 0.5)
    assert found.found == 0.75
    assert found.both == 0.0
    assert found.one == 0.5  # 0 with 1 and 2 with 3
    assert found.strangers == pytest.approx(2 / 8)
    assert found.strangers_one == pytest.approx(2 / 8)


def test_too_few_people_are_refused(pack: Pack, tmp_path: Path) -> None:
    dataset = open_dataset(two_people(tmp_path / "people", 2))
    with pytest.raises(SetupError, match="needs 20 people"):
        angles.measure(dataset, pack, "central", workers=2)


def test_turned_faces_are_found_and_recognized(pack: Pack) -> None:
    folder = photos.SHARED / "lfw-dev"
    if not folder.is_dir():
        pytest.skip("the photographs in ../shared/lfw-dev are not here")
    dataset = open_dataset(folder / "images", None, folder / "known-errors.csv")
    numbers = range(1, 60, 2)  # people with an odd number, on whom nothing was tuned
    some = [name for name in dataset.names if len(list((folder / "images" / name).iterdir())) > 1]
    names = {some[number] for number in numbers}
    kept = np.array([dataset.names[person] in names for person in dataset.people])
    files = tuple(file for file, keep in zip(dataset.files, kept, strict=True) if keep)
    dataset = replace(dataset, files=files, people=dataset.people[kept])
    turns = [Turn(0, True), Turn(90, True), Turn(135, False), Turn(180, True), Turn(300, True)]
    still, *others = angles.measure(dataset, pack, "central", workers=2, turns=turns)
    assert min(each.found for each in others) >= 0.98
    assert min(each.both for each in others) >= 0.9 * still.both
    assert min(each.one for each in others) >= 0.93 * still.one
    assert max(each.strangers for each in others) <= 1e-3
    assert "135°, cropped" in angles.as_text([still, *others])
