"""`mien import`, `export` and `reindex`: collections brought in, out, and to another pack."""

import argparse
import json
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

from mien.commands.packs import Command
from mien.config import Settings
from mien.errors import SetupError

IMPORT = """\
Bring photographs, or a file of `mien export`, into a collection.

SOURCE is one of
  a folder       the first sub-folder is the user, the file's name the ExternalImageId
  FILE.csv       columns image (relative to the file), and where wanted user and external_image_id
  s3://BUCKET/PREFIX   read as a folder is; the s3_* settings say where and with which key
  FILE           of `mien export`

An import that was ended goes on where it stopped, and one that is run twice changes nothing.
"""


def add_to(command: Command) -> None:
    """Add the commands."""
    _add_import(command)
    made = command(
        "export", export, "write collections with their faces, users and tags to a file (needs mien[parquet])"
    )
    made.add_argument("file", metavar="FILE", help="a zip of Parquet tables and a manifest; see docs/export.md")
    made.add_argument("--collection", metavar="NAME", action="append", help="only this one; may be given again")
    made.add_argument("--force", action="store_true", help="replace FILE if it is there")
    _also(made)


def _add_import(command: Command) -> None:
    made = command("import", bring, "bring photographs, or a file of `mien export`, into a collection")
    made.description, made.formatter_class = IMPORT, argparse.RawDescriptionHelpFormatter
    made.add_argument("source", metavar="SOURCE")
    made.add_argument("--collection", metavar="NAME", help="the collection; made if it is not there")
    made.add_argument("--endpoint", metavar="URL", help="import through this server, with the keys AWS clients find")
    made.add_argument("--profile", metavar="NAME", help="of AWS's configuration, for the server's keys")
    made.add_argument("--report", metavar="FILE", help="write what was refused, and why, as CSV")
    made.add_argument("--jobs", type=_positive, help="photographs at the same time (default: two for each core)")
    made.add_argument(
        "--max-faces", type=_positive, help="faces of a photograph, the best (default: 1 if it shows a user, else all)"
    )
    made.add_argument(
        "--quality-filter", choices=("NONE", "AUTO", "LOW", "MEDIUM", "HIGH"), default="AUTO", help="default AUTO"
    )
    made.add_argument(
        "--user-match-threshold", type=float, default=0.0, metavar="0–100",
        help="similarity that a further face of a user must reach (default 0: the folder is right)",
    )  # fmt: skip
    made.add_argument("--again", action="store_true", help="look at photographs that an earlier run has done, too")
    made.add_argument("--merge", action="store_true", help="of an export: add to collections that are there already")
    _also(made)


def _also(made: argparse.ArgumentParser) -> None:
    made.add_argument("--account", default=None, help="the account of the collections: 12 digits")
    made.add_argument("--json", action="store_true", help="print JSON")


def _positive(text: str) -> int:
    if (value := int(text)) < 1:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return value


def bring(settings: Settings, given: argparse.Namespace) -> int:
    """Import; 1 when a photograph could not be read or sent."""
    from mien.transfer.gather import Gathering, made
    from mien.transfer.journal import Journal
    from mien.transfer.report import Report

    if not given.collection:
        raise SetupError("Say with --collection where the photographs go.")
    source = _source(settings, given)
    jobs = given.jobs or 2 * settings.cores
    with ExitStack() as stack:
        report = stack.enter_context(closing(Report(Path(given.report)))) if given.report else None
        api = stack.enter_context(closing(_api(settings, given, jobs)))
        about = made(api, given.collection)
        options = (given.max_faces, given.quality_filter, given.user_match_threshold)
        identity = (source.name, api.describe(), about["CollectionARN"], about["CreationTimestamp"], *options)
        journal = None
        if not given.again:
            journal = stack.enter_context(closing(Journal(Path(settings.data) / "imports", repr(identity))))
        gathering = Gathering(
            api,
            given.collection,
            jobs,
            given.max_faces,
            given.quality_filter,
            given.user_match_threshold,
            report,
            journal,
        )
        tally = gathering.run(source, _progress(source))
    if given.json:
        print(json.dumps(tally.as_dict()))
    else:
        print(_words(tally, given))
    return 1 if tally.failed else 0


def export(settings: Settings, given: argparse.Namespace) -> None:
    """Write collections to a file."""


def _source(settings: Settings, given: argparse.Namespace) -> Any:
    from dataclasses import replace

    from mien import app
    from mien.image.source import S3
    from mien.transfer import photographs

    if given.source.startswith("s3://"):
        bucket = given.source.removeprefix("s3://").partition("/")[0]
        s3 = replace(app.s3_settings(settings), buckets=(bucket,))  # whoever runs this command names it
        return photographs.of_bucket(S3(s3), given.source)
    path = Path(given.source)
    if path.is_dir():
        return photographs.of_folder(path)
    if path.suffix.lower() == ".csv":
        return photographs.of_csv(path)
    raise SetupError(f"{path} is neither a folder, nor a CSV file, nor a file of `mien export`.")


def _api(settings: Settings, given: argparse.Namespace, jobs: int) -> Any:
    from mien import app, local
    from mien.operations.context import ACCOUNT
    from mien.transfer.api import Remote

    if given.endpoint:
        return Remote(given.endpoint, given.profile, jobs)
    pack = app.open_pack(settings)
    app.hold_calibration(pack)
    return local.of_store(settings, pack, alone=True, account=given.account or ACCOUNT)


def _progress(source: Any) -> Any:
    from mien.progress import Progress

    total = sum(1 for _ in source.walk()) if source.is_near else None
    return Progress("photographs", total)


def _words(tally: Any, given: argparse.Namespace) -> str:
    text = f"{tally.photographs:,} photographs"
    if tally.earlier:
        text += f", {tally.earlier:,} of them done in an earlier run"
    text += f"; {tally.faces:,} faces in the collection {given.collection}; {tally.refused:,} refused"
    if tally.failed:
        text += f"; {tally.failed:,} could not be read or sent: run the same command again"
    if (tally.refused or tally.failed) and given.report:
        text += f" (why: {given.report})"
    return text + "."
