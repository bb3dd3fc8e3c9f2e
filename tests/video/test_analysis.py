"""Films through the networks: each person has one index, with the right name, and a job goes on where it was left."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from mien.face.types import Face
from mien.packs.load import Pack
from mien.video.analysis import Analysis, Sample
from mien.video.film import open_film
from mien.video.still import Still
from mien.video.tracks import UNNUMBERED, Tracker
from tests import photos
from tests.video.films import write
from tests.video.stories import Part, bgr, crossing
from tests.video.stories import told as told_parts

pytest.importorskip("av", reason="mien[video] is not installed")


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return crossing(tmp_path_factory.mktemp("story") / "story.mp4")


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


def test_a_cut_is_told_from_what_moves(tmp_path: Path, duo: Pack, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[bool] = []

    def add(self: Tracker, at_ms: int, faces: Sequence[Face], *, is_cut: bool = False) -> list[int]:
        told.append(is_cut)
        return [UNNUMBERED] * len(faces)

    hopper, astronaut = bgr(photos.hopper().pixels), bgr(photos.astronaut().pixels)
    parts = [
        Part(hopper, (0, 2), ((0.35, 0.5, 1.6), (0.5, 0.6, 2.0))),
        Part(astronaut, (2, 4), ((0.5, 0.5, 1.4), (0.6, 0.5, 1.4))),
    ]
    path = write(tmp_path / "cut.mp4", told_parts(parts, 4, rate=4), rate=4)
    monkeypatch.setattr(Tracker, "add", add)
    with open_film(path) as film:
        list(Analysis(film, duo.pipeline, duo.calibration.similarity))
    assert told == [False] * 4 + [True] + [False] * 3
