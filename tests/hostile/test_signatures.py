"""A captured request whose signature does not cover everything is altered and sent again."""

from datetime import UTC, datetime
from uuid import uuid4

import pytest

from tests.access.signer import Signed
from tests.live import Answer
from tests.locked import Locked

BODY = b'{"CollectionId":"%s"}'


def captured(locked: Locked, name: str, *unsigned: str, **more: str) -> Signed:
    """Returns a signed DescribeCollection with given headers left unsigned."""
    return Signed(
        access_key=locked.admin.id,
        secret=locked.admin.secret,
        moment=datetime.now(UTC),
        body=BODY % name.encode(),
        sent={
            "host": f"{locked.server.host}:{locked.server.port}",
            "content-type": "application/x-amz-json-1.1",
            "x-amz-target": "RekognitionService.DescribeCollection",
            **more,
        },
        unsigned=unsigned,
    )


def sent(locked: Locked, request: Signed, **changed: str) -> Answer:
    changes = {name.replace("_", "-"): value for name, value in changed.items()}
    return locked.server.send("POST", "/", request.body, request.headers() | changes)


@pytest.fixture
def collection(locked: Locked) -> str:
    name = f"captured-{uuid4()}"
    locked.client(locked.admin).create_collection(CollectionId=name)
    return name


def test_a_target_that_is_not_signed_is_not_followed(locked: Locked, collection: str) -> None:
    """Seen: a DescribeCollection signed over host and date alone was executed as a DeleteCollection."""
    request = captured(locked, collection, "x-amz-target", "content-type")
    for operation in ("DeleteCollection", "DescribeCollection"):
        answer = sent(locked, request, x_amz_target=f"RekognitionService.{operation}")
        assert (answer.status, answer.json) == (400, {
            "__type": "InvalidSignatureException",
            "message": "'X-Amz-Target' must be a 'SignedHeader' in the AWS Authorization.",
        })  # fmt: skip
    assert locked.client(locked.admin).describe_collection(CollectionId=collection)


@pytest.mark.parametrize(
    "name", ["x-amz-content-sha256", "x-amz-security-token", "x-amz-user-agent", "x-amz-meta", "X-AMZ-Upper", "x-amz-"]
)
def test_nothing_of_amazons_is_added_to_a_captured_request(locked: Locked, collection: str, name: str) -> None:
    request = captured(locked, collection)
    assert sent(locked, request).status == 200
    assert sent(locked, request, **{name: "added"}).json["__type"] == "InvalidSignatureException"


def test_a_second_target_changes_what_was_signed(locked: Locked, collection: str) -> None:
    """Repeated headers are joined, so that the signature covers all of them."""
    headers = captured(locked, collection).headers()
    for first in (True, False):
        more = ("x-amz-target", "RekognitionService.DeleteCollection")
        pairs = [more, *headers.items()] if first else [*headers.items(), more]
        answer = locked.server.pairs("POST", "/", BODY % collection.encode(), pairs)
        assert answer.status == 400
    assert locked.client(locked.admin).describe_collection(CollectionId=collection)


def test_what_proxies_add_and_sdks_leave_unsigned_changes_nothing(locked: Locked, collection: str) -> None:
    """The second JavaScript SDK signs no content type, boto3 no `amz-sdk-…`; load balancers add `x-amzn-trace-id`."""
    request = captured(locked, collection, "content-type", "amz-sdk-request", **{"amz-sdk-request": "attempt=1"})
    assert sent(locked, request, x_amzn_trace_id="Root=1-5759e988", x_forwarded_for="192.0.2.1").status == 200
