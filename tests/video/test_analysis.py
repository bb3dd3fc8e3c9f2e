"""Films through the networks: each person has one index, with the right name, and a job goes on where it was left."""

from pathlib import Path

import numpy as np
import pytest

from mien.packs.load import Pack
from mien.video.analysis import Analysis, Sample, Still
from mien.video.film import open_film
from tests import photos
from tests.video.films import write
from tests.video.stories import Part, told

pytest.importorskip("av", reason="mien[video] is not installed")
MIDDLE = (0.5, 0.5, 1.0)


def bgr(picture: photos.Pixels) -> photos.Pixels:
    return np.ascontiguousarray(picture[..., ::-1])


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Hopper is zoomed into, she and the astronaut pass one another, and both are seen again after a while."""
    hopper, astronaut = bgr(photos.hopper().pixels), bgr(photos.astronaut().pixels)
    parts = [
        Part(hopper, (0, 3), (MIDDLE, (0.5, 0.6, 2.0))),
        Part(astronaut, (3, 4), ((0.3, 0.5, 1.0), (0.35, 0.5, 1.2))),  # a cut
        Part(hopper, (4, 8), ((0.2, 0.5, 0.8), (0.8, 0.5, 0.8)), before=True),
        Part(astronaut, (4, 8), ((0.8, 0.55, 0.8), (0.2, 0.55, 0.8))),
        Part(hopper, (11, 12), ((0.7, 0.4, 0.7), (0.7, 0.4, 0.6))),
        Part(astronaut, (11.5, 12), ((0.25, 0.6, 0.7), (0.25, 0.6, 0.7))),
    ]
    return write(tmp_path_factory.mktemp("story") / "story.mp4", told(parts, 12, rate=8), rate=8, bf="2")


def seen(samples: list[Sample], start: float, end: float) -> set[int]:
    return {index for each in samples if 1000 * start <= each.at_ms < 1000 * end for index, _ in each.faces}


def test_each_person_has_one_index(story: Path, duo: Pack) -> None:
    with open_film(story) as film:
        analysis = Analysis(film, duo.pipeline, duo.calibration.similarity)
        samples = list(analysis)
    assert [each.at_ms for each in samples] == list(range(0, 12_000, 500))
    assert seen(samples, 0, 3) == {0}
    assert seen(samples, 3, 4) == {1}
    assert seen(samples, 4, 8) == seen(samples, 11.5, 12) == {0, 1}
    assert seen(samples, 8, 11) == set()
    assert seen(samples, 11, 11.5) == {0}
    people = {each.index: each for each in analysis.people()}
    assert people.keys() == {0, 1}
    for index, photo in enumerate((photos.hopper(), photos.astronaut())):
        faces = duo.pipeline.find(Still(bgr(photo.pixels)))
        scores = duo.pipeline.embed(faces[:1]) @ people[index].embedding
        assert duo.calibration.similarity(scores)[0] > 95


def test_an_analysis_goes_on_from_its_state(story: Path, duo: Pack) -> None:
    with open_film(story) as film:
        whole = [(each.at_ms, [index for index, _ in each.faces])
                 for each in Analysis(film, duo.pipeline, duo.calibration.similarity)]  # fmt: skip
    state, found = None, []
    for most in (9, 6, 100):
        with open_film(story) as film:
            analysis = Analysis(film, duo.pipeline, duo.calibration.similarity, state=state, threads=1)
            for count, each in enumerate(analysis, 1):
                found.append((each.at_ms, [index for index, _ in each.faces]))
                state = analysis.state()
                if count == most:
                    break
    assert found == whole


def test_faces_that_are_not_followed_are_not_embedded(story: Path, duo: Pack) -> None:
    with open_film(story) as film:
        samples = list(Analysis(film, duo.pipeline, duo.calibration.similarity, every_ms=2000, followed=False))
    assert [[index for index, _ in each.faces] for each in samples] == [[-1], [-1], [-1, -1], [-1], [], []]
    assert all(len(face.crops) == 1 for each in samples for _, face in each.faces)
