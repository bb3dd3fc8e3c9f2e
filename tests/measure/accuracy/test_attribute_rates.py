"""Attributes beside labels: which photographs are labelled, and the figures that follow."""

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mien.errors import SetupError
from mien.face.landmarks import MEAN
from mien.face.types import Answer, Features, Verdict, Years
from mien.measure.accuracy.attribute_labels import Labelled, open_labels
from mien.measure.accuracy.attribute_rates import IBUG, as_text, chance, miscalibration, rates
from mien.packs import install, network_set
from mien.packs.analyst import SET
from tests import photos
from tests.packs.test_commands import mien


def written(place: Path, rows: list[dict[str, Any]]) -> None:
    with place.open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)


def touched(place: Path) -> Path:
    place.parent.mkdir(parents=True, exist_ok=True)
    place.touch()
    return place


def test_labels_come_from_files_and_from_folders(tmp_path: Path) -> None:
    folder = tmp_path / "labelled"
    happy, masked = touched(folder / "emotions/happy/a.jpg"), touched(folder / "occluded/masked/b.jpg")
    inside = touched(folder / "photos/c.jpg")
    beside = touched(tmp_path / "people/Ada_L/Ada_L_0001.jpg")
    written(folder / "labels.csv", [{"file": "c.jpg", "smile": 1, "beard": "", "age": 31, "gender": "female"}])
    written(folder / "more.csv", [{"photo": "Ada_L_0001.jpg", "smile": 0}, {"photo": "c.jpg", "smile": 1}])
    found = {each.file.name: each for each in open_labels(folder)}
    assert found["a.jpg"].known == {"emotions": "happy"}
    assert found["b.jpg"].known == {"face_occluded": True}
    assert found["c.jpg"].known == {"smile": True, "age_range": 31.0, "gender": False}
    assert found["Ada_L_0001.jpg"].known == {"smile": False}
    assert [found[each.name].file.resolve() for each in (happy, masked, inside, beside)] == [
        each.resolve() for each in (happy, masked, inside, beside)
    ]


def test_photographs_of_one_person_are_in_one_half(tmp_path: Path) -> None:
    for number in range(1, 9):
        touched(tmp_path / f"a/Ada_L_{number:04}.jpg")
    written(tmp_path / "a/labels.csv", [{"photo": f"Ada_L_{number:04}.jpg", "smile": 1} for number in range(1, 9)])
    assert len({each.half for each in open_labels(tmp_path / "a")}) == 1
    others = [Labelled(Path(str(number)), f"{number}.jpg") for number in range(200)]
    assert 70 < sum(each.half for each in others) < 130


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"file": "a.jpg", "smile": "perhaps"}, "smile must be 1 or 0"),
        ({"file": "b.jpg", "smile": 1}, "which is neither in"),
    ],
)
def test_a_malformed_label_is_named(tmp_path: Path, row: dict[str, Any], words: str) -> None:
    touched(tmp_path / "x/a.jpg")
    written(tmp_path / "x/labels.csv", [row])
    with pytest.raises(SetupError, match=words):
        open_labels(tmp_path / "x")
    with pytest.raises(SetupError, match="holds no labels"):
        open_labels(touched(tmp_path / "y/z.jpg").parent)


def judged(name: str, known: Any, answer: Answer | None, person: str) -> tuple[Labelled, Features]:
    return Labelled(Path(person), person, {name: known}), Features({name: answer})


def test_the_rates_of_a_yes_and_no() -> None:
    """Three yes of which two are found, five no of which one is taken for a yes and one is not told."""
    yes, no = Verdict(True, 0.9), Verdict(False, 0.9)
    given = [(True, yes), (True, yes), (True, no), (False, no), (False, no), (False, no), (False, yes), (False, None)]
    found = [judged("smile", truth, answer, "same") for truth, answer in given]
    (row,) = rates(found)
    assert (row.attribute, row.faces) == ("smile", 8)
    figures = {name: round(value, 1) for name, value in row.figures.items()}
    assert figures == {
        "right": 62.5, "of yes": 66.7, "of no": 60.0, "balanced": 63.3, "precision": 66.7, "yes": 3.0, "unknown": 12.5,
        "off by": figures["off by"], "by chance": figures["by chance"],
    }  # fmt: skip
    assert "of yes 66.7" in as_text([row])


