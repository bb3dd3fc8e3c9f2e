"""No body takes more memory than three times its size, and each is answered with a named error."""

import base64
import json
import tracemalloc
from collections.abc import Callable

import msgspec
import pytest

from mien.app import OPERATIONS
from mien.errors import ApiError, SerializationError, ValidationError
from mien.wire import awsjson
from tests.contract.bad.row import FACE

MOST = 4 << 20  # bytes of a body here
SURPLUS = 4 << 20  # bytes beside: 4,096 entries at their longest
REQUESTS = {name: OPERATIONS[name].request for name in ("IndexFaces", "DeleteFaces", "TagResource", "UntagResource")}
MEMBERS = (
    "CollectionId",
    "Image",
    "FaceIds",
    "Tags",
    "TagKeys",
    "DetectionAttributes",
    "MaxFaces",
    "Other",
    "ResourceArn",
)


def filled(entry: str | Callable[[int], str], around: str = "[]") -> str:
    """Returns a list or map with as many entries as a body may have."""
    if isinstance(entry, str):
        return around[0] + ",".join([entry] * (MOST // (len(entry.encode()) + 1))) + around[1]
    return around[0] + ",".join(entry(number) for number in range(MOST // (len(entry(10**6)) + 1))) + around[1]


VALUES: dict[str, Callable[[], str]] = {
    "lists": lambda: filled("[]"),
    "empty texts": lambda: filled('""'),
    "texts of two letters": lambda: filled('"ab"'),
    "texts with a wide letter": lambda: filled(f'"{"x" * 60}\U0001f600"'),
    "texts of commas": lambda: filled('",,,,,,,"'),
    "face ids": lambda: filled(f'"{FACE}"'),
    "nulls": lambda: filled("null"),
    "objects with a null": lambda: filled('{"a":null}'),
    "numbers": lambda: filled("1.5"),
    "a text, then numbers": lambda: '["a",' + filled("1")[1:],
    "a map of nulls": lambda: filled(lambda number: f'"{number}":null', "{}"),
    "a map of texts": lambda: filled(lambda number: f'"{number}":"a"', "{}"),
    "a map of one name": lambda: filled('"a":"b"', "{}"),
    "a map of one text": lambda: '{"a":"' + "x" * MOST + '"}',
    "a long text": lambda: '"' + "x" * MOST + '"',
    "a long wide text": lambda: '"' + "x" * MOST + '\U0001f600"',
    "a long text of escapes": lambda: '"' + r"\ud83d\ude00" * (MOST // 12) + '"',
    "a long text of quotes": lambda: '"' + r"\"" * (MOST // 2) + '"',
    "a list of one long text": lambda: '["' + "x" * MOST + '\U0001f600"]',
    "a long number": lambda: "1" * MOST,
    "a long fraction": lambda: "0." + "1" * MOST,
    "spaces": lambda: "[" + " " * MOST + '"a"]',
    "base64": lambda: json.dumps({"Bytes": "A" * MOST}),
    "base64 in lines": lambda: json.dumps({"Bytes": base64.encodebytes(bytes(MOST // 2)).decode()}),
    "no base64": lambda: json.dumps({"Bytes": "*" * MOST}),
    "no base64, and wide": lambda: json.dumps({"Bytes": "*" * (MOST - 12) + "\U0001f600"}, ensure_ascii=False),
    "many images": lambda: filled('"Bytes":"AAAA"', "{}"),
    "a bucket": lambda: '{"S3Object":{"Bucket":"' + "b" * MOST + '"}}',
    "deep": lambda: "[" * MOST,
}


def outcome(body: bytearray, kind: type[msgspec.Struct]) -> ApiError | None:
    try:
        awsjson.decode(body, kind)
    except (SerializationError, ValidationError) as error:
        awsjson.encode_error(error)
        return error
    return None


@pytest.mark.parametrize("value", VALUES)
def test_a_body_takes_no_more_than_three_times_its_bytes(value: str) -> None:
    made = VALUES[value]()
    for member in MEMBERS:
        body = bytearray(f'{{"{member}":{made}}}'.encode())
        for name, kind in REQUESTS.items():
            tracemalloc.start()
            error = outcome(body, kind)
            most = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
            assert most < 2 * len(body) + SURPLUS, (name, member, most / len(body))
            assert error is not None, (name, member)
            assert len(str(error)) < 1 << 20, (name, member)


@pytest.mark.parametrize("value", VALUES)
def test_a_list_of_structs_takes_no_more_than_twice_its_bytes(value: str) -> None:
    kind = OPERATIONS["CreateFaceLivenessSession"].request
    body = bytearray(f'{{"Settings":{{"ChallengePreferences":{VALUES[value]()}}}}}'.encode())
    tracemalloc.start()
    error = outcome(body, kind)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 2 * len(body) + SURPLUS
    assert error is not None


@pytest.mark.parametrize("member", ["CollectionId", "Image", "MaxFaces"])
def test_a_member_that_comes_a_hundred_thousand_times_is_held_once(member: str) -> None:
    value = {"CollectionId": '"abc"', "Image": '{"Bytes":"QUFB"}', "MaxFaces": "5"}[member]
    body = bytearray(filled(f'"{member}":{value}', "{}").encode())
    tracemalloc.start()
    outcome(body, REQUESTS["IndexFaces"])
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < len(body) // 10


def test_before_a_signature_is_checked_nothing_is_built() -> None:
    for value, made in VALUES.items():
        body = bytearray(f'{{"Other":{made()}}}'.encode())
        tracemalloc.start()
        try:
            awsjson.parse_whole(body)
        except SerializationError:
            assert value == "deep"
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert most < 1 << 19, (value, most)
