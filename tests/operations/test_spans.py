"""Stretches of the alphabet hold what patterns match, and as little else as can be."""

import fnmatch
import itertools
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mien.operations.spans import Span, spans

LETTERS = string.ascii_letters + string.digits + "_.-"
NAMES = st.text(LETTERS, min_size=1, max_size=5)
PATTERNS = st.text("aAzZ09_.-*?", min_size=1, max_size=4) | st.sampled_from(["[ab]*", "a[!b]", "z[a-c]?"])


@given(st.lists(PATTERNS, min_size=1, max_size=4), st.text("aAbzZ09_.-", min_size=1, max_size=5))
def test_what_a_pattern_matches_lies_in_a_span(patterns: list[str], name: str) -> None:
    within = [span for span in spans(patterns) if span.low <= name < span.high]
    assert len(within) <= 1
    assert within or not any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)


@given(st.lists(PATTERNS, min_size=1, max_size=6))
def test_spans_are_in_order_and_apart(patterns: list[str]) -> None:
    found = spans(patterns)
    assert all(before.high < after.low for before, after in itertools.pairwise(found))


@pytest.mark.parametrize(
    ("patterns", "found"),
    [
        (["*"], [Span("", "\x7f")]),
        (["*x", "a"], [Span("", "\x7f")]),
        (["team-a-*"], [Span("team-a-", "team-a.")]),
        (["a"], [Span("a", "a\0")]),
        (["b*", "a*"], [Span("a", "c")]),
        (["a*", "ab*", "abc"], [Span("a", "b")]),
        (["z?", "a[bc]"], [Span("a", "b"), Span("z", "{")]),
        ([], []),
    ],
)
def test_a_span_is_a_patterns_fixed_beginning(patterns: list[str], found: list[Span]) -> None:
    assert spans(patterns) == found
