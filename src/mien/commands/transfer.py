"""Runs `mien import`, `export` and `reindex`."""

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
Import photographs, or a file of `mien export`, into a collection.

SOURCE is one of
  a folder       the first sub-folder is the user, the file's name the ExternalImageId
  FILE.csv       columns image (relative to the file), and optionally user and external_image_id
  s3://BUCKET/PREFIX   read like a folder; the s3_* settings give the endpoint and the credentials
  FILE           a file of `mien export`
  with --from, another system, whose images are indexed again and whose embeddings are not used:
    compreface         the address of CompreFace 0.6 or later; COMPREFACE_API_KEY holds its service's key
    deepface           a db_path, with a folder for each person; its pickles are not opened
    face_recognition   known people: PERSON.jpg, or a folder for each person

The API's ids take few characters, so a name is written in them: `Grace Hopper` becomes the user `Grace:20Hopper`, and
is shown as `Grace Hopper` again. A face that is unlike the others of its user is left without one. What is no
photograph is left out and counted. An interrupted import resumes where it stopped, and importing twice changes nothing.
"""

REINDEX = """\
Re-index a collection with the pack that --pack names, from its original photographs. A face whose photograph is not
found is embedded from its portrait, if the collection keeps portraits; such a collection needs no photographs at all.

FaceIds, ExternalImageIds, users and tags stay; embeddings, boxes and confidences are those of the new pack. A
photograph is recognised by its content, or by its name if the content changed. A server may run meanwhile and answers
from the old collection until the switch; then it must be restarted with the new pack. Run again, the command resumes.
"""


def add_to(command: Command) -> None:
    """Adds the commands."""
    _add_import(command)
    made = command(
        "export", export, "write collections with their faces, users and tags to a file (needs mien[parquet])"
    )
    made.add_argument("file", metavar="FILE", help="a zip of Parquet tables and a manifest; see docs/export.md")
    made.add_argument("--collection", metavar="NAME", action="append", help="only this collection; may be repeated")
    made.add_argument("--force", action="store_true", help="replace FILE if it exists")
    _add_common(made)
    _add_reindex(command)


def _add_reindex(command: Command) -> None:
    made = command("reindex", reindex, "re-index a collection with another pack, from its original photographs")
    made.description, made.formatter_class = REINDEX, argparse.RawDescriptionHelpFormatter
    made.add_argument("--collection", metavar="NAME", required=True, help="the collection")
    made.add_argument(
        "--images", metavar="SOURCE", help="FOLDER, FILE.csv or s3://BUCKET/PREFIX; needed unless portraits are kept"
    )
    made.add_argument("--allow-missing", action="store_true", help="drop the faces whose photograph is not found")
    made.add_argument("--report", metavar="FILE", help="write the faces whose photograph is not found as CSV")
    made.add_argument("--jobs", type=_positive, help="photographs processed in parallel (default: two for each core)")
    _add_common(made)


def _add_import(command: Command) -> None:
    made = command("import", run_import, "import photographs, or a file of `mien export`, into a collection")
    made.description, made.formatter_class = IMPORT, argparse.RawDescriptionHelpFormatter
    made.add_argument("source", metavar="SOURCE")
    made.add_argument("--collection", metavar="NAME", help="the collection; created if it does not exist")
    systems = ("compreface", "deepface", "face_recognition")
    made.add_argument("--from", dest="system", choices=systems, help="the system that SOURCE belongs to")
    made.add_argument("--endpoint", metavar="URL", help="import through this server, with AWS's configured credentials")
    made.add_argument("--profile", metavar="NAME", help="the profile in the AWS configuration, with --endpoint")
    made.add_argument("--report", metavar="FILE", help="write what was refused, with the reasons, as CSV")
    made.add_argument("--jobs", type=_positive, help="photographs processed in parallel (default: two for each core)")
    made.add_argument(
        "--max-faces", type=_positive, help="the most faces of a photograph (default: 1 if it shows a user, else all)"
    )
    made.add_argument(
        "--quality-filter",
        choices=("NONE", "AUTO", "LOW", "MEDIUM", "HIGH"),
        default="AUTO",
        help="QualityFilter of IndexFaces (default AUTO)",
    )
    made.add_argument(
        "--user-match-threshold", type=_percent, default=75.0, metavar="0–100",
        help="similarity that a further face of a user must reach (default 75; 0 trusts the source)",
    )  # fmt: skip
    made.add_argument(
        "--portraits",
        dest="keep_portraits",
        action="store_true",
        help="let the collection, if it is made, keep portraits of its faces",
    )
    made.add_argument("--unnamed", action="store_true", help="folders are not people: index all faces, as nobody's")
    made.add_argument("--again", action="store_true", help="import also photographs that an earlier run finished")
    made.add_argument("--merge", action="store_true", help="with an export: add to existing collections")
    _add_common(made)


def _add_common(made: argparse.ArgumentParser) -> None:
    made.add_argument("--account", default=None, help="the account that owns the collections: 12 digits")
    made.add_argument("--json", action="store_true", help="print JSON")


def _positive(text: str) -> int:
    if (value := int(text)) < 1:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return value


def _percent(text: str) -> float:
    if not 0 <= (value := float(text)) <= 100:
        raise argparse.ArgumentTypeError("must be 0 to 100")
    return value


def run_import(settings: Settings, given: argparse.Namespace) -> int:
    """Imports photographs or an export; returns 1 when a photograph or folder could not be read or sent."""
    from mien.transfer.csv_report import RefusalReport
    from mien.transfer.import_log import ImportLog
    from mien.transfer.importing import PhotographImport, ensure_collection
    from mien.transfer.other_systems import SYSTEMS

    if not given.system and Path(given.source).is_file() and zipfile.is_zipfile(given.source):
        return _import_archive(settings, given)
    if not given.collection:
        raise SetupError("Name the collection with --collection.")
    source = SYSTEMS[given.system](given.source) if given.system else _source(settings, given.source)
    source = source.unnamed() if given.unnamed else source
    jobs = given.jobs or 2 * settings.cores
    with ExitStack() as stack:
        api = stack.enter_context(closing(_api(settings, given, jobs)))
        about = ensure_collection(api, given.collection, given.keep_portraits)
        report = stack.enter_context(closing(RefusalReport(Path(given.report)))) if given.report else None
        options = (given.max_faces, given.quality_filter, given.user_match_threshold, *["unnamed"] * given.unnamed)
        made = (about["CollectionARN"], about["CreationTimestamp"], about["FaceModelVersion"])  # reindexed is another
        identity = (source.name, api.describe(), *made, *options)
        log = None
        if not given.again:
            log = stack.enter_context(closing(ImportLog(Path(settings.data) / "imports", repr(identity))))
        photograph_import = PhotographImport(
            api,
            given.collection,
            jobs,
            given.max_faces,
            given.quality_filter,
            given.user_match_threshold,
            report,
            log,
        )
        summary = photograph_import.run(source, _progress(source))
    if given.json:
        print(json.dumps(summary.as_dict()))
    else:
        print(summary.as_text(given.collection, given.report))
    if not given.report:
        for fault in summary.faults:
            print(f"mien: {fault}", file=sys.stderr)
    return 1 if summary.failed else 0


def export(settings: Settings, given: argparse.Namespace) -> None:
    """Exports collections to a file."""
    from mien import local
    from mien.operations.context import ACCOUNT
    from mien.transfer import exporting

    path = Path(given.file)
    if path.exists() and not given.force:
        raise SetupError(f"{path} already exists; replace it with --force.")
    with ExitStack() as stack:
        store = local.opened(settings, stack, alone=False)
        rows = exporting.write(store, given.account or ACCOUNT, given.collection, path)
    if given.json:
        print(json.dumps({"file": str(path), **rows}))
    else:
        print(f"{path} has {rows['collections']} collections, {rows['users']:,} users and {rows['faces']:,} faces.")


def _import_archive(settings: Settings, given: argparse.Namespace) -> int:
    """Imports a file of `mien export`."""
    from mien import local
    from mien.operations.context import ACCOUNT
    from mien.transfer import archive
    from mien.transfer.archive_import import import_archive

    if given.endpoint or given.collection or given.report or given.keep_portraits:
        raise SetupError(
            "An export is imported unchanged, directly into a store; --collection, --endpoint, --portraits and "
            "--report apply to photographs only."
        )
    file = archive.open_archive(Path(given.source))
    with ExitStack() as stack:
        store = local.opened(settings, stack, alone=True)
        counts = import_archive(store, given.account or ACCOUNT, file, given.merge, settings.packs)
    if given.json:
        print(json.dumps({"collections": counts.collections, "users": counts.users, "faces": counts.faces}))
    else:
        print(f"{counts.collections} collections, {counts.users:,} users and {counts.faces:,} faces were imported.")
    return 0


def reindex(settings: Settings, given: argparse.Namespace) -> int:
    """Re-indexes a collection with another pack; returns 1 when faces are missing and it was not replaced."""
    from mien import app, local
    from mien.naming import shown
    from mien.operations.context import ACCOUNT
    from mien.packs import terms
    from mien.transfer.csv_report import write_missing
    from mien.transfer.reasons import printable
    from mien.transfer.reindex import Reindexing

    source = _source(settings, given.images) if given.images else None
    pack = app.open_pack(settings)
    terms.refuse_uncalibrated(pack)
    account = given.account or ACCOUNT
    with closing(local.of_store(settings, pack, alone=False, account=account)) as opened:
        found = opened.context.store.collections.find(account, given.collection)
        if found is None:
            raise SetupError(f"There is no collection {given.collection}.")
        if source is None and not found.portraits:
            raise SetupError(
                f"The collection {given.collection} keeps no portraits: name its photographs with --images."
            )
        reindexing = Reindexing(opened, found)
        progress = _progress(source) if source else None
        result = reindexing.run(source, given.jobs or 2 * settings.cores, given.allow_missing, progress)
        if given.report:
            write_missing(Path(given.report), result.missing, reindexing.person)
    for name, why in list(result.faults.items())[:SHOWN]:
        print(f"mien: {printable(f'{name}: {why}')}", file=sys.stderr)
    if given.json:
        missing = [str(face.face_id) for face in result.missing]
        more = {"from_portraits": result.from_portraits} if found.portraits else {}
        told = {"faces": result.faces, "missing": missing, "switched": result.switched, "failed": len(result.faults)}
        print(json.dumps(told | more))
    elif result.switched:
        left = f"; {result.from_portraits:,} are from their portraits" if result.from_portraits else ""
        left += f"; {len(result.missing):,} were dropped" if result.missing else ""
        print(f"The collection {given.collection} has {result.faces:,} faces of the pack {pack.manifest.name}{left}.")
        print(f"Start the server with --pack {pack.manifest.name}.")
    else:
        for face in result.missing[:SHOWN]:
            named = shown(face.external_image_id) if face.external_image_id else "a photograph without a name"
            print(f"missing: face {face.face_id} of {named}", file=sys.stderr)
        total = len(result.missing) + result.faces
        raise SetupError(
            f"{len(result.missing):,} of {total:,} faces were not found in {given.images or 'their portraits'}; "
            "the collection is unchanged. --report lists them; add their photographs and run the command again, or "
            "drop them with --allow-missing."
        )
    return 0 if result.switched else 1


def _source(settings: Settings, source: str) -> Any:
    from dataclasses import replace

    from mien import app
    from mien.image.source import S3
    from mien.transfer import csv_list, photographs

    if source.startswith("s3://"):
        bucket = source.removeprefix("s3://").partition("/")[0]
        s3 = replace(app.s3_settings(settings), buckets=(bucket,))  # the user of the command chose the bucket
        return photographs.of_bucket(S3(s3), source)
    path = Path(source)
    if path.is_dir():
        return photographs.of_folder(path)
    if path.suffix.lower() == ".csv":
        return csv_list.of_csv(path)
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

    total = sum(1 for _ in source.photographs()) if source.is_local else None
    return Progress("photographs", total)
