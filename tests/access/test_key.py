"""Access keys made, listed and revoked over the API: by unlimited keys alone, and never wider than themselves."""

import json
import time
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError

from tests.access.signer import Signed
from tests.live import JSON, Live
from tests.locked import Key, Locked

DENIED = "AccessDeniedException"


def call(locked: Locked, key: Key, operation: str, **members: Any) -> Any:
    """Calls an operation of mien's own; returns the answer's JSON, of an error too."""
    sent = {"host": f"{locked.server.host}:{locked.server.port}", "content-type": JSON, "x-amz-target": operation}
    body = json.dumps(members).encode()
    signed = Signed(access_key=key.id, secret=key.secret, moment=datetime.now(UTC), body=body, sent=sent)
    return locked.server.send("POST", "/", body, signed.headers()).json


def named() -> str:
    return f"made-{uuid4()}"


def test_a_key_is_made_used_listed_and_revoked(locked: Locked) -> None:
    name, before = named(), time.time()
    grant = {"Operations": ["List*", "Describe*"], "Collections": ["team-a-*"], "Rate": 50, "ExpiresAt": before + 3600}
    made = call(locked, locked.admin, "Mien.CreateKey", Name=name, **grant)
    key = Key(made["Key"]["AccessKeyId"], made["SecretAccessKey"])
    assert made["Key"] == {
        "Name": name, "AccessKeyId": key.id, "Buckets": ["*"], "CreatedAt": pytest.approx(before, abs=60), **grant,
    }  # fmt: skip
    client = locked.client(key)
    client.list_collections()
    with pytest.raises(ClientError, match=DENIED):
        client.create_collection(CollectionId="team-a-x")
    listed = {each["Name"]: each for each in call(locked, locked.admin, "Mien.ListKeys")["Keys"]}
    assert listed[name].items() >= made["Key"].items()
    assert "admin" in listed
    assert key.secret not in json.dumps(listed)
    assert call(locked, locked.admin, "Mien.RevokeKey", Name=name) == {}
    with pytest.raises(ClientError, match="UnrecognizedClientException"):
        client.list_collections()
    listed = {each["Name"]: each for each in call(locked, locked.admin, "Mien.ListKeys")["Keys"]}
    assert listed[name]["RevokedAt"] >= before
    again = call(locked, locked.admin, "Mien.RevokeKey", Name=name)
    assert (again["Code"], again["Message"]) == ("ResourceNotFoundException", f"No active key is named {name}.")


def test_a_key_without_limits_is_made_where_none_are_named(locked: Locked) -> None:
    made = call(locked, locked.admin, "Mien.CreateKey", Name=named())
    assert made["Key"]["Operations"] == made["Key"]["Collections"] == made["Key"]["Buckets"] == ["*"]
    heir = Key(made["Key"]["AccessKeyId"], made["SecretAccessKey"])
    assert "Key" in call(locked, heir, "Mien.CreateKey", Name=named())


@pytest.mark.parametrize("operation", ["Mien.CreateKey", "Mien.ListKeys", "Mien.RevokeKey"])
@pytest.mark.parametrize(
    "limit",
    [
        {"operations": ("List*", "CreateKey", "RevokeKey")},
        {"operations": ("?*",)},
        {"collections": ("a*",)},
        {"buckets": ()},
        {"rate": 1000.0},
        {"expires": 4e9},
        {"account": "123456789012", "buckets": ("*",)},
    ],
    ids="+".join,
)
def test_a_key_with_a_limit_may_do_nothing_to_keys(locked: Locked, operation: str, limit: dict[str, Any]) -> None:
    key = locked.key(named(), **limit)
    refused = call(locked, key, operation, Name=named())
    assert refused["Code"] == DENIED
    assert f"is not authorized to perform: mien:{operation.partition('.')[2]} on resource: *" in refused["Message"]


def test_a_server_without_keys_gives_none_away(live: Live) -> None:
    for operation in ("Mien.CreateKey", "Mien.ListKeys", "Mien.RevokeKey"):
        refused = live.post(operation, b'{"Name":"first"}').json
        assert refused["Code"] == DENIED
        assert "mien keys create" in refused["Message"]
    assert live.send("GET", "/console/about.json", None, {}).json["access"] == "open"


def test_keys_of_another_account_are_neither_seen_nor_revoked(locked: Locked) -> None:
    name = named()
    other = locked.key(name, account="123456789012")
    assert name not in json.dumps(call(locked, locked.admin, "Mien.ListKeys"))
    assert call(locked, locked.admin, "Mien.RevokeKey", Name=name)["Code"] == "ResourceNotFoundException"
    assert locked.client(other).list_collections()["CollectionIds"] == []
    assert call(locked, locked.admin, "Mien.CreateKey", Name=named(), Account="123456789012")["Key"]  # is ignored


def test_a_key_does_not_revoke_itself(locked: Locked) -> None:
    assert call(locked, locked.admin, "Mien.RevokeKey", Name="admin")["Code"] == "ConflictException"
    locked.client(locked.admin).list_collections()


@pytest.mark.parametrize(
    ("members", "code", "said"),
    [
        ({"Name": "admin"}, "ConflictException", "There is a key named admin already"),
        ({"Name": "two words"}, None, "regular expression"),
        ({}, None, "Member must not be null"),
        ({"Name": "x", "Operations": ["Serch*"]}, "InvalidParameterException", "No operation is called 'Serch*'"),
        ({"Name": "x", "Operations": []}, "InvalidParameterException", "A key needs operations"),
        ({"Name": "x", "Operations": ["[S,]earchFaces"]}, None, "regular expression"),
        ({"Name": "x", "Collections": ["a b"]}, "InvalidParameterException", "matches no collections"),
        ({"Name": "x", "Rate": 0}, "InvalidParameterException", "A rate is"),
        ({"Name": "x", "ExpiresAt": 1}, "InvalidParameterException", "must end in the future"),
    ],
)
def test_what_is_wrong_with_a_key_is_said(locked: Locked, members: dict[str, Any], code: str | None, said: str) -> None:
    refused = call(locked, locked.admin, "Mien.CreateKey", **members)
    assert refused["__type"] == (code or "ValidationException")
    assert said in refused.get("Message", refused.get("message"))


def test_many_keys_are_listed_in_pages(locked: Locked) -> None:
    for _ in range(5):
        locked.key(named())
    seen: list[str] = []
    token: dict[str, str] = {}
    while True:
        answer = call(locked, locked.admin, "Mien.ListKeys", MaxResults=2, **token)
        seen += [each["Name"] for each in answer["Keys"]]
        if "NextToken" not in answer:
            break
        token = {"NextToken": answer["NextToken"]}
    assert seen == sorted(set(seen))
    assert sum(each.startswith("made-") for each in seen) >= 5


def test_the_log_names_the_key_and_its_maker_and_no_secret(locked: Locked) -> None:
    name = named()
    made = call(locked, locked.admin, "Mien.CreateKey", Name=name)
    call(locked, locked.admin, "Mien.RevokeKey", Name=name)
    written = locked.server.log.read_text()
    lines = [line for line in written.splitlines() if name in line]
    assert [("created" in line, "revoked" in line, "admin" in line) for line in lines] == [
        (True, False, True),
        (False, True, True),
    ]
    assert made["SecretAccessKey"] not in written
