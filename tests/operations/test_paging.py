"""Page tokens: a listing in pages is the listing, whatever the pages' size and the names in it."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mien.errors import InvalidPaginationTokenError
from mien.operations.paging import Page

IDS = st.text(string.ascii_letters + string.digits + "_.-:", min_size=1, max_size=255)


@given(st.lists(IDS, unique=True, max_size=30), st.integers(1, 7))
def test_pages_join_to_the_whole(names: list[str], size: int) -> None:
    names.sort()
    seen: list[str] = []
    token = None
    for _ in range(len(names) + 1):
        page = Page(token, size, 1000, "listing")
        rest = [name for name in names if page.after is None or name > page.after]
        shown, token = page.cut(rest[: page.limit + 1], str)
        seen += shown
        assert len(shown) <= size
        if token is None:
            break
        assert len(token) <= 255  # what the API takes
    assert seen == names
    assert token is None


@given(IDS, st.text(max_size=255))
def test_a_text_that_is_no_token_is_refused(last: str, text: str) -> None:
    _, token = Page(None, 1, 1, "listing", "a").cut([last, "more"], str)
    assert token is not None
    assert Page(token, 1, 1, "listing", "a").after == last
    if text != token:
        with pytest.raises(InvalidPaginationTokenError):
            Page(text, 1, 1, "listing", "a")


@given(IDS, st.integers(0, 254), st.sampled_from(string.printable))
def test_a_changed_token_is_refused(last: str, place: int, letter: str) -> None:
    _, token = Page(None, 1, 1, "listing").cut([last, "more"], str)
    assert token is not None
    changed = token[: place % len(token)] + letter + token[place % len(token) + 1 :]
    if changed != token:
        with pytest.raises(InvalidPaginationTokenError):
            Page(changed, 1, 1, "listing")


def test_a_token_is_bound_to_its_listing() -> None:
    _, token = Page(None, 1, 1, "ListFaces", "7", "", "").cut(["a", "b"], str)
    for other in (("ListUsers", "7", "", ""), ("ListFaces", "8", "", ""), ("ListFaces", "7", "ann", "")):
        with pytest.raises(InvalidPaginationTokenError):
            Page(token, 1, 1, *other)


@pytest.mark.parametrize(("wanted", "limit"), [(None, 50), (0, 50), (1, 1), (50, 50)])
def test_none_and_zero_mean_the_default(wanted: int | None, limit: int) -> None:
    assert Page(None, wanted, 50, "listing").limit == limit
