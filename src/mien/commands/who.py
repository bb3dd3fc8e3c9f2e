"""Runs `mien who`: everyone in photographs, with names, similarity and place."""

import argparse
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

from mien.commands.packs import Command
from mien.config import Settings

WHO = """\
Say who is in photographs: the name, similarity and place of each face. Unknown people are numbered, the same person
with the same number. A PHOTO may be a folder. Without --collection nobody is known, and people are only told apart.

With --xmp the named people are written into sidecars beside the photographs, as face regions and keywords that digiKam,
Lightroom and other programs read.
"""


def add_to(command: Command) -> None:
    """Adds the command."""
    made = command("who", who, "say who is in photographs: everyone's name, similarity and place")
    made.description, made.formatter_class = WHO, argparse.RawDescriptionHelpFormatter
    made.add_argument("photographs", metavar="PHOTO", nargs="+", help="a photograph, or a folder of them")
    add_questions(made)
    made.add_argument("--xmp", action="store_true", help="write the people into sidecars beside the photographs")
    form = made.add_mutually_exclusive_group()
    form.add_argument("--json", dest="form", action="store_const", const="json", help="print JSON")
    form.add_argument("--csv", dest="form", action="store_const", const="csv", help="print CSV, a line for each face")


def add_questions(made: argparse.ArgumentParser, threshold: float = 80.0) -> None:
    """Adds the flags that say who is asked about photographs, and what; `threshold` is the default."""
    made.add_argument("--collection", metavar="NAME", help="the collection of the people; a server may run on it")
    made.add_argument("--endpoint", metavar="URL", help="ask this server, with AWS's configured credentials")
    made.add_argument("--profile", metavar="NAME", help="the profile in the AWS configuration, with --endpoint")
    made.add_argument("--account", default=None, help="the account that owns the collection: 12 digits")
    made.add_argument(
        "--threshold",
        type=_percent,
        default=threshold,
        help=f"least similarity to a person, 0–100 (default {threshold:g})",
    )
    made.add_argument(
        "--quality-filter", choices=("NONE", "AUTO", "LOW", "MEDIUM", "HIGH"), default="AUTO",
        help="how clear a face must be, as QualityFilter of IndexFaces (default AUTO)",
    )  # fmt: skip
    made.add_argument("--jobs", type=positive, help="photographs looked at in parallel (default: two for each core)")


def positive(text: str) -> int:
    """Reads a number of 1 or more."""
    if (value := int(text)) < 1:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return value


def _percent(text: str) -> float:
    if not 0 <= (value := float(text)) <= 100:
        raise argparse.ArgumentTypeError("must be between 0 and 100")
    return value


def asked(settings: Settings, given: argparse.Namespace, **more: Any) -> Any:
    """Opens whom the flags of `add_questions` name; `more` are further arguments of `Asked`."""
    from mien.sorting.asking import Asked, Where

    where = Where(given.collection, given.endpoint, given.profile, given.account)
    return Asked(settings, where, given.threshold, given.quality_filter, given.jobs, **more)


def who(settings: Settings, given: argparse.Namespace) -> int:
    """Says who is in photographs; returns 1 when one could not be looked at."""
    from mien.sorting import printing, strangers
    from mien.sorting.journal import Journal
    from mien.system import leftovers

    with ExitStack() as stack:
        question = stack.enter_context(closing(asked(settings, given)))
        folder = stack.enter_context(leftovers.folder(Path(tempfile.gettempdir()), "mien-who-"))
        journal = stack.enter_context(closing(Journal(folder / "journal.db", "")))
        counts = question.look(lambda: _files(given.photographs), journal)
        strangers.number(journal, question.calibration())
        for name, why in counts.unread:
            print(f"mien: {name}: {why}.", file=sys.stderr)
        failed = counts.failed + len(counts.unread)
        with closing(printing.FORMS[given.form or "lines"](sys.stdout)) as printed:
            for seen in journal.photographs():
                failed += bool(given.xmp and not seen.why and not _describe(seen))
                printed.show(seen)
    say_others(counts.others)
    return 1 if failed else 0


def _describe(seen: Any) -> bool:
    """Writes the people of a photograph into its sidecar; returns False if that failed."""
    from mien.sorting import sidecar
    from mien.sorting.tree import XmpError
    from mien.transfer.photographs import UnreadableError

    try:
        sidecar.write_seen(seen, sidecar.beside(seen.path))
    except (OSError, XmpError, UnreadableError) as error:
        print(f"mien: {seen.path}: {getattr(error, 'strerror', None) or error}", file=sys.stderr)
        return False
    return True


def say_others(others: Counter[str]) -> None:
    """Says on standard error which files were left out, being no photographs."""
    if others:
        left = ", ".join(f"{kind} ({count:,})" for kind, count in sorted(others.items()))
        print(f"Left out, being no photographs: {left}.", file=sys.stderr)


def _files(names: list[str]) -> Iterator[Any]:
    from mien.transfer import walking

    for name in names:
        path = Path(name)
        if path.is_dir():
            yield from walking.files(path)
        else:
            yield path
