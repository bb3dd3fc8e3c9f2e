"""Writes what follows from the code, and from measured figures, into the documents.

    python docs/generate.py [FOLDER]        writes into FOLDER instead of where each file belongs

From the code: settings, commands, the picture and the table of the rooms. From `benchmarks/accuracy.json`, which
`make accuracy` measures: the tables of accuracy, and the accuracy in the catalogue of packs.
`tests/docs/test_generated.py` compares the committed files with what this writes.
"""

import argparse
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import diagram  # noqa: E402
import figures  # noqa: E402

from mien import cli, config  # noqa: E402
from mien.config import Setting  # noqa: E402
from tests import rooms  # noqa: E402

NOTICE = "<!-- Written by docs/generate.py; do not edit. -->\n"
SETTINGS = """\
# Settings

A setting is a flag, an environment variable, or a line of a file. A flag wins over a variable, a variable over the
file, and the file over the default: `log_level` is `--log-level`, `MIEN_LOG_LEVEL`, and `log_level = "debug"` in
`mien.toml`. That file is read from the current directory, or from the path in `MIEN_CONFIG`. An unknown name is
refused, wherever it is given. Every command takes all settings.

| setting | kind | default | meaning |
|---|---|---|---|
"""
COMMANDS = """\
# Commands

Every command also takes the [settings](settings.md) as flags, and `--help`. A command exits with 0 when all is well,
with 1 when it could not do its work or found something wrong (one sentence on standard error says why), and with 2 when
its arguments are wrong.
"""
KINDS = {str: "text", int: "whole number", float: "number", bool: "true or false"}
SHARED = {"help"} | {setting.name for setting in config.TABLE}  # what every command takes
HERE = {"data": "the user's data directory, as `~/.local/share/mien`"}  # defaults that differ between machines
TABLE = re.compile(r"(?<=<!-- rooms, written by docs/generate.py -->\n).*(?=<!-- end of the rooms -->)", re.DOTALL)


def main() -> None:
    given = Path(sys.argv[1]) if len(sys.argv) > 1 else None
    folder = given or ROOT / "docs"
    (folder / "settings.md").write_text(NOTICE + SETTINGS + "".join(map(row, config.TABLE)), encoding="utf-8")
    (folder / "commands.md").write_text(NOTICE + COMMANDS + "".join(sections(cli.parser())), encoding="utf-8")
    (folder / "rooms.svg").write_text(diagram.drawing(drawn()), encoding="utf-8")
    guide = TABLE.sub(lambda _: "".join(table()), (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"))
    ((given or ROOT) / "CONTRIBUTING.md").write_text(guide, encoding="utf-8")
    for place, text in measured():
        (given / place.name if given else place).write_text(text, encoding="utf-8")


def measured() -> Iterator[tuple[Path, str]]:
    """The files that state an accuracy, each with its text."""
    found = json.loads((ROOT / "benchmarks/accuracy.json").read_text(encoding="utf-8"))
    for place in (ROOT / "docs/accuracy.md", ROOT / "docs/packs.md"):
        yield place, figures.written(place.read_text(encoding="utf-8"), found, config.DEFAULT_PACK)
    for pack, parts in found.items():
        place = ROOT / f"src/mien/packs/catalog/{pack}.toml"
        yield place, figures.catalogued(place.read_text(encoding="utf-8"), parts)


def table() -> Iterator[str]:
    """The rooms with a line each, the highest first."""
    yield "\n| level | room | what it is |\n|---|---|---|\n"
    for number, level in enumerate(rooms.LEVELS, 1):
        for room, text in level.items():
            name = f"{room}/" if (rooms.SOURCE / room).is_dir() else f"{room}.py"
            yield f"| {number} | `{name}` | {text} |\n"
    yield "\n"


def drawn() -> dict[str, set[str]]:
    """What imports from what, without the two names that every package has."""
    special = {"__main__", "__init__"}
    return {room: others - special for room, others in rooms.neighbours().items() if room not in special}


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
