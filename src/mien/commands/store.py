"""Runs `mien store check`, `backup`, `verify`, `restore` and `compact`."""

import argparse
import json
import sys
import time
from contextlib import closing
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import Any

from mien.commands.packs import Command
from mien.config import Settings
from mien.errors import SetupError

MOST_FAULTS = 20  # rows listed that break a constraint of the API
PORTRAIT_KEYS = "The keys of portraits are not in it either: --keys writes them to a file to keep beside master.key."
KEYS = "It contains the access keys but not the master key that decrypts them: keep a copy of master.key elsewhere."


def add_to(command: Command, store: Any) -> None:
    """Adds the commands to the family `store`."""
    _json(command("check", check, "check that the store is consistent; works while a server runs", store))
    made = command("backup", backup, "copy the store to a file and check the copy; works while a server runs", store)
    made.add_argument("file", metavar="FILE")
    made.add_argument("--keys", metavar="KEYS", help="write the keys of portraits, which are not in FILE, to this file")
    made.add_argument("--force", action="store_true", help="replace the files if they exist")
    _json(made)
    text = "try a backup as a restore would, on a copy that is removed: every row's checksum, schema and counts"
    made = command("verify", verify, text, store)
    made.add_argument("file", metavar="FILE")
    made.add_argument("--folder", metavar="FOLDER", help="where the copy lies meanwhile (default: the data directory)")
    _json(made)
    text = "replace the store by a backup; the previous store is kept beside it (no server may run)"
    made = command("restore", restore, text, store)
    made.add_argument("file", metavar="FILE")
    made.add_argument(
        "--keys", metavar="KEYS", help="the keys of portraits (default: those of the store that is replaced)"
    )
    made.add_argument(
        "--force",
        action="store_true",
        help="also restore an inconsistent backup, or when the store from before an earlier restore is still kept",
    )
    _json(made)
    text = "return the space of deleted data to the system, and trim its history (no server may run; needs free disk)"
    _json(command("compact", compact, text, store))


def _json(made: argparse.ArgumentParser) -> None:
    made.add_argument("--json", action="store_true", help="print JSON")


def check(settings: Settings, given: argparse.Namespace) -> int:
    """Checks the store and prints a line for each problem; returns 1 if there is one."""
    from mien.operations.user_changes import combine
    from mien.store import open as stores
    from mien.store.engines.sqlite import SqliteDatabase
    from mien.store.upkeep import checksums
    from mien.store.upkeep.backup import damage
    from mien.store.upkeep.check import examine
    from mien.transfer import validation

    if not stores.is_shared(settings.store) and not stores.place(settings.store, settings.data).exists():
        raise SetupError(f"There is no store at {stores.place(settings.store, settings.data)}.")
    shown = StoreProgress()
    with closing(stores.open_store(settings.store, settings.data).database) as database:
        findings = damage(database) if isinstance(database, SqliteDatabase) else []
        if not findings:
            checksums.complete(database, shown)  # rows of an older version have none yet
            findings = examine(database, combine, shown)
            findings += islice(validation.faults(database, shown), MOST_FAULTS)
    shown.end()
    if given.json:
        print(json.dumps({"findings": findings}, indent=2))
    else:
        print("\n".join(findings) or "The store is consistent.")
    return 1 if findings else 0


def backup(settings: Settings, given: argparse.Namespace) -> int:
    """Copies the store to a file; returns 1 if the copy is inconsistent."""
    from mien.operations.user_changes import combine
    from mien.store.upkeep import backup as files

    place, target, shown = _place(settings, "pg_dump"), Path(given.file), StoreProgress()
    keys = Path(given.keys) if given.keys else None
    findings = files.backup(place, target, force=given.force, combine=combine, tell=shown, keys=keys)
    shown.end()
    size = target.stat().st_size
    if given.json:
        print(json.dumps({"file": str(target), "bytes": size, "findings": findings}, indent=2))
    else:
        print(f"{target} is a checked copy of the store, {size / 2**20:.1f} MiB. {KEYS}")
        print(f"The keys of portraits are in {keys}." if keys else PORTRAIT_KEYS)
        for finding in findings:
            print(f"mien: {finding}", file=sys.stderr)
        if findings:
            print("mien: The copy is exact, but the store itself is inconsistent: see above.", file=sys.stderr)
    return 1 if findings else 0


