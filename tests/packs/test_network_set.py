"""The sets of networks: their manifests, their start-up check, and a server's answers where they are not available."""

import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import numpy as np
import pytest

from mien import config
from mien.engine.cores import Cores
from mien.engine.session import Recorded, Session
from mien.errors import SetupError
from mien.face.attributes.evidence import UnclearError
from mien.face.attributes.measures import MESH, NAMES
from mien.packs import deferred, install, kinds, network_set
from mien.packs.analyst import SET, Analyst, allowed
from mien.packs.living_networks import LivingNetworks
from mien.packs.network_set import AttributeSet
from tests.packs.test_commands import listed, mien

ENTRY = network_set.catalogue()[SET]
LIVING = network_set.catalogue()["living"]


@pytest.fixture(scope="session")
def sets(packs: str) -> str:
    """The folder with the attribute set's files."""
    if install.find(ENTRY, packs) is None:
        pytest.skip("the files of the attribute set are not here; run `mien packs install attributes`")
    return packs


def nowhere(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """An empty cache and no network."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
    for name in ("https_proxy", "http_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")


def test_a_manifest_survives_export_and_import_and_names_its_files() -> None:
    text = msgspec.toml.encode(ENTRY)
    assert kinds.parse(text, Path("pack.toml")) == ENTRY
    lacking = msgspec.toml.encode(msgspec.structs.replace(ENTRY, files=ENTRY.files[1:]))
    with pytest.raises(SetupError, match=r"its files lack face_landmarker\.task"):
        kinds.parse(lacking, Path("pack.toml"))


def test_the_identity_follows_from_files_and_inputs() -> None:
    assert isinstance(ENTRY, AttributeSet)
    other = msgspec.structs.replace(ENTRY, mask=msgspec.structs.replace(ENTRY.mask, size=260))
    assert other.identity != ENTRY.identity
    assert msgspec.structs.replace(ENTRY, title="another").identity == ENTRY.identity


@pytest.mark.parametrize(
    ("setting", "names"),
    [("all", {*NAMES, MESH}), ("none", set()), ("smile, EYES_OPEN", {"smile", "eyes_open", MESH})],
)
def test_the_setting_names_what_may_be_measured(setting: str, names: set[str]) -> None:
    assert allowed(setting) == names


@pytest.mark.parametrize("setting", ["", "hair", "smile,none", "all,smile"])
def test_another_setting_is_refused(setting: str) -> None:
    with pytest.raises(SetupError, match="attributes must be all, none, or some of"):
        allowed(setting)


def test_every_network_gives_the_stored_answer(sets: str) -> None:
    settings = config.load({"packs": sets, "threads": 1}, {})
    for each in deferred.deferred(ENTRY, settings).values():
        each.open()
    wrong = msgspec.structs.replace(ENTRY, checks=ENTRY.checks | {"age": ENTRY.checks["gender"]})
    age = deferred.deferred(wrong, settings)["age"]
    for _ in range(2):
        with pytest.raises(SetupError, match="the age network of the set attributes answers"):
            age.open()
    with pytest.raises(UnclearError):
        age.run(np.zeros((1, *age.shape), np.uint8))


def test_a_network_is_compiled_once_and_only_when_it_is_run() -> None:
    compiled = []

    def compile_it() -> Recorded:
        compiled.append(1)
        return Recorded((8, 8, 3), {"answer": np.ones(2, np.float32)})

    session = deferred.Deferred(8, compile_it)
    assert compiled == []
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(session.run, [np.zeros((1, 8, 8, 3), np.uint8)] * 20))
    assert compiled == [1]


def test_the_mesh_answers_points_and_blendshapes(sets: str) -> None:
    session = deferred.deferred(ENTRY, config.load({"packs": sets, "threads": 1}, {}))["mesh"]
    crop = np.random.default_rng(1).integers(0, 255, (1, 256, 256, 3)).astype(np.uint8)
    answer = session.run(crop)
    assert {name: value.shape for name, value in answer.items()} == {
        "points": (1, 478, 3), "presence": (1, 1), "blendshapes": (1, 52),
        "fine": (1, 70, 32), "middle": (1, 70, 64), "coarse": (1, 70, 128),
    }  # fmt: skip
    assert 0 <= answer["blendshapes"].min() <= answer["blendshapes"].max() <= 1


def test_without_its_files_nothing_is_measured_and_it_says_so(
    packs: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nowhere(monkeypatch, tmp_path)
    analyst = Analyst(config.load({"packs": str(tmp_path)}, {}), Cores(1))
    assert analyst.measurable({"smile", MESH}) == frozenset()
    assert "could not be installed" in analyst.describe()
    assert "answered as unknown" in analyst.describe()


def test_a_setting_of_none_opens_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(install, "install", None)
    analyst = Analyst(config.load({"attributes": "none"}, {}), Cores(1))
    analyst.prepare(load=True)
    assert analyst.measurable({"smile", MESH}) == frozenset()
    assert analyst.describe().startswith("none, as the setting says")


def test_it_is_listed_verified_exported_and_imported(sets: str, tmp_path: Path) -> None:
    row = listed(tmp_path, sets)[SET]
    assert (row["kind"], row["state"], row["commercial"]) == ("attributes", "installed", True)
    text = mien("packs", "list", folder=tmp_path, packs=sets).stdout
    assert "judges   attributes of a face" in text
    assert "judges   whether a face is a living one" in text
    assert "5 networks answer as expected" in mien("packs", "verify", SET, folder=tmp_path, packs=sets).stdout
    assert mien("packs", "export", "out", SET, folder=tmp_path, packs=sets).returncode == 0
    assert mien("packs", "import", "out", folder=tmp_path).stdout == "The pack attributes is installed.\n"
    assert listed(tmp_path)[SET]["state"] == "installed"


def test_a_damaged_file_is_broken_to_doctor_and_a_missing_one_is_not(sets: str, tmp_path: Path) -> None:
    folder = tmp_path / "packs"
    folder.mkdir()
    for file in [*Path(sets).glob("yunet*"), *Path(sets).glob("face-reid*"), *Path(sets).glob("face_recog*")]:
        shutil.copy(file, folder)
    missing = mien("doctor", "--data", str(tmp_path / "data"), folder=tmp_path, packs=str(folder))
    assert missing.returncode == 0, missing.stdout
    assert "attributes" in missing.stdout
    assert "all are answered as unknown" in missing.stdout
    for name in {file.name for file in ENTRY.files}:
        shutil.copy(Path(sets) / name, folder)
    (folder / "age-v1.onnx").chmod(0o600)
    (folder / "age-v1.onnx").write_bytes(b"another")
    damaged = mien("doctor", "--data", str(tmp_path / "data"), folder=tmp_path, packs=str(folder))
    assert damaged.returncode == 1
    assert "age-v1.onnx is not the file its publisher published" in damaged.stdout


def test_the_networks_of_living_faces_are_opened_once_and_only_when_asked(packs: str) -> None:
    if install.find(LIVING, packs) is None:
        pytest.skip("the files of the living set are not here; run `mien packs install living`")
    opened: list[str] = []

    def wrap(role: str, session: Session) -> Session:
        opened.append(role)
        return session

    networks = LivingNetworks(config.load({"packs": packs, "threads": 1}, {}), Cores(1), wrap)
    assert networks.runtimes() == {}
    with ThreadPoolExecutor(4) as pool:
        assert len(set(map(id, pool.map(lambda _: networks.open(), range(8))))) == 1
    assert opened == ["living-near", "living-wide"]
    assert set(networks.runtimes()) == {"living-near", "living-wide"}
    said = networks.open().probabilities(np.full((200, 200, 3), 128, np.uint8), (60, 60, 120, 140))
    assert said.dtype == np.float32
    assert said.sum() == pytest.approx(1)


def test_living_faces_are_not_judged_without_the_files(
    packs: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nowhere(monkeypatch, tmp_path)
    networks = LivingNetworks(config.load({"packs": str(tmp_path)}, {}), Cores(1))
    for _ in range(2):
        with pytest.raises(SetupError, match="The pack living could not be installed"):
            networks.open()


def test_the_living_set_is_listed_and_verified(packs: str, tmp_path: Path) -> None:
    row = listed(tmp_path, packs)["living"]
    assert (row["kind"], row["license"], row["commercial"]) == ("living", "Apache-2.0", True)
    if row["state"] == "installed":
        assert "2 networks answer as expected" in mien("packs", "verify", "living", folder=tmp_path, packs=packs).stdout
