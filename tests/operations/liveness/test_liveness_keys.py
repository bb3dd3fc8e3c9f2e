"""A Face Liveness session is its account's, and a key writes into no bucket that it may not use."""

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from mien.errors import AccessDeniedError, SessionNotFoundError, UnavailableError
from mien.image.source import S3, S3Settings
from mien.liveness.challenge import LIGHT, MOVEMENT
from mien.operations.context import ACCOUNT, Caller
from mien.operations.liveness.liveness_session import (
    CreateFaceLivenessSessionRequest,
    GetFaceLivenessSessionResultsRequest,
    create_face_liveness_session,
    get_face_liveness_session_results,
)
from mien.serving.request import Request
from mien.store import open as stores
from mien.wire import awsjson

OTHER = "111111111111"


@pytest.fixture
def context(tmp_path: Path) -> Iterator[Any]:
    """What the operations need: a store, and an S3 that cannot be reached."""
    store = stores.open_store("", str(tmp_path))
    s3 = S3(S3Settings("http://127.0.0.1:1", "us-east-1", "a", "b", ("kyc-*",)))
    with closing(store.database):
        yield SimpleNamespace(store=store, s3=s3, request=Request(), liveness_sessions=10)


def created(context: Any, caller: Caller, token: str | None = None, **settings: Any) -> str:
    body = json.dumps({"Settings": settings, "ClientRequestToken": token}).encode()
    request = awsjson.decode(body, CreateFaceLivenessSessionRequest)
    return create_face_liveness_session(context, caller, request).session_id


@pytest.mark.parametrize(
    ("caller", "bucket"),
    [
        (Caller(ACCOUNT, buckets=("other-*",)), "kyc-results"),
        (Caller(OTHER, buckets=()), "kyc-results"),
        (Caller(ACCOUNT), "photographs"),
    ],
)
def test_a_bucket_that_the_key_or_the_server_may_not_use_is_not_tried(
    context: Any, caller: Caller, bucket: str
) -> None:
    with pytest.raises(AccessDeniedError, match=f"The bucket {bucket} may not be written to"):
        created(context, caller, OutputConfig={"S3Bucket": bucket})
    assert context.store.liveness.counts() == {}


def test_a_call_repeated_with_its_token_does_not_ask_s3_again(context: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    where = {"OutputConfig": {"S3Bucket": "kyc-results"}}
    with monkeypatch.context() as there:
        there.setattr(S3, "try_writing", lambda *_: None)
        session = created(context, Caller(), "token", **where)
    assert created(context, Caller(), "token", **where) == session
    with pytest.raises(UnavailableError, match="S3 does not answer"):
        created(context, Caller(), "another", **where)


def test_a_session_that_does_not_say_so_takes_no_challenge_but_that_of_lights(context: Any) -> None:
    """A client that offers only the weaker one is refused, as on AWS."""
    for given, kinds in (
        ({}, [LIGHT]),
        ({"ChallengePreferences": []}, [LIGHT]),
        ({"ChallengePreferences": [{"Type": MOVEMENT}]}, [MOVEMENT]),
        ({"ChallengePreferences": [{"Type": LIGHT}, {"Type": MOVEMENT}]}, [LIGHT, MOVEMENT]),
    ):
        found = context.store.liveness.find(ACCOUNT, created(context, Caller(), **given))
        assert [each.kind for each in found.settings.preferences] == kinds


def test_another_account_has_no_such_session(context: Any) -> None:
    session = created(context, Caller())
    request = GetFaceLivenessSessionResultsRequest(session_id=session)
    assert get_face_liveness_session_results(context, Caller(), request).status == "CREATED"
    with pytest.raises(SessionNotFoundError):
        get_face_liveness_session_results(context, Caller(OTHER), request)