def verify(settings: Settings, given: argparse.Namespace) -> int:
    """Tries a backup as a restore would; returns 1 if it does not hold together."""
    from mien.operations.user_changes import combine
    from mien.packs import own
    from mien.store.upkeep import backup as files
    from mien.system import private
    from mien.transfer import validation

    folder, shown = Path(given.folder or settings.data), StoreProgress()
    if not given.folder:
        folder.mkdir(mode=private.FOLDER, parents=True, exist_ok=True)
    findings, held = files.verify(
        Path(given.file), folder, combine=combine, tell=shown,
        refuse=lambda database: validation.refuse(database, own.dimensions(settings.packs), shown),
    )  # fmt: skip
    shown.end()
    if given.json:
        print(json.dumps({"findings": findings, **asdict(held)}, indent=2))
    else:
        print("\n".join(findings) or f"{given.file} is sound: {_counts(held)}. `mien store restore` would take it.")
    return 1 if findings else 0


def _counts(held: Any) -> str:
    return ", ".join(f"{count:,} {name}" for name, count in asdict(held).items())


def restore(settings: Settings, given: argparse.Namespace) -> None:
    """Replaces the store by a backup."""
    from mien import app
    from mien.operations.user_changes import combine
    from mien.packs import own
    from mien.store import open as stores
    from mien.store.tables.portraits import Portraits
    from mien.store.upkeep import backup as files
    from mien.store.upkeep import key_ring
    from mien.transfer import validation

    place, shown, lost = _place(settings, "pg_restore"), StoreProgress(), list[int]()
    held = stores.lock(settings.store, settings.data)
    try:
        keys = key_ring.read(Path(given.keys)) if given.keys else key_ring.of_store(place)
        aside = files.restore(
            Path(given.file), place, force=given.force, combine=combine, tell=shown,
            refuse=lambda database: validation.refuse(database, own.dimensions(settings.packs), shown),
            mend=lambda database: lost.append(key_ring.put(Portraits(database, app.vault(settings)), keys)),
        )  # fmt: skip
    finally:
        held.release()
    shown.end()
    if given.json:
        told = {"store": str(place), "aside": str(aside) if aside else None, "portraits_lost": sum(lost)}
        print(json.dumps(told, indent=2))
        return
    print(f"{place} was restored from {given.file}." + (f" The previous store is {aside}." if aside else ""))
    print("Access keys are those of the backup, including any revoked since, and need the master key of that time.")
    if sum(lost):
        print(f"{sum(lost):,} portraits were dropped: no key opens them. Their faces are there.")


def compact(settings: Settings, given: argparse.Namespace) -> None:
    """Returns the space of deleted data to the system."""
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
        f"{place} went from {freed.before / 2**20:.1f} MiB to {freed.after / 2**20:.1f} MiB; {freed.removals} "
        f"records of deletions and {freed.tokens} old tokens were removed."
    )


def _place(settings: Settings, instead: str) -> Path:
    """Returns the path of the SQLite file.

    Raises:
        SetupError: the store is PostgreSQL; the message recommends its tool `instead`.
    """
    from mien.store import open as stores

    if stores.is_shared(settings.store):
        raise SetupError(f"This store is a PostgreSQL database; use PostgreSQL's {instead}.")
    return stores.place(settings.store, settings.data)


class StoreProgress:
    """Shows progress on standard error: one changing line on a terminal, a line every 10 seconds elsewhere."""

    def __init__(self) -> None:
        self._terminal = sys.stderr.isatty()
        self._last = 0.0 if self._terminal else time.monotonic()

    def __call__(self, what: str, done: int, total: int) -> None:
        """Shows that `done` of `total` are done."""
        now = time.monotonic()
        if now - self._last < (0.1 if self._terminal else 10):
            return
        self._last = now
        text = f"{what}: {done:,} of {total:,} ({done / max(total, 1):.0%})"
        print(f"\r\x1b[K{text}" if self._terminal else text, end="" if self._terminal else "\n", file=sys.stderr)

    def end(self) -> None:
        """Clears the line."""
        if self._terminal:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
