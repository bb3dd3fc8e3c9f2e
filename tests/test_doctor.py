"""`mien doctor` says what would run, tries it, and exits with 1 and a plain sentence when something is broken."""

import json
import re
import shutil
import subprocess
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from mien.packs import manifest
from mien.store import open as stores
from tests.congruence import faces
from tests.live import Live, command, environment


def doctor(*flags: str, cwd: Path) -> "subprocess.CompletedProcess[str]":
    ran = subprocess.run(
        command("doctor", *flags), capture_output=True, text=True, timeout=60, check=False, cwd=cwd, env=environment()
    )
    assert "Traceback" not in ran.stderr
    return ran


def findings(packs: str, data: Path, *flags: str) -> tuple[int, Any]:
    ran = doctor("--json", "--packs", packs, "--data", str(data), *flags, cwd=data.parent)
    return ran.returncode, json.loads(ran.stdout)


def test_a_sound_machine_is_found_sound(packs: str, tmp_path: Path) -> None:
    code, said = findings(packs, tmp_path / "data")
    assert (code, said["ok"], said["broken"]) == (0, True, [])
    found, entry = said["found"], manifest.named("duo")
    assert entry.contract in found["contract"]
    for file in entry.files:
        assert file.sha256 in found[f"file {file.name}"]
    assert {"mien", "libraries", "pack", "engine", "device", "precision", "store", "free disk"} <= set(found)
    assert "passed" in found["start-up check"]


def test_it_says_how_many_workers_would_serve(packs: str, tmp_path: Path) -> None:
    flags = ("--threads", "7", "--workers", "3", "--attributes", "none")
    _, said = findings(packs, tmp_path / "data", *flags)
    assert said["found"]["workers"] == "3 processes under a parent, with 2 or 3 threads each"


def test_a_person_reads_the_same(packs: str, tmp_path: Path) -> None:
    ran = doctor("--packs", packs, "--data", str(tmp_path / "data"), cwd=tmp_path)
    assert ran.returncode == 0
    assert "Everything works." in ran.stdout
    assert manifest.named("duo").contract in ran.stdout


def test_a_damaged_weight_is_found(packs: str, tmp_path: Path) -> None:
    damaged = tmp_path / "packs"
    damaged.mkdir()
    for file in (each for each in manifest.named("duo").files if not each.enclosed):
        place = next(each for each in (Path(packs) / file.name, Path(packs) / "duo" / file.name) if each.is_file())
        shutil.copyfile(place, damaged / file.name)
    with (damaged / "face-reidentification-retail-0095.bin").open("r+b") as weights:
        weights.seek(1000)
        weights.write(b"\0\1\2\3")
    code, said = findings(str(damaged), tmp_path / "data")
    assert (code, said["ok"]) == (1, False)
    (sentence,) = said["broken"]
    assert "face-reidentification-retail-0095.bin is not the file its publisher published" in sentence
    assert "store" in said["found"]  # one broken part does not hide the others


def test_a_broken_store_is_found(packs: str, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "mien.db").write_bytes(b"certainly no database " * 500)
    code, said = findings(packs, tmp_path / "data")
    assert code == 1
    assert any("mien.db cannot be" in sentence for sentence in said["broken"])


def test_it_says_what_portraits_take(packs: str, tmp_path: Path) -> None:
    with closing((store := stores.open_store("", str(tmp_path / "data"))).database):
        key = faces.make(store, tags={"mien:portraits": "true"})
        faces.add(store, key, 1, [faces.face(place, place) for place in range(3)])
    assert findings(packs, tmp_path / "data")[1]["found"]["portraits"] == "3 portraits in 0.0 MiB"


def test_an_unknown_pack_is_found(packs: str, tmp_path: Path) -> None:
    code, said = findings(packs, tmp_path / "data", "--pack", "nobodys")
    assert code == 1
    assert "no pack named nobodys" in said["broken"][0]


def test_it_says_which_engines_are_here_and_which_runs(packs: str, tmp_path: Path) -> None:
    code, said = findings(packs, tmp_path / "data", "--precision", "f32")
    assert (code, said["found"]["precision"]) == (0, "f32")
    assert re.match(r"openvino [0-9.]+; onnx [0-9.]+ on .*CPU", said["found"]["engines"])
    assert said["found"]["engine"].startswith("OpenVINO")


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (("--engine", "onnx", "--precision", "bf16"), "ONNX Runtime calculates in f32 or f16"),
        (("--device", "cuda"), "OpenVINO runs networks on the CPU"),
    ],
)
def test_an_engine_that_cannot_run_the_pack_is_found(
    packs: str, tmp_path: Path, flags: tuple[str, ...], words: str
) -> None:
    code, said = findings(packs, tmp_path / "data", *flags)
    assert code == 1
    assert len(said["broken"]) == 1
    assert words in said["broken"][0]


def test_it_says_what_runs_where_under_onnx_runtime(packs: str, tmp_path: Path) -> None:
    code, said = findings(packs, tmp_path / "data", "--engine", "onnx", "--device", "cpu")
    assert (code, said["broken"]) == (0, [])
    placed = {name: text for name, text in said["found"].items() if name.startswith("network ")}
    assert {"network wide", "network embedder", "network embedder-2", "network mesh", "network mask"} <= set(placed)
    assert all(re.match(r"ONNX Runtime on CPU, f32, one input a call", text) for text in placed.values())
    assert said["found"]["cards"]


def test_it_can_look_at_what_a_running_server_holds(packs: str, live: Live) -> None:
    code, said = findings(packs, live.data)
    assert code == 0
    assert "served by a running mien" in said["found"]["store"]
    assert live.post("ListCollections", b"{}").status == 200


@pytest.mark.parametrize("as_json", [[], ["--json"]])
def test_the_packs_are_listed_with_their_licences(packs: str, tmp_path: Path, as_json: list[str]) -> None:
    ran = subprocess.run(
        command("packs", "list", "--packs", packs, *as_json),
        capture_output=True, text=True, check=False, cwd=tmp_path, env=environment(),
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    for entry in manifest.catalogue().values():
        assert entry.license.name in ran.stdout
        assert entry.files[0].url in ran.stdout
        assert entry.files[0].sha256 in ran.stdout
    assert "installed" in ran.stdout
