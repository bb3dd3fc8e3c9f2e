"""Reads the signature that a WebSocket's address carries in its query, since a browser cannot send headers with it.

The form is that of AWS's client for streams: the digest is that of an empty body, and `host` is the signed header.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from urllib.parse import parse_qsl

from mien.access import sigv4
from mien.access.claim import Call, Claim
from mien.access.sigv4 import (
    ALGORITHM,
    WINDOW,
    check_cover,
    check_date,
    check_scope,
    claimed,
    moment,
)
from mien.errors import (
    IncompleteSignatureError,
    InvalidSignatureError,
    MissingAuthenticationTokenError,
)

SIGNATURE = "X-Amz-Signature"
_PARTS = ("X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Date", "X-Amz-Expires", "X-Amz-SignedHeaders", SIGNATURE)
_LONGEST = int(WINDOW.total_seconds())  # seconds that an address may be valid; AWS's streams have the same limit


def read(call: Call, now: datetime) -> tuple[Claim, Call]:
    """Parses a presigned query and checks its form, date, scope and signed headers.

    Returns:
        The claim, and the request as it was signed: without the signature.

    Raises:
        MissingAuthenticationTokenError: the query is not signed.
        IncompleteSignatureError: a part is missing or stands there twice, or the date cannot be parsed.
        InvalidSignatureError: the request is signed in header and query, is no longer valid, was signed for another
            service, or without a header that must be signed.
    """
    pairs = parse_qsl(call.query, keep_blank_values=True)
    parts = {name: value for name, value in pairs if name in _PARTS}
    if not parts:
        raise MissingAuthenticationTokenError
    if "authorization" in call.headers:
        raise InvalidSignatureError(
            'Found both "X-Amz-Algorithm" as a query-string param and "Authorization" as HTTP header.'
        )
    missing = [name for name in _PARTS if [pair[0] for pair in pairs].count(name) != 1 or not parts[name]]
    if missing:
        raise IncompleteSignatureError(f"AWS query-string parameters must include each once: {', '.join(missing)}.")
    if parts["X-Amz-Algorithm"] != ALGORITHM:
        raise IncompleteSignatureError(f"Unsupported AWS 'algorithm': '{parts['X-Amz-Algorithm']}'.")
    signed = moment(parts["X-Amz-Date"], "X-Amz-Date")
    claim = claimed(parts["X-Amz-Credential"], parts["X-Amz-SignedHeaders"], parts[SIGNATURE], signed)
    check_date(claim, now)
    _check_expiry(parts["X-Amz-Expires"], signed, now)
    check_scope(claim)
    check_cover(claim, call.headers)
    unsigned = "&".join(part for part in call.query.split("&") if not part.startswith(f"{SIGNATURE}="))
    return claim, replace(call, query=unsigned)


def verify(call: Call, claim: Claim, secret_of: Callable[[str], str | None]) -> None:
    """Checks the signature of a claim, for the host with its port or without.

    AWS's client signs the name alone, whatever its port is; its browser then sends both.

    Args:
        call: the request as it was signed.
        claim: as `read` returned it.
        secret_of: access key → its secret; None for an unknown key.

    Raises:
        UnrecognizedClientError: the key is unknown, or the request carries a session token, which no key here has.
        InvalidSignatureError: the signature is wrong.
    """
    name, colon, port = call.headers.get("host", "").rpartition(":")
    try:
        sigv4.verify(call, claim, secret_of)
    except InvalidSignatureError:
        if not colon or not port.isdigit():
            raise
        sigv4.verify(replace(call, headers={**call.headers, "host": name}), claim, secret_of)


def _check_expiry(text: str, signed: datetime, now: datetime) -> None:
    if not (text.isascii() and text.isdigit() and len(text) <= 9 and 0 < int(text) <= _LONGEST):
        raise InvalidSignatureError(f"X-Amz-Expires must be 1 to {_LONGEST} seconds.")
    if signed + timedelta(seconds=int(text)) < now:
        raise InvalidSignatureError("Signature expired: the address was valid for X-Amz-Expires seconds.")
