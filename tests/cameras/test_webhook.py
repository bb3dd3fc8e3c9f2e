"""Events posted to a real receiver: signed, in order, again until they are taken, and none lost in silence."""

import base64
import hashlib
import hmac
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from mien.cameras import outlet, webhook
from mien.cameras.outlet import Outlet
from mien.cameras.webhook import Webhook
from mien.errors import SetupError
from tests.cameras.receiver import Receiver, until


class Posting:
    """A webhook with its queue, which posts numbered events."""

    def __init__(self, address: str, secret: bytes | None = None, most: int = 100, pause: float = 0.02) -> None:
        self.said: list[str] = []
        self.hook = Webhook(address, secret, self.said.append, pause)
        self.outlet = Outlet(self.hook.name, self.hook.deliver, self.said.append, most)

    def post(self, *numbers: int) -> None:
        for number in numbers:
            self.outlet.put({"Id": f"run-{number}", "Name": "Грейс"})


def numbers(taken: list[Any]) -> list[int]:
    return [int(each["Id"].removeprefix("run-")) for each in taken]


def test_events_are_signed_as_standard_webhooks_says() -> None:
    secret = b"0123456789abcdef-key"
    with Receiver() as receiver:
        posting = Posting(receiver.address.replace("http://", "http://ann:pass@"), secret)
        posting.post(1)
        assert posting.outlet.close(10) == 0
    (post,) = receiver.posts
    stamp = post.headers["webhook-timestamp"]
    signed = f"run-1.{stamp}.".encode() + post.body
    expected = base64.b64encode(hmac.new(secret, signed, hashlib.sha256).digest()).decode()
    assert (post.headers["webhook-id"], post.headers["webhook-signature"]) == ("run-1", f"v1,{expected}")
    assert abs(int(stamp) - time.time()) < 30
    assert post.event == {"Id": "run-1", "Name": "Грейс"}
    assert post.headers["content-type"] == "application/json"
    assert base64.b64decode(post.headers["authorization"].removeprefix("Basic ")) == b"ann:pass"


def test_without_a_secret_nothing_is_signed() -> None:
    with Receiver() as receiver:
        posting = Posting(receiver.address)
        posting.post(1)
        posting.outlet.close(10)
    assert "webhook-signature" not in receiver.posts[0].headers


@pytest.mark.parametrize("status", [500, 502, 503, 429, 408])
def test_an_event_is_posted_again_until_it_is_taken(status: int) -> None:
    with Receiver([status, status, status]) as receiver:
        posting = Posting(receiver.address)
        posting.post(1, 2, 3)
        assert posting.outlet.close(20) == 0
    assert numbers(receiver.taken) == [1, 2, 3]
    assert [post.event["Id"] for post in receiver.posts[:4]] == ["run-1"] * 4  # those behind it wait
    assert [each.split(": ")[1] for each in posting.said] == [
        f"it answers {status}; events wait until it takes them.", "it answers again.",
    ]  # fmt: skip


def test_events_wait_for_a_receiver_that_is_away() -> None:
    with Receiver() as receiver:
        receiver.stop()
        posting = Posting(receiver.address)
        posting.post(1, 2)
        until(lambda: posting.said)
        receiver.start()
        assert posting.outlet.close(20) == 0
    assert numbers(receiver.taken) == [1, 2]


@pytest.mark.parametrize("status", [400, 401, 404, 410, 302])
def test_what_is_refused_for_good_is_said_and_holds_up_nothing(status: int) -> None:
    with Receiver([status]) as receiver:
        posting = Posting(receiver.address)
        posting.post(1, 2)
        posting.outlet.close(20)
    assert numbers(receiver.taken) == [2]
    assert posting.hook.refused == 1
    (said,) = posting.said
    assert f"refuses event run-1 with {status}" in said
    assert "hidden" not in said


def test_a_receiver_says_when_to_come_again(monkeypatch: pytest.MonkeyPatch) -> None:
    with Receiver([429], {"retry-after": "1"}) as receiver:
        posting = Posting(receiver.address)
        began = time.monotonic()
        posting.post(1)
        assert posting.outlet.close(20) == 0
    assert time.monotonic() - began >= 0.9


def test_a_full_queue_loses_the_oldest_and_says_how_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outlet, "SAID_EVERY", 0.0)
    free = threading.Event()
    delivered: list[int] = []
    said: list[str] = []

    def deliver(event: dict[str, Any]) -> None:
        free.wait(20)
        delivered.append(event["Id"])

    slow = Outlet("slow", deliver, said.append, most=3)
    slow.put({"Id": 0})
    for number in range(1, 10):
        slow.put({"Id": number})
    assert slow.lost == 7
    free.set()
    assert slow.close(20) == 7
    assert delivered[-3:] == [7, 8, 9]
    assert said[-1] == "slow: 1 events were lost, as it takes them too slowly; 7 in all."


def test_a_look_never_waits_for_a_receiver() -> None:
    with Receiver(pause=0.3) as receiver:
        posting = Posting(receiver.address)
        began = time.monotonic()
        posting.post(*range(50))
        assert time.monotonic() - began < 0.2
        assert posting.outlet.close(0.5) >= 47  # what is not taken by the end is counted
    assert any("events were lost" in each for each in posting.said)


@pytest.mark.parametrize("address", ["ftp://host/x", "host/x", "http://", "file:///etc/passwd"])
def test_an_address_that_is_none_is_refused(address: str) -> None:
    with pytest.raises(SetupError, match="webhook's address"):
        Webhook(address, None, print)


def test_a_secret_is_read_as_text_or_after_whsec(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("a text of more than 16 bytes\n")
    assert webhook.secret(str(file)) == b"a text of more than 16 bytes"
    file.write_text("whsec_" + base64.b64encode(bytes(range(24))).decode() + "\n")
    assert webhook.secret(str(file)) == bytes(range(24))
    for wrong, why in (("short", "shorter than 16"), ("whsec_!!", "no base64")):
        file.write_text(wrong)
        with pytest.raises(SetupError, match=why):
            webhook.secret(str(file))
    with pytest.raises(SetupError, match="cannot be read"):
        webhook.secret(str(tmp_path / "none"))
