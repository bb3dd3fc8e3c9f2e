"""Presigned addresses of WebSockets: a valid one is accepted, and any other is refused in AWS's words."""

import re
from datetime import UTC, datetime, timedelta

import pytest

from mien.access import presigned
from mien.access.chain import Chain
from mien.access.claim import Call
from mien.errors import (
    FrameworkError,
    IncompleteSignatureError,
    InvalidSignatureError,
    MissingAuthenticationTokenError,
    UnrecognizedClientError,
)
from tests.streams import SOCKET, Signer

NOW = datetime(2026, 5, 6, 12, 30, 15, tzinfo=UTC)
HOST = "localhost:6436"
MEMBERS = {"session-id": "a-b", "challenge-versions": "A_2.0.0,B_1.0.0", "user-agent": "aws sdk/3 (x; y)"}


def signer(**changes: object) -> Signer:
    return Signer(**({"access_key": "MIENEXAMPLE", "secret": "s", "moment": NOW} | changes))  # type: ignore[arg-type]


def judged(address: str, headers: dict[str, str] | None = None, now: datetime = NOW) -> Chain:
    """Verifies an address as the server does; raises the error it is refused with."""
    path, _, query = address.partition("?")
    call = Call(path, query, {"host": HOST} | (headers or {}), b"", "GET")
    claim, signed = presigned.read(call, now)
    presigned.verify(signed, claim, {"MIENEXAMPLE": "s"}.get)
    return Chain(claim, "s")


@pytest.mark.parametrize(
    ("made", "now"),
    [
        (signer(), NOW),
        (signer(region="eu-west-1"), NOW),
        (signer(expires=299), NOW + timedelta(seconds=299)),
        (signer(moment=NOW + timedelta(minutes=5)), NOW),
        (signer(expires=1), NOW + timedelta(seconds=1)),
    ],
)
def test_what_is_signed_is_let_in(made: Signer, now: datetime) -> None:
    address = made.address(HOST, SOCKET, MEMBERS)
    judged(address, now=now)
    judged(address, {"origin": "https://example.com", "sec-websocket-key": "x"}, now)


def test_the_host_may_be_signed_without_its_port() -> None:
    judged(signer().address("localhost", SOCKET, MEMBERS))  # as AWS's client does
    judged(signer().address("[::1]", SOCKET, MEMBERS), {"host": "[::1]:6436"})


@pytest.mark.parametrize(
    ("made", "headers", "now", "error", "words"),
    [
        (signer(secret="t"), {}, NOW, InvalidSignatureError, "does not match"),
        (signer(access_key="OTHER"), {}, NOW, UnrecognizedClientError, "invalid"),
        (signer(service="s3"), {}, NOW, InvalidSignatureError, "correct service: 'rekognition'"),
        (signer(region="Bad_Region"), {}, NOW, InvalidSignatureError, "valid region"),
        (signer(expires=61), {}, NOW + timedelta(seconds=62), InvalidSignatureError, "Signature expired"),
        (signer(expires=299), {}, NOW + timedelta(seconds=301), InvalidSignatureError, "Signature expired"),
        (signer(expires=301), {}, NOW, InvalidSignatureError, "1 to 300 seconds"),
        (signer(expires=0), {}, NOW, InvalidSignatureError, "1 to 300 seconds"),
        (signer(expires=-1), {}, NOW, InvalidSignatureError, "1 to 300 seconds"),
        (signer(moment=NOW + timedelta(minutes=6)), {}, NOW, InvalidSignatureError, "not yet current"),
        (signer(), {"host": "other:6436"}, NOW, InvalidSignatureError, "does not match"),
        (signer(), {"host": "localhost:6437"}, NOW, InvalidSignatureError, "does not match"),
        (signer(), {"host": "localhost"}, NOW, InvalidSignatureError, "does not match"),
        (signer(), {"x-amz-meta": "a"}, NOW, InvalidSignatureError, "'X-Amz-Meta' must be a 'SignedHeader'"),
        (signer(), {"authorization": "AWS4"}, NOW, InvalidSignatureError, "Found both"),
    ],
)  # fmt: skip
def test_any_other_address_is_refused(
    made: Signer, headers: dict[str, str], now: datetime, error: type[FrameworkError], words: str
) -> None:
    with pytest.raises(error, match=re.escape(words)):
        judged(made.address(HOST, SOCKET, MEMBERS), headers, now)


