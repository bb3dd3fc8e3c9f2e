"""What `mien eval --groups` says of each group."""

import argparse
import json
from pathlib import Path

import numpy as np
import pytest

from mien.errors import SetupError
from mien.face.similarity import Calibration
from mien.measure.accuracy import groups, options
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
            assert far.value == pytest.approx(expected)
            assert far.low <= far.value <= far.high
    assert found["alike"].far[1].value > 0.5
    assert found["usual"].far[1].value < 0.01
    assert found["usual"].tar[1].value == 1
    assert "alike" in groups.as_text(list(found.values()))


def test_without_a_column_of_persons_each_photo_is_a_person(tmp_path: Path) -> None:
    folder = two_people(tmp_path / "photos", 2)
    (tmp_path / "labels.csv").write_text("file,group\nhopper/0000.jpg,b\nhopper/0001.jpg,b\nastronaut/0000.jpg,a\n")
    album = open_groups(folder, tmp_path / "labels.csv")
    assert (album.groups, len(album.names)) == (("a", "b", "b"), 3)
    (tmp_path / "labels.csv").write_text("file,group,person\nhopper/0000.jpg,b,x\nhopper/0001.jpg,b,x\n")
    assert len(open_groups(folder, tmp_path / "labels.csv").names) == 1


@pytest.mark.parametrize(
    ("labels", "sentence"),
    [
        ("file,group\nnot/there.jpg,b\n", r"names not/there\.jpg, which is not in"),
        ("file,group\n,b\n", "names a photo without a name, which is not in"),
        ("file,group\nhopper/0000.jpg\n", r"names no group for hopper/0000\.jpg"),
        ("file,group\nhopper/0000.jpg,b\nhopper/0000.jpg,b\n", r"names hopper/0000\.jpg twice in the group b"),
        ("file,group\n", "names no photos"),
        ("", "must have the columns file, group; file is missing"),
        ("file;group\nhopper/0000.jpg;b\n", "must have the columns file, group; file is missing"),
        ("photo,group\nhopper/0000.jpg,b\n", "must have the columns file, group; file is missing"),
        ("file,group\n\xff\xfe,b\n", "cannot be read"),
        (None, "cannot be read: .* No such file"),
    ],
)  # fmt: skip
def test_a_file_of_groups_that_is_not_one_is_refused(tmp_path: Path, labels: str | None, sentence: str) -> None:
    folder = two_people(tmp_path / "photos", 1)
    if labels is not None:
        (tmp_path / "labels.csv").write_bytes(labels.encode("latin-1"))
    with pytest.raises(SetupError, match=sentence):
        open_groups(folder, tmp_path / "labels.csv")


@pytest.mark.parametrize("flag", options.UNUSED)
def test_what_groups_leave_unused_is_refused(flag: str) -> None:
    parser = argparse.ArgumentParser()
    options.add_flags(parser)
    value = [] if flag == "robustness" else ["some"]
    given = parser.parse_args(["photos", "--groups", "labels.csv", f"--{flag.replace('_', '-')}", *value])
    with pytest.raises(SetupError, match=f"leave out --{flag.replace('_', '-')}"):
        options.options(given)


def test_the_command_prints_the_table(packs: str, tmp_path: Path) -> None:
    folder = two_people(tmp_path / "photos", 3)
    rows = [f"{name}/{number:04}.jpg,everyone,{name}" for name in ("astronaut", "hopper") for number in range(3)]
    (tmp_path / "labels.csv").write_text("\n".join(["file,group,person", *rows]))
    ran = evaluate(
        packs,
        folder,
        tmp_path / "cache",
        "--groups",
        str(tmp_path / "labels.csv"),
        "--json",
        str(tmp_path / "found.json"),
    )
    assert ran.returncode == 0, ran.stderr
    strangers, mates = (line.split() for line in ran.stdout.splitlines() if line.strip().startswith("everyone"))
    assert "A face was found in 6 of 6 photographs, pack" in ran.stdout
    assert strangers[:5] == ["everyone", "6", "9", "0.0", "(0.0–2991.5)"], "nine pairs tell little"
    assert mates[:4] == ["everyone", "6", "6", "100.0"]
    figures = json.loads((tmp_path / "found.json").read_text())["everyone"]
    assert (figures["far"]["80"], figures["tar"]["99"]) == (0, 1)
    assert figures["far_interval_95"]["80"][1] == pytest.approx(0.299, abs=0.001)
