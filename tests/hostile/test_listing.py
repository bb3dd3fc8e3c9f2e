"""A key lists the few collections that it may see among very many."""

import re
import time
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from mien.operations.collection import MOST_READ
from mien.store import open as stores
from mien.store.base import Cursor
from tests import live as servers
from tests.locked import Key, Locked

MANY = 50_000
MEANWHILE = 1.0  # seconds that a page may take on a busy machine; without the patterns' beginnings it takes more


@pytest.fixture(scope="module")
def crowded(packs: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Locked]:
    """Starts a server with very many collections, x-00000 and so on, and a few that keys may see."""
    data = tmp_path_factory.mktemp("crowded") / "data"
    few = ["a-one", "m-one", "m-two", "x-25000-mine", "z-one"]

    def fill(cursor: Cursor) -> None:
        cursor.run_many(
            "INSERT INTO collections (account, name, contract, model_version, created) VALUES (?, ?, 'c', 'v', 0)",
            [("000000000000", name) for name in (*(f"x-{number:05}" for number in range(MANY)), *few)],
        )

    store = stores.open_store("", str(data))
    with closing(store.database):
        store.database.write(fill)
    server = servers.serve(packs, data)
    yield Locked(server)
    server.stop()


def pages(client: Any, **asked: Any) -> list[list[str]]:
    found: list[list[str]] = []
    token: dict[str, str] = {}
    while True:
        began = time.perf_counter()
        answer = client.list_collections(**asked, **token)
        assert time.perf_counter() - began < MEANWHILE
        found.append(answer["CollectionIds"])
        assert len(answer["CollectionIds"]) == len(answer["FaceModelVersions"])
        if "NextToken" not in answer:
            return found
        token = {"NextToken": answer["NextToken"]}
        assert re.fullmatch(r"[a-zA-Z0-9]{1,255}", answer["NextToken"])


@pytest.mark.parametrize(
    ("patterns", "seen"),
    [
        (("m-one",), ["m-one"]),
        (("m-*",), ["m-one", "m-two"]),
        (("z-*", "a-*", "m-t*", "m-*"), ["a-one", "m-one", "m-two", "z-one"]),
        (("x-25000-*",), ["x-25000-mine"]),
        (("nothing-*",), []),
    ],
)
def test_a_key_that_sees_one_of_very_many_lists_it_at_once(
    crowded: Locked, patterns: tuple[str, ...], seen: list[str]
) -> None:
    client = crowded.client(key(crowded, patterns))
    assert pages(client) == [seen]
    if seen:
        assert pages(client, MaxResults=1) == [[name] for name in seen]


@pytest.mark.parametrize("patterns", [("*-mine",), ("*e-mine", "[x]-2*-mine", "?-?5000-mine")])
def test_a_pattern_without_a_beginning_gives_short_pages(crowded: Locked, patterns: tuple[str, ...]) -> None:
    client = crowded.client(key(crowded, patterns))
    for asked in ({}, {"MaxResults": 1}, {"MaxResults": 10}):
        found = pages(client, **asked)
        assert [name for page in found for name in page] == ["x-25000-mine"]
        assert len(found) >= MANY // MOST_READ


def test_what_ends_a_short_page_is_not_told(crowded: Locked) -> None:
    """A page token can be read, so it contains no name that the key may not see."""
    from mien.operations.paging import _from_base62

    client = crowded.client(key(crowded, ("*-mine",)))
    answer = client.list_collections()
    assert b"x-0" not in _from_base62(answer["NextToken"])


def test_who_sees_all_gets_full_pages(crowded: Locked) -> None:
    found = pages(crowded.client(crowded.admin))
    assert [len(page) for page in found[:-1]] == [4096] * (len(found) - 1)
    names = [name for page in found for name in page]
    assert names == sorted(names)
    assert len(names) == len(set(names)) == MANY + 5


def key(locked: Locked, patterns: tuple[str, ...]) -> Key:
    return locked.key(f"k{time.monotonic_ns()}", collections=patterns)