def test_confidence_is_compared_with_what_is_true() -> None:
    right = np.arange(1000) % 10 < 8
    assert miscalibration(np.full(1000, 0.8), right) == pytest.approx(0.0, abs=1e-9)
    assert miscalibration(np.full(1000, 0.95), right) == pytest.approx(0.15)


def test_few_answers_look_badly_calibrated_by_chance() -> None:
    assert chance(np.full(150, 0.7)) == pytest.approx(0.8 * np.sqrt(0.7 * 0.3 / 15), rel=0.1)
    assert chance(np.full(15_000, 0.7)) < 0.01
    assert chance(np.full(150, 1.0)) == 0


def test_gender_and_age_are_reported_for_each_group() -> None:
    def one(number: int, group: str, male: bool, said: bool) -> tuple[Labelled, Features]:
        labelled = Labelled(Path(str(number)), str(number), {"gender": male, "age_range": 70.0}, group=group)
        return labelled, Features({"gender": Verdict(said, 0.9), "age_range": Years(60, 80)})

    found = [one(number, "old" if number % 2 else "young", True, bool(number % 2)) for number in range(40)]
    rows = {(row.attribute, row.half): row.figures for row in rates(found)}
    assert {name for name, _ in rows} >= {
        "gender",
        "gender, old",
        "gender, young",
        "age_range, old",
        "age_range, young",
    }
    assert [rows["gender, old", half]["right"] for half in (0, 1)] == [100, 100]
    assert [rows["gender, young", half]["right"] for half in (0, 1)] == [0, 0]


def test_ages_are_the_middle_of_a_range() -> None:
    found = [judged("age_range", 30.0, Years(24, 32), "same"), judged("age_range", 50.0, Years(52, 60), "same")]
    (row,) = rates(found)
    assert row.figures["mean error at 18–75"] == pytest.approx(4.0)
    assert (row.figures["held"], row.figures["years wide"]) == (50.0, 8.0)


def test_landmarks_are_measured_in_distances_of_the_eyes() -> None:
    truth = np.random.default_rng(0).uniform(0, 50, (68, 2))
    truth[36], truth[45] = (0, 0), (100, 0)
    names = list(MEAN)
    points = np.zeros((30, 2), np.float32)
    for name, places in IBUG.items():
        points[names.index(name)] = truth[list(places)].mean(axis=0) + np.array([3.0, 4.0])
    found = [(Labelled(Path("a"), "a", points=truth), Features(landmarks=points, meshed=True))]
    (row,) = rates(found)
    assert row.figures["mean error"] == pytest.approx(5.0, abs=1e-3)
    assert row.figures["over 8%"] == 0.0


def test_the_command_prints_a_row_for_each_attribute(packs: str, tmp_path: Path) -> None:
    if install.find(network_set.catalogue()[SET], packs) is None:
        pytest.skip("the files of the attribute set are not here; run `mien packs install attributes`")
    folder = tmp_path / "labels"
    folder.mkdir()
    (folder / "astronaut.jpg").write_bytes(photos.jpeg(photos.astronaut().pixels))
    written(folder / "labels.csv", [{"file": "astronaut.jpg", "smile": 1, "gender": "female", "age": 30}])
    ran = mien("eval", "--attributes", "labels", "--json", "out.json", folder=tmp_path, packs=packs)
    assert ran.returncode == 0, ran.stderr
    assert [line.split()[0] for line in ran.stdout.splitlines()[2:6]] == ["gender", "gender", "age_range", "smile"]
    assert "1 photographs; in 0 no face was found." in ran.stdout
    refused = mien("eval", folder=tmp_path, packs=packs)
    assert refused.stderr == "mien: mien eval needs a folder of people, PERSON/photo.jpg, or --attributes FOLDER.\n"
