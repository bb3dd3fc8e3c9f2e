"""What `mien eval --groups` says of each group."""

from pathlib import Path

import numpy as np
import pytest

from mien.errors import SetupError
from mien.face.similarity import Calibration
from mien.measure.accuracy import groups
from mien.measure.accuracy.dataset import open_groups
from tests.measure.accuracy.folders import drawn, two_people
from tests.measure.accuracy.test_command import evaluate

CALIBRATION = Calibration.from_far([(1e-2, 0.25), (1e-3, 0.35), (1e-4, 0.44), (1e-5, 0.51), (1e-6, 0.57)])


def test_rates_are_counted_within_each_group() -> None:
    vectors, people = drawn(60, 3)
    alike = np.where(people < 30, 1.0, 0.0)[:, None] * 0.3  # the first half share a direction
    vectors = np.asarray(vectors + alike, np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    names = np.where(people < 30, "alike", "usual")
    found = {each.name: each for each in groups.measure(vectors, people, names, CALIBRATION)}
    assert set(found) == {"alike", "usual"}
    for name, group in found.items():
        mine = vectors[names == name] @ vectors[names == name].T
        strangers = np.triu(people[names == name][:, None] != people[names == name][None])
        assert (group.faces, group.impostors, group.mates) == (90, int(strangers.sum()), 90)
        for similarity, far in zip(groups.SIMILARITIES, group.far, strict=True):
            expected = (mine[strangers] >= CALIBRATION.score(similarity)).mean()
            assert far == pytest.approx(expected, abs=0.002)
    assert found["alike"].far[1] > 0.5
    assert found["usual"].far[1] < 0.01
    assert found["usual"].tar[1] == 1
    assert "alike" in groups.as_text(list(found.values()))


def test_without_a_column_of_persons_each_photo_is_a_person(tmp_path: Path) -> None:
    folder = two_people(tmp_path / "photos", 2)
    (tmp_path / "labels.csv").write_text("file,group\nhopper/0000.jpg,b\nhopper/0001.jpg,b\nastronaut/0000.jpg,a\n")
    album = open_groups(folder, tmp_path / "labels.csv")
    assert (album.groups, len(album.names)) == (("a", "b", "b"), 3)
    (tmp_path / "labels.csv").write_text("file,group,person\nhopper/0000.jpg,b,x\nhopper/0001.jpg,b,x\n")
    assert len(open_groups(folder, tmp_path / "labels.csv").names) == 1
    (tmp_path / "labels.csv").write_text("file,group\nnot/there.jpg,b\n")
    with pytest.raises(SetupError, match=r"names not/there\.jpg, which is not in"):
        open_groups(folder, tmp_path / "labels.csv")


def test_the_command_prints_the_table(packs: str, tmp_path: Path) -> None:
    folder = two_people(tmp_path / "photos", 3)
    rows = [f"{name}/{number:04}.jpg,everyone,{name}" for name in ("astronaut", "hopper") for number in range(3)]
    (tmp_path / "labels.csv").write_text("\n".join(["file,group,person", *rows]))
    ran = evaluate(packs, folder, tmp_path / "cache", "--groups", str(tmp_path / "labels.csv"))
    assert ran.returncode == 0, ran.stderr
    assert "everyone      6      9  0.0  0.0  0.0  0.0  0.0" in ran.stdout
    assert "everyone      6      6  100.0  100.0  100.0  100.0  100.0" in ran.stdout
