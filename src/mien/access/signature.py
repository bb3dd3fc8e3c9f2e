"""Computes the signature that a request must carry; canonical form and arithmetic are botocore's."""

from datetime import datetime
from typing import Any

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from mien.access.claim import TIMESTAMP, Call, Claim


def signature(call: Call, claim: Claim, secret: str, digest: str) -> str:
    """Returns the signature that the holder of the secret would have given this request, in hexadecimal.

    Args:
        call: the request as received.
        claim: what it says of its signer.
        secret: of the claim's access key.
        digest: SHA-256 of the body, in hexadecimal, or what the protocol has in its place.
    """
    signer = _Signer(claim, secret, digest)
    covered = {name: call.headers.get(name, "") for name in claim.signed_headers}
    query = f"?{call.query}" if call.query else ""
    request = AWSRequest(call.method, f"http://host{call.path}{query}", headers=covered)
    request.context["timestamp"] = claim.moment.strftime(TIMESTAMP)
    return str(signer.signature(signer.string_to_sign(request, signer.canonical_request(request)), request))


def sign(text: str, claim: Claim, secret: str, moment: datetime) -> str:
    """Returns the signature of a text, in hexadecimal.

    Args:
        text: to sign.
        claim: names the scope.
        secret: of the claim's access key.
        moment: of the signature, whose day the key is for.
    """
    request = AWSRequest()
    request.context["timestamp"] = moment.strftime(TIMESTAMP)
    return str(_Signer(claim, secret, "").signature(text, request))


class _Signer(SigV4Auth):  # type: ignore[misc]  # botocore has no types
    """botocore's signer, given the headers that the client signed and the digest of the body."""

    def __init__(self, claim: Claim, secret: str, digest: str) -> None:
        super().__init__(Credentials(claim.access_key, secret), claim.service, claim.region)
        self._digest = digest

    def headers_to_sign(self, request: Any) -> Any:
        """Returns the headers that the client signed, where botocore would choose its own."""
        return request.headers

    def payload(self, request: Any) -> str:  # noqa: ARG002  botocore's signature
        """Returns the digest of the body, which is known and need not be copied into the request."""
        return self._digest
