"""A folder of people, and the files that say what is compared."""

from pathlib import Path

import pytest

from mien.errors import SetupError
from mien.measure.accuracy.dataset import open_dataset


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "people"
    for name in ("ann/2.jpg", "ann/1.PNG", "bob/1.jpeg", "bob/notes.txt", "cy/1.jpg"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(name.encode())
    (root / "readme.txt").write_text("not a person")
    return root


def written(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def test_a_folder_is_a_person(folder: Path) -> None:
    album = open_dataset(folder)
    assert [file.relative_to(folder).as_posix() for file in album.files] == [
        "ann/1.PNG", "ann/2.jpg", "bob/1.jpeg", "cy/1.jpg",
    ]  # fmt: skip
    assert album.names == ("ann", "bob", "cy")
    assert album.people.tolist() == [0, 0, 1, 2]


def test_people_to_leave_out_are_found_by_name(folder: Path, tmp_path: Path) -> None:
    apart = written(tmp_path / "apart.csv", "identity_a,identity_b,what\ncy,ann,twins\nzoe,ann,not here\n")
    assert open_dataset(folder, leave_out=apart).left_out == ((2, 0),)


def test_pairs_name_the_photos_that_are_looked_at(folder: Path, tmp_path: Path) -> None:
    pairs = written(tmp_path / "pairs.csv", "image_a,image_b,same\nann/1.PNG,ann/2.jpg,1\ncy/1.jpg,ann/2.jpg,0\n")
    album = open_dataset(folder, pairs)
    assert len(album.files) == 3
    assert album.pairs is not None
    assert album.pairs.same.tolist() == [True, False]
    assert [[album.files[photo].name for photo in pair] for pair in album.pairs.photos] == [
        ["1.PNG", "2.jpg"], ["1.jpg", "2.jpg"],
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("a,b,same\n", "image_a is missing"),
        ("image_a,image_b,same\nann/1.PNG,ann/9.jpg,1\n", "names ann/9.jpg, which is not in"),
        ("image_a,image_b,same\nann/1.PNG,ann/2.jpg,maybe\n", "same must be 1 or 0, not 'maybe'"),
        ("image_a,image_b,same\nann/1.PNG,ann/2.jpg,1\n", r"pairs of one person \(same 1\) and of two"),
    ],
)
def test_a_wrong_pairs_file_is_refused_with_what_is_wrong(
    folder: Path, tmp_path: Path, text: str, sentence: str
) -> None:
    with pytest.raises(SetupError, match=sentence):
        open_dataset(folder, written(tmp_path / "pairs.csv", text))


def test_what_is_no_folder_of_people_is_refused(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="not a folder"):
        open_dataset(tmp_path / "nowhere")
    with pytest.raises(SetupError, match="at least two folders"):
        open_dataset(folder / "ann")
    with pytest.raises(SetupError, match="cannot be read"):
        open_dataset(folder, leave_out=tmp_path / "nothing.csv")
