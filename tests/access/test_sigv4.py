"""Signatures: a valid one is accepted, and any other is refused in AWS's words."""

import hashlib
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import example, given
from hypothesis import strategies as st

from mien.access import sigv4
from mien.access.claim import Call
from mien.errors import (
    FrameworkError,
    IncompleteSignatureError,
    InvalidSignatureError,
    MissingAuthenticationTokenError,
    UnrecognizedClientError,
)
from tests.access.signer import BODY, NOW, Signed

GOOD = Signed()
MISMATCH = (
    "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key "
    "and signing method. Consult the service documentation for details."
)
UNRECOGNIZED = "The security token included in the request is invalid."
Headers = dict[str, str]


def judged(headers: Headers, body: bytes = BODY, path: str = "/", query: str = "") -> None:
    """Verifies a request as the server does; raises the error it is refused with."""
    call = Call(path, query, headers, body)
    claim = sigv4.read(call, NOW)
    sigv4.verify(call, claim, {GOOD.access_key: GOOD.secret}.get)


@pytest.mark.parametrize(
    "signed",
    [
        GOOD,
        GOOD.but(moment=NOW - timedelta(minutes=5)),
        GOOD.but(moment=NOW + timedelta(minutes=5)),
        GOOD.but(region="us-gov-west-1"),
        GOOD.but(region="local"),
        GOOD.but(body=b""),
        GOOD.but(body=bytes(range(256)) * 40),
        GOOD.but(path="/some/base"),
        GOOD.but(path="/some/base/"),
        GOOD.but(unsigned=("content-type",)),  # as the second JavaScript SDK does
        GOOD.but(sent=GOOD.sent | {"x-amz-meta": "  many   spaces \t between  "}),
        GOOD.but(sent=GOOD.sent | {"amz-sdk-request": "attempt=1; max=3", "content-length": "20"}),
        GOOD.but(sent=GOOD.sent | {"x-empty": ""}),
    ],
)
def test_what_is_signed_is_let_in(signed: Signed) -> None:
    judged(signed.headers(), signed.body, signed.path)
    judged(signed.headers(), signed.body, signed.path)  # and once more: a repeated signature is no replay


def test_the_order_of_headers_does_not_matter_and_the_spaces_in_them_collapse() -> None:
    headers = GOOD.but(sent=GOOD.sent | {"x-amz-meta": "a b"}).headers()
    judged(dict(reversed(headers.items())))
    judged(headers | {"x-amz-meta": "  a    b "})
    judged(headers | {"x-unsigned": "added by a proxy"})


@given(
    st.binary(max_size=64),
    st.dictionaries(
        st.from_regex(r"x-[a-z]{1,8}(-[a-z0-9]{1,4})?", fullmatch=True),
        st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=20),
        max_size=5,
    ),
)
def test_botocore_and_the_specification_agree(body: bytes, more: Headers) -> None:
    judged(GOOD.but(body=body, sent=GOOD.sent | more).headers(), body)


def test_what_botocore_signs_is_let_in() -> None:
    request = AWSRequest("POST", "http://localhost:6436/", dict(GOOD.sent), BODY)
    SigV4Auth(Credentials(GOOD.access_key, GOOD.secret), "rekognition", "eu-west-1").add_auth(request)
    headers = {name.lower(): value for name, value in request.headers.items()}
    call = Call("/", "", headers, BODY)
    claim = sigv4.read(call, datetime.now(UTC))
    sigv4.verify(call, claim, {GOOD.access_key: GOOD.secret}.get)


def test_a_digest_that_is_announced_must_be_the_bodys() -> None:
    digest = "x-amz-content-sha256"
    right = hashlib.sha256(BODY).hexdigest()
    judged(GOOD.but(sent=GOOD.sent | {digest: right}).headers())
    for wrong in ("UNSIGNED-PAYLOAD", "0" * 64, "", "ü"):
        with pytest.raises(InvalidSignatureError, match=re.escape(MISMATCH)):
            judged(GOOD.but(sent=GOOD.sent | {digest: wrong}).headers())


@pytest.mark.parametrize("name", ["x-amz-target", "x-amz-content-sha256", "x-amz-security-token", "x-amz-anything"])
def test_what_begins_with_x_amz_must_be_signed(name: str) -> None:
    signed = GOOD.but(sent=GOOD.sent | {name: GOOD.sent.get(name, hashlib.sha256(BODY).hexdigest())}, unsigned=(name,))
    with pytest.raises(InvalidSignatureError, match=f"'{name.title()}' must be a 'SignedHeader' in the AWS"):
        judged(signed.headers())


def test_a_date_in_either_header_must_fit_what_was_signed() -> None:
    """`Date` replaces a missing X-Amz-Date; if both are sent, X-Amz-Date must be signed."""
    headers = GOOD.but(unsigned=("x-amz-date",)).headers()
    dated = without("x-amz-date")(headers) | {"date": GOOD.stamp}
    judged(dated)
    with pytest.raises(InvalidSignatureError, match="'X-Amz-Date' must be"):
        judged(dated | {"x-amz-date": GOOD.stamp})


