"""Bodies that are announced and never sent, sent slowly, or costly to read."""

import asyncio
import base64
import hashlib
import json
from functools import partial

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from tests import photos
from tests.hostile import attack
from tests.hostile.attack import Target
from tests.live import JSON
from tests.locked import Key, Locked, mien
from tests.wire.conversation import body

LARGE = 16 << 20
SLOW = 96 << 10  # bytes a second: more than body_rate asks for
PARTS = 20  # in which a second's bytes are sent
NO_ONE = Key("MIENAAAAAAAAAAAAAAAA", "no secret")


def signed(locked: Locked, key: Key, operation: str, digest: str, **headers: str) -> bytes:
    """Returns the head of a request whose body has this digest, signed with a key."""
    request = AWSRequest(
        "POST", f"{locked.server.address}/",
        {"Content-Type": JSON, "X-Amz-Target": f"RekognitionService.{operation}", "X-Amz-Content-SHA256": digest},
    )  # fmt: skip
    SigV4Auth(Credentials(key.id, key.secret), "rekognition", "us-east-1").add_auth(request)
    lines = dict(request.headers.items()) | {"Host": f"{locked.server.host}:{locked.server.port}"} | headers
    return b"POST / HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in lines.items()).encode() + b"\r\n"


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


async def slow_upload(target: Target, head: bytes, chunked: bool) -> None:
    """Sends the largest body at the lowest rate until the server answers."""
    async with target.connection() as peer:
        await peer.send(head)
        answer = asyncio.create_task(peer.answer())
        piece = b" " * (SLOW // PARTS)
        while not answer.done():
            await peer.send(b"%x\r\n%b\r\n" % (len(piece), piece) if chunked else piece)
            await asyncio.sleep(1 / PARTS)


async def fast_body(target: Target, head: bytes, data: bytes) -> None:
    async with target.connection() as peer:
        await peer.send(head + data)
        await peer.answer()


def uploading(locked: Locked, key: Key, operation: str, chunked: bool = False) -> attack.Attack:
    length = {"Transfer-Encoding": "chunked"} if chunked else {"Content-Length": str(LARGE)}
    return partial(slow_upload, head=signed(locked, key, operation, "0" * 64, **length), chunked=chunked)


def sending(locked: Locked, key: Key, operation: str, data: bytes) -> attack.Attack:
    head = signed(locked, key, operation, digest(data), **{"Content-Length": str(len(data))})
    return partial(fast_body, head=head, data=data)


def pictured(locked: Locked) -> None:
    """Images of another key are admitted as usual."""
    client = locked.client(locked.key(f"other-{id(object())}", operations=("DetectFaces",)))
    for _ in range(3):
        assert client.detect_faces(Image={"Bytes": photos.astronaut().data})["FaceDetails"]
        large = b"\xff" * 3_000_000
        with pytest.raises(client.exceptions.InvalidImageFormatException):
            client.detect_faces(Image={"Bytes": large})


def test_nine_who_announce_16_mib_and_send_slowly(attacked: Locked) -> None:
    """Seen: every signed ListCollections was throttled for a minute, since memory was granted in order of arrival."""
    attack.run(attacked, uploading(attacked, NO_ONE, "DetectFaces"), 9, meanwhile=partial(pictured, attacked)).hold()


def test_many_who_announce_nothing_and_send_slowly(attacked: Locked) -> None:
    upload = uploading(attacked, NO_ONE, "DetectFaces", chunked=True)
    attack.run(attacked, upload, 100, meanwhile=partial(pictured, attacked)).hold()


def test_nine_hundred_who_announce_16_mib(attacked: Locked) -> None:
    """So many connections take a while by themselves, so only the answers of the others are asserted."""
    report = attack.run(attacked, uploading(attacked, NO_ONE, "DetectFaces"), 900, max(6.0, attack.SECONDS))
    print(report)
    assert not report.failures
    assert report.most - report.before < attack.MOST_HELD


def test_a_key_that_uploads_slowly_harms_itself_alone(attacked: Locked) -> None:
    slow = attacked.key("slow", operations=("DetectFaces",))
    attack.run(attacked, uploading(attacked, slow, "DetectFaces"), meanwhile=partial(pictured, attacked)).hold()


def test_a_body_of_a_megabyte_for_what_carries_no_image(attacked: Locked) -> None:
    lists = b'{"Other":' + b"[" + b"[]," * ((1 << 20) // 3 - 10) + b"[]]}"
    attack.run(attacked, sending(attacked, NO_ONE, "ListCollections", lists)).hold()


def test_lists_in_lists_from_who_has_no_key(attacked: Locked) -> None:
    """Seen: four of them took 1.1 GB and stalled /healthz for 9 seconds."""
    lists = b'{"Other":' + b"[" + b"[]," * (LARGE // 3 - 10) + b"[]]}"
    attack.run(attacked, sending(attacked, NO_ONE, "DetectFaces", lists), 4).hold()


def test_lists_in_lists_from_who_has_a_key(attacked: Locked) -> None:
    lists = b'{"Image":' + b"[" + b"[]," * (LARGE // 3 - 10) + b"[]]}"
    attack.run(attacked, sending(attacked, attacked.key("lists"), "DetectFaces", lists), 4).hold()


def test_texts_and_nulls_from_who_has_a_key(attacked: Locked) -> None:
    """Seen: 1.6 to 3.3 GB."""
    key = attacked.key("texts")
    texts = b'{"Attributes":[' + b'"ab",' * (LARGE // 5 - 10) + b'"ab"]}'
    nulls = b'{"Image":{"Bytes":null},"Other":[' + b'{"a":null},' * (LARGE // 11 - 10) + b"{}]}"
    for data in (texts, nulls):
        attack.run(attacked, sending(attacked, key, "DetectFaces", data), 4).hold()


def test_a_signature_that_is_wrong_over_a_large_body(attacked: Locked) -> None:
    """The key's id is no secret, so that only its owner may be affected."""
    known = attacked.key("known")
    lists = b'{"Image":' + b"[" + b"[]," * (LARGE // 3 - 10) + b"[]]}"
    guessed = sending(attacked, Key(known.id, "guessed"), "DetectFaces", lists)
    attack.run(attacked, guessed, 8, meanwhile=partial(pictured, attacked)).hold()


def test_who_has_no_key_is_told_so_before_a_large_body(attacked: Locked) -> None:
    large = b'{"Image":{"Bytes":"' + b"A" * (1 << 20) + b'"}}'
    for head, code in (
        (signed(attacked, NO_ONE, "DetectFaces", digest(large)), "UnrecognizedClientException"),
        (b"", "MissingAuthenticationTokenException"),
    ):
        lines = [line.split(b": ", 1) for line in head.split(b"\r\n")[1:] if line]
        headers = {name.decode(): value.decode() for name, value in lines}
        answer = attacked.server.post("DetectFaces", large, headers)
        assert (answer.status, json.loads(answer.body)["__type"]) == (400, code)


def test_a_revoked_key_is_refused_though_it_is_remembered(attacked: Locked) -> None:

    key = attacked.key("short")
    client = attacked.client(key)
    photo = photos.astronaut().data.ljust(300_000, b"\0")
    assert client.detect_faces(Image={"Bytes": photo})["FaceDetails"]
    assert mien("keys", "revoke", "short", "--data", str(attacked.server.data)).returncode == 0
    with pytest.raises(ClientError, match="UnrecognizedClientException"):
        client.detect_faces(Image={"Bytes": photo})


def test_base64_in_lines_is_answered_like_base64(attacked: Locked) -> None:

    data = photos.astronaut().data
    whole = body(data)
    for lines in (base64.encodebytes(data).decode(), base64.b64encode(data).decode() + "\r\n"):
        answers = []
        for each in (whole, json.dumps({"Image": {"Bytes": lines}}).encode()):
            head = signed(attacked, attacked.admin, "DetectFaces", digest(each))
            headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n")[1:] if line)
            answers.append(attacked.server.post("DetectFaces", each, headers))
        assert answers[0].status == 200
        assert answers[0].body == answers[1].body
