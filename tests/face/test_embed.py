"""An embedding is a unit vector of a face alone, whatever else is in the batch and whichever way it is mirrored."""

import numpy as np
import pytest

from mien.engine.session import Recorded
from mien.face.embed import Embedder, unit
from mien.image.decode import read_header
from mien.packs.load import Pack
from tests import photos

POINTS = np.zeros((5, 2), np.float32)


@pytest.fixture(scope="module")
def crops(pack: Pack) -> photos.Pixels:
    seen = [pack.pipeline.find(read_header(each.data))[0] for each in (photos.astronaut(), photos.hopper())]
    found = [face.crops[0].straight for face in seen]
    dimmed = (found[0] * 0.6).astype(np.uint8)
    return np.stack([*found, dimmed, np.roll(found[1], 3, axis=1)])


def test_embeddings_are_unit_vectors_of_the_packs_length(pack: Pack, crops: photos.Pixels) -> None:
    embeddings = pack.pipeline.ensemble.embedders[0].embed(crops)
    assert embeddings.dtype == np.float32
    assert embeddings.shape == (len(crops), pack.manifest.embedders[0].dimension)
    np.testing.assert_allclose(np.linalg.norm(embeddings, axis=1), 1, atol=1e-5)


def test_a_batch_gives_what_its_faces_give_alone(pack: Pack, crops: photos.Pixels) -> None:
    embedder = pack.pipeline.ensemble.embedders[0]
    together = embedder.embed(crops)
    alone = np.concatenate([embedder.embed(crops[row : row + 1]) for row in range(len(crops))])
    np.testing.assert_allclose(together, alone, atol=1e-5)
    np.testing.assert_allclose(embedder.embed(crops[::-1]), together[::-1], atol=1e-5)


def test_the_mirror_image_has_the_same_embedding_when_mirroring_is_on(pack: Pack, crops: photos.Pixels) -> None:
    embedder = pack.pipeline.ensemble.embedders[0]
    averaging = Embedder(embedder.session, embedder.points, embedder.dimension, mirror=True)
    single = Embedder(embedder.session, embedder.points, embedder.dimension, mirror=False)
    mirrored = np.ascontiguousarray(crops[:, :, ::-1])
    np.testing.assert_allclose(averaging.embed(crops), averaging.embed(mirrored), atol=1e-5)
    assert np.abs(single.embed(crops) - single.embed(mirrored)).max() > 0.01
    halves = unit(single.embed(crops) + single.embed(mirrored))
    assert (np.sum(halves * averaging.embed(crops), axis=1) > 0.99).all()


def test_one_person_is_nearer_to_himself_dimmed_than_to_another(pack: Pack, crops: photos.Pixels) -> None:
    astronaut, hopper, dimmed, shifted = pack.pipeline.ensemble.embedders[0].embed(crops)
    assert astronaut @ dimmed > 0.8
    assert hopper @ shifted > 0.8
    assert astronaut @ hopper < 0.4


def test_colour_order_reaches_the_network(pack: Pack, crops: photos.Pixels) -> None:
    """The network was not trained on blue faces; with the colour order lost it would have been."""
    right = pack.pipeline.ensemble.embedders[0].embed(crops[:1])
    swapped = pack.pipeline.ensemble.embedders[0].embed(np.ascontiguousarray(crops[:1, :, :, ::-1]))
    assert float(right[0] @ swapped[0]) < 0.98


def test_no_crops_give_no_embeddings(pack: Pack) -> None:
    assert pack.pipeline.ensemble.embedders[0].embed(np.empty((0, 128, 128, 3), np.uint8)).shape == (0, 256)
    assert pack.pipeline.embed([]).shape == (0, pack.manifest.dimension)


@pytest.mark.parametrize("value", [0.0, np.nan, np.inf])
@pytest.mark.parametrize("mirror", [False, True])
def test_zeros_or_no_numbers_are_an_error_and_not_a_face(value: float, mirror: bool) -> None:
    session = Recorded((128, 128, 3), {"out": np.full(256, value, np.float32)})
    with pytest.raises(ArithmeticError):
        Embedder(session, POINTS, 256, mirror).embed(np.zeros((1, 128, 128, 3), np.uint8))


def test_whatever_shape_the_network_gives_is_flattened() -> None:
    session = Recorded((128, 128, 3), {"out": np.arange(1, 257, dtype=np.float32).reshape(256, 1, 1)})
    embedding = Embedder(session, POINTS, 256, False).embed(np.zeros((2, 128, 128, 3), np.uint8))
    assert embedding.shape == (2, 256)
    assert embedding[0, 255] / embedding[0, 0] == pytest.approx(256)


def test_the_mirror_image_may_be_of_another_crop(pack: Pack, crops: photos.Pixels) -> None:
    embedder = pack.pipeline.ensemble.embedders[0]
    single = Embedder(embedder.session, embedder.points, embedder.dimension, mirror=False)
    averaging = Embedder(embedder.session, embedder.points, embedder.dimension, mirror=True)
    shifted = np.roll(crops, 2, axis=1)
    expected = unit(single.embed(crops) + single.embed(np.ascontiguousarray(shifted[:, :, ::-1])))
    np.testing.assert_allclose(averaging.embed(crops, shifted), expected, atol=1e-5)


def test_the_pack_sees_a_face_at_the_scales_of_its_manifest(pack: Pack) -> None:
    (face,) = pack.pipeline.find(read_header(photos.hopper().data))
    embedder, (larger, smaller) = pack.pipeline.ensemble.embedders[0], pack.manifest.embedders[0].scales
    crop = face.crops[0]
    assert embedder.mirrored is not None and crop.mirrored is not None
    width, other = (points[:, 0].max() - points[:, 0].min() for points in (embedder.points, embedder.mirrored))
    assert width / other == pytest.approx(larger / smaller)
    again = unit(pack.pipeline.embed([face])[:, : embedder.dimension])
    np.testing.assert_allclose(again, embedder.embed(crop.straight[None], crop.mirrored[None]), atol=1e-4)
    assert np.abs(again - embedder.embed(crop.straight[None])).max() > 0.001
