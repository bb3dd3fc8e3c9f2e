"""The signature that a request must have; the canonical form and the arithmetic are botocore's."""

from typing import TYPE_CHECKING, Any

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

if TYPE_CHECKING:
    from mien.access.sigv4 import Call, Claim

_STAMP = "%Y%m%dT%H%M%SZ"


def signature(call: "Call", claim: "Claim", secret: str, digest: str) -> str:
    """Sign what was received as the client should have.

    Args:
        call: what was received.
        claim: what it says of its signature.
        secret: of the claim's access key.
        digest: hex SHA-256 of the body.
    """
    signer = _Signer(claim, secret, digest)
    covered = {name: call.headers.get(name, "") for name in claim.signed_headers}
    query = f"?{call.query}" if call.query else ""
    request = AWSRequest("POST", f"http://host{call.path}{query}", headers=covered)
    request.context["timestamp"] = claim.moment.strftime(_STAMP)
    return str(signer.signature(signer.string_to_sign(request, signer.canonical_request(request)), request))


class _Signer(SigV4Auth):  # type: ignore[misc]  # botocore has no types
    """botocore's signer, told which headers the client covered and what the body's digest is."""

    def __init__(self, claim: "Claim", secret: str, digest: str) -> None:
        super().__init__(Credentials(claim.access_key, secret), claim.service, claim.region)
        self._digest = digest

    def headers_to_sign(self, request: Any) -> Any:
        """All that were put into the request, and nothing of botocore's own choosing."""
        return request.headers

    def payload(self, request: Any) -> str:  # noqa: ARG002  botocore's signature
        """The digest of the body, which is not copied into the request for it."""
        return self._digest
