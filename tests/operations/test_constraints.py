"""Broken constraints are told in AWS's grammar, up to ten, at their path."""

from typing import Annotated, Any

import msgspec
import pytest

from mien.operations.constraints import REQUIRED, Enum, Length, Pattern, Range, broken
from mien.operations.shapes import QualityFilter, Shape, TagMap


class Inner(Shape):
    bucket: Annotated[str, Length(3, 5)] | None = None
    blob: Annotated[bytes, Length(1, 4)] | None = None


class Outer(Shape):
    collection_id: Annotated[str, Length(1, 8), Pattern(r"[a-z]+")] = REQUIRED
    image: Inner = REQUIRED
    face_ids: Annotated[list[Annotated[str, Pattern("[0-9a-f]+")]], Length(1, 12)] | None = None
    max_faces: Annotated[int, Range(1, 4096)] | None = None
    threshold: Annotated[float, Range(0, 100)] | None = None
    quality_filter: QualityFilter | None = None
    tags: TagMap | None = None


def told(**members: Any) -> list[str]:
    given = {"CollectionId": "people", "Image": {}} | members
    return broken(msgspec.convert({name: value for name, value in given.items() if value is not None}, Outer))


def failed(value: str, path: str, words: str) -> str:
    return f"Value {value} at '{path}' failed to satisfy constraint: {words}"


@pytest.mark.parametrize(
    ("members", "value", "path", "words"),
    [
        ({"CollectionId": None}, "null", "collectionId", "Member must not be null"),
        ({"Image": None}, "null", "image", "Member must not be null"),
        ({"CollectionId": "toolongname"}, "'toolongname'", "collectionId",
         "Member must have length less than or equal to 8"),
        ({"CollectionId": "A b"}, "'A b'", "collectionId", "Member must satisfy regular expression pattern: [a-z]+"),
        ({"CollectionId": "ok\n"}, "'ok\n'", "collectionId", "Member must satisfy regular expression pattern: [a-z]+"),
        ({"Image": {"Bucket": "x"}}, "'x'", "image.bucket", "Member must have length greater than or equal to 3"),
        ({"Image": {"Blob": b""}}, "'java.nio.HeapByteBuffer[pos=0 lim=0 cap=0]'", "image.blob",
         "Member must have length greater than or equal to 1"),
        ({"Image": {"Blob": b"12345"}}, "'java.nio.HeapByteBuffer[pos=0 lim=5 cap=5]'", "image.blob",
         "Member must have length less than or equal to 4"),
        ({"FaceIds": []}, "'[]'", "faceIds", "Member must have length greater than or equal to 1"),
        ({"FaceIds": ["0a", "0G"]}, "'0G'", "faceIds.2.member",
         "Member must satisfy regular expression pattern: [0-9a-f]+"),
        ({"MaxFaces": 0}, "'0'", "maxFaces", "Member must have value greater than or equal to 1"),
        ({"MaxFaces": 4097}, "'4097'", "maxFaces", "Member must have value less than or equal to 4096"),
        ({"Threshold": 100.5}, "'100.5'", "threshold", "Member must have value less than or equal to 100"),
        ({"Threshold": -1.0}, "'-1.0'", "threshold", "Member must have value greater than or equal to 0"),
        ({"QualityFilter": "BEST"}, "'BEST'", "qualityFilter",
         "Member must satisfy enum value set: [NONE, AUTO, LOW, MEDIUM, HIGH]"),
    ],
)  # fmt: skip
def test_a_broken_constraint_is_told_in_awss_words(members: dict[str, Any], value: str, path: str, words: str) -> None:
    assert told(**members) == [failed(value, path, words)]


def test_what_keeps_every_constraint_is_not_complained_of() -> None:
    assert told(FaceIds=["0"] * 12, MaxFaces=4096, Threshold=0.0, QualityFilter="AUTO", Tags={"a": ""}) == []


def test_an_empty_text_breaks_its_length_and_its_pattern() -> None:
    assert told(CollectionId="") == [
        failed("''", "collectionId", "Member must have length greater than or equal to 1"),
        failed("''", "collectionId", "Member must satisfy regular expression pattern: [a-z]+"),
    ]


def test_no_more_than_ten_are_told() -> None:
    assert len(told(FaceIds=["G"] * 12, MaxFaces=0, CollectionId=None)) == 10


@pytest.mark.parametrize(
    ("key", "allowed"),
    [("project", True), ("größe", True), ("日本 語", True), ("a:b/c=d+e-f@g", True), ("aws:x", False), ("a#b", False)],
)
def test_a_tags_key_may_have_the_letters_of_any_script(key: str, allowed: bool) -> None:
    assert (told(Tags={key: "x"}) == []) is allowed


@pytest.mark.parametrize(
    ("pattern", "taken", "refused"),
    [
        (r"(0|[1-9]\d{0,2})\.\d", ("1.0", "0.9", "123.4"), ("1.0\n", "1.\u0663", "1\uff10.0", "01.0")),
        (r"\S*", ("", "a/b", "\u00a0", "\u3000", "\u00fc"), (" ", "a\tb", "a\n", "\v", "\f", "\r")),
    ],
)
def test_digits_and_spaces_are_those_of_ascii(pattern: str, taken: tuple[str, ...], refused: tuple[str, ...]) -> None:
    """As in Java, whose patterns the model has."""
    assert [each for each in taken if Pattern(pattern).broken_by(each)] == []
    assert [each for each in refused if not Pattern(pattern).broken_by(each)] == []


def test_a_dash_after_a_range_is_a_dash() -> None:
    rule = Pattern("^[a-zA-Z0-9-_]+$")
    assert rule.broken_by("a-b_C9") is None
    assert rule.broken_by("a:b") is not None
    assert rule.broken_by("a/b") is not None


def test_every_word_of_an_enum_is_allowed() -> None:
    rule = Enum(("A", "B"))
    assert [rule.broken_by(word) is None for word in ("A", "B", "a", "")] == [True, True, False, False]
