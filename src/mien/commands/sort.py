"""Runs `mien sort`: photographs in folders by person."""

import argparse
import csv
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

from mien.commands import who
from mien.commands.packs import Command
from mien.config import Settings
from mien.errors import SetupError

LEDGER = ".mien-sort.db"  # in the folder that photographs are sorted into
UNFINISHED = ".mien-sort-"  # what the folder of unfinished files there begins with
SHOWN = 20  # failures on the terminal
SORT = """\
Sort the photographs under FOLDER into folders by person. One with two people goes to both; unknown people get the
folders "Unknown 1", "Unknown 2" and so on. Nothing in FOLDER is changed unless with --by move, and no file is ever
overwritten.

An interrupted run continues where it stopped when the same command is run again. A later run adds what is new; it knows
the files of earlier ones by .mien-sort.db in the target folder.
"""


def add_to(command: Command) -> None:
    """Adds the command."""
    made = command("sort", sort, "sort a folder of photographs into folders by person")
    made.description, made.formatter_class = SORT, argparse.RawDescriptionHelpFormatter
    made.add_argument("folder", metavar="FOLDER", help="the photographs")
    made.add_argument("--into", metavar="FOLDER", required=True, help="where to make the folders")
    made.add_argument(
        "--by", choices=("copy", "hardlink", "symlink", "move"), default="copy",
        help="how photographs get there (default copy); move removes each from FOLDER once it is where it belongs",
    )  # fmt: skip
    made.add_argument("--dry-run", action="store_true", help="only say what would be done")
    made.add_argument(
        "--unknown-from", type=who.positive, default=2, metavar="NUMBER",
        help="photographs from which an unknown person gets a folder of their own (default 2)",
    )  # fmt: skip
    made.add_argument(
        "--tidy", action="store_true", help="remove files of earlier runs that no longer belong where they are"
    )
    who.add_questions(made)
    made.add_argument("--xmp", action="store_true", help="write the people into sidecars beside the sorted photographs")
    made.add_argument("--report", metavar="FILE", help="write the photographs that failed, and why, as CSV")
    made.add_argument("--json", action="store_true", help="print JSON")


def sort(settings: Settings, given: argparse.Namespace) -> int:
    """Sorts photographs into folders by person; returns 1 when one could not be looked at or placed."""
    from mien.sorting import placing, strangers
    from mien.sorting.journal import Journal

    source, into = _places(given)
    failures: list[tuple[str, str]] = []

    def tell(path: Path, why: str) -> None:
        failures.append((str(path), why))

    with ExitStack() as stack:
        ledger = _ledger(into, given, stack)
        question = stack.enter_context(closing(who.asked(settings, given)))
        journal = stack.enter_context(closing(Journal(ledger, question.identity(source))))
        try:
            if not given.dry_run:
                placing.remove_originals(journal.ledger(into), tell)  # an interrupted run had begun with it
            counts = question.look(lambda: _inside(source, into), journal)
            people = strangers.number(journal, question.calibration())
            failures += [*counts.unread, *((str(seen.path), seen.why) for seen in journal.failed())]
            done = _arranged(given, into, journal, counts.photographs - counts.failed, tell)
        except KeyboardInterrupt:
            print("mien: Interrupted. What was made is whole; the same command continues.", file=sys.stderr)
            raise
        journal.finish()
    _tell_failures(failures, given.report)
    who.say_others(counts.others)
    _say(given, counts, done, people)
    return 1 if failures else 0


def _places(given: argparse.Namespace) -> tuple[Path, Path]:
    """Returns the folder to sort and the one to sort into, which is made unless in a dry run."""
    from mien.sorting import placing

    source, into = Path(given.folder).resolve(), Path(given.into).resolve()
    if not source.is_dir():
        raise SetupError(f"{given.folder} is not a folder.")
    if source == into:
        raise SetupError("Sort into another folder than the one that is sorted.")
    if not given.dry_run:
        try:
            into.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise SetupError(f"The folder {given.into} cannot be made: {error.strerror}.") from None
        placing.refuse(given.by, source, into)
    return source, into


