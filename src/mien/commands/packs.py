"""Runs `mien packs`: lists, installs, verifies, exports, imports and adds model packs."""

import argparse
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mien import config
from mien.config import Settings
from mien.errors import SetupError

if TYPE_CHECKING:
    from mien.engine.session import Session
    from mien.packs.kinds import Pack

NOT_CHOSEN = 3  # exit code: the default pack could not be obtained, and was not chosen explicitly

Command = Callable[..., argparse.ArgumentParser]


def add_to(command: Command, packs: Any) -> None:
    """Adds the commands to the family `packs`."""
    made = command("list", show, "list the packs with their licences and files", packs)
    made.add_argument("--json", action="store_true", help="print JSON")
    made = command("install", install, "find or download a pack's files", packs)
    made.add_argument("name", nargs="?", help="the pack (default: the one that the settings name, and attributes)")
    _accept(made)
    made = command(
        "verify", verify, "check a pack's files against their digests, and its networks against stored answers", packs
    )
    made.add_argument("name", nargs="?", help="the pack (default: every pack that is installed)")
    made = command("checks", checks, "print the [checks] of a pack's manifest, as computed on this machine", packs)
    made.add_argument("name", nargs="?", help="the pack (default: the one that the settings name)")
    made = command("export", export, "write a pack to a folder, for a machine without a network", packs)
    made.add_argument("folder", metavar="DIR")
    made.add_argument("name", nargs="?", help="the pack (default: the one that the settings name)")
    made = command("import", take, "install the packs that `mien packs export` wrote to a folder", packs)
    made.add_argument("folder", metavar="DIR")
    _accept(made)
    made = command("add", add, "test and add a pack of your own", packs)
    made.add_argument("manifest", metavar="FILE.toml")
    _accept(made)


def _accept(made: argparse.ArgumentParser) -> None:
    made.add_argument("--accept-license", action="store_true", help="accept a licence that forbids commercial use")


def show(settings: Settings, given: argparse.Namespace) -> None:
    """Lists the packs."""
    from mien.packs import listing

    rows = listing.rows(settings.packs)
    print(json.dumps(rows, indent=2) if given.json else listing.as_text(rows))


def install(settings: Settings, given: argparse.Namespace) -> int:
    """Finds or downloads a pack's files; returns NOT_CHOSEN when only the default pack is missing.

    Without a name it also installs the attribute set, unless the settings let no attribute be measured.
    """
    from mien.packs import analyst, install, kinds

    if given.name:
        _install(kinds.named(given.name, settings.packs), settings, given.accept_license)
        return 0
    entry = kinds.named(settings.pack, settings.packs)
    install.check_license(entry, given.accept_license)
    try:
        _install(entry, settings, given.accept_license)
    except install.WrongDigestError:
        raise
    except SetupError as error:
        if "pack" in config.given({"pack": given.pack}, os.environ):
            raise
        print(f"mien: {error}", file=sys.stderr)
        return NOT_CHOSEN
    try:
        if analyst.allowed(settings.attributes):
            _install(kinds.named(analyst.SET, settings.packs), settings, given.accept_license)
    except SetupError as error:  # mien serves without attributes
        print(f"mien: {error}", file=sys.stderr)
    return 0


def _install(entry: "Pack", settings: Settings, accepted: bool) -> None:
    from mien.packs import install

    install.check_license(entry, accepted)
    files = install.install(entry, settings.packs, accepted)
    if any(file.bring for file in entry.files):
        files = install.keep(entry, files)
    print(f"The pack {entry.name} is in {next(iter(files.values())).parent}.")


def verify(settings: Settings, given: argparse.Namespace) -> int:
    """Verifies packs against their digests and stored answers; returns 1 if one fails."""
    from mien.packs import install, kinds

    entries = [kinds.named(given.name, settings.packs)] if given.name else list(kinds.known(settings.packs).values())
    broken, held = False, 0
    for entry in entries:
        try:
            files = install.find(entry, settings.packs)
            if files is None:
                if given.name:
                    raise SetupError(f"The pack {entry.name} is not installed; run `mien packs install {entry.name}`.")
                continue
            sessions = _opened(entry, settings)
        except SetupError as error:
            print(f"mien: {error}", file=sys.stderr)
            broken = True
            continue
        held += 1
        answers = "answer as expected" if entry.checks else "answer, but no expected answers are stored"
        runtime = next(iter(sessions.values())).describe()
        print(
            f"{entry.name}: {len(files)} files as published, {len(sessions)} networks {answers}, on "
            f"{runtime.engine} {runtime.version} ({runtime.precision})."
        )
    if not (held or broken):
        raise SetupError("No pack is installed; run `mien packs install`.")
    return 1 if broken else 0


def _opened(entry: "Pack", settings: Settings) -> "dict[str, Session]":
    """Returns the networks of a pack of any kind after its start-up check."""
    from mien import app
    from mien.packs import deferred
    from mien.packs.network_set import NetworkSet

    if not isinstance(entry, NetworkSet):
        return app.open_pack(settings, entry.name).sessions
    return {role: each.open() for role, each in deferred.deferred(entry, settings).items()}


def checks(settings: Settings, given: argparse.Namespace) -> None:
    """Prints the `[checks]` of a pack's manifest."""
    from mien import app
    from mien.packs import deferred, kinds
    from mien.packs.network_set import NetworkSet

    entry = kinds.named(given.name or settings.pack, settings.packs)
    if isinstance(entry, NetworkSet):
        prints = deferred.fingerprints(deferred.deferred(entry, settings, checked=False))
    else:
        prints = app.open_pack_unchecked(settings, entry.name).fingerprints()
    print("[checks]")
    for name, values in prints.items():
        print(f"{name} = {[round(float(value), 4) for value in values]}")


def export(settings: Settings, given: argparse.Namespace) -> None:
    """Writes a pack to a folder."""
    from mien.packs import bundle, kinds

    entry = kinds.named(given.name or settings.pack, settings.packs)
    place = bundle.export_pack(entry, settings.packs, Path(given.folder))
    print(f"The pack {entry.name} is in {place}; on the other machine, run `mien packs import {given.folder}`.")


def take(_: Settings, given: argparse.Namespace) -> None:
    """Installs packs from a folder."""
    from mien.packs import bundle

    for entry in bundle.import_packs(Path(given.folder), given.accept_license):
        print(f"The pack {entry.name} is installed.")


def add(settings: Settings, given: argparse.Namespace) -> None:
    """Tests and adds a pack of the user's own."""
    from mien.engine import choice
    from mien.packs import own

    entry = own.add(Path(given.manifest), settings.packs, choice.engine(settings), given.accept_license)
    print(f"The pack {entry.name} works and is added, FaceModelVersion {entry.model_version}.")
    if entry.calibration:
        print(f"Serve it with `mien serve --pack {entry.name}`.")
    else:
        print(
            f"Before it serves, measure what its cosines mean: `mien eval FOLDER --pack {entry.name} --calibrate FILE`."
        )
