"""Several networks speak with one vector, whose cosines are the weighted means of theirs."""

import numpy as np
import pytest
from msgspec.structs import replace

from mien.engine.session import Recorded
from mien.face.embed import Embedder, Ensemble
from mien.face.types import Box, Crop, Detection, Embedding, Face, Pose, Quality
from mien.image.decode import read_header
from mien.packs import manifest
from mien.packs.load import Pack
from tests import photos

POINTS = np.zeros((5, 2), np.float32)
DUO = manifest.named("duo")


def saying(vector: list[float], weight: float) -> Embedder:
    return Embedder(
        Recorded((8, 8, 3), {"e": np.array(vector, np.float32)}), POINTS, len(vector), mirror=False, weight=weight
    )


def face(count: int) -> Face:
    crops = (Crop(np.zeros((8, 8, 3), np.uint8)),) * count
    return Face(Detection(Box(0, 0, 8, 8), POINTS, 0.9), Pose(0, 0, 0), Quality(50, 80, 40), crops)


def test_a_cosine_is_the_weighted_mean_of_the_networks_cosines() -> None:
    one = Ensemble((saying([1, 0], 1), saying([0, 3, 0], 3))).embed([face(2)])[0]
    other = Ensemble((saying([0.6, 0.8], 1), saying([0, 0, 1], 3))).embed([face(2)])[0]
    third = Ensemble((saying([0, 1], 1), saying([0, 0.8, 0.6], 3))).embed([face(2)])[0]
    assert one.shape == (5,)
    assert one @ one == pytest.approx(1, abs=1e-3)
    assert one @ other == pytest.approx(0.25 * 0.6 + 0.75 * 0, abs=1e-3)
    assert one @ third == pytest.approx(0.25 * 0 + 0.75 * 0.8, abs=1e-3)


def test_numbers_are_those_that_are_stored() -> None:
    vectors = Ensemble((saying([0.123456789, 0.7654321], 1),)).embed([face(1)] * 3)
    assert vectors.dtype == np.float32
    np.testing.assert_array_equal(vectors, vectors.astype(np.float16))
    assert Ensemble((saying([1, 0], 1),)).embed([]).shape == (0, 2)


def test_duo_knows_a_person_again_and_no_one_else(duo: Pack) -> None:
    def look(pixels: photos.Pixels) -> Embedding:
        (found,) = duo.pipeline.embed(duo.pipeline.find(read_header(photos.jpeg(pixels)))[:1])
        return np.asarray(found)

    astronaut, hopper = photos.astronaut().pixels, photos.hopper().pixels
    probe, darker, other = look(astronaut), look((astronaut * 0.7).astype(np.uint8)), look(hopper)
    assert probe.shape == (384,)

    def similarity(one: Embedding, two: Embedding) -> float:
        return float(duo.calibration.similarity(one @ two, float(np.linalg.norm(one) * np.linalg.norm(two))))

    assert 99.9 < similarity(probe, darker) < 100
    assert similarity(probe, other) < 60
    assert similarity(probe, probe) == similarity(other, other) == 100


def test_only_the_first_network_cuts_out_a_face_that_is_not_embedded(duo: Pack) -> None:
    picture = read_header(photos.astronaut().data)
    (bare, *_), (whole, *_) = duo.pipeline.find(picture, embedded=False), duo.pipeline.find(picture)
    assert [len(face.crops) for face in (bare, whole)] == [1, 2]
    assert bare.quality == whole.quality
    assert [crop.straight.shape for crop in whole.crops] == [(128, 128, 3), (112, 112, 3)]


def test_the_contract_says_which_network_has_which_file_weight_crowd_and_trust() -> None:
    first, second = DUO.embedders
    swapped = [replace(first, file=second.file), replace(second, file=first.file)]
    heavier = [first, replace(second, weight=1.0)]
    assert DUO.crowd is not None
    assert DUO.trust is not None
    stronger = replace(DUO.crowd, strength=2.0)
    others = [
        replace(DUO, embedder=swapped),
        replace(DUO, embedder=heavier),
        replace(DUO, embedder=[second, first]),
        replace(DUO, crowd=stronger),
        replace(DUO, crowd=None),
        replace(DUO, trust=replace(DUO.trust, allowance=2.0)),
        replace(DUO, trust=None),
    ]
    assert len({DUO.contract, *(each.contract for each in others)}) == 1 + len(others)
    credited = replace(DUO.crowd, license="others")
    assert replace(DUO, crowd=credited).contract == DUO.contract


def test_retail_keeps_the_contract_that_its_collections_were_made_with() -> None:
    assert manifest.named("retail").model_version == "7.3053489074"
