"""The accuracy that mien promises, on a fixed part of LFW and of UTKFace: no figure may fall.

It is the small form of `make accuracy`, a minute on two idle cores. People are of half B, by a digest of their names. A
bound is what was measured on them and a margin of about the 95% interval, so that chance, another processor or another
release of a library does not cross it and a change of substance does.
"""

import dataclasses
import hashlib
from pathlib import Path

import numpy as np
import pytest

from mien import app, config
from mien.measure.accuracy import angles, comparison, grouping_rates
from mien.measure.accuracy.angles import Turn
from mien.measure.accuracy.dataset import Dataset, open_dataset, open_groups
from mien.measure.accuracy.embedding import embed_dataset
from mien.measure.accuracy.grouping_rates import Labelled
from mien.packs.load import Pack
from tests import photos

LFW, GROUPS = photos.SHARED / "lfw-dev", photos.SHARED / "groups"
PEOPLE = 250  # of LFW, with two photographs each
EACH = 110  # photographs of a group of UTKFace
KINDS = {"20-50": "adults", "65+": "the old", "child": "children", "baby": "babies"}  # by the end of a group's name
# the most false matches in 10,000 pairs of strangers of one group at similarities 60 and 80, over the groups of a kind
MOST = {"adults": (30.0, 5.0), "the old": (24.0, 4.0), "children": (26.0, 8.0), "babies": (26.0, 4.0)}
MOST_OF_LFW = (14.0, 2.0)  # likewise of LFW's strangers
LEAST_TAR = 0.957  # at 80, of pairs of one person of LFW
TURNS = (Turn(0, True), Turn(45, True), Turn(180, True), Turn(285, False))
GROUPED = 600  # people of LFW whose photographs are grouped, all of them
LEAST_GROUPED = (0.995, 0.95, 0.98)  # pairwise precision and recall, and B³ F1; above 0.99, 0.98 and 0.99 as measured
TURNED = 40  # people whose photographs are turned; one pair of strangers is 3.2 in 10,000

Rates = dict[str, tuple[float, ...]]


def half_b(name: str) -> bool:
    return hashlib.sha256(name.encode()).digest()[0] % 2 == 1


def part(whole: Dataset, kept: list[int]) -> Dataset:
    """Some photographs of a folder, with their people and groups."""
    names, owners = np.unique(whole.people[kept], return_inverse=True)
    return dataclasses.replace(
        whole, files=tuple(whole.files[each] for each in kept), names=tuple(whole.names[name] for name in names),
        people=owners, left_out=(), groups=tuple(whole.groups[each] for each in kept) if whole.groups else (),
    )  # fmt: skip


@pytest.fixture(scope="module")
def lfw() -> Dataset:
    if not LFW.is_dir():
        pytest.skip("the photographs of people in ../shared/lfw-dev are not here")
    whole = open_dataset(LFW / "images")
    people = [number for number, name in enumerate(whole.names) if half_b(name) and (whole.people == number).sum() > 1]
    return part(whole, [row for each in people[:PEOPLE] for row in np.flatnonzero(whole.people == each)[:2]])


def grouped(most: int, kinds: tuple[str, ...] = tuple(KINDS)) -> Dataset:
    if not GROUPS.is_dir():
        pytest.skip("the photographs of groups in ../shared/groups are not here")
    whole = open_groups(GROUPS / "photos", GROUPS / "labels.csv")
    kept = [
        [row for row, group in enumerate(whole.groups) if group == name and half_b(whole.files[row].name)][:most]
        for name in sorted(set(whole.groups))
        if any(kind in name for kind in kinds)
    ]
    return part(whole, [row for rows in kept for row in rows])


def false_matches(album: Dataset, pack: Pack, cache: Path) -> Rates:
    """False matches in 10,000 pairs of strangers of one group at 60 and 80, for each kind of group."""
    found = embed_dataset(album, pack, "central", 3, cache)
    groups, people = np.array(album.groups)[found.photos], album.people[found.photos]
    bars = [pack.calibration.score(similarity) for similarity in (60, 80)]
    counted: dict[str, list[np.ndarray]] = {}
    for name in np.unique(groups):
        above, compared = comparison.strangers_above(found.embeddings[groups == name], people[groups == name], bars)
        kind = next(text for end, text in KINDS.items() if end in name)
        counted.setdefault(kind, []).append(np.array([*(each.sum() for each in above), compared.sum()]))
    sums = {kind: np.sum(rows, axis=0) for kind, rows in counted.items()}
    return {kind: tuple(1e4 * row[:2] / row[2]) for kind, row in sums.items()}


def test_strangers_of_every_group_are_strangers(pack: Pack, tmp_path: Path) -> None:
    found = false_matches(grouped(EACH), pack, tmp_path)
    assert set(found) == set(MOST)
    for kind, rates in found.items():
        assert all(rate <= most for rate, most in zip(rates, MOST[kind], strict=True)), (kind, rates)


def test_a_pack_without_a_crowd_would_fail(packs: str, tmp_path: Path) -> None:
    """Or the bounds would hold for anything."""
    retail = app.open_pack(config.load({"packs": packs, "threads": 2, "pack": "retail"}, {}))
    found = false_matches(grouped(50, ("65+", "child", "baby")), retail, tmp_path)
    for kind, rates in found.items():
        assert all(rate > most for rate, most in zip(rates, MOST[kind], strict=True)), (kind, rates)


def test_people_are_recognised(lfw: Dataset, pack: Pack, tmp_path: Path) -> None:
    found = embed_dataset(lfw, pack, "central", 3, tmp_path)
    assert len(found.photos) == len(lfw.files)
    bars = [pack.calibration.score(similarity) for similarity in (60, 80)]
    above, compared = comparison.strangers_above(found.embeddings, lfw.people, bars)
    rates = [1e4 * each.sum() / compared.sum() for each in above]
    assert all(rate <= most for rate, most in zip(rates, MOST_OF_LFW, strict=True)), rates
    mates = comparison.mates(found.embeddings, lfw.people)
    assert (mates.cosines >= bars[1]).mean() >= LEAST_TAR


def test_turned_people_are_found_and_recognised(lfw: Dataset, pack: Pack) -> None:
    upright, *turned = angles.measure(lfw, pack, "central", workers=3, turns=TURNS, most=TURNED)
    for each in turned:
        assert each.found >= 0.975, each
        assert each.both >= upright.both - 0.05, each
        assert each.one >= upright.one - 0.05, each
        assert 1e4 * max(each.strangers, each.strangers_one) <= 6.5, each


def test_faces_are_grouped_by_person_and_mislabelled_ones_found(pack: Pack, tmp_path: Path) -> None:
    if not LFW.is_dir():
        pytest.skip("the photographs of people in ../shared/lfw-dev are not here")
    whole = open_dataset(LFW / "images")
    people = [number for number, name in enumerate(whole.names) if half_b(name)][:GROUPED]
    album = part(whole, [*np.flatnonzero(np.isin(whole.people, people))])
    found = embed_dataset(album, pack, "central", 3, tmp_path)
    rates = grouping_rates.measure(
        Labelled(found.embeddings, album.people[found.photos], album.names), pack.calibration
    )
    everyone = rates.grouped[-1]
    shares = everyone.precision, everyone.recall, everyone.f1
    assert all(share >= least for share, least in zip(shares, LEAST_GROUPED, strict=True)), everyone
    assert all(planted.among >= 0.95 for planted in rates.planted), rates.planted
