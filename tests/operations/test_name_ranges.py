"""Stretches of the alphabet hold what patterns match, and as little else as can be."""

import fnmatch
import itertools
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mien.operations.name_ranges import NameRange, name_ranges

LETTERS = string.ascii_letters + string.digits + "_.-"
NAMES = st.text(LETTERS, min_size=1, max_size=5)
PATTERNS = st.text("aAzZ09_.-*?", min_size=1, max_size=4) | st.sampled_from(["[ab]*", "a[!b]", "z[a-c]?"])


@given(st.lists(PATTERNS, min_size=1, max_size=4), st.text("aAbzZ09_.-", min_size=1, max_size=5))
def test_what_a_pattern_matches_lies_in_a_span(patterns: list[str], name: str) -> None:
    within = [span for span in name_ranges(patterns) if span.low <= name < span.high]
    assert len(within) <= 1
    assert within or not any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)


@given(st.lists(PATTERNS, min_size=1, max_size=6))
def test_spans_are_in_order_and_apart(patterns: list[str]) -> None:
    found = name_ranges(patterns)
    assert all(before.high < after.low for before, after in itertools.pairwise(found))


@pytest.mark.parametrize(
    ("patterns", "found"),
    [
        (["*"], [NameRange("", "\x7f")]),
        (["*x", "a"], [NameRange("", "\x7f")]),
        (["team-a-*"], [NameRange("team-a-", "team-a.")]),
        (["a"], [NameRange("a", "a\0")]),
        (["b*", "a*"], [NameRange("a", "c")]),
        (["a*", "ab*", "abc"], [NameRange("a", "b")]),
        (["z?", "a[bc]"], [NameRange("a", "b"), NameRange("z", "{")]),
        ([], []),
    ],
)
def test_a_span_is_a_patterns_fixed_beginning(patterns: list[str], found: list[NameRange]) -> None:
    assert name_ranges(patterns) == found