def without(name: str) -> Callable[[Headers], Headers]:
    return lambda headers: {key: value for key, value in headers.items() if key != name}


def replaced(old: str, new: str, name: str = "authorization") -> Callable[[Headers], Headers]:
    def change(headers: Headers) -> Headers:
        changed = re.sub(old, new, headers[name])
        assert changed != headers[name]
        return headers | {name: changed}

    return change


def lacking(part: str) -> str:
    return f"Authorization header requires '{part}' parameter."


NO_DATE = "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header."
BAD_DATE = (
    "Date must be in ISO-8601 'basic format'. Got '{}'. See http://en.wikipedia.org/wiki/ISO_8601 Authorization={{}}"
)
FIVE = "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got '{}'"
Incomplete, Invalid, Missing = IncompleteSignatureError, InvalidSignatureError, MissingAuthenticationTokenError

# (what is wrong, how it comes about, the error, its text; {} stands for the Authorization header as it was sent)
TAMPERED: list[tuple[str, Callable[[Headers], Headers], type[FrameworkError], str]] = [
    ("no header", without("authorization"), Missing, "Missing Authentication Token"),
    ("empty header", lambda h: h | {"authorization": ""}, Incomplete,
     "Unsupported AWS 'algorithm': ''. Authorization={}"),
    ("basic", lambda h: h | {"authorization": "Basic YTpi"}, Incomplete,
     "Unsupported AWS 'algorithm': 'Basic'. Authorization={}"),
    ("algorithm", replaced("HMAC-SHA256", "ECDSA-P256-SHA256"), Incomplete,
     "Unsupported AWS 'algorithm': 'AWS4-ECDSA-P256-SHA256'. Authorization={}"),
    ("nothing but the algorithm", lambda h: h | {"authorization": "AWS4-HMAC-SHA256"}, Incomplete,
     f"{lacking('Credential')} {lacking('Signature')} {lacking('SignedHeaders')} Authorization={{}}"),
    ("no signature", replaced(", Signature=.*", ""), Incomplete, f"{lacking('Signature')} Authorization={{}}"),
    ("empty signature", replaced("Signature=.*", "Signature="), Incomplete,
     f"{lacking('Signature')} Authorization={{}}"),
    ("no credential", replaced("Credential=[^,]*, ", ""), Incomplete, f"{lacking('Credential')} Authorization={{}}"),
    ("no signed headers", replaced("SignedHeaders=[^,]*, ", ""), Incomplete,
     f"{lacking('SignedHeaders')} Authorization={{}}"),
    ("no date", without("x-amz-date"), Incomplete, f"{NO_DATE} Authorization={{}}"),
    ("neither date nor signature", lambda h: without("x-amz-date")(replaced(", Signature=.*", "")(h)), Incomplete,
     f"{lacking('Signature')} {NO_DATE} Authorization={{}}"),
    ("a date with dashes", lambda h: h | {"x-amz-date": "2024-05-06T12:30:15Z"}, Incomplete,
     BAD_DATE.format("2024-05-06T12:30:15Z")),
    ("a date that is none", lambda h: h | {"x-amz-date": "20240532T123015Z"}, Incomplete,
     BAD_DATE.format("20240532T123015Z")),
    ("four parts", replaced("/aws4_request", ""), Incomplete,
     FIVE.format("MIENEXAMPLE/20240506/eu-west-1/rekognition")),
    ("six parts", replaced("MIENEXAMPLE", "MIEN/EXAMPLE"), Incomplete,
     FIVE.format("MIEN/EXAMPLE/20240506/eu-west-1/rekognition/aws4_request")),
    ("a letter of the signature", lambda h: replaced(".$", "0" if h["authorization"][-1] != "0" else "1")(h), Invalid,
     MISMATCH),
    ("signature beyond ASCII", replaced(".$", "é"), Invalid, MISMATCH),
    ("signature in capitals", lambda h: replaced(".{64}$", h["authorization"][-64:].upper())(h), Invalid, MISMATCH),
    ("a signed header changed", lambda h: h | {"x-amz-target": "RekognitionService.DeleteUser"}, Invalid, MISMATCH),
    ("a signed header taken away", without("content-type"), Invalid, MISMATCH),
    ("host changed", lambda h: h | {"host": "localhost"}, Invalid, MISMATCH),
    ("a header not covered", replaced("content-type;", ""), Invalid, MISMATCH),
    ("region changed after signing", replaced("eu-west-1", "eu-west-2"), Invalid, MISMATCH),
    ("host not covered", replaced("host;", ""), Invalid,
     "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization."),
    ("nobody's key", replaced("MIENEXAMPLE", "MIENEXAMPLF"), UnrecognizedClientError, UNRECOGNIZED),
    ("nobody's key in the host's place", lambda h: replaced("MIENEXAMPLE", "x")(replaced("(.)$", "!")(h)),
     UnrecognizedClientError, UNRECOGNIZED),
    ("a session token", lambda _: GOOD.but(sent=GOOD.sent | {"x-amz-security-token": "FwoGZXIvYXdzE"}).headers(),
     UnrecognizedClientError, UNRECOGNIZED),
    ("a session token that is not signed", lambda h: h | {"x-amz-security-token": "FwoGZXIvYXdzE"}, Invalid,
     "'X-Amz-Security-Token' must be a 'SignedHeader' in the AWS Authorization."),
]  # fmt: skip


