"""Access keys under another master key, with a misread grant, or expired."""

import json
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from mien.access.authenticator import create_key
from mien.access.grant import Grant
from mien.store import open as stores
from mien.store.vault import Vault
from tests import live as servers
from tests.live import Live
from tests.locked import Key, Locked, mien


@pytest.fixture
def fresh(packs: str, tmp_path: Path) -> Iterator[Live]:
    """Starts a server without a key."""
    running = servers.serve(packs, tmp_path / "data")
    yield running
    running.stop()


def code(call: Any, **arguments: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    return str(caught.value.response["Error"]["Code"])


def test_a_first_key_is_not_made_under_another_master_key(fresh: Live, tmp_path: Path) -> None:
    """Seen: it was accepted, and the server answered 500 to everyone."""
    data = ("--data", str(fresh.data))
    done = mien("keys", "create", "--name", "first", *data, "--master-key", str(tmp_path / "other.key"))
    assert done.returncode == 1
    assert done.stderr.startswith("mien: A server on this store was started with another master key than ")
    assert "(--master-key)" in done.stderr
    fresh.client().list_collections()  # there is no key yet
    made = json.loads(mien("keys", "create", "--name", "first", "--json", *data).stdout)
    key = Key(made["aws_access_key_id"], made["aws_secret_access_key"])
    unlocked = Locked.__new__(Locked)
    unlocked.server = fresh
    unlocked.client(key).list_collections()


def test_a_key_of_another_master_key_is_its_callers_trouble_alone(fresh: Live, tmp_path: Path) -> None:
    """The key exists although the command refuses it, as with two servers of two master keys on one database."""
    locked = Locked(fresh)
    store = stores.open_store("", str(fresh.data))
    with closing(store.database):
        vault = Vault(tmp_path / "other.key")
        elsewhere = "MIENELSEWHERE"
        good = store.keys.all()[0]
        store.keys.add(replace(good, access_key=elsewhere, name="elsewhere", secret=vault.seal(b"secret", elsewhere)))
    client = locked.client(Key(elsewhere, "secret"))
    for _ in range(3):
        assert code(client.list_collections) == "UnrecognizedClientException"
        locked.client(locked.admin).list_collections()
    told = [line for line in fresh.log.read_text().splitlines() if '"a key cannot be used"' in line]
    assert len(told) == 1
    assert json.loads(told[0])["key"] == "elsewhere"
    assert "traceback" not in fresh.log.read_text()


def test_a_server_that_stopped_expects_no_master_key(packs: str, tmp_path: Path) -> None:
    servers.serve(packs, tmp_path / "data").stop()
    data, other = ("--data", str(tmp_path / "data")), str(tmp_path / "other.key")
    assert mien("keys", "create", "--name", "first", *data, "--master-key", other).returncode == 0
    running = servers.serve(packs, tmp_path / "data", "--master-key", other)
    assert running.stop() == 0


@pytest.mark.parametrize(
    ("flags", "sentence"),
    [
        (("--allow", "Foo*"), "No operation is called 'Foo*'; "),
        (("--allow", "ListFaces,,"), "No operation is called ''; "),
        (("--allow", "ListFaces\n"), "No operation is called 'ListFaces\\n'; "),
        (("--collections", "a,"), "'' matches no collections: "),
        (("--collections", "a\nb"), "'a\\nb' matches no collections: "),
        (("--buckets", "a,,b"), "'' matches no buckets: "),
        (("--rate", "nan"), "A rate is 0.001 to 1,000,000 requests a second, not nan; "),
        (("--rate", "inf"), "A rate is "),
        (("--rate", "1e400"), "A rate is "),
        (("--rate", "0"), "A rate is "),
        (("--rate=-1",), "A rate is "),
        (("--expires", "yesterday"), "A key's end is a day such as "),
        (("--expires", "2020-01-01"), "A key must end in the future; "),
        (("--account", ""), "An account is 12 digits, not ''."),
    ],
)
def test_a_grant_that_grants_something_else_is_refused(tmp_path: Path, flags: tuple[str, ...], sentence: str) -> None:
    done = mien("keys", "create", "--name", "x", "--data", str(tmp_path), *flags)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"mien: {sentence}")
    assert done.stderr.count("\n") == 1
    assert json.loads(mien("keys", "list", "--json", "--data", str(tmp_path)).stdout) == []


def test_a_space_after_a_comma_loses_no_operation(locked: Locked) -> None:
    """Seen: `--allow 'A, B'` lost B."""
    data = ("--data", str(locked.server.data))
    flags = ("--name", "spaced", "--allow", "ListFaces, ListCollections", "--collections", " a-* , b-*", "--json")
    made = json.loads(mien("keys", "create", *data, *flags).stdout)
    client = locked.client(Key(made["aws_access_key_id"], made["aws_secret_access_key"]))
    client.list_collections()
    assert code(client.list_faces, CollectionId="b-1") == "ResourceNotFoundException"


def test_a_key_ends_when_it_was_said_to(locked: Locked) -> None:
    key = locked.key("ending", expires=time.time() + 3)
    client = locked.client(key)
    client.list_collections()
    wrong = locked.client(Key(key.id, "wrong"))
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        try:
            client.list_collections()
        except ClientError as error:
            assert error.response["Error"] == {
                "Code": "ExpiredTokenException", "Message": "The security token included in the request is expired",
            }  # fmt: skip
            break
        time.sleep(0.2)
    else:
        raise AssertionError
    assert code(wrong.list_collections) == "InvalidSignatureException"  # only who has the secret is told
    (row,) = (row for row in listed(locked) if row["name"] == "ending")
    assert row["expired"] is True
    assert row["expires"] >= row["created"]


def test_a_keys_last_use_is_shown(locked: Locked) -> None:
    key = locked.key("used")
    assert shown(locked, "used")["last_used"] is None
    locked.client(Key(key.id, "wrong"))
    assert code(locked.client(Key(key.id, "wrong")).list_collections) == "InvalidSignatureException"
    assert shown(locked, "used")["last_used"] is None  # whoever knows the id alone does not use it
    locked.client(key).list_collections()
    deadline = time.monotonic() + 10
    while shown(locked, "used")["last_used"] is None:
        assert time.monotonic() < deadline


def listed(locked: Locked) -> list[dict[str, Any]]:
    done = mien("keys", "list", "--json", "--data", str(locked.server.data))
    return list(json.loads(done.stdout))


def shown(locked: Locked, name: str) -> dict[str, Any]:
    (row,) = (row for row in listed(locked) if row["name"] == name)
    return row


def test_a_key_that_another_process_makes_meanwhile_is_under_the_same_master_key(fresh: Live) -> None:
    """The server creates the master key when it starts, so that the first key is sealed with it."""
    assert (fresh.data / "master.key").stat().st_mode & 0o777 == 0o600
    store = stores.open_store("", str(fresh.data))
    with closing(store.database):
        made = Key(*create_key(store.keys, Vault(fresh.data / "master.key"), "first", Grant()))
    unlocked = Locked.__new__(Locked)
    unlocked.server = fresh
    unlocked.client(made).list_collections()
