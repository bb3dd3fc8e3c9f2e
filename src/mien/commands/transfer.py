"""`mien import`, `export` and `reindex`: collections brought in, out, and to another pack."""

import argparse
import json
import sys
import zipfile
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

from mien.commands.packs import Command
from mien.config import Settings
from mien.errors import SetupError

SHOWN = 10  # missing faces on the terminal
IMPORT = """\
Bring photographs, or a file of `mien export`, into a collection.

SOURCE is one of
  a folder       the first sub-folder is the user, the file's name the ExternalImageId
  FILE.csv       columns image (relative to the file), and where wanted user and external_image_id
  s3://BUCKET/PREFIX   read as a folder is; the s3_* settings say where and with which key
  FILE           of `mien export`
  with --from, what another system holds; its pictures are indexed anew, and its own embeddings are left:
    compreface         the address of a CompreFace 0.6 or later, the key of its service in COMPREFACE_API_KEY
    deepface           a db_path, with a folder for each person; the pickles in it are not opened
    face_recognition   known people: PERSON.jpg, or a folder for each

Characters that ids of the API may not have are written as a colon and their two hexadecimal digits: `Grace Hopper`
becomes the user `Grace:20Hopper`. An import that was ended goes on where it stopped, and one that is run twice changes
nothing.
"""

