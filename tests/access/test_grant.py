"""A grant is what the operator wrote, or a sentence that says what to write."""

from datetime import UTC, datetime
from typing import Any

import pytest

from mien.access.grant import Grant, moment, patterns
from mien.errors import SetupError

NOW = datetime(2026, 5, 6, 12, 30, 15, tzinfo=UTC)


def refused(**grant: Any) -> str:
    with pytest.raises(SetupError) as caught:
        Grant(**grant).check("ci", NOW.timestamp())
    return str(caught.value)


def test_spaces_around_patterns_are_not_part_of_them() -> None:
    assert patterns("IndexFaces, Search* ,\tListFaces") == ("IndexFaces", "Search*", "ListFaces")


@pytest.mark.parametrize(
    "pattern",
    ["Foo*", "", " ", "indexfaces", "Index Faces", "IndexFaces\n", "\nIndexFaces", "IndexFaces,", "Index[", "é"],
)
def test_a_pattern_that_no_operation_has_is_refused(pattern: str) -> None:
    sentence = refused(operations=("ListFaces", pattern))
    assert sentence.startswith(f"No operation is called {pattern!r}; ")
    assert "CompareFaces, CreateCollection" in sentence


@pytest.mark.parametrize(
    "pattern", ["CreateFaceLivenessSession", "StartFaceLivenessSession", "*FaceLiveness*", "Start*"]
)
def test_a_key_may_be_allowed_liveness_sessions_alone(pattern: str) -> None:
    Grant(operations=(pattern,)).check("ci", NOW.timestamp())


@pytest.mark.parametrize("what", ["collections", "buckets"])
@pytest.mark.parametrize(
    "pattern", ["", " ", "a b", "a\n", "\na", "a,b", "a[", "a]", "[]", "a/b", "é*", "a" * 256, "a\0"]
)
def test_a_pattern_that_no_name_can_match_is_refused(what: str, pattern: str) -> None:
    assert refused(**{what: ("a", pattern)}).startswith(f"{pattern!r} matches no {what}: ")


@pytest.mark.parametrize("pattern", ["*", "team-a-*", "a", "[ab]*", "[!a-c]?.x_Y", "a" * 255])
def test_a_pattern_that_names_can_match_is_taken(pattern: str) -> None:
    Grant(collections=(pattern,), buckets=(pattern,)).check("ci", NOW.timestamp())


@pytest.mark.parametrize("rate", ["nan", "inf", "-inf", "0", "-0.0", "-1", "1e400", "1e-400", "1e-9", "1e7"])
def test_a_rate_that_is_none_is_refused(rate: str) -> None:
    assert refused(rate=float(rate)).startswith("A rate is 0.001 to 1,000,000 requests a second, not ")
    Grant(rate=0.5).check("ci", NOW.timestamp())


@pytest.mark.parametrize("account", ["", "12", "1234567890123", "12345678901a", "١٢٣٤٥٦٧٨٩٠١٢", "123456789012\n"])
def test_an_account_is_twelve_digits(account: str) -> None:
    assert refused(account=account) == f"An account is 12 digits, not {account!r}."


@pytest.mark.parametrize("name", ["", "a b", "a,b", "a\n", "\n", "é", "a" * 65, "a\0", "-" * 65])
def test_a_name_is_letters_digits_and_a_few_signs(name: str) -> None:
    with pytest.raises(SetupError, match="A key's name is 1 to 64 letters"):
        Grant().check(name, NOW.timestamp())


def test_a_key_with_an_account_of_its_own_reads_no_bucket_until_it_is_told_which() -> None:
    assert Grant().readable == ("*",)
    assert Grant(account="123456789012").readable == ()
    assert Grant(account="123456789012", buckets=("a-*",)).readable == ("a-*",)
    assert Grant(buckets=()).readable == ()


@pytest.mark.parametrize(
    ("text", "end"),
    [
        ("36h", "2026-05-08T00:30:15+00:00"),
        ("90d", "2026-08-04T12:30:15+00:00"),
        ("2w", "2026-05-20T12:30:15+00:00"),
        ("1y", "2027-05-06T12:30:15+00:00"),
        ("2026-05-06", "2026-05-07T00:00:00+00:00"),
        ("2027-03-01T12:00", "2027-03-01T12:00:00+00:00"),
        ("2027-03-01 12:00:30+02:00", "2027-03-01T10:00:30+00:00"),
        ("2027-03-01T12:00Z", "2027-03-01T12:00:00+00:00"),
    ],
)
def test_an_end_is_a_day_a_moment_or_a_duration(text: str, end: str) -> None:
    assert datetime.fromtimestamp(moment(text, NOW), UTC).isoformat() == end


@pytest.mark.parametrize(
    "text",
    ["", "soon", "90", "d", "-1d", "1.5d", "90 d", "90D", "999999y", "9999-12-31", "2026-02-30", "nan", "٩d", "1d\n"],
)
def test_an_end_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(SetupError, match="A key's end is a day such as"):
        moment(text, NOW)


@pytest.mark.parametrize("text", ["0d", "2026-05-05", "2026-05-06T12:30:15", "1970-01-01"])
def test_an_end_in_the_past_is_refused(text: str) -> None:
    assert refused(expires=moment(text, NOW)).startswith("A key must end in the future; ")
