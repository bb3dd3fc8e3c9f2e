"""The `mien` command: a thin skin over the rest."""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from typing import Any

from mien import __version__, config
from mien.commands import look as look_commands
from mien.commands import packs as pack_commands
from mien.commands import transfer as transfer_commands
from mien.config import Settings
from mien.errors import SetupError
from mien.evaluate.options import add_flags


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; its exit code. 0 went well, 1 mien cannot do it (one sentence says why), 2 wrong usage."""
    given = parser().parse_args(arguments)
    flags = {row.name: getattr(given, row.name, None) for row in config.TABLE}
    try:
        return int(given.run(config.load(flags, os.environ), given) or 0)
    except SetupError as error:
        print(f"mien: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def parser() -> argparse.ArgumentParser:
    """Every command with its flags."""
    settings = argparse.ArgumentParser(add_help=False)
    group = settings.add_argument_group("settings", "also as MIEN_* variables and in mien.toml")
    for row in config.TABLE:
        default = f" (default {row.default})" if row.default not in ("", None) else ""
        group.add_argument(row.flag, dest=row.name, metavar=row.type.__name__.upper(), help=row.help + default)
    top = argparse.ArgumentParser(prog="mien", description="Face recognition that speaks the AWS Rekognition API.")
    top.add_argument("--version", action="version", version=f"mien {__version__}")
    commands = top.add_subparsers(title="commands", required=True, metavar="COMMAND")

    def command(name: str, run: Any, text: str, under: Any = None) -> argparse.ArgumentParser:
        made: argparse.ArgumentParser = (under or commands).add_parser(
            name, parents=[settings], help=text, description=text
        )
        made.set_defaults(run=run)
        return made

    command("serve", _serve, "start the server")
    doctor = command("doctor", _doctor, "say what would run, try it, and exit with 1 when something is broken")
    doctor.add_argument("--json", action="store_true", help="print JSON")
    bench = command("bench", _bench, "measure this machine, beside the bare network calls in the same run")
    bench.add_argument("--json", metavar="FILE", help="also write the rows to FILE as JSON")
    bench.add_argument("--images", metavar="FOLDER", help="photographs to measure with (JPEG or PNG)")
    bench.add_argument("--seconds", type=float, default=3.0, help="how long each row is measured (default 3)")
    bench.add_argument("--clients", type=int, default=1, help="how many call at the same time (default 1)")
    bench.add_argument(
        "--gallery", metavar="FACES", help="measure search in a gallery of so many faces, as 1e6, instead"
    )
    evaluation = command("eval", _eval, "measure a pack on a folder of people, and the thresholds that follow from it")
    add_flags(evaluation)
    keys = commands.add_parser("keys", help="make, list and revoke access keys").add_subparsers(
        title="commands", required=True, metavar="COMMAND"
    )
    create = command("create", _keys_create, "make an access key and show its secret once", keys)
    create.add_argument("--name", required=True, help="what the key is called")
    create.add_argument("--allow", default="*", help="operations, as patterns separated by commas (default *)")
    create.add_argument("--collections", default="*", help="collections, as patterns separated by commas (default *)")
    create.add_argument("--account", default=None, help="the account its collections belong to: 12 digits")
    create.add_argument("--rate", type=float, default=None, help="requests a second (default: no limit)")
    create.add_argument("--json", action="store_true", help="print JSON")
    command("list", _keys_list, "list the access keys", keys).add_argument("--json", action="store_true")
    command("revoke", _keys_revoke, "make an access key useless from now on", keys).add_argument("name")
    packs = commands.add_parser("packs", help="list, install, verify, carry and add model packs").add_subparsers(
        title="commands", required=True, metavar="COMMAND"
    )
    pack_commands.add_to(command, packs)
    look_commands.add_to(command)
    transfer_commands.add_to(command)
    return top


def _serve(settings: Settings, _: argparse.Namespace) -> None:
    from mien import app

    app.serve(settings)


def _doctor(settings: Settings, given: argparse.Namespace) -> int:
    from mien import doctor

    findings = doctor.examine(settings)
    print(json.dumps(findings.as_dict(), indent=2) if given.json else findings.as_text())
    return 1 if findings.broken else 0


def _bench(settings: Settings, given: argparse.Namespace) -> None:
    from mien.bench import galleries, serving

    if given.gallery:
        galleries.run(settings, given.gallery, given.images, given.seconds, given.json)
        return
    serving.run(settings, given.images, given.seconds, given.json, given.clients)


def _eval(settings: Settings, given: argparse.Namespace) -> None:
    from mien.evaluate import command, options

    command.run(settings, options.options(given))


def _keys_create(settings: Settings, given: argparse.Namespace) -> None:
    from mien import app
    from mien.operations.context import ACCOUNT
    from mien.store import open as stores
    from mien.wire.access import Grant, create_key

    operations, collections = tuple(given.allow.split(",")), tuple(given.collections.split(","))
    grant = Grant(operations, collections, given.rate, given.account or ACCOUNT)
    store = stores.open_store(settings.store, settings.data)
    access_key, secret = create_key(store.keys, app.vault(settings), given.name, grant)
    if given.json:
        print(json.dumps({"name": given.name, "aws_access_key_id": access_key, "aws_secret_access_key": secret}))
        return
    print(f"aws_access_key_id = {access_key}\naws_secret_access_key = {secret}\nThe secret is not shown again.")


def _keys_list(settings: Settings, given: argparse.Namespace) -> None:
    from mien.store import open as stores

    rows = [
        {
            "name": key.name,
            "aws_access_key_id": key.access_key,
            "account": key.account,
            "allow": ",".join(key.operations),
            "collections": ",".join(key.collections),
            "rate": key.rate,
            "revoked": key.revoked is not None,
        }
        for key in stores.open_store(settings.store, settings.data).keys.all()
    ]
    if given.json:
        print(json.dumps(rows, indent=2))
        return
    for row in rows:
        limits = f"allow {row['allow']}, collections {row['collections']}, rate {row['rate'] or 'unlimited'}"
        print(f"{row['name']}  {row['aws_access_key_id']}  account {row['account']}, {limits}", end="")
        print("  REVOKED" if row["revoked"] else "")


def _keys_revoke(settings: Settings, given: argparse.Namespace) -> None:
    from mien.store import open as stores

    if not stores.open_store(settings.store, settings.data).keys.revoke(given.name):
        raise SetupError(f"There is no key named {given.name} that is not revoked.")
    print(f"The key {given.name} is revoked.")
