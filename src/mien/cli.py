"""Parses the command line of `mien` and runs the command."""

import argparse
import dataclasses
import json
import logging
import os
import signal
import sys
from collections.abc import Sequence
from typing import Any

from mien import __version__, config
from mien.commands import copy as copy_command
from mien.commands import images as image_commands
from mien.commands import keys as key_commands
from mien.commands import live as live_command
from mien.commands import own_crowd as crowd_command
from mien.commands import packs as pack_commands
from mien.commands import people_commands, set_up
from mien.commands import ray as ray_commands
from mien.commands import sort as sort_command
from mien.commands import store as store_commands
from mien.commands import transfer as transfer_commands
from mien.commands import watch_films as watch_command
from mien.commands import who as who_command
from mien.config import Settings
from mien.errors import SetupError
from mien.measure.accuracy.options import add_flags

# Commands that serve, search or fill the store, with the pack of its collections where none is chosen.
OVER_THE_STORE = {"serve", "doctor", "search", "people", "who", "watch", "sort", "import"}


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a command; returns 0 for success, 1 for a failure that one sentence explains, 2 for wrong usage."""
    try:
        try:
            return _run(arguments)
        finally:
            if sys.stdout:
                sys.stdout.flush()
    except BrokenPipeError:  # the reader of the output, such as `head`, has closed it
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 128 + signal.SIGPIPE
    except KeyboardInterrupt:
        return 128 + signal.SIGINT


def _run(arguments: Sequence[str] | None) -> int:
    given = parser().parse_args(arguments)
    logging.getLogger("mien").addHandler(logging.NullHandler())  # commands print sentences; only `serve` logs
    flags = {row.name: getattr(given, row.name, None) for row in config.TABLE}
    try:
        chosen = config.given(flags, os.environ)
        settings = config.filled(chosen)
        if given.run in (_serve, _bench):
            _limit_blas()
        if "pack" not in chosen and (given.command in OVER_THE_STORE or given.run is pack_commands.install):
            settings = _remembering(settings, quiet=given.command == "serve")
        return int(given.run(settings, given) or 0)
    except SetupError as error:
        print(f"mien: {error}", file=sys.stderr)
        return 1


def _remembering(settings: Settings, quiet: bool) -> Settings:
    """Returns the settings with the pack that made the store's collections.

    Standard error names it, unless `quiet`: a server's has its log only, and its start names the pack.
    """
    from mien.packs import remembered
    from mien.store.upkeep import makers

    name = remembered.name(makers.contracts(settings.store, settings.data), settings.packs)
    if name in ("", settings.pack):
        return settings
    if not quiet:
        print(f"mien: the pack {name} made this store's collections; --pack chooses another", file=sys.stderr)
    return dataclasses.replace(settings, pack=name)


def parser() -> argparse.ArgumentParser:
    """Returns the parser, with every command and its flags."""
    settings = _settings()
    more = {
        "eval": "attributes",
        "bench": "workers",
        "import": "portraits",
        "watch": "portraits",
    }  # they mean more by these
    own = {name: _settings(without=setting) for name, setting in more.items()}
    top = argparse.ArgumentParser(prog="mien", description="Face recognition that speaks the AWS Rekognition API.")
    top.add_argument("--version", action="version", version=f"mien {__version__}")
    commands = top.add_subparsers(title="commands", required=True, metavar="COMMAND", dest="command")

    def command(name: str, run: Any, text: str, under: Any = None) -> argparse.ArgumentParser:
        made: argparse.ArgumentParser = (under or commands).add_parser(
            name, parents=[own.get(name, settings)], help=text, description=text
        )
        made.set_defaults(run=run)
        return made

    def family(name: str, text: str) -> Any:
        made = commands.add_parser(name, help=text, description=text)
        return made.add_subparsers(title="commands", required=True, metavar="COMMAND")

    command("serve", _serve, "start the server")
    doctor = command("doctor", _doctor, "show what would run, test it, and exit with 1 if something is broken")
    doctor.add_argument("--json", action="store_true", help="print JSON")
    bench = command("bench", _bench, "measure the speed of this machine, beside its bare network calls in the same run")
    _add_bench_flags(bench)
    evaluation = command("eval", _eval, "measure a pack's accuracy on a folder of people, and derive thresholds")
    add_flags(evaluation)
    key_commands.add_to(command, family("keys", "create, list and revoke access keys"))
    pack_commands.add_to(command, family("packs", "list, install, verify, export, import and add model packs"))
    store = family("store", "check, back up, restore, compact and copy the store")
    store_commands.add_to(command, store)
    copy_command.add_to(command, store)
    crowd_command.add_to(command)
    ray_commands.add_to(command, family("ray", "run nodes of Ray; mien does not spread galleries over them yet"))
    image_commands.add_to(command)
    live_command.add_to(command)
    people_commands.add_to(command, _settings(default=argparse.SUPPRESS))
    who_command.add_to(command)
    watch_command.add_to(command)
    sort_command.add_to(command)
    transfer_commands.add_to(command)
    set_up.add_to(command, parser)
    return top


def _settings(without: str = "", default: str | None = None) -> argparse.ArgumentParser:
    """Returns a parser of the settings' flags, for commands to take over; `default` stands for one not given."""
    settings = argparse.ArgumentParser(add_help=False)
    group = settings.add_argument_group("settings", "also as MIEN_* variables and in mien.toml")
    for row in config.TABLE:
        if row.name != without:
            usual, kind = (
                f" (default {row.default})" if row.default not in ("", None) else "",
                row.type.__name__.upper(),
            )
            group.add_argument(row.flag, dest=row.name, default=default, metavar=kind, help=row.help + usual)
    return settings


