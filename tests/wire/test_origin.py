"""Which spellings of this machine are accepted in Host and Origin, and which are not."""

import pytest

from mien.wire.origin import OriginCheck
from mien.wire.origin import is_loopback as loopback

HERE = [
    "localhost", "LocalHost", "localhost.", "localhost:6436", "localhost:", "127.0.0.1", "127.0.0.1:80", "127.0.0.1.",
    "127.1", "127.0.1", "127.9.8.7", "2130706433", "0x7f.1", "0X7F000001", "017700000001", "0177.0.0.1:6436", "[::1]",
    "[::1]:6436", "[0:0:0:0:0:0:0:1]", "[::ffff:127.0.0.1]", "[::FFFF:7f00:1]:80", "mien.internal", "MIEN.internal.:1",
]  # fmt: skip
ELSEWHERE = [
    "", " ", "evil.example", "localhost.evil.example", "127.0.0.1.nip.io", "127.0.0.1.evil.example:6436", "localhost..",
    "evil.localhost", "localhost.localdomain", "0.0.0.0", "0", "128.0.0.1", "2130706432.5", "4294967296", "192.0.2.1",
    "[::]", "[::2]", "[::ffff:192.0.2.1]", "[::127.0.0.1]", "::1", "[::1", "::1]", "[]", "[localhost]", "localhost:x",
    "localhost:123456", "localhost@evil.example", "evil@localhost", "localhost/", "localhost evil", "127.0.0.1 evil",
    "127.0.0.1\tevil", "127.0.0.1\n", "localhost,evil.example", "localhost\0", "lo calhost", "127.0.0.1..", "127..1",
    "１２７.0.0.1", "ⅼocalhost", "mien.internal.evil.example", "%6cocalhost", "0x7f.1.evil", "127.1.1.1.1", "ffff", "x",
]  # fmt: skip


@pytest.fixture
def check() -> OriginCheck:
    async def behind(*_: object) -> None:
        raise AssertionError

    return OriginCheck(behind, lambda: False, "Mien.Internal.")


def objection(check: OriginCheck, *headers: tuple[str, str], method: str = "POST", version: str = "1.1") -> str | None:
    raw = [(name.encode("latin-1"), value.encode("utf-8")) for name, value in headers]
    return check._objection({"method": method, "http_version": version, "headers": raw})


@pytest.mark.parametrize("host", HERE)
def test_every_spelling_of_this_machine_is_let_in(check: OriginCheck, host: str) -> None:
    assert objection(check, ("host", host)) is None
    assert objection(check, ("host", "localhost"), ("origin", f"http://{host}")) is None


@pytest.mark.parametrize("host", ELSEWHERE)
@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS", "HEAD", "DELETE"])
def test_no_other_name_is(check: OriginCheck, host: str, method: str) -> None:
    assert objection(check, ("host", host), method=method)
    assert objection(check, ("host", "localhost"), ("host", host), method=method)
    if method != "OPTIONS":
        assert objection(check, ("host", "localhost"), ("origin", f"http://{host}"), method=method)


def test_only_what_is_no_browser_may_say_no_host(check: OriginCheck) -> None:
    assert objection(check, version="1.0") is None
    assert objection(check, version="1.1")
    assert objection(check, ("host", "evil.example"), version="1.0")


@pytest.mark.parametrize(
    ("origin", "is_let_in"),
    [
        ("http://localhost:3000", True),
        ("https://127.0.0.1", True),
        ("http://[::1]:8080", True),
        ("null", False),
        ("", False),
        ("localhost", False),
        ("http://", False),
        ("http://[", False),
        ("http://evil.example", False),
        ("http://localhost.evil.example", False),
        ("http://evil.example/http://localhost", False),
        ("chrome-extension://abcdefghijklmnop", False),
    ],
)
@pytest.mark.parametrize("site", ["", "cross-site", "same-site", "same-origin", "none"])
def test_a_page_says_where_it_comes_from(check: OriginCheck, origin: str, is_let_in: bool, site: str) -> None:
    """A page of localhost:3000 that calls 127.0.0.1 is another site for a browser, and this machine for mien."""
    more = [("sec-fetch-site", site)] if site else []
    assert (objection(check, ("host", "localhost:6436"), ("origin", origin), *more) is None) is is_let_in


@pytest.mark.parametrize(
    ("facts", "method", "is_let_in"),
    [
        ({"site": "cross-site"}, "POST", False),
        ({"site": "cross-site"}, "GET", False),
        ({"site": "cross-site", "mode": "no-cors", "dest": "image"}, "GET", False),
        ({"site": "cross-site", "mode": "navigate", "dest": "iframe"}, "GET", False),
        ({"site": "cross-site", "mode": "navigate", "dest": "document"}, "POST", False),
        ({"site": "cross-site", "mode": "navigate", "dest": "document"}, "GET", True),  # a link that was followed
        ({"site": "same-site", "mode": "no-cors", "dest": "script"}, "GET", True),  # of another port of localhost
        ({"site": "same-origin", "mode": "cors", "dest": "empty"}, "POST", True),
        ({"site": "none", "mode": "navigate", "dest": "document"}, "GET", True),
    ],
)
def test_without_an_origin_the_browsers_own_word_counts(
    check: OriginCheck, facts: dict[str, str], method: str, is_let_in: bool
) -> None:
    headers = [(f"sec-fetch-{name}", value) for name, value in facts.items()]
    assert (objection(check, ("host", "127.0.0.1"), *headers, method=method) is None) is is_let_in


def test_a_loopback_address_is_no_name() -> None:
    assert not any(map(loopback, ("localhost", "::1", "127.0.0.1.nip.io", "127.0.0.1 x", "", ".", "127.0.0.1\n")))
