"""Any body, valid JSON or not, gets an answer or a named error, and never a 500.

`tests/corpus/bodies` is always tried; `make fuzz` generates more.
"""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mien.app import OPERATIONS
from mien.wire.body import MOST_PLAIN
from tests.contract.bad.row import VALID
from tests.fuzzing import examples
from tests.live import Live
from tests.operations.api import ASTRONAUT, NO_SUCH_FACE

BODIES = sorted((Path(__file__).parents[1] / "corpus" / "bodies").iterdir())
TOKENS = (b'"', b"{", b"}", b"[", b"]", b",", b":", b"null", b"-0", b"1e999", b"\\u0000", b"\\ud800", b"\xff", b"\0")
MEMBERS = (
    "CollectionId", "Image", "Bytes", "S3Object", "Bucket", "Name", "Version", "FaceId", "FaceIds", "MaxFaces",
    "MaxResults", "NextToken", "FaceMatchThreshold", "SimilarityThreshold", "QualityFilter", "ExternalImageId",
    "DetectionAttributes", "Attributes", "SourceImage", "TargetImage", "UserId", "Tags", "ClientRequestToken",
    "ResourceArn", "TagKeys", "UserMatchThreshold", "MaxUsers",
)  # fmt: skip
SENSIBLE: tuple[Any, ...] = (
    "fuzzed", ASTRONAUT, NO_SUCH_FACE, [NO_SUCH_FACE], 1, 80.5, "AUTO", ["ALL"], {}, {"Bytes": "AAAA"},
    {"S3Object": {"Bucket": "bucket", "Name": "key"}}, {"a": "b"}, None,
    "arn:aws:rekognition:us-east-1:000000000000:collection/fuzzed",
)  # fmt: skip
scalars = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
    | st.text("abcdef-0123456789", max_size=40) | st.just("\ud800") | st.just("x" * 3000) | st.just(1e308)
)  # fmt: skip
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(MEMBERS), inner, max_size=4),
    max_leaves=8,
)
bodies = st.dictionaries(st.sampled_from(MEMBERS), st.sampled_from(SENSIBLE) | values, max_size=6)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_no_request_gets_a_500(live: Live, operation: str) -> None:
    @settings(max_examples=examples(40), deadline=None, suppress_health_check=list(HealthCheck))
    @given(body=bodies)
    def every(body: dict[str, Any]) -> None:
        sent(live, operation, json.dumps(body).encode())

    every()
    live.post("DeleteCollection", b'{"CollectionId":"fuzzed"}')


def sent(live: Live, operation: str, body: bytes) -> None:
    answer = live.post(operation, body)
    too_large = len(body) > MOST_PLAIN  # for an operation that carries no image
    assert answer.status in ((200, 400, 413) if too_large else (200, 400)), (body[:1000], answer.body)
    if answer.status != 200:
        assert answer.json["__type"].endswith("Exception")


@pytest.mark.parametrize("path", BODIES, ids=lambda path: path.stem)
def test_a_body_of_the_corpus(live: Live, path: Path) -> None:
    for operation in OPERATIONS:
        sent(live, operation, path.read_bytes())
    live.post("DeleteCollection", b'{"CollectionId":"a"}')
    live.post("DeleteCollection", b'{"CollectionId":"b"}')


def test_no_damaged_body_gets_a_500(live: Live) -> None:
    """Generates valid requests and the corpus, cut, repeated, and with bytes replaced."""
    good = [(name, json.dumps(VALID[name]).encode()) for name in OPERATIONS]
    odd = [(name, path.read_bytes()) for path in BODIES for name in ("IndexFaces", "TagResource")]
    change = st.tuples(st.floats(0, 1, exclude_max=True), st.sampled_from(TOKENS) | st.binary(max_size=3))

    @settings(max_examples=examples(150), deadline=None, suppress_health_check=list(HealthCheck))
    @given(seed=st.sampled_from(good + odd), changes=st.lists(change, max_size=5), kept=st.floats(0.5, 1))
    def every(seed: tuple[str, bytes], changes: list[tuple[float, bytes]], kept: float) -> None:
        body = seed[1]
        for place, token in changes:
            at = int(place * len(body))
            body = body[:at] + token + body[at + len(token) // 2 :]
        sent(live, seed[0], body[: max(1, int(kept * len(body)))] if kept < 0.9 else body)

    every()
