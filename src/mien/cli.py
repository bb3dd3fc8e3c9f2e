"""The `mien` command: a thin skin over the rest."""

import argparse
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
from mien.commands import packs as pack_commands
from mien.commands import store as store_commands
from mien.commands import transfer as transfer_commands
from mien.config import Settings
from mien.errors import SetupError
from mien.measure.accuracy.options import add_flags


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; its exit code. 0 went well, 1 mien cannot do it (one sentence says why), 2 wrong usage."""
    try:
        try:
            return _run(arguments)
        finally:
            if sys.stdout:
                sys.stdout.flush()
    except BrokenPipeError:  # what reads the output, such as `head`, has enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 128 + signal.SIGPIPE
    except KeyboardInterrupt:
        return 128 + signal.SIGINT


def _run(arguments: Sequence[str] | None) -> int:
    given = parser().parse_args(arguments)
    logging.getLogger("mien").addHandler(logging.NullHandler())  # a command speaks in sentences; `serve` logs
    flags = {row.name: getattr(given, row.name, None) for row in config.TABLE}
    try:
        return int(given.run(config.load(flags, os.environ), given) or 0)
    except SetupError as error:
        print(f"mien: {error}", file=sys.stderr)
        return 1


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

    def family(name: str, text: str) -> Any:
        made = commands.add_parser(name, help=text, description=text)
        return made.add_subparsers(title="commands", required=True, metavar="COMMAND")

    command("serve", _serve, "start the server")
    doctor = command("doctor", _doctor, "say what would run, try it, and exit with 1 when something is broken")
    doctor.add_argument("--json", action="store_true", help="print JSON")
    bench = command("bench", _bench, "measure this machine, beside the bare network calls in the same run")
    _add_bench_flags(bench)
    evaluation = command("eval", _eval, "measure a pack on a folder of people, and the thresholds that follow from it")
    add_flags(evaluation)
    key_commands.add_to(command, family("keys", "make, list and revoke access keys"))
    pack_commands.add_to(command, family("packs", "list, install, verify, carry and add model packs"))
    store = family("store", "check, back up, restore, compact and copy the store")
    store_commands.add_to(command, store)
    copy_command.add_to(command, store)
    image_commands.add_to(command)
    transfer_commands.add_to(command)
    return top


def _add_bench_flags(bench: argparse.ArgumentParser) -> None:
    bench.add_argument("--json", metavar="FILE", help="also write the rows to FILE as JSON")
    bench.add_argument("--images", metavar="FOLDER", help="photographs to measure with (JPEG or PNG)")
    bench.add_argument("--seconds", type=float, default=3.0, help="how long each row is measured (default 3)")
    bench.add_argument("--clients", type=int, default=1, help="how many call at the same time (default 1)")
    bench.add_argument("--cached", action="store_true", help="let the server remember images, each sent many times")
    bench.add_argument(
        "--load", type=float, default=0.0, metavar="SHARE", help="then call at planned times, at so much of that rate"
    )
    bench.add_argument(
        "--gallery", metavar="FACES", help="measure search in a gallery of so many faces, as 1e6, instead"
    )
    bench.add_argument(
        "--start", action="store_true", help="measure how soon a server answers, and its memory, instead"
    )
    bench.add_argument(
        "--dropped", action="store_true", help="with --start: drop the system's cache of files each time (Linux, root)"
    )


def _alone() -> None:
    """Have each thread multiply matrices by itself, since many do at the same time. Before NumPy is loaded.

    OpenBLAS's own threads serve one caller at a time and spin meanwhile: 16 threads that search 5,000 faces get 29
    answers a second with them and 3,000 without (`benchmarks/README.md`).
    """
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


def _serve(settings: Settings, _: argparse.Namespace) -> None:
    _alone()
    from mien import app

    app.serve(settings)


def _doctor(settings: Settings, given: argparse.Namespace) -> int:
    from mien import doctor

    findings = doctor.examine(settings)
    print(json.dumps(findings.as_dict(), indent=2) if given.json else findings.as_text())
    return 1 if findings.broken else 0


def _bench(settings: Settings, given: argparse.Namespace) -> None:
    _alone()
    from mien.measure.speed import request_bench, search_bench, startup_bench

    if given.start:
        startup_bench.run(settings, given.images, given.json, given.dropped)
        return
    if given.gallery:
        search_bench.run(settings, given.gallery, given.images, given.seconds, given.json)
        return
    plan = request_bench.Plan(given.seconds, given.clients, given.load, given.cached)
    request_bench.run(settings, given.images, plan, given.json)


def _eval(settings: Settings, given: argparse.Namespace) -> None:
    from mien.measure.accuracy import command, options

    command.run(settings, options.options(given))
