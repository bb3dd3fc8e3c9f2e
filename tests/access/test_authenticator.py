"""Access keys: authentication, permissions, rates, and secrets that appear nowhere."""

import http.client
import json
import re
import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError

from mien.errors import SetupError
from tests.access.signer import Signed
from tests.live import Answer
from tests.locked import Key, Locked, mien

MISMATCH = "The request signature we calculated does not match the signature you provided."
UNRECOGNIZED = "The security token included in the request is invalid."
ACCOUNT = "000000000000"


def refused(code: str, call: Callable[..., Any], **arguments: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    assert caught.value.response["Error"]["Code"] == code
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    return str(caught.value.response["Error"]["Message"])


def raw(locked: Locked, key: Key, **changes: Any) -> Answer:
    """Returns a ListCollections, signed by hand at the present time."""
    headers = {
        "host": f"{locked.server.host}:{locked.server.port}",
        "content-type": "application/x-amz-json-1.1",
        "x-amz-target": "RekognitionService.ListCollections",
    }
    signed = Signed(access_key=key.id, secret=key.secret, moment=datetime.now(UTC), body=b"{}", sent=headers)
    signed = signed.but(**changes)
    return locked.server.send("POST", signed.path, signed.body, signed.headers())


def test_with_a_key_there_is_no_way_in_without_one(locked: Locked) -> None:
    answer = locked.server.post("ListCollections", b"{}")
    assert (answer.status, answer.body) == (
        400, b'{"__type":"MissingAuthenticationTokenException","message":"Missing Authentication Token"}'
    )  # fmt: skip
    headers = {"Content-Type": "text/plain", "X-Amz-Target": "RekognitionService.ListCollections"}
    answer = locked.server.send("POST", "/", b"{}", headers)
    assert (answer.status, answer.headers["content-type"]) == (403, "application/xml")
    assert b"<MissingAuthenticationTokenException>\n  <Message>Missing Authentication Token</Message>" in answer.body
    nobody = locked.client(Key("AKIAIOSFODNN7EXAMPLE", locked.admin.secret))
    assert refused("UnrecognizedClientException", nobody.list_collections) == UNRECOGNIZED
    wrong = locked.client(Key(locked.admin.id, "not-the-secret"))
    assert refused("InvalidSignatureException", wrong.list_collections).startswith(MISMATCH)
    token = locked.client(locked.admin, aws_session_token="FwoGZXIvYXdzE")
    assert refused("UnrecognizedClientException", token.list_collections) == UNRECOGNIZED


@pytest.mark.parametrize("path", ["", "/", "/some/base", "/some/base/", "/a%20b/c~d"])
def test_boto3_is_let_in_under_any_path_and_region(locked: Locked, path: str) -> None:
    for region in ("us-east-1", "eu-central-1"):
        client = locked.client(locked.admin, path, region=region)
        assert "CollectionIds" in client.list_collections()


def test_a_signature_may_come_again_and_must_fit_what_comes(locked: Locked) -> None:
    assert raw(locked, locked.admin).status == 200
    assert raw(locked, locked.admin).status == 200  # within the second: the same signature
    name = f"proxied:{locked.server.port}"
    lying = {"host": name, "content-type": "application/x-amz-json-1.1", "x-amz-target": "RekognitionService.ListFaces"}
    assert raw(locked, locked.admin, sent=lying).json["message"].startswith("1 validation error")  # host as received


def test_bytes_beyond_ascii_in_a_header_are_a_wrong_signature(locked: Locked) -> None:
    connection = http.client.HTTPConnection(locked.server.host, locked.server.port, timeout=10)
    moment = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    scope = f"{locked.admin.id}/{moment[:8]}/us-east-1/rekognition/aws4_request"
    connection.request("POST", "/", b"{}", {
        "X-Amz-Target": "RekognitionService.ListCollections", "Content-Type": "application/x-amz-json-1.1",
        "X-Amz-Date": moment, "X-Amz-Content-Sha256": "\xff",
        "Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=\xe9\xff",
    })  # fmt: skip
    answer = connection.getresponse()
    assert (answer.status, json.loads(answer.read())["__type"]) == (400, "InvalidSignatureException")
    connection.close()


def test_the_order_of_checks_is_awss(locked: Locked) -> None:
    """Body → operation → signature → types → constraints → permission → resources."""
    reader = locked.key(f"order-{uuid4()}", operations=("List*",))
    headers = {
        "host": f"{locked.server.host}:{locked.server.port}",
        "content-type": "application/x-amz-json-1.1",
        "x-amz-target": "RekognitionService.DeleteCollection",
    }

    def code(key: Key, body: bytes, target: str = "DeleteCollection") -> str:
        sent = headers | {"x-amz-target": f"RekognitionService.{target}"}
        return str(raw(locked, key, body=body, sent=sent).json["__type"])

    stranger = Key("nobody", "x")
    assert code(stranger, b"{") == "SerializationException"
    assert code(stranger, b"{}", "DetectText") == "UnknownOperationException"
    assert code(stranger, b'{"CollectionId":5}') == "UnrecognizedClientException"
    assert code(reader, b'{"CollectionId":5}') == "SerializationException"
    assert code(reader, b'{"CollectionId":""}') == "ValidationException"
    assert code(reader, b'{"CollectionId":"nowhere"}') == "AccessDeniedException"
    assert code(locked.admin, b'{"CollectionId":"nowhere"}') == "ResourceNotFoundException"


def test_keys_come_and_go_while_the_server_runs(locked: Locked) -> None:
    name = f"temporary-{uuid4()}"
    client = locked.client(locked.key(name))
    client.list_collections()
    assert mien("keys", "revoke", name, "--data", str(locked.server.data)).returncode == 0
    assert refused("UnrecognizedClientException", client.list_collections) == UNRECOGNIZED
    rows = json.loads(mien("keys", "list", "--json", "--data", str(locked.server.data)).stdout)
    (row,) = (row for row in rows if row["name"] == name)
    assert row["revoked"] is True
    assert not {"secret", "aws_secret_access_key"} & set(row)


def test_a_key_may_do_what_its_patterns_allow(locked: Locked) -> None:
    name = f"pattern-{uuid4()}"
    key = locked.key(name, operations=("Describe*", "ListCollections", "CreateCollection"), collections=("team-a-*",))
    client, admin = locked.client(key, region="eu-west-1"), locked.client(locked.admin)
    mine, theirs = f"team-a-{uuid4()}", f"team-b-{uuid4()}"
    client.create_collection(CollectionId=mine)
    admin.create_collection(CollectionId=theirs)
    assert client.describe_collection(CollectionId=mine)["FaceCount"] == 0
    listed = client.list_collections()["CollectionIds"]
    assert mine in listed
    assert all(each.startswith("team-a-") for each in listed)  # the others are not shown either
    who, where = f"arn:aws:iam::{ACCOUNT}:user/{name}", f"arn:aws:rekognition:eu-west-1:{ACCOUNT}:collection"
    for call, arguments, action, resource in (
        (client.delete_collection, {"CollectionId": mine}, "DeleteCollection", f"{where}/{mine}"),
        (client.describe_collection, {"CollectionId": theirs}, "DescribeCollection", f"{where}/{theirs}"),
        (client.describe_collection, {"CollectionId": "team-b-none"}, "DescribeCollection", f"{where}/team-b-none"),
        (client.detect_faces, {"Image": {"Bytes": b"x"}}, "DetectFaces", "*"),
        (client.create_collection, {"CollectionId": "team-a-tagged", "Tags": {"a": "b"}}, "TagResource",
         f"{where}/team-a-tagged"),
        (client.list_tags_for_resource, {"ResourceArn": f"{where}/{theirs}"}, "ListTagsForResource",
         f"{where}/{theirs}"),
    ):  # fmt: skip
        message = refused("AccessDeniedException", call, **arguments)
        assert message == f"User: {who} is not authorized to perform: rekognition:{action} on resource: {resource}"
    tagger = locked.client(locked.key(f"tagger-{uuid4()}", operations=("*Tag*",), collections=("team-a-*",)))
    refused("AccessDeniedException", tagger.tag_resource, ResourceArn=f"{where}/{theirs}", Tags={})
    tagger.tag_resource(ResourceArn=f"{where}/{mine}", Tags={"k": "v"})


def test_patterns_know_the_operations_that_mien_adds(locked: Locked) -> None:
    name = f"people-{uuid4()}"
    key, mine, theirs = locked.key(name, operations=("*People",), collections=("team-a-*",)), "team-a-p", "team-b-p"
    locked.client(locked.admin).create_collection(CollectionId=mine)

    def call(target: str, collection: str) -> tuple[int, Any]:
        sent = {"host": f"{locked.server.host}:{locked.server.port}", "content-type": "application/x-amz-json-1.1",
                "x-amz-target": target}  # fmt: skip
        answer = raw(locked, key, body=b'{"CollectionId":"%b"}' % collection.encode(), sent=sent)
        return answer.status, answer.json

    assert call("Mien.ListPeople", mine) == (200, {"People": []})
    for target, collection, action in (
        ("Mien.ListPeople", theirs, "mien:ListPeople"),
        ("RekognitionService.ListUsers", mine, "rekognition:ListUsers"),
    ):
        status, body = call(target, collection)
        assert (status, body["Code"]) == (400, "AccessDeniedException")
        assert f"is not authorized to perform: {action} on resource: arn:aws:rekognition:" in body["Message"]


def test_another_accounts_collections_are_not_there(locked: Locked) -> None:
    other = locked.client(locked.key(f"other-{uuid4()}", account="123456789012"))
    admin, name = locked.client(locked.admin), f"shared-name-{uuid4()}"
    arn = admin.create_collection(CollectionId=name)["CollectionArn"]
    admin.create_user(CollectionId=name, UserId="ann", ClientRequestToken="same-token")
    for call in (other.describe_collection, other.delete_collection, other.list_faces, other.list_users):
        assert refused("ResourceNotFoundException", call, CollectionId=name) == (
            f"The collection id: {name} does not exist"
        )
    refused("ResourceNotFoundException", other.list_tags_for_resource, ResourceArn=arn)
    assert name not in other.list_collections()["CollectionIds"]
    assert ":123456789012:" in other.create_collection(CollectionId=name)["CollectionArn"]  # a name of one's own
    other.create_user(CollectionId=name, UserId="bob", ClientRequestToken="same-token")  # and a token
    assert [user["UserId"] for user in admin.list_users(CollectionId=name)["Users"]] == ["ann"]
    other.delete_collection(CollectionId=name)
    admin.describe_collection(CollectionId=name)


def test_a_key_has_a_rate_that_clients_wait_for(locked: Locked) -> None:
    key = locked.key(f"slow-{uuid4()}", rate=2.0)
    client = locked.client(key)
    client.list_collections()
    client.list_collections()
    message = refused("ProvisionedThroughputExceededException", client.list_collections)
    assert message == "Provisioned Rate exceeded."
    patient = locked.client(key, retries=6)
    for _ in range(3):
        patient.list_collections()
    locked.client(locked.admin).list_collections()  # the others do not wait


def test_secrets_are_not_in_the_database_in_plain(locked: Locked) -> None:
    kept = b"".join(path.read_bytes() for path in locked.server.data.iterdir() if path.is_file())
    assert locked.admin.id.encode() in kept
    assert locked.admin.secret.encode() not in kept
    master = locked.server.data / "master.key"
    assert master.stat().st_mode & 0o777 == 0o600
    database = b"".join(path.read_bytes() for path in locked.server.data.glob("mien.db*"))
    assert master.read_bytes() not in database
    assert locked.admin.secret not in locked.server.log.read_text()


@pytest.fixture
def copied(locked: Locked, tmp_path: Path) -> Path:
    """Copies the locked server's data without its lock."""
    data = tmp_path / "data"
    data.mkdir()
    for path in locked.server.data.glob("m*"):
        shutil.copy(path, data / path.name)
    return data


def test_a_lost_master_key_is_told_at_the_start(copied: Path, packs: str) -> None:
    master = copied / "master.key"
    master.unlink()
    done = mien("serve", "--data", str(copied), "--packs", packs, "--port", "0")
    assert (done.returncode, done.stdout) == (1, "")
    assert f"mien: The master key {master} cannot be used: No such file or directory.\n" in done.stderr
    assert not master.exists()  # none is made that would open nothing


def test_another_master_key_is_told_at_the_start(copied: Path, packs: str) -> None:
    master = copied / "master.key"
    master.write_bytes(bytes(32))
    why = "every server on one store needs the same file (--master-key)"
    sentence = f"mien: The access keys were not made with the master key in {master}; {why}.\n"
    done = mien("serve", "--data", str(copied), "--packs", packs, "--port", "0")
    assert done.returncode == 1
    assert sentence in done.stderr
    done = mien("keys", "create", "--name", "another", "--data", str(copied))
    assert (done.returncode, done.stderr) == (1, sentence)
    master.write_bytes(b"short")
    done = mien("keys", "create", "--name", "another", "--data", str(copied))
    assert done.stderr == f"mien: The master key {master} is not one: it should be 32 bytes.\n"


def test_it_does_not_listen_for_everyone_without_a_key(packs: str, tmp_path: Path) -> None:
    done = mien("serve", "--data", str(tmp_path / "d"), "--packs", packs, "--port", "0", "--host", "0.0.0.0")
    assert done.returncode == 1
    assert "listens" not in done.stdout
    command = re.search(r"`mien (keys create --name admin --data [^`]+)`", done.stderr)
    assert command, done.stderr
    assert mien(*command[1].split()).returncode == 0  # the command it names makes the key


@pytest.mark.parametrize(
    ("name", "account", "sentence"),
    [
        ("admin", ACCOUNT, "There is a key named admin already; revoke it or choose another name."),
        ("a b", ACCOUNT, "A key's name is 1 to 64 letters, digits or any of _.@+=-, not 'a b'."),
        ("x", "12", "An account is 12 digits, not '12'."),
    ],
)
def test_a_key_that_cannot_be_is_not_made(locked: Locked, name: str, account: str, sentence: str) -> None:
    with pytest.raises(SetupError) as caught:
        locked.key(name, account=account)
    assert str(caught.value) == sentence


def test_the_command_makes_lists_and_revokes_keys(tmp_path: Path) -> None:
    data = ("--data", str(tmp_path))
    grant = ("--allow", "Index*,Search*", "--collections", "team-a-*", "--rate", "2.5", "--account", "123456789012")
    made = json.loads(mien("keys", "create", "--name", "ci", "--json", *data, *grant).stdout)
    (row,) = json.loads(mien("keys", "list", "--json", *data).stdout)
    assert row == {
        "name": "ci", "aws_access_key_id": made["aws_access_key_id"], "account": "123456789012",
        "allow": "Index*,Search*", "collections": "team-a-*", "buckets": "", "rate": 2.5, "revoked": False,
        "created": row["created"], "last_used": None, "expires": None, "expired": False,
    }  # fmt: skip
    assert abs(datetime.now(UTC) - datetime.fromisoformat(row["created"])) < timedelta(minutes=1)
    assert mien("keys", "revoke", "ci", *data).stdout == "The key ci is revoked.\n"
    done = mien("keys", "revoke", "ci", *data)
    assert (done.returncode, done.stderr) == (1, "mien: No active key is named ci.\n")