@pytest.mark.parametrize("name", ["Algorithm", "Credential", "Date", "Expires", "SignedHeaders", "Signature"])
def test_each_part_must_stand_there_once(name: str) -> None:
    address = signer().address(HOST, SOCKET, MEMBERS)
    without = re.sub(f"[?&]X-Amz-{name}=[^&]*", "", address).replace("websocket&", "websocket?", 1)
    with pytest.raises(IncompleteSignatureError, match=f"X-Amz-{name}"):
        judged(without)
    with pytest.raises(IncompleteSignatureError, match=f"X-Amz-{name}"):
        judged(f"{address}&X-Amz-{name}=a")


@pytest.mark.parametrize("change", [("a-b", "a-c"), ("session-id", "session-ie"), ("A_2", "A_3"), ("?", "?x=1&")])
def test_no_part_of_the_query_can_be_changed(change: tuple[str, str]) -> None:
    with pytest.raises(InvalidSignatureError, match="does not match"):
        judged(signer().address(HOST, SOCKET, MEMBERS).replace(*change, 1))


def test_another_path_method_or_token_is_refused() -> None:
    address = signer().address(HOST, SOCKET, MEMBERS)
    with pytest.raises(InvalidSignatureError):
        judged(address.replace("-websocket", ""))
    with pytest.raises(UnrecognizedClientError):
        judged(signer().address(HOST, SOCKET, MEMBERS | {"X-Amz-Security-Token": "t"}))
    with pytest.raises(MissingAuthenticationTokenError):
        judged(f"{SOCKET}?session-id=a")


def sent(message: bytes) -> tuple[bytes, datetime, bytes, bytes]:
    """The parts of a signed envelope: its date header, its date, what it holds, and its signature."""
    date, rest = message[12:27], message[27:]
    moment = datetime.fromtimestamp(int.from_bytes(date[7:], "big") / 1000, UTC)
    return date, moment, rest[52:-4], rest[20:52]


def test_each_message_is_signed_over_the_one_before() -> None:
    made = signer()
    chain = judged(made.address(HOST, SOCKET, MEMBERS))
    for text in (b"one", b"", b"three" * 1000):
        chain.verify(*sent(made.envelope(text, NOW)), NOW)


def test_messages_left_out_repeated_or_changed_are_refused() -> None:
    made = signer()
    chain = judged(made.address(HOST, SOCKET, MEMBERS))
    first, second = sent(made.envelope(b"one", NOW)), sent(made.envelope(b"two", NOW))
    date, moment, payload, given = first
    late = sent(signer(prior=made.prior).envelope(b"one", NOW - timedelta(minutes=6)))
    for wrong in (
        second,
        (date, moment, b"two", given),
        (date, moment, payload, bytes(32)),
        (date, moment, payload, b""),
        late,
    ):
        with pytest.raises(InvalidSignatureError):
            chain.verify(*wrong, NOW)
    chain.verify(*first, NOW)
    with pytest.raises(InvalidSignatureError):
        chain.verify(*first, NOW)
    chain.verify(*second, NOW)


def test_the_day_may_change_during_a_stream() -> None:
    midnight = datetime(2026, 5, 6, 23, 59, 59, tzinfo=UTC)
    made = signer(moment=midnight)
    chain = judged(made.address(HOST, SOCKET, MEMBERS), now=midnight)
    chain.verify(*sent(made.envelope(b"one", midnight)), midnight)
    after = midnight + timedelta(seconds=2)
    chain.verify(*sent(made.envelope(b"two", after)), after)
