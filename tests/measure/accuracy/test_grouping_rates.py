"""What `mien eval --groups-of-faces` says of groups, compared with counting pair by pair and face by face."""

import argparse
import json
from pathlib import Path

import numpy as np
import pytest

from mien.errors import SetupError
from mien.measure.accuracy import grouping_rates, options
from mien.measure.accuracy.grouping_rates import Labelled, agreement
from tests.measure.accuracy.folders import drawn, two_people
from tests.measure.accuracy.test_command import evaluate
from tests.people.generated import CALIBRATION


@pytest.mark.parametrize("left_out", [(), ((0, 1), (5, 2))])
def test_agreement_is_counted_pair_by_pair_and_face_by_face(left_out: tuple[tuple[int, int], ...]) -> None:
    random = np.random.default_rng(1)
    labels, people = random.integers(0, 12, 90) * 5, random.integers(0, 9, 90)
    unclear = np.array([[(a, b) in left_out or (b, a) in left_out for a in range(9)] for b in range(9)])
    counts = ~unclear[people[:, None], people[None]]
    alike, same = labels[:, None] == labels[None], people[:, None] == people[None]
    upper = np.triu(np.ones((90, 90), bool), 1)
    wanted = (
        (alike & same & upper).sum() / (alike & counts & upper).sum(),
        (alike & same & upper).sum() / (same & upper).sum(),
    )
    precision = ((alike & same).sum(axis=1) / (alike & counts).sum(axis=1)).mean()
    recall = ((alike & same).sum(axis=1) / same.sum(axis=1)).mean()
    found = agreement(labels, people, left_out)
    assert found[:2] == pytest.approx(wanted)
    assert found[2] == pytest.approx(2 * precision * recall / (precision + recall))


def test_perfect_groups_and_the_worst() -> None:
    people = np.array([0, 0, 1, 1, 2])
    assert agreement(people + 7, people) == (1.0, 1.0, 1.0)
    assert agreement(np.zeros(5, np.int64), people)[:2] == (0.2, 1.0)
    apart = agreement(np.arange(5), people)
    assert np.isnan(apart[0])
    assert apart[1] == 0


def test_people_are_measured_whole_and_in_halves() -> None:
    vectors, people = drawn(40, 6)
    rates = grouping_rates.measure(Labelled(vectors, people, tuple(f"p{each}" for each in range(40))), CALIBRATION)
    assert [each.of for each in rates.grouped] == ["half A", "half B", "all"]
    assert [sum(getattr(each, name) for each in rates.grouped[:2]) for name in ("people", "faces")] == [40, 240]
    assert min(each.f1 for each in rates.grouped) > 0.99
    assert [each.trials for each in rates.planted] == [400, 400]
    assert rates.planted[0].first == 1
    assert "half B" in grouping_rates.as_text(rates)


@pytest.mark.parametrize("flag", options.UNGROUPED)
def test_what_grouping_leaves_unused_is_refused(flag: str) -> None:
    parser = argparse.ArgumentParser()
    options.add_flags(parser)
    value = [] if flag in ("robustness", "turned") else ["some"]
    given = parser.parse_args(["photos", "--groups-of-faces", f"--{flag}", *value])
    with pytest.raises(SetupError, match=f"leave out --{flag}"):
        options.options(given)


def test_the_command_prints_the_tables(packs: str, tmp_path: Path) -> None:
    folder = two_people(tmp_path / "photos", 5)
    wanted = str(tmp_path / "found.json")
    ran = evaluate(packs, folder, tmp_path / "cache", "--groups-of-faces", "--json", wanted)
    assert ran.returncode == 0, ran.stderr
    row = next(line.split() for line in ran.stdout.splitlines() if line.strip().startswith("all"))
    assert row == ["all", "2", "10", "2", "100.00%", "100.00%", "100.00%"]
    figures = json.loads(Path(wanted).read_text())
    assert figures["grouped"][-1]["f1"] == 1
    assert figures["planted"][0] == {"of": "a stranger", "trials": 20, "first": 1, "among": 1}
