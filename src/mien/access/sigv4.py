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
STREAMED = "STREAMING-AWS4-HMAC-SHA256-EVENTS"  # stands for the digest of a body that is a stream of signed messages
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
    check_date(claim, now)
    check_scope(claim)
    check_cover(claim, call.headers)
    return claim


def verify(call: Call, claim: Claim, secret_of: Callable[[str], str | None], digest: str = "") -> None:
    """Checks the signature of a claim against the request that was received.

    Args:
        call: the request; of a presigned one, without the signature in its query.
        claim: as `read` or `presigned.read` returned it.
        secret_of: access key → its secret; None for an unknown key.
        digest: signed in place of the body's digest, where the body is a stream.

    Raises:
        UnrecognizedClientError: the key is unknown, or the request carries a session token, which no key here has.
        InvalidSignatureError: the signature or the announced digest of the body is wrong.
    """
    from mien.access.signature import signature  # noqa: PLC0415  see `prepare`

    secret = secret_of(claim.access_key)
    if secret is None:
        raise UnrecognizedClientError
    digest = digest or hashlib.sha256(call.body).hexdigest()
    announced = call.headers.get("x-amz-content-sha256", digest)
    expected = signature(call, claim, secret, digest)
    if not (_is_equal(announced, digest) and _is_equal(expected, claim.signature)):
        raise InvalidSignatureError
    if "x-amz-security-token" in call.headers or "X-Amz-Security-Token=" in call.query:
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
    return claimed(
        parts["Credential"], parts["SignedHeaders"], parts["Signature"], moment(stamp, f"Authorization={header}")
    )


def claimed(credential: str, signed_headers: str, signature: str, signed: datetime) -> Claim:
    """Returns the claim of these parts.

    Raises:
        IncompleteSignatureError: the credential has not five parts.
    """
    scope = credential.split("/")
    if len(scope) != 5:
        raise IncompleteSignatureError(
            "Credential must have exactly 5 slash-delimited elements, e.g. "
            f"keyid/date/region/service/term, got '{credential}'"
        )
    access_key, day, region, service, terminator = scope
    names = tuple(name.lower() for name in signed_headers.split(";"))
    return Claim(access_key, day, region, service, terminator, names, signature, signed)


def moment(stamp: str, found: str) -> datetime:
    """Returns the moment that a date names.

    Args:
        stamp: the date.
        found: ends the error's text, to say where the date was found.

    Raises:
        IncompleteSignatureError: it names none.
    """
    for form in (TIMESTAMP, _HTTP_DATE):
        try:
            return datetime.strptime(stamp, form).replace(tzinfo=UTC)
        except ValueError:
            continue
    raise IncompleteSignatureError(
        f"Date must be in ISO-8601 'basic format'. Got '{stamp}'. See http://en.wikipedia.org/wiki/ISO_8601 {found}"
    )


def check_date(claim: Claim, now: datetime) -> None:
    """Requires a signature of the last WINDOW, by a clock that is no more than that ahead.

    Raises:
        InvalidSignatureError: it was signed at another time.
    """
    sent, present = claim.moment.strftime(TIMESTAMP), now.strftime(TIMESTAMP)
    if claim.moment < now - WINDOW:
        earliest = (now - WINDOW).strftime(TIMESTAMP)
        raise InvalidSignatureError(f"Signature expired: {sent} is now earlier than {earliest} ({present} - 5 min.)")
    if claim.moment > now + WINDOW:
        latest = (now + WINDOW).strftime(TIMESTAMP)
        raise InvalidSignatureError(
            f"Signature not yet current: {sent} is still later than {latest} ({present} + 5 min.)"
        )


def check_scope(claim: Claim) -> None:
    """Requires a scope of this service, and of the day of the signature.

    Raises:
        InvalidSignatureError: it is another.
    """
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


def check_cover(claim: Claim, headers: Mapping[str, str]) -> None:
    """Requires `host` and every `x-amz-` header to be signed, so that a captured signature serves no other request.

    Raises:
        InvalidSignatureError: one of them is not.
    """
    signed = frozenset(claim.signed_headers)
    if "host" not in signed:
        raise InvalidSignatureError("'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.")
    for name in headers:
        if name.startswith("x-amz-") and name not in signed:
            raise InvalidSignatureError(f"'{name.title()}' must be a 'SignedHeader' in the AWS Authorization.")
