"""Runs `mien keys`: creates, lists and revokes access keys."""

import argparse
import json
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from mien.config import Settings
from mien.errors import SetupError

if TYPE_CHECKING:
    from mien.store.tables.keys import StoredKey


def add_to(command: Callable[..., argparse.ArgumentParser], under: Any) -> None:
    """Adds the commands to the family `keys`."""
    create = command("create", _create, "create an access key and show its secret once", under)
    create.add_argument("--name", required=True, help="the name of the key")
    create.add_argument("--allow", default="*", help="operations, as patterns separated by commas (default *)")
    create.add_argument("--collections", default="*", help="collections, as patterns separated by commas (default *)")
    create.add_argument(
        "--buckets",
        help="S3 buckets of s3_buckets that it may use, as patterns separated by commas; '' for none "
        "(default *, but none with --account)",
    )
    create.add_argument("--account", default=None, help="the account that owns its collections: 12 digits")
    create.add_argument("--rate", type=float, default=None, help="requests a second (default: no limit)")
    create.add_argument("--expires", help="when it expires: a day (2027-03-01) or a duration, as 90d (default: never)")
    create.add_argument("--json", action="store_true", help="print JSON")
    command("list", _list, "list the access keys", under).add_argument("--json", action="store_true")
    command("revoke", _revoke, "revoke an access key from now on", under).add_argument("name")


def _create(settings: Settings, given: argparse.Namespace) -> None:
    from mien import app
    from mien.access.authenticator import create_key
    from mien.access.grant import Grant, moment, patterns
    from mien.operations.context import ACCOUNT
    from mien.store import open as stores

    grant = Grant(
        operations=patterns(given.allow),
        collections=patterns(given.collections),
        rate=given.rate,
        account=ACCOUNT if given.account is None else given.account,
        buckets=None if given.buckets is None else patterns(given.buckets) if given.buckets.strip() else (),
        expires=None if given.expires is None else moment(given.expires, datetime.now(UTC)),
    )
    store = stores.open_store(settings.store, settings.data)
    with closing(store.database):
        access_key, secret = create_key(store.keys, app.vault(settings), given.name, grant)
    if given.json:
        print(json.dumps({"name": given.name, "aws_access_key_id": access_key, "aws_secret_access_key": secret}))
        return
    print(f"aws_access_key_id = {access_key}\naws_secret_access_key = {secret}\nThe secret is not shown again.")


def _list(settings: Settings, given: argparse.Namespace) -> None:
    from mien.store import open as stores

    store = stores.open_store(settings.store, settings.data)
    with closing(store.database):
        rows = [_row(key) for key in store.keys.all()]
    if given.json:
        print(json.dumps(rows, indent=2))
        return
    for row in rows:
        limits = (
            f"allow {row['allow']}, collections {row['collections']}, buckets {row['buckets'] or 'none'}, "
            f"rate {row['rate'] or 'unlimited'}"
        )
        times = (
            f"created {row['created']}, last used {row['last_used'] or 'never'}, expires {row['expires'] or 'never'}"
        )
        print(f"{row['name']}  {row['aws_access_key_id']}  account {row['account']}, {limits}, {times}", end="")
        print("  REVOKED" if row["revoked"] else "  EXPIRED" if row["expired"] else "")


def _row(key: "StoredKey") -> dict[str, Any]:
    return {
        "name": key.name,
        "aws_access_key_id": key.access_key,
        "account": key.account,
        "allow": ",".join(key.operations),
        "collections": ",".join(key.collections),
        "buckets": ",".join(key.buckets),
        "rate": key.rate,
        "created": _time(key.created),
        "last_used": _time(key.used),
        "expires": _time(key.expires),
        "expired": key.expires is not None and key.expires <= datetime.now(UTC).timestamp(),
        "revoked": key.revoked is not None,
    }


def _time(moment: float | None) -> str | None:
    """Formats a time to the second in UTC, as 2027-03-01T12:00:00Z."""
    return None if moment is None else datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _revoke(settings: Settings, given: argparse.Namespace) -> None:
    from mien.store import open as stores

    store = stores.open_store(settings.store, settings.data)
    with closing(store.database):
        revoked = store.keys.revoke(given.name)
    if not revoked:
        raise SetupError(f"No active key is named {given.name}.")
    print(f"The key {given.name} is revoked.")
