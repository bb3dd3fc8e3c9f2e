"""Page tokens: a listing in pages is the listing, whatever the pages' size and the names in it."""

import hashlib
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mien.errors import InvalidPaginationTokenError
from mien.operations.paging import Listed, Page
from mien.store.base import Point
from mien.store.tables.page_keys import SIZE


class Sealing:
    """Seals as a store does, with a key of the test's own."""

    def __init__(self, key: bytes) -> None:
        self.key = key

    def seal(self, text: bytes) -> bytes:
        return hashlib.blake2b(text, key=self.key, digest_size=SIZE).digest()

    def fits(self, text: bytes, seal: bytes) -> bool:
        return self.seal(text) == seal


SEALING = Sealing(b"one")
IDS = st.text(string.ascii_letters + string.digits + "_.-:", min_size=1, max_size=255)


@given(st.lists(IDS, unique=True, max_size=30), st.integers(1, 7))
def test_pages_join_to_the_whole(names: list[str], size: int) -> None:
    names.sort()
    seen: list[str] = []
    token = None
    for _ in range(len(names) + 1):
        page = Page(SEALING, token, size, 1000, "listing")
        after = page.after if page.key is None else names[page.key]
        assert (after or "").startswith(page.after or "")
        rest = [name for name in names if after is None or name > after]
        shown, token = page.cut(rest[: page.limit + 1], str, key=names.index)
        seen += shown
        assert len(shown) <= size
        if token is None:
            break
        assert len(token) <= 255  # what the API takes
        assert set(token) <= set(string.ascii_letters + string.digits)
    assert seen == names
    assert token is None


@given(IDS, st.text(max_size=255))
def test_a_text_that_is_no_token_is_refused(last: str, text: str) -> None:
    _, token = Page(SEALING, None, 1, 1, "listing", "a").cut([last, "more"], str)
    assert token is not None
    assert last.startswith(Page(SEALING, token, 1, 1, "listing", "a").after or "")
    if text != token:
        with pytest.raises(InvalidPaginationTokenError):
            Page(SEALING, text, 1, 1, "listing", "a")


@given(IDS, st.integers(0, 254), st.sampled_from(string.printable))
def test_a_changed_token_is_refused(last: str, place: int, letter: str) -> None:
    _, token = Page(SEALING, None, 1, 1, "listing").cut([last, "more"], str)
    assert token is not None
    changed = token[: place % len(token)] + letter + token[place % len(token) + 1 :]
    if changed != token:
        with pytest.raises(InvalidPaginationTokenError):
            Page(SEALING, changed, 1, 1, "listing")


@given(IDS, st.integers(1, 2**63 - 1), st.integers(0, 2**63 - 1))
def test_a_token_is_short_whatever_it_has_to_say(last: str, key: int, history: int) -> None:
    within = Listed(Point(2**40, history), lambda seen: seen == Point(2**40, history))
    _, token = Page(SEALING, None, 1, 1, "listing", within=within).cut([last[:40], "more"], str)
    assert token
    assert len(token) <= 255
    assert Page(SEALING, token, 1, 1, "listing", within=within).cut(["last"], str) == (["last"], None)
    elsewhere = Listed(within.at, lambda seen: False)
    with pytest.raises(InvalidPaginationTokenError):
        Page(SEALING, token, 1, 1, "listing", within=elsewhere).cut(["last"], str)
    _, token = Page(SEALING, None, 1, 1, "listing").cut([last, "more"], str, key=lambda _: key)
    assert token
    assert len(token) <= 255


def test_what_another_key_sealed_is_refused() -> None:
    _, token = Page(Sealing(b"two"), None, 1, 1, "listing").cut(["a", "b"], str)
    with pytest.raises(InvalidPaginationTokenError):
        Page(SEALING, token, 1, 1, "listing")


def test_a_token_is_bound_to_its_listing() -> None:
    _, token = Page(SEALING, None, 1, 1, "ListFaces", "7", "", "").cut(["a", "b"], str)
    for other in (("ListUsers", "7", "", ""), ("ListFaces", "8", "", ""), ("ListFaces", "7", "ann", "")):
        with pytest.raises(InvalidPaginationTokenError):
            Page(SEALING, token, 1, 1, *other)


@pytest.mark.parametrize(("wanted", "limit"), [(None, 50), (0, 50), (1, 1), (50, 50)])
def test_none_and_zero_mean_the_default(wanted: int | None, limit: int) -> None:
    assert Page(SEALING, None, wanted, 50, "listing").limit == limit
