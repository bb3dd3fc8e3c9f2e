"""A small fixed part of `lfw-dev`: a change that costs more than a point of TAR fails here."""

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mien.measure.accuracy import comparison, robustness, verification
from mien.measure.accuracy.conditions import CONDITIONS
from mien.measure.accuracy.dataset import Dataset, open_dataset
from mien.measure.accuracy.embedding import embed
from mien.measure.accuracy.embedding_cache import Cache
from mien.packs.load import Pack
from mien.system.progress import Progress
from tests import photos

PEOPLE, EACH = 150, 4  # the first names with two photos or more, and their first photos
TAR = 0.9835  # at FAR 1e-3, as the pack `retail` has it
POINT = 0.01
# of 100 people, those known at 80 with one photo under a condition, and the most strangers with both, as the pack `duo`
# has them: harder photos stay recognisable, and ruined ones match no one
KNOWN = {("Gaussian blur", 0.05): 0.97, ("dark", 1 / 8): 0.98, ("JPEG", 15): 0.97, ("mask", 0.3): 0.85}
RUINED = {("Gaussian blur", 0.2), ("negative", 1), ("edges", 0.85), ("bar over the eyes", 0.6), ("small face", 24)}
MOST_STRANGERS = 6e-4  # of about 19,900 pairs, where all are found


@pytest.fixture(scope="module")
def album() -> Dataset:
    """The fixed part."""
    folder = photos.SHARED / "lfw-dev" / "images"
    if not folder.is_dir():
        pytest.skip("the photographs of people in ../shared/lfw-dev are not here")
    whole = open_dataset(folder)
    counts = np.bincount(whole.people)
    people = np.flatnonzero(counts >= 2)[:PEOPLE]
    kept = [number for person in people for number in np.flatnonzero(whole.people == person)[:EACH]]
    names, owners = np.unique(whole.people[kept], return_inverse=True)
    files = tuple(whole.files[number] for number in kept)
    return Dataset(folder, files, tuple(whole.names[name] for name in names), owners)


def test_tar_has_not_fallen(album: Dataset, pack: Pack, tmp_path: Path) -> None:
    with Cache(tmp_path, "x", pack.manifest.dimension) as cache, Path(os.devnull).open("w") as quiet:
        progress = Progress("images", len(album.files), quiet)
        found = embed(album.files, pack.pipeline, "central", cache=cache, workers=3, progress=progress)
    assert not found.faceless
    assert not found.unreadable
    people = album.people[found.photos]
    strangers = comparison.impostors(found.embeddings, people)
    assert verification.tar(comparison.mates(found.embeddings, people), strangers.threshold(1e-3)) >= TAR - POINT
    # and similarity 60 still is one false match in a thousand, within what this many people can tell
    bar = pack.calibration.score(60)
    assert 0.0003 < (strangers.cosines > bar).sum() / strangers.total < 0.003


def test_harder_photos_are_known_and_ruined_ones_match_no_stranger(album: Dataset, duo: Pack) -> None:
    wanted = [each for each in CONDITIONS if (each.kind, each.strength) in KNOWN.keys() | RUINED]
    assert len(wanted) == len(KNOWN) + len(RUINED)
    for cost in robustness.costs(album, duo, "central", workers=3, conditions=wanted, most=100):
        assert cost.strangers <= MOST_STRANGERS, cost
        assert cost.one_side >= KNOWN.get((cost.condition, cost.strength), 0), cost


def test_without_trust_strangers_in_ruined_photos_match(album: Dataset, duo: Pack) -> None:
    ensemble = replace(duo.pipeline.ensemble, trust=None)
    trusting = replace(duo, pipeline=replace(duo.pipeline, ensemble=ensemble))
    wanted = [each for each in CONDITIONS if (each.kind, each.strength) == ("negative", 1)]
    (cost,) = robustness.costs(album, trusting, "central", workers=3, conditions=wanted, most=40)
    assert cost.strangers > 100 * MOST_STRANGERS
