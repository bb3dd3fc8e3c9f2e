"""`mien init` writes a file of settings, and `mien completion` a script that a real shell completes with."""

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from mien import config
from mien.commands import set_up
from tests.locked import mien


def test_every_setting_stands_in_the_file_with_its_default_and_counts_once_it_is_uncommented(tmp_path: Path) -> None:
    file = tmp_path / "mien.toml"
    done = mien("init", str(file))
    assert (done.returncode, done.stderr) == (0, "")
    text = file.read_text()
    assert tomllib.loads(text) == {}
    assert max(len(line) for line in text.splitlines()) <= 140
    uncommented = re.sub(r"^#(?=[a-z0-9_]+ = )", "", text, flags=re.MULTILINE)
    stands = tomllib.loads(uncommented)
    assert list(stands) == [row.name for row in config.TABLE]
    usual = {row.name: stands[row.name] for row in config.TABLE if row.default is not None}
    assert usual == {row.name: row.default for row in config.TABLE if row.default is not None}
    file.write_text(uncommented)
    assert usual.items() <= config.given({}, {"MIEN_CONFIG": str(file)}).items()


def test_a_file_that_is_there_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "mien.toml"
    file.write_text("port = 7000\n")
    done = mien("init", str(file))
    assert done.returncode == 1
    assert done.stderr == f"mien: {file} is there already; move it away, or name another file.\n"
    assert file.read_text() == "port = 7000\n"
    assert "cannot be written" in mien("init", str(tmp_path / "nowhere" / "mien.toml")).stderr


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("mien se", {"search", "serve"}),
        ("mien store ver", {"verify"}),
        ("mien serve --log-l", {"--log-level"}),
        ("mien completion ", set(set_up.SHELLS)),
    ],
)
def test_bash_completes_commands_families_and_flags(line: str, wanted: set[str], tmp_path: Path) -> None:
    bash = shutil.which("bash")
    if bash is None:
        pytest.skip("there is no bash")
    done = mien("completion", "bash")
    assert (done.returncode, done.stderr) == (0, "")
    (tmp_path / "complete.sh").write_text(done.stdout)
    words = line.split(" ")
    asked = f"""
        source {tmp_path / "complete.sh"}
        COMP_WORDS=({" ".join(word or "''" for word in words)}); COMP_CWORD={len(words) - 1}
        COMP_LINE={line!r}; COMP_POINT={len(line)}
        $(complete -p mien | sed -E 's/.*-F ([^ ]+).*/\\1/') mien '{words[-1]}' '{words[-2]}'
        printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    said = subprocess.run([bash, "-c", asked], capture_output=True, text=True, check=True).stdout
    assert set(said.split()) == wanted


@pytest.mark.parametrize("shell", ["zsh", "tcsh"])
def test_other_shells_have_a_script_too(shell: str) -> None:
    done = mien("completion", shell)
    assert (done.returncode, done.stderr) == (0, "")
    assert "verify" in done.stdout
    if found := shutil.which(shell):
        subprocess.run([found, "-n", "/dev/stdin"], input=done.stdout, text=True, check=True)


def test_a_shell_that_is_not_known_is_wrong_usage() -> None:
    assert mien("completion", "cmd").returncode == 2


def test_neither_is_loaded_before_it_is_asked_for() -> None:
    asked = "import sys, mien.cli; mien.cli.parser(); print('shtab' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True).stdout == "False\n"
