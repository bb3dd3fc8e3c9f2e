"""A request as its signature covers it, and what it claims of its signer; read by `sigv4` and `presigned`."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

TIMESTAMP = "%Y%m%dT%H%M%SZ"  # ISO 8601's basic format, as X-Amz-Date has it


@dataclass(frozen=True, slots=True)
class Call:
    """The parts of a request that a signature covers.

    Attributes:
        path: as received, not decoded.
        query: as received, without the question mark.
        headers: lower-case name → value.
        body: the raw body.
        method: of HTTP.
    """

    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes | bytearray
    method: str = "POST"


@dataclass(frozen=True, slots=True)
class Claim:
    """The content of an Authorization header, or of a presigned query; not verified.

    Attributes:
        access_key: the id of the access key.
        day: of the credential's scope, as YYYYMMDD.
        region: of the scope.
        service: of the scope.
        terminator: of the scope; AWS knows only `aws4_request`.
        signed_headers: names in lower case, in the header's order.
        signature: 64 hexadecimal digits.
        moment: when the request was signed, in UTC.
    """

    access_key: str
    day: str
    region: str
    service: str
    terminator: str
    signed_headers: tuple[str, ...]
    signature: str
    moment: datetime
