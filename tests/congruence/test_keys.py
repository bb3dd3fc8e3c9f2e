"""Access keys as they are kept."""

import time
from dataclasses import replace

from mien.store.open import Store
from mien.store.tables.keys import StoredKey

KEY = StoredKey("MIENAAAA", "ci", "123456789012", b"\x00sealed\xff", ("Index*", "Search*"), ("team-*",), 2.5, 1e9, None)


def test_a_key_comes_back_as_it_was_given(store: Store) -> None:
    assert not store.keys.any()
    assert store.keys.find("MIENAAAA") is None
    assert store.keys.add(KEY)
    assert store.keys.find("MIENAAAA") == KEY
    assert store.keys.find("mienaaaa") is None
    assert store.keys.any()


def test_a_name_is_taken_once(store: Store) -> None:
    assert store.keys.add(KEY)
    assert not store.keys.add(replace(KEY, access_key="MIENBBBB"))
    assert store.keys.all() == [KEY]


def test_keys_are_listed_the_oldest_first(store: Store) -> None:
    for number, created in enumerate((3.0, 1.0, 2.0)):
        store.keys.add(replace(KEY, access_key=f"K{number}", name=f"n{number}", created=created, rate=None))
    assert [key.name for key in store.keys.all()] == ["n1", "n2", "n0"]
    assert {key.rate for key in store.keys.all()} == {None}


def test_a_revoked_key_stays_to_be_seen_and_opens_no_door(store: Store) -> None:
    store.keys.add(KEY)
    assert not store.keys.revoke("somebody")
    before = time.time()
    assert store.keys.revoke("ci")
    assert not store.keys.revoke("ci")
    (kept,) = store.keys.all()
    assert kept.revoked is not None
    assert before <= kept.revoked <= time.time()
    assert store.keys.any()  # so that revoking the last key does not let everyone in


def test_a_key_keeps_what_it_reads_when_it_ends_and_when_it_was_used(store: Store) -> None:
    kept = replace(KEY, buckets=("a-*", "b"), expires=2e9, used=None)
    store.keys.add(kept)
    assert store.keys.find(KEY.access_key) == kept
    store.keys.note_uses({KEY.access_key: 1.5e9})
    assert store.keys.all() == [replace(kept, used=1.5e9)]


def test_a_first_key_is_expected_under_the_last_servers_master_key(store: Store) -> None:
    assert store.keys.expected() == frozenset()
    store.keys.expect(b"one")
    store.keys.expect(b"other")
    assert store.keys.expected() == {b"other"}
    store.keys.expect_no_more(b"one")
    assert store.keys.expected() == {b"other"}
    store.keys.expect_no_more(b"other")
    assert store.keys.expected() == frozenset()