def _ledger(into: Path, given: argparse.Namespace, stack: ExitStack) -> Path:
    """Returns the path of the ledger; in a dry run that of a copy, so that nothing is written."""
    from mien.system import leftovers

    if not given.dry_run:
        return into / LEDGER
    folder = stack.enter_context(leftovers.folder(Path(tempfile.gettempdir()), "mien-sort-"))
    for name in (LEDGER, f"{LEDGER}-wal"):
        if (into / name).exists():
            shutil.copyfile(into / name, folder / name)
    return folder / LEDGER


def _inside(source: Path, into: Path) -> Iterator[Any]:
    """Yields the files under a folder, without those of a folder in it that they are sorted into."""
    from mien.transfer import walking

    own = f"{into}{os.sep}" if into.is_relative_to(source) else None
    for each in walking.files(source):
        name = str(each) if isinstance(each, Path) else each.name
        if own is None or not name.startswith(own):
            yield each


def _arranged(given: argparse.Namespace, into: Path, journal: Any, count: int, tell: Any) -> Any:
    """Arranges what the journal has; `count` is the number of photographs, and `tell` is told of those that fail."""
    from mien.sorting.arranging import Arrangement
    from mien.sorting.placing import Placer
    from mien.system import leftovers
    from mien.system.progress import Progress

    ledger = journal.ledger(into)
    with ExitStack() as stack:
        unfinished = None if given.dry_run else stack.enter_context(leftovers.folder(into, UNFINISHED))
        placer = Placer(into, given.by, ledger, unfinished)
        arrangement = Arrangement(journal, ledger, placer, given.unknown_from, given.xmp, given.tidy, tell)
        return arrangement.run(Progress("sorted", count))


def _tell_failures(failures: list[tuple[str, str]], report: str | None) -> None:
    from mien.transfer import reasons

    for path, why in failures[:SHOWN]:
        text = reasons.printable(f"{path}: {why.removesuffix('.')}.")
        print(f"mien: {text}".encode("utf-8", "backslashreplace").decode(), file=sys.stderr)
    if len(failures) > SHOWN:
        print(f"mien: {len(failures) - SHOWN:,} more{'' if report else '; --report lists them'}.", file=sys.stderr)
    if report is None:
        return
    try:
        with Path(report).open("w", newline="", encoding="utf-8", errors="backslashreplace") as file:
            csv.writer(file).writerows([("image", "reasons"), *failures])
    except OSError as error:
        raise SetupError(f"{report} cannot be written: {error.strerror}.") from None


def _say(given: argparse.Namespace, counts: Any, done: Any, unknown: int) -> None:
    if given.json:
        print(
            json.dumps(
                {
                    "photographs": counts.photographs, "earlier": counts.earlier, "unknown_people": unknown,
                    "folders": dict(sorted(done.folders.items())), "made": done.made,
                    "failed": counts.failed + done.failed, "left_out": dict(counts.others),
                    "left_over": done.left_over, "removed": done.removed, "dry_run": given.dry_run,
                },
                ensure_ascii=False,
            )
        )  # fmt: skip
        return
    from mien.transfer import reasons

    for folder, count in sorted(done.folders.items()):
        print(f"{count:7,}  {reasons.printable(folder)}")
    made = "would be made" if given.dry_run else "were made"
    text = f"{counts.photographs:,} photographs in {len(done.folders):,} folders; {done.made:,} files {made}"
    if counts.failed + done.failed:
        text += f"; {counts.failed + done.failed:,} failed"
    print(f"{text}.")
    if left := done.left_over - done.removed:
        print(
            f"{left:,} files of earlier runs no longer belong where they are"
            + ("." if given.tidy else "; --tidy removes them.")
        )
