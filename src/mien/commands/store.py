"""`mien store check`, `backup`, `restore` and `compact`."""

import argparse
import json
import sys
import time
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Any

from mien.commands.packs import Command
from mien.config import Settings
from mien.errors import SetupError

KEYS = "Access keys are in it as they were; the master key that they need is not: keep a copy of master.key elsewhere."


def add_to(command: Command, store: Any) -> None:
    """Add the commands to the family `store`."""
    _json(command("check", check, "hold every part of the store against every other; works while a server runs", store))
    made = command("backup", backup, "copy the store to a file, while a server runs, and try the copy", store)
    made.add_argument("file", metavar="FILE")
    made.add_argument("--force", action="store_true", help="replace FILE if it is there")
    _json(made)
    text = "put a backup in the store's place; the store that was there is kept aside (no server may run)"
    made = command("restore", restore, text, store)
    made.add_argument("file", metavar="FILE")
    made.add_argument(
        "--force",
        action="store_true",
        help="also when the backup does not hold together, or a store of an earlier restore is aside",
    )
    _json(made)
    text = "give back the space of what was deleted, and trim its history (no server may run; needs free disk)"
    _json(command("compact", compact, text, store))


def _json(made: argparse.ArgumentParser) -> None:
    made.add_argument("--json", action="store_true", help="print JSON")


def check(settings: Settings, given: argparse.Namespace) -> int:
    """Print what is wrong with the store, a line each; 1 when something is."""
    from mien.operations.user import combine
    from mien.store import open as stores
    from mien.store.engines.sqlite import SqliteDatabase
    from mien.store.upkeep import checksums
    from mien.store.upkeep.backup import damage
    from mien.store.upkeep.check import examine

    if not stores.is_shared(settings.store) and not stores.place(settings.store, settings.data).exists():
        raise SetupError(f"There is no store at {stores.place(settings.store, settings.data)}.")
    shown = StoreProgress()
    with closing(stores.open_store(settings.store, settings.data).database) as database:
        findings = damage(database) if isinstance(database, SqliteDatabase) else []
        if not findings:
            checksums.complete(database, shown)  # what an older mien kept has none yet
            findings = examine(database, combine, shown)
    shown.end()
    if given.json:
        print(json.dumps({"findings": findings}, indent=2))
    else:
        print("\n".join(findings) or "Everything in the store agrees.")
    return 1 if findings else 0


def backup(settings: Settings, given: argparse.Namespace) -> int:
    """Copy the store to a file; 1 when what was copied does not hold together."""
    from mien.operations.user import combine
    from mien.store.upkeep import backup as files

    place, target, shown = _place(settings, "pg_dump"), Path(given.file), StoreProgress()
    findings = files.backup(place, target, force=given.force, combine=combine, tell=shown)
    shown.end()
    size = target.stat().st_size
    if given.json:
        print(json.dumps({"file": str(target), "bytes": size, "findings": findings}, indent=2))
    else:
        print(f"{target} has the store as it was a moment ago, {size / 2**20:.1f} MiB, and was tried. {KEYS}")
        for finding in findings:
            print(f"mien: {finding}", file=sys.stderr)
        if findings:
            print("mien: The copy is true, but the store does not hold together: see above.", file=sys.stderr)
    return 1 if findings else 0


def restore(settings: Settings, given: argparse.Namespace) -> None:
    """Put a backup in the store's place."""
    from mien.operations.user import combine
    from mien.packs import own
    from mien.store import open as stores
    from mien.store.upkeep import backup as files
    from mien.transfer import validation

    place, shown = _place(settings, "pg_restore"), StoreProgress()
    held = stores.lock(settings.store, settings.data)
    try:
        aside = files.restore(
            Path(given.file), place, force=given.force, combine=combine, tell=shown,
            refuse=lambda database: validation.refuse(database, own.dimensions(settings.packs), shown),
        )  # fmt: skip
    finally:
        held.release()
    shown.end()
    if given.json:
        print(json.dumps({"store": str(place), "aside": str(aside) if aside else None}, indent=2))
        return
    print(f"{place} is the backup {given.file} now." + (f" The store before it is {aside}." if aside else ""))
    print("Access keys are those of the backup, revoked ones since then too, and need the master key of that time.")


def compact(settings: Settings, given: argparse.Namespace) -> None:
    """Give back space."""
    from mien.store import open as stores
    from mien.store.upkeep import compact as files

    place, shown = _place(settings, "VACUUM"), StoreProgress()
    held = stores.lock(settings.store, settings.data)
    try:
        freed = files.compact(place, shown)
    finally:
        held.release()
    shown.end()
    if given.json:
        print(json.dumps(asdict(freed), indent=2))
        return
    print(
        f"{place} was {freed.before / 2**20:.1f} MiB and is {freed.after / 2**20:.1f} MiB; {freed.removals} records of "
        f"what was removed and {freed.tokens} old tokens are gone."
    )


def _place(settings: Settings, instead: str) -> Path:
    """Where the SQLite file lies.

    Raises:
        SetupError: the store is not SQLite; `instead` is what its own tool is called.
    """
    from mien.store import open as stores

    if stores.is_shared(settings.store):
        raise SetupError(f"This store is a PostgreSQL database; use its own {instead}.")
    return stores.place(settings.store, settings.data)


class StoreProgress:
    """How far it is, on standard error: one line that changes on a terminal, a plain line now and then elsewhere."""

    def __init__(self) -> None:
        self._terminal = sys.stderr.isatty()
        self._last = 0.0 if self._terminal else time.monotonic()

    def __call__(self, what: str, done: int, total: int) -> None:
        """Show that `done` of `total` is done."""
        now = time.monotonic()
        if now - self._last < (0.1 if self._terminal else 10):
            return
        self._last = now
        text = f"{what}: {done:,} of {total:,} ({done / max(total, 1):.0%})"
        print(f"\r\x1b[K{text}" if self._terminal else text, end="" if self._terminal else "\n", file=sys.stderr)

    def end(self) -> None:
        """Leave the line."""
        if self._terminal:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
