"""Runs `mien init` and `mien completion`: what a machine needs once, before mien is used every day."""

import argparse
import textwrap
from collections.abc import Callable
from functools import partial
from pathlib import Path

import tomli_w

from mien import config
from mien.commands.packs import Command
from mien.config import Settings
from mien.errors import SetupError

SHELLS = ("bash", "zsh", "tcsh")  # for which shtab writes completions
WIDTH = 100
HEAD = """\
# Settings of mien. It is read from the directory where mien starts, or from the path in MIEN_CONFIG. A flag goes
# before a MIEN_* variable, and a variable before this file. Every setting stands here with its default: take away
# the # before a line to set it. docs/settings.md says more of each.
"""


def add_to(command: Command, parser: Callable[[], argparse.ArgumentParser]) -> None:
    """Adds both commands; `parser` makes the whole command line's."""
    made = command("init", write_settings, "write a mien.toml that lists every setting with its default, commented out")
    made.add_argument("file", metavar="FILE", nargs="?", default="mien.toml", help="default: mien.toml")
    text = 'print a completion script for a shell: eval "$(mien completion bash)"'
    made = command("completion", partial(complete, parser), text)
    made.add_argument("shell", choices=SHELLS, metavar="SHELL", help=", ".join(SHELLS))


def write_settings(_: Settings, given: argparse.Namespace) -> None:
    """Writes the file of settings, and never over one that is there."""
    path = Path(given.file)
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(commented())
    except FileExistsError:
        raise SetupError(f"{path} is there already; move it away, or name another file.") from None
    except OSError as error:
        raise SetupError(f"{path} cannot be written: {error.strerror}.") from None
    print(f"{path} lists every setting. mien reads mien.toml from the directory where it starts.")


def commented() -> str:
    """Returns a file of settings in TOML, in which every setting is a comment with its default."""
    parts = [HEAD]
    for row in config.TABLE:
        lines = textwrap.wrap(_explained(row), WIDTH, initial_indent="# ", subsequent_indent="# ")
        parts.append("\n".join([*lines, f"#{_line(row)}", ""]))
    return "\n".join(parts)


def _explained(row: config.Setting) -> str:
    first = row.help.split()[0]
    text = (first.capitalize() if first.isalpha() and first.islower() else first) + row.help[len(first) :] + "."
    if row.choices:
        text += f" One of {', '.join(row.choices)}."
    if row.limits:
        text += f" From {row.limits[0]:g} to {row.limits[1]:g}."
    return text + (" The default depends on other settings." if row.default is None else "")


def _line(row: config.Setting) -> str:
    """Returns a setting and its default as TOML, or something of its type where other settings decide it."""
    usual = {int: 1, float: 1.0, bool: True}.get(row.type, "") if row.default is None else row.default
    return tomli_w.dumps({row.name: usual}).strip()


def complete(parser: Callable[[], argparse.ArgumentParser], _: Settings, given: argparse.Namespace) -> None:
    """Prints a completion script of the whole command line for a shell."""
    import shtab

    print(shtab.complete(parser(), given.shell))