REINDEX = """\
Move a collection to the pack that --pack names, from the photographs it was made of.

FaceIds, ExternalImageIds, users and tags stay; embeddings, boxes and confidences are the other pack's. A photograph is
known by its content, and where that changed by its name. A server may run meanwhile: it answers from the collection as
it was until the last moment. From then on it must be started with the other pack. Run again, the command goes on.
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
    _add_reindex(command)


def _add_reindex(command: Command) -> None:
    made = command("reindex", reindex, "move a collection to another pack, from the photographs it was made of")
    made.description, made.formatter_class = REINDEX, argparse.RawDescriptionHelpFormatter
    made.add_argument("--collection", metavar="NAME", required=True, help="the collection")
    made.add_argument("--images", metavar="SOURCE", required=True, help="FOLDER, FILE.csv or s3://BUCKET/PREFIX")
    made.add_argument(
        "--allow-missing", action="store_true", help="leave behind the faces whose photograph is not there"
    )
    made.add_argument("--report", metavar="FILE", help="write the faces whose photograph is not there as CSV")
    made.add_argument("--jobs", type=_positive, help="photographs at the same time (default: two for each core)")
    _also(made)


def _add_import(command: Command) -> None:
    made = command("import", bring, "bring photographs, or a file of `mien export`, into a collection")
    made.description, made.formatter_class = IMPORT, argparse.RawDescriptionHelpFormatter
    made.add_argument("source", metavar="SOURCE")
    made.add_argument("--collection", metavar="NAME", help="the collection; made if it is not there")
    systems = ("compreface", "deepface", "face_recognition")
    made.add_argument("--from", dest="system", choices=systems, help="the system that SOURCE is of")
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
    from mien.transfer.csv_report import RefusalReport
    from mien.transfer.import_log import ImportLog
    from mien.transfer.importing import PhotographImport, made
    from mien.transfer.other_systems import SYSTEMS

    if not given.system and zipfile.is_zipfile(given.source):
        return _unpack(settings, given)
    if not given.collection:
        raise SetupError("Say with --collection where the photographs go.")
    source = SYSTEMS[given.system](given.source) if given.system else _source(settings, given.source)
    jobs = given.jobs or 2 * settings.cores
    with ExitStack() as stack:
        api = stack.enter_context(closing(_api(settings, given, jobs)))
        about = made(api, given.collection)
        report = stack.enter_context(closing(RefusalReport(Path(given.report)))) if given.report else None
        options = (given.max_faces, given.quality_filter, given.user_match_threshold)
        identity = (source.name, api.describe(), about["CollectionARN"], about["CreationTimestamp"], *options)
        log = None
        if not given.again:
            log = stack.enter_context(closing(ImportLog(Path(settings.data) / "imports", repr(identity))))
        gathering = PhotographImport(
            api,
            given.collection,
            jobs,
            given.max_faces,
            given.quality_filter,
            given.user_match_threshold,
            report,
            log,
        )
        tally = gathering.run(source, _progress(source))
    if given.json:
        print(json.dumps(tally.as_dict()))
    else:
        print(_words(tally, given))
    return 1 if tally.failed else 0


def export(settings: Settings, given: argparse.Namespace) -> None:
    """Write collections to a file."""
    from mien import local
    from mien.operations.context import ACCOUNT
    from mien.transfer import exporting

    path = Path(given.file)
    if path.exists() and not given.force:
        raise SetupError(f"{path} is there already; --force replaces it.")
    with ExitStack() as stack:
        store = local.opened(settings, stack, alone=False)
        rows = exporting.write(store, given.account or ACCOUNT, given.collection, path)
    if given.json:
        print(json.dumps({"file": str(path), **rows}))
    else:
        print(f"{path} has {rows['collections']} collections, {rows['users']:,} users and {rows['faces']:,} faces.")


def _unpack(settings: Settings, given: argparse.Namespace) -> int:
    """Import a file of `mien export`."""
    from mien import local
    from mien.operations.context import ACCOUNT
    from mien.transfer import archive, exporting

    if given.endpoint or given.collection or given.report:
        raise SetupError(
            "An export is imported as it is, straight into a store; --collection, --endpoint and --report are for "
            "photographs."
        )
    file = archive.open_archive(Path(given.source))
    with ExitStack() as stack:
        store = local.opened(settings, stack, alone=True)
        came = exporting.read(store, given.account or ACCOUNT, file, given.merge, settings.packs)
    if given.json:
        print(json.dumps({"collections": came.collections, "users": came.users, "faces": came.faces}))
    else:
        print(f"{came.collections} collections; {came.users:,} users and {came.faces:,} faces came.")
    return 0


def reindex(settings: Settings, given: argparse.Namespace) -> int:
    """Move a collection to another pack; 1 when faces are missing and it was not moved."""
    from mien import app, local
    from mien.operations.context import ACCOUNT
    from mien.packs import terms
    from mien.transfer.csv_report import write_missing
    from mien.transfer.reindex import Reindexing

    source = _source(settings, given.images)
    pack = app.open_pack(settings)
    terms.refuse_uncalibrated(pack)
    account = given.account or ACCOUNT
    with closing(local.of_store(settings, pack, alone=False, account=account)) as opened:
        found = opened.context.store.collections.find(account, given.collection)
        if found is None:
            raise SetupError(f"There is no collection {given.collection}.")
        moving = Reindexing(opened, found)
        moved = moving.run(source, given.jobs or 2 * settings.cores, given.allow_missing, _progress(source))
    if given.report:
        write_missing(Path(given.report), moved.missing)
    if given.json:
        missing = [str(face.face_id) for face in moved.missing]
        print(json.dumps({"faces": moved.faces, "missing": missing, "switched": moved.switched}))
    elif moved.switched:
        left = f"; {len(moved.missing):,} were left behind" if moved.missing else ""
        print(f"The collection {given.collection} has {moved.faces:,} faces of the pack {pack.manifest.name}{left}.")
        print(f"Start the server with --pack {pack.manifest.name}.")
    else:
        for face in moved.missing[:SHOWN]:
            print(f"missing: face {face.face_id}, ExternalImageId {face.external_image_id or '-'}", file=sys.stderr)
        raise SetupError(
            f"{len(moved.missing):,} of {len(moved.missing) + moved.faces:,} faces are not found in {given.images}; "
            "the collection is as it was. --report lists them; bring their photographs and run the command again, or "
            "leave them behind with --allow-missing."
        )
    return 0 if moved.switched else 1


def _source(settings: Settings, source: str) -> Any:
    from dataclasses import replace

    from mien import app
    from mien.image.source import S3
    from mien.transfer import photographs

    if source.startswith("s3://"):
        bucket = source.removeprefix("s3://").partition("/")[0]
        s3 = replace(app.s3_settings(settings), buckets=(bucket,))  # whoever runs this command names it
        return photographs.of_bucket(S3(s3), source)
    path = Path(source)
    if path.is_dir():
        return photographs.of_folder(path)
    if path.suffix.lower() == ".csv":
        return photographs.of_csv(path)
    raise SetupError(f"{path} is neither a folder, nor a CSV file, nor a file of `mien export`.")


def _api(settings: Settings, given: argparse.Namespace, jobs: int) -> Any:
    from mien import app, local
    from mien.operations.context import ACCOUNT
    from mien.packs import terms
    from mien.transfer.api import Remote

    if given.endpoint:
        return Remote(given.endpoint, given.profile, jobs)
    pack = app.open_pack(settings)
    terms.refuse_uncalibrated(pack)
    return local.of_store(settings, pack, alone=True, account=given.account or ACCOUNT)


def _progress(source: Any) -> Any:
    from mien.system.progress import Progress

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
