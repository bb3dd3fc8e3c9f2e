"""Verifies the signatures of a stream's messages, each of which covers the one before it.

The form is AWS's "AWS4-HMAC-SHA256-PAYLOAD"; the chain begins with the signature of the request that opened the stream.
"""

import hashlib
import hmac
from datetime import datetime

from mien.access.claim import TIMESTAMP, Claim
from mien.access.sigv4 import WINDOW
from mien.errors import InvalidSignatureError


class Chain:
    """The chain of one stream.

    Args:
        claim: of the request that opened it.
        secret: of the claim's access key.
    """

    def __init__(self, claim: Claim, secret: str) -> None:
        self._claim = claim
        self._secret = secret
        self._prior = claim.signature

    def verify(self, header: bytes, moment: datetime, payload: bytes, given: bytes, now: datetime) -> None:
        """Checks the signature of the next message.

        Args:
            header: the message's `:date` header as it was sent, name and value.
            moment: what it says.
            payload: the message that is signed.
            given: its signature.
            now: the present.

        Raises:
            InvalidSignatureError: it was not signed with this key, now, and after the message before it.
        """
        from mien.access.signature import sign  # noqa: PLC0415  see `sigv4.prepare`

        claim = self._claim
        text = "\n".join(
            (
                "AWS4-HMAC-SHA256-PAYLOAD",
                moment.strftime(TIMESTAMP),
                f"{moment:%Y%m%d}/{claim.region}/{claim.service}/{claim.terminator}",
                self._prior,
                hashlib.sha256(header).hexdigest(),
                hashlib.sha256(payload).hexdigest(),
            )
        )
        expected = sign(text, claim, self._secret, moment)
        if abs(moment - now) > WINDOW or not hmac.compare_digest(bytes.fromhex(expected), given):
            raise InvalidSignatureError
        self._prior = expected