@pytest.mark.parametrize(("change", "kind", "text"), [row[1:] for row in TAMPERED], ids=[row[0] for row in TAMPERED])
def test_what_is_tampered_with_is_refused(
    change: Callable[[Headers], Headers], kind: type[FrameworkError], text: str
) -> None:
    headers = change(GOOD.headers())
    with pytest.raises(FrameworkError) as caught:
        judged(headers)
    assert type(caught.value) is kind
    assert caught.value.message == text.replace("{}", headers.get("authorization", ""))
    assert caught.value.status == 400


@pytest.mark.parametrize("change", [{"body": BODY + b" "}, {"body": b""}, {"path": "/other"}, {"query": "a=b"}])
def test_a_changed_body_path_or_query_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(InvalidSignatureError, match=re.escape(MISMATCH)):
        judged(GOOD.headers(), **change)


# (how it is signed, the text)
MISDIRECTED: list[tuple[Signed, str]] = [
    (GOOD.but(moment=NOW - timedelta(minutes=5, seconds=1)),
     "Signature expired: 20240506T122514Z is now earlier than 20240506T122515Z (20240506T123015Z - 5 min.)"),
    (GOOD.but(moment=NOW - timedelta(days=400)),
     "Signature expired: 20230402T123015Z is now earlier than 20240506T122515Z (20240506T123015Z - 5 min.)"),
    (GOOD.but(moment=NOW + timedelta(minutes=5, seconds=1)),
     "Signature not yet current: 20240506T123516Z is still later than 20240506T123515Z (20240506T123015Z + 5 min.)"),
    (GOOD.but(service="s3"), "Credential should be scoped to correct service: 'rekognition'. "),
    (GOOD.but(terminator="aws5_request"),
     "Credential should be scoped with a valid terminator: 'aws4_request', not 'aws5_request'. "),
    (GOOD.but(region="Europe"), "Credential should be scoped to a valid region, not 'Europe'. "),
    (GOOD.but(region=""), "Credential should be scoped to a valid region, not ''. "),
    (GOOD.but(region="Europe", service="s3", terminator="x"),
     "Credential should be scoped to a valid region, not 'Europe'. Credential should be scoped to correct service: "
     "'rekognition'. Credential should be scoped with a valid terminator: 'aws4_request', not 'x'. "),
    (GOOD.but(access_key="nobody", service="s3"),  # the scope is looked at before the key
     "Credential should be scoped to correct service: 'rekognition'. "),
]  # fmt: skip


@pytest.mark.parametrize(("signed", "text"), MISDIRECTED)
def test_what_is_signed_for_another_time_or_place_is_refused(signed: Signed, text: str) -> None:
    with pytest.raises(InvalidSignatureError) as caught:
        judged(signed.headers())
    assert caught.value.message == text


def test_the_scopes_day_is_the_dates() -> None:
    headers = replaced("20240506", "20240505")(GOOD.headers())
    with pytest.raises(InvalidSignatureError) as caught:
        judged(headers)
    assert caught.value.message == (
        "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '20240505' != "
        "'20240506', from '20240506T123015Z'."
    )


def test_a_date_header_will_do() -> None:
    headers = GOOD.headers()
    moment = headers.pop("x-amz-date")
    headers["authorization"] = headers["authorization"].replace("x-amz-date;", "")
    headers["date"] = "Mon, 06 May 2024 12:30:15 GMT"
    with pytest.raises(InvalidSignatureError, match=re.escape(MISMATCH)):
        judged(headers)  # read, and held against the signature
    assert sigv4.read(Call("/", "", headers, BODY), NOW).moment.strftime("%Y%m%dT%H%M%SZ") == moment


def test_a_signature_in_the_query_is_refused() -> None:
    query = "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Signature=0"
    with pytest.raises(InvalidSignatureError) as caught:
        judged(GOOD.headers(), query=query)
    assert caught.value.message == (
        'Found both "X-Amz-Algorithm" as a query-string param and "Authorization" as HTTP header.'
    )
    with pytest.raises(InvalidSignatureError):
        judged(without("authorization")(GOOD.headers()), query=query)


@given(st.text(max_size=80), st.text(max_size=20))
@example(",0", "")
@example(", Other=1", "")
@example("\x1f", "")
def test_any_header_gets_an_answer(authorization: str, stamp: str) -> None:
    for header in (authorization, f"AWS4-HMAC-SHA256 {authorization}", GOOD.headers()["authorization"] + authorization):
        try:
            judged(GOOD.headers() | {"authorization": header, "x-amz-date": stamp or GOOD.stamp})
        except FrameworkError:
            continue
        assert header.strip(", \t") == GOOD.headers()["authorization"]
