"""Runs `mien store copy`: copies a store to another place or engine, such as from SQLite to PostgreSQL."""

import argparse
from contextlib import ExitStack, closing
from typing import Any

from mien.commands.packs import Command
from mien.commands.store import StoreProgress
from mien.config import Settings
from mien.errors import SetupError


def add_to(command: Command, store: Any) -> None:
    """Adds the command to the family `store`."""
    text = "copy a store into an empty one and compare the two; run again, it resumes (no server may run on either)"
    made = command("copy", run, text, store)
    made.add_argument("source", metavar="FROM", help="sqlite:///PATH or postgresql://…")
    made.add_argument("target", metavar="TO", help="the address of the copy, as FROM")


def run(settings: Settings, given: argparse.Namespace) -> None:
    """Copies a store."""
    from mien.packs import own
    from mien.store import open as stores
    from mien.store.upkeep.copy import transfer
    from mien.store.upkeep.schema import refuse_foreign
    from mien.transfer import validation

    for address in (given.source, given.target):
        if not stores.is_shared(address) and not address.startswith("sqlite:///"):
            raise SetupError("Name a store to copy by its address: sqlite:///PATH or postgresql://HOST/DATABASE.")
    if not stores.is_shared(given.source) and not stores.place(given.source, settings.data).exists():
        raise SetupError(f"There is no store at {stores.place(given.source, settings.data)}.")
    shown = StoreProgress()
    with ExitStack() as stack:
        for address in (given.source, given.target):
            if not stores.is_shared(address):
                stack.callback(stores.lock(address, settings.data).release)
        if not stores.is_shared(given.source):  # before migrating it, which would run its triggers
            place = stores.place(given.source, settings.data)
            refuse_foreign(place, place)
        source, target = (
            stack.enter_context(closing(stores.open_store(address, settings.data).database))
            for address in (given.source, given.target)
        )
        validation.refuse(source, own.dimensions(settings.packs), shown)
        validation.refuse_embeddings(source)
        shown.end()
        transfer(source, target, print)
        print(
            f"{source.describe()} was copied to {target.describe()}. Access keys were copied unchanged: servers "
            "on the copy need the master key of the original."
        )
