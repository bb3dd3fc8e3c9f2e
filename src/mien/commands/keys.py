"""`mien keys`: make, list and revoke access keys."""

import argparse
import json
from collections.abc import Callable
from typing import Any

from mien.config import Settings
from mien.errors import SetupError


def add_to(command: Callable[..., argparse.ArgumentParser], under: Any) -> None:
    """Add the family's commands."""
    create = command("create", _create, "make an access key and show its secret once", under)
    create.add_argument("--name", required=True, help="what the key is called")
    create.add_argument("--allow", default="*", help="operations, as patterns separated by commas (default *)")
    create.add_argument("--collections", default="*", help="collections, as patterns separated by commas (default *)")
    create.add_argument("--account", default=None, help="the account its collections belong to: 12 digits")
    create.add_argument("--rate", type=float, default=None, help="requests a second (default: no limit)")
    create.add_argument("--json", action="store_true", help="print JSON")
    command("list", _list, "list the access keys", under).add_argument("--json", action="store_true")
    command("revoke", _revoke, "make an access key useless from now on", under).add_argument("name")


def _create(settings: Settings, given: argparse.Namespace) -> None:
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


def _list(settings: Settings, given: argparse.Namespace) -> None:
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


def _revoke(settings: Settings, given: argparse.Namespace) -> None:
    from mien.store import open as stores

    if not stores.open_store(settings.store, settings.data).keys.revoke(given.name):
        raise SetupError(f"There is no key named {given.name} that is not revoked.")
    print(f"The key {given.name} is revoked.")
