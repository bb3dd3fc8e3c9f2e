"""The documents that `docs/generate.py` writes from the code: as committed, and complete."""

import argparse
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from mien import cli, config

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = (
    "docs/settings.md", "docs/commands.md", "docs/rooms.svg", "CONTRIBUTING.md", "docs/accuracy.md", "docs/packs.md",
    *(f"src/mien/packs/catalog/{pack}.toml" for pack in ("duo", "sface", "retail")),
)  # fmt: skip


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("written")
    subprocess.run([sys.executable, str(DOCS / "generate.py"), str(folder)], check=True, timeout=60)
    return folder


@pytest.mark.parametrize("name", PAGES)
def test_what_is_committed_is_what_is_written(written: Path, name: str) -> None:
    hint = "run `python docs/generate.py`"
    committed = (ROOT / name).read_text(encoding="utf-8")
    assert committed == (written / Path(name).name).read_text(encoding="utf-8"), hint


def test_every_setting_is_named() -> None:
    page = (DOCS / "settings.md").read_text()
    assert [line.split("`")[1] for line in page.splitlines() if line.startswith("| `")] == [
        row.name for row in config.TABLE
    ]


def test_every_command_is_named() -> None:
    page = (DOCS / "commands.md").read_text().splitlines()
    names = [line.removeprefix("## ") for line in page if line.startswith("## ")]
    assert names == list(_commands(cli.parser()))
    assert "mien serve" in names


def test_every_flag_is_named() -> None:
    page = (DOCS / "commands.md").read_text()
    for flag in ("--gallery FACES", "--allow ALLOW", "--calibrate FILE.toml", "--accept-license"):
        assert flag in page


def _commands(parser: argparse.ArgumentParser) -> Iterator[str]:
    """Yields the full names of the commands, from the parser."""
    for action in parser._actions:
        for made in (action.choices or {}).values() if isinstance(action, argparse._SubParsersAction) else ():
            below = list(_commands(made))
            yield from below or [made.prog]
