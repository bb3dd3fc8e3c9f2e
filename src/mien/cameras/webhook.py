"""Posts events to a webhook, signed as the convention Standard Webhooks says, and again until they are taken."""

import base64
import binascii
import hashlib
import hmac
import random
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import msgspec
import urllib3
from urllib3.exceptions import HTTPError

from mien import __version__
from mien.cameras.outlet import Event
from mien.errors import SetupError

FIRST_PAUSE, LONGEST_PAUSE = 0.5, 60.0  # seconds between two attempts, doubled each time
TIMEOUT = urllib3.Timeout(connect=5.0, read=10.0)
PASSING = {408, 425, 429}  # answers below 500 that may be others soon
PREFIX = "whsec_"  # begins a secret that is written in base64


class Webhook:
    """A receiver of events over HTTP.

    Args:
        address: where events are posted; it may have a user and a password, which are sent as such.
        secret: the key of the signatures; None for unsigned events.
        said: is told in a sentence what was refused, and that the receiver does not answer.
        first_pause: seconds before the first further attempt.

    Raises:
        SetupError: the address is none of HTTP.
    """

    def __init__(
        self, address: str, secret: bytes | None, said: Callable[[str], None], first_pause: float = FIRST_PAUSE
    ) -> None:
        parts = urlsplit(address)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise SetupError("The webhook's address must begin with http:// or https:// and name a host.")
        self.name = f"webhook {parts.hostname}"  # the rest of an address may be secret
        user = f"{parts.username or ''}:{parts.password or ''}" if parts.username or parts.password else None
        self._headers = {"content-type": "application/json", "user-agent": f"mien/{__version__}"}
        self._headers |= urllib3.make_headers(basic_auth=user) if user else {}
        self._address = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
        self._secret, self._said, self._first_pause = secret, said, first_pause
        self._pool = urllib3.PoolManager(retries=False, timeout=TIMEOUT)
        self._failures = 0
        self.delivered = self.refused = 0

    def deliver(self, event: Event) -> float | None:
        """Posts an event; returns the seconds after which to try again, None if it was taken or refused for good."""
        body = msgspec.json.encode(event)
        try:
            answer = self._pool.request(
                "POST", self._address, body=body, headers=self._headers | self._signed(event["Id"], body),
                redirect=False, retries=False,
            )  # fmt: skip
        except HTTPError as error:
            return self._again(f"it cannot be reached ({type(error).__name__})", None)
        if answer.status >= 500 or answer.status in PASSING:
            return self._again(f"it answers {answer.status}", answer.headers.get("retry-after"))
        if self._failures:
            self._said(f"{self.name}: it answers again.")
        self._failures = 0
        if 200 <= answer.status < 300:
            self.delivered += 1
        else:
            self.refused += 1
            self._said(f"{self.name}: it refuses event {event['Id']} with {answer.status}, so that it is dropped.")
        return None

    def _signed(self, number: str, body: bytes) -> dict[str, str]:
        stamp = str(int(time.time()))
        headers = {"webhook-id": number, "webhook-timestamp": stamp}
        if self._secret is None:
            return headers
        digest = hmac.new(self._secret, b".".join((number.encode(), stamp.encode(), body)), hashlib.sha256).digest()
        return headers | {"webhook-signature": f"v1,{base64.b64encode(digest).decode()}"}

    def _again(self, why: str, after: str | None) -> float:
        if not self._failures:
            self._said(f"{self.name}: {why}; events wait until it takes them.")
        pause = min(self._first_pause * 2.0**self._failures, LONGEST_PAUSE)
        self._failures = min(self._failures + 1, 16)
        if after and after.isdecimal():
            return min(max(float(after), pause), LONGEST_PAUSE)
        return pause * random.uniform(0.75, 1.25)  # noqa: S311  so that many senders do not come at once


def secret(path: str) -> bytes:
    """Reads the key of the signatures from a file, as text or after `whsec_` in base64.

    Raises:
        SetupError: the file cannot be read, or has no key of 16 bytes or more.
    """
    try:
        text = Path(path).read_bytes().strip()
    except OSError as error:
        raise SetupError(f"The webhook's secret {path} cannot be read: {error.strerror}.") from None
    key = text
    if text.startswith(PREFIX.encode()):
        try:
            key = base64.b64decode(text.removeprefix(PREFIX.encode()), validate=True)
        except binascii.Error:
            raise SetupError(f"The webhook's secret {path} is no base64 after {PREFIX}.") from None
    if len(key) < 16:
        raise SetupError(f"The webhook's secret {path} is shorter than 16 bytes; make one with openssl rand -hex 32.")
    return key