def _add_bench_flags(bench: argparse.ArgumentParser) -> None:
    bench.add_argument("--json", metavar="FILE", help="also write the rows to FILE as JSON")
    bench.add_argument("--images", metavar="FOLDER", help="photographs to measure with (JPEG or PNG)")
    bench.add_argument("--seconds", type=float, default=3.0, help="seconds for which each row is measured (default 3)")
    bench.add_argument("--clients", type=int, default=1, help="clients that call at the same time (default 1)")
    bench.add_argument(
        "--workers", dest="counts", metavar="NUMBERS",
        help="as the setting; of several numbers, as 1,2,4, compare servers of so many workers, in turns",
    )  # fmt: skip
    bench.add_argument(
        "--cached", action="store_true", help="use the server's image cache; each image is sent many times"
    )
    bench.add_argument(
        "--load",
        type=float,
        default=0.0,
        metavar="SHARE",
        help="then call at planned times, at this share of that rate",
    )
    bench.add_argument(
        "--gallery", metavar="FACES", help="instead, measure search in a gallery of this many faces, as 1e6"
    )
    bench.add_argument("--start", action="store_true", help="instead, measure a server's start-up time and memory")
    bench.add_argument(
        "--dropped",
        action="store_true",
        help="with --start: drop the system's file cache each time (Linux, root)",
    )


def _limit_blas() -> None:
    """Makes each thread multiply matrices by itself. Must be called before NumPy is loaded.

    OpenBLAS's own threads serve one caller at a time and spin meanwhile, which starves concurrent searches
    (`benchmarks/README.md`, "How a gallery is scanned").
    """
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


def _serve(settings: Settings, _: argparse.Namespace) -> None:
    from mien.workers import serve

    serve.serve(settings)


def _doctor(settings: Settings, given: argparse.Namespace) -> int:
    from mien import doctor

    findings = doctor.examine(settings)
    print(json.dumps(findings.as_dict(), indent=2) if given.json else findings.as_text())
    return 1 if findings.broken else 0


def _bench(settings: Settings, given: argparse.Namespace) -> None:
    from mien.measure.speed import request_bench, search_bench, startup_bench, workers_bench

    plan = request_bench.Plan(given.seconds, given.clients, given.load, given.cached)
    counts = workers_bench.counts(given.counts) if given.counts else []
    if len(counts) > 1:
        workers_bench.run(settings, given.images, counts, plan, given.json)
        return
    if counts:
        settings = dataclasses.replace(settings, workers=counts[0])
    if given.start:
        startup_bench.run(settings, given.images, given.json, given.dropped)
        return
    if given.gallery:
        search_bench.run(settings, given.gallery, given.images, given.seconds, given.json)
        return
    request_bench.run(settings, given.images, plan, given.json)


def _eval(settings: Settings, given: argparse.Namespace) -> None:
    from mien.measure.accuracy import command, options

    command.run(settings, options.options(given))
