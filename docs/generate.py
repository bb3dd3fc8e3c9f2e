"""Write settings.md and commands.md from the table of settings and from the parser of the command line.

    python docs/generate.py [FOLDER]        FOLDER is docs/ itself where none is named

`tests/docs/test_generated.py` holds the committed pages against what this writes.
"""

import argparse
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from mien import cli, config
from mien.config import Setting

NOTICE = "<!-- Written by docs/generate.py; do not edit. -->\n"
SETTINGS = """\
# Settings

A setting is given by a flag, by a variable of the environment, or by a line of a file; a flag wins over a variable, a
variable over the file, the file over the default. `log_level` is `--log-level`, `MIEN_LOG_LEVEL`, and
`log_level = "debug"` in `mien.toml`. The file is read where `MIEN_CONFIG` says, and without that from the directory
that mien is started in. A name that is no setting is refused, wherever it stands. Every command takes all of them.

| setting | kind | default | what it says |
|---|---|---|---|
"""
COMMANDS = """\
# Commands

Every command also takes the [settings](settings.md), as flags, and `--help`. A command exits with 0 when all is well,
with 1 when mien cannot do it (one sentence on standard error says why) or found something wrong, and with 2 when it was
called wrongly.
"""
KINDS = {str: "text", int: "whole number", float: "number", bool: "true or false"}
SHARED = {"help"} | {setting.name for setting in config.TABLE}  # what every command takes
HERE = {"data": "the user's data directory, as `~/.local/share/mien`"}  # defaults that differ between machines


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent
    (folder / "settings.md").write_text(NOTICE + SETTINGS + "".join(map(row, config.TABLE)), encoding="utf-8")
    (folder / "commands.md").write_text(NOTICE + COMMANDS + "".join(sections(cli.parser())), encoding="utf-8")


def row(setting: Setting) -> str:
    if setting.choices:
        kind = " or ".join(f"`{each}`" for each in setting.choices)
    elif setting.limits:
        kind = f"{KINDS[setting.type]}, {setting.limits[0]:,g} to {setting.limits[1]:,.0f}"
    else:
        kind = KINDS[setting.type]
    known = "" if setting.default in ("", None) else f"`{str(setting.default).lower()}`"
    text = re.sub(r" \(default.*\)$", "", setting.help)
    told = setting.help[len(text) :].removeprefix(" (default").strip(": )")
    return f"| `{setting.name}` | {kind} | {HERE.get(setting.name) or known or told or 'none'} | {escaped(text)} |\n"


def sections(parser: argparse.ArgumentParser) -> Iterator[str]:
    for name, made in commands(parser):
        options = [each for each in made._actions if each.dest not in SHARED]
        yield f"\n## {name}\n\n{sentence(made.description or '')}\n\n```sh\n{usage(name, options)}\n```\n"
        if told := [each for each in options if each.help]:
            yield "\n| | |\n|---|---|\n"
            yield from (f"| `{escaped(spelled(each))}` | {escaped(expanded(each))} |\n" for each in told)


def commands(parser: argparse.ArgumentParser) -> Iterator[tuple[str, argparse.ArgumentParser]]:
    """Every command that does something, by its whole name, in the order of the parser."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for made in action.choices.values():
                below = list(commands(made))
                yield from below or [(made.prog, made)]


def usage(name: str, options: list[argparse.Action]) -> str:
    ordered = sorted(options, key=lambda each: bool(each.option_strings))
    shown = [spelled(each) if each.required else f"[{spelled(each)}]" for each in ordered]
    return " ".join([name, *shown])


def spelled(action: argparse.Action) -> str:
    value = "" if action.nargs == 0 else str(action.metavar or "|".join(action.choices or ()) or action.dest.upper())
    return f"{action.option_strings[-1]} {value}".strip() if action.option_strings else value


def expanded(action: argparse.Action) -> str:
    return (action.help or "") % (vars(action) | {"prog": "mien"})


def sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."


def escaped(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    main()
