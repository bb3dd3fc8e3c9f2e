"""Whatever JSON a client makes up, it gets an answer or an error by name, and never a 500."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mien.app import OPERATIONS
from tests.live import Live
from tests.operations.conftest import ASTRONAUT, NO_SUCH_FACE

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
    @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
    @given(body=bodies)
    def every(body: dict[str, Any]) -> None:
        answer = live.post(operation, json.dumps(body).encode())
        assert answer.status in (200, 400), (body, answer.body)
        if answer.status == 400:
            assert answer.json["__type"].endswith("Exception")

    every()
    live.post("DeleteCollection", b'{"CollectionId":"fuzzed"}')
