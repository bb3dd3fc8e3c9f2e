"""Verifies AWS Signature Version 4: that a known access key signed exactly the request that was received.

`signature` computes; this module adds a server's part: it parses the header, checks in AWS's order, and refuses in
AWS's words (reference 1.4 and 1.5).
"""

import hashlib
import hmac
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

from mien.access.claim import TIMESTAMP, Call, Claim
from mien.errors import (
    IncompleteSignatureError,
    InvalidSignatureError,
    MissingAuthenticationTokenError,
    UnrecognizedClientError,
)

ALGORITHM = "AWS4-HMAC-SHA256"
SERVICE = "rekognition"
TERMINATOR = "aws4_request"
WINDOW = timedelta(minutes=5)
_PARTS = ("Credential", "Signature", "SignedHeaders")
_HTTP_DATE = "%a, %d %b %Y %H:%M:%S GMT"


def read(call: Call, now: datetime) -> Claim:
    """Parses the Authorization header and checks its form, date, scope and signed headers.

    Raises:
        MissingAuthenticationTokenError: there is no such header.
        IncompleteSignatureError: a part is missing, or the date cannot be parsed.
        InvalidSignatureError: the request is signed in header and query, outside the time window, for another service,
            or without a header that must be signed.
    """
    header = call.headers.get("authorization")
    presigned = "X-Amz-Algorithm=" in call.query
    if header is None:
        if presigned:
            raise InvalidSignatureError("Signatures in the query string are not supported.")
        raise MissingAuthenticationTokenError
    if presigned:
        raise InvalidSignatureError(
            'Found both "X-Amz-Algorithm" as a query-string param and "Authorization" as HTTP header.'
        )
    claim = _parsed(header, call.headers)
    _check_date(claim, now)
    _check_scope(claim)
    _check_cover(claim, call.headers)
    return claim


def verify(call: Call, claim: Claim, secret_of: Callable[[str], str | None]) -> None:
    """Checks the signature of a claim against the request that was received.

    Args:
        call: the request.
        claim: its Authorization header, as `read` returned it.
        secret_of: access key → its secret; None for an unknown key.

    Raises:
        UnrecognizedClientError: the key is unknown, or the request carries a session token, which no key here has.
        InvalidSignatureError: the signature or the announced digest of the body is wrong.
    """
    from mien.access.signature import signature  # noqa: PLC0415  see `prepare`

    secret = secret_of(claim.access_key)
    if secret is None:
        raise UnrecognizedClientError
    digest = hashlib.sha256(call.body).hexdigest()
    announced = call.headers.get("x-amz-content-sha256", digest)
    expected = signature(call, claim, secret, digest)
    if not (_is_equal(announced, digest) and _is_equal(expected, claim.signature)):
        raise InvalidSignatureError
    if "x-amz-security-token" in call.headers:
        raise UnrecognizedClientError


def prepare() -> None:
    """Imports botocore, which only a server with keys needs (`benchmarks/README.md`, "Starting")."""
    import mien.access.signature  # noqa: F401, PLC0415


def _is_equal(one: str, other: str) -> bool:
    """Compares in constant time; as bytes, since a header may hold characters outside ASCII."""
    return hmac.compare_digest(one.encode(), other.encode())


def _parsed(header: str, headers: Mapping[str, str]) -> Claim:
    algorithm, _, rest = header.partition(" ")
    if algorithm != ALGORITHM:
        raise IncompleteSignatureError(f"Unsupported AWS 'algorithm': '{algorithm}'. Authorization={header}")
    given = [part for each in rest.split(",") if (part := each.strip(" \t"))]
    unknown = next((part for part in given if part.partition("=")[0] not in _PARTS), None)
    if unknown is not None:
        raise IncompleteSignatureError(
            f"'{unknown}' not a valid key=value pair (missing equal-sign) in Authorization header: '{header}'."
        )
    parts = {name: value for name, _, value in (part.partition("=") for part in given) if value}
    stamp = headers.get("x-amz-date") or headers.get("date")
    missing = [f"Authorization header requires '{name}' parameter." for name in _PARTS if name not in parts]
    if stamp is None:
        missing.append("Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.")
    if missing or stamp is None:
        raise IncompleteSignatureError(f"{' '.join(missing)} Authorization={header}")
    scope = parts["Credential"].split("/")
    if len(scope) != 5:
        raise IncompleteSignatureError(
            "Credential must have exactly 5 slash-delimited elements, e.g. "
            f"keyid/date/region/service/term, got '{parts['Credential']}'"
        )
    signed = tuple(name.lower() for name in parts["SignedHeaders"].split(";"))
    access_key, day, region, service, terminator = scope
    moment = _moment(stamp, header)
    return Claim(access_key, day, region, service, terminator, signed, parts["Signature"], moment)


def _moment(stamp: str, header: str) -> datetime:
    for form in (TIMESTAMP, _HTTP_DATE):
        try:
            return datetime.strptime(stamp, form).replace(tzinfo=UTC)
        except ValueError:
            continue
    raise IncompleteSignatureError(
        "Date must be in ISO-8601 'basic format'. "
        f"Got '{stamp}'. See http://en.wikipedia.org/wiki/ISO_8601 Authorization={header}"
    )


def _check_date(claim: Claim, now: datetime) -> None:
    sent, present = claim.moment.strftime(TIMESTAMP), now.strftime(TIMESTAMP)
    if claim.moment < now - WINDOW:
        earliest = (now - WINDOW).strftime(TIMESTAMP)
        raise InvalidSignatureError(f"Signature expired: {sent} is now earlier than {earliest} ({present} - 5 min.)")
    if claim.moment > now + WINDOW:
        latest = (now + WINDOW).strftime(TIMESTAMP)
        raise InvalidSignatureError(
            f"Signature not yet current: {sent} is still later than {latest} ({present} + 5 min.)"
        )


def _check_scope(claim: Claim) -> None:
    wrong = []
    if not re.fullmatch(r"[a-z0-9-]+", claim.region):
        wrong.append(f"Credential should be scoped to a valid region, not '{claim.region}'. ")
    if claim.service != SERVICE:
        wrong.append(f"Credential should be scoped to correct service: '{SERVICE}'. ")
    if claim.terminator != TERMINATOR:
        wrong.append(f"Credential should be scoped with a valid terminator: '{TERMINATOR}', not '{claim.terminator}'. ")
    if claim.day != claim.moment.strftime("%Y%m%d"):
        wrong.append(
            f"Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: "
            f"'{claim.day}' != '{claim.moment.strftime('%Y%m%d')}', from '{claim.moment.strftime(TIMESTAMP)}'."
        )
    if wrong:
        raise InvalidSignatureError("".join(wrong))


def _check_cover(claim: Claim, headers: Mapping[str, str]) -> None:
    """Requires `host` and every `x-amz-` header to be signed, so that a captured signature serves no other request."""
    signed = frozenset(claim.signed_headers)
    if "host" not in signed:
        raise InvalidSignatureError("'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.")
    for name in headers:
        if name.startswith("x-amz-") and name not in signed:
            raise InvalidSignatureError(f"'{name.title()}' must be a 'SignedHeader' in the AWS Authorization.")
