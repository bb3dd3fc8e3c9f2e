"""Everything that `make` installs is pinned, with hashes that pip checks."""

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests import live

ROOT = Path(__file__).resolve().parents[2]
PINS = (ROOT / "constraints.txt").read_text()
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
SMALL = "iniconfig"  # a package of a few kilobytes without requirements
ENTRY = re.compile(
    r"^# for: ([a-z ]+) \.\n(\S+)==(\S+)(?: ;[^\\\n]*)?((?: \\\n    --hash=sha256:[0-9a-f]{64})+)\n", re.MULTILINE
)
UNPINNED = {"oracle"}  # for one test that is skipped without it


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def pinned(wanted: str) -> set[str]:
    return {normal(name) for sets, name, _, _ in ENTRY.findall(PINS) if wanted in sets.split()}


def test_nothing_stands_in_the_file_but_pins_with_hashes() -> None:
    rest = ENTRY.sub("", PINS).strip().splitlines()
    assert [line for line in rest if line and not line.startswith("# ")] == []
    assert "://" not in PINS
    assert len(ENTRY.findall(PINS)) > 100


@pytest.mark.parametrize("name", ["serve", *sorted(set(PROJECT["optional-dependencies"]) - UNPINNED)])
def test_each_requirement_is_pinned_in_its_set(name: str) -> None:
    asked = PROJECT["dependencies"] + ([] if name == "serve" else PROJECT["optional-dependencies"][name])
    names = {normal(re.split(r"[^\w.-]", each)[0]) for each in asked} - {"mien"}
    assert names <= pinned(name)


def test_a_set_has_a_version_once() -> None:
    found = [(each, name) for sets, name, _, _ in ENTRY.findall(PINS) for each in sets.split()]
    assert len(found) == len(set(found))


def test_pip_refuses_a_file_that_has_another_hash(tmp_path: Path) -> None:
    """The Makefile itself installs a project of one small dependency, with an altered hash and with the right one."""
    by_name = {name: match[0] for match in ENTRY.finditer(PINS) for name in [match[2]]}
    (tmp_path / "src").mkdir()
    shutil.copy(ROOT / "Makefile", tmp_path)
    (tmp_path / "pyproject.toml").write_text(
        f'[project]\nname = "small"\nversion = "1"\ndependencies = ["{SMALL}"]\n'
        '[build-system]\nrequires = ["setuptools"]\nbuild-backend = "setuptools.build_meta"\n'
    )
    small = re.sub("^# for: .*", "# for: heic .", by_name[SMALL])
    altered = re.sub(r"(sha256:)(.)", lambda match: match[1] + ("0" if match[2] != "0" else "1"), small)
    for entry, right in ((altered, False), (small, True)):
        (tmp_path / "constraints.txt").write_text(f"{by_name['setuptools']}\n{entry}")
        done = subprocess.run(
            ["make", f"PYTHON={sys.executable}", ".venv/installed"],
            cwd=tmp_path, env=live.environment(), capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert (done.returncode == 0) is right, done.stdout + done.stderr
        if not right:
            assert "hash" in done.stderr.lower()
        assert bool([*tmp_path.glob(".venv/lib/python*/site-packages/iniconfig")]) is right


def test_make_installs_the_extras_that_are_asked_for(tmp_path: Path) -> None:
    """Also beside an environment that is there already, and it refuses a name that is none."""
    venv = tmp_path / ".venv"
    (venv / "bin").mkdir(parents=True)
    for name in ("Makefile", "pyproject.toml", "constraints.txt"):
        shutil.copy(ROOT / name, tmp_path)
    for name in ("python", "mien"):  # do nothing
        (venv / "bin" / name).write_text("#!/bin/sh\n")
        (venv / "bin" / name).chmod(0o755)

    def make(*arguments: str) -> tuple[int, str, str]:
        done = subprocess.run(
            ["make", "serve", *arguments],
            cwd=tmp_path, env=live.environment(), capture_output=True, text=True, check=False,
        )  # fmt: skip
        picked = (venv / "pins.txt").read_text()
        return done.returncode, done.stdout + done.stderr, picked

    code, said, picked = make()
    assert code == 0
    assert ".venv/bin/mien" in said
    assert {"numba", "openvino", "pillow-heif"} <= names_in(picked)
    assert "psycopg" not in picked
    code, _, picked = make("EXTRAS=tracing,postgres")
    assert code == 0
    assert {"psycopg", "openvino"} <= names_in(picked)
    assert (venv / "with-tracing").exists()
    assert make("EXTRAS=tracing,postgres")[0] == 0
    code, said, _ = make("EXTRAS=postgers")
    assert code != 0
    assert "There is no extra postgers" in said


def names_in(picked: str) -> set[str]:
    return {normal(name) for name in re.findall(r"^(\S+)==", picked, re.MULTILINE)}
