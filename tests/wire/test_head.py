"""Heads in one part and in many, and the framing of bodies."""

import random

import pytest

from mien.errors import ApiError, HeadTooLargeError, HttpVersionError, MalformedRequestError
from mien.wire import framing, head
from mien.wire.framing import Chunks, Length
from mien.wire.head import MOST_FIELDS, MOST_HEAD, Head, HeadReader

PLAIN = b"POST /a%20b?c=d HTTP/1.1\r\nHost: localhost\r\nX-Two: 1\r\nX-Two: 2\r\n\r\n"


def together(parts: list[bytes]) -> tuple[bytes, bytes]:
    """Returns the complete head and the bytes behind it, given in parts."""
    taking = HeadReader()
    for number, part in enumerate(parts):
        whole = taking.take(part)
        if whole is not None:
            return whole[0], whole[1] + b"".join(parts[number + 1 :])
    raise AssertionError("it is not whole")


def sized(size: int) -> bytes:
    begin = b"GET / HTTP/1.1\r\nx: "
    return begin + b"a" * (size - len(begin) - 4) + b"\r\n\r\n"


def with_fields(count: int) -> bytes:
    return b"GET / HTTP/1.1\r\n" + b"x:\r\n" * count + b"\r\n"


def test_a_head_is_the_same_wherever_it_is_split() -> None:
    stream = b"\r\n" + PLAIN + b"the body"
    for at in range(1, len(stream)):
        assert together([stream[:at], stream[at:]]) == (PLAIN, b"the body")
    assert together([stream[n : n + 1] for n in range(len(stream))]) == (PLAIN, b"the body")


def test_what_a_head_says() -> None:
    request = head.read(PLAIN)
    assert (request.method, request.target, request.version, request.keep_alive) == ("POST", b"/a%20b?c=d", "1.1", True)
    assert request.fields == [(b"host", b"localhost"), (b"x-two", b"1"), (b"x-two", b"2")]
    scope = request.scope()
    assert (scope["path"], scope["raw_path"], scope["query_string"]) == ("/a b", b"/a%20b", b"c=d")


@pytest.mark.parametrize(
    ("line", "stays"),
    [(b"HTTP/1.1\r\nConnection: close", False), (b"HTTP/1.0", False), (b"HTTP/1.0\r\nConnection: keep-alive", False),
     (b"HTTP/1.1\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQ", True),
     (b"HTTP/1.1\r\nConnection: upgrade\r\nUpgrade: websocket", True)],
)  # fmt: skip
def test_whether_a_connection_stays(line: bytes, stays: bool) -> None:
    assert head.read(b"POST / " + line + b"\r\nContent-Length: 2\r\n\r\n").keep_alive == stays


@pytest.mark.parametrize(
    ("target", "path"),
    [(b"http://a.example/b?c", "/b"), (b"http://a.example", "/"), (b"*", "*"), (b"/a#b", "/a"), (b"//a", "//a")],
)
def test_a_target_in_other_forms(target: bytes, path: str) -> None:
    assert head.read(b"OPTIONS " + target + b" HTTP/1.1\r\n\r\n").scope()["path"] == path


@pytest.mark.parametrize("pieces", [1, 7, 70_000])
def test_how_large_a_head_may_be(pieces: int) -> None:
    for fits in (sized(MOST_HEAD), with_fields(MOST_FIELDS)):
        step = len(fits) // pieces + 1
        assert together([fits[n : n + step] for n in range(0, len(fits), step)])[0] == fits
    for too_much in (sized(MOST_HEAD + 1), with_fields(MOST_FIELDS + 1)):
        step = len(too_much) // pieces + 1
        with pytest.raises(HeadTooLargeError):
            together([too_much[n : n + step] for n in range(0, len(too_much), step)])


@pytest.mark.parametrize(
    "endless", [b"x:\r\n" * 200, b"x: " + b"a" * 70_000, b"a" * 70_000, b"x: a\r\n" + b" a\r\n" * 200]
)
def test_a_head_without_end_is_refused_before_it_is_whole(endless: bytes) -> None:
    with pytest.raises(HeadTooLargeError):
        HeadReader().take(b"GET / HTTP/1.1\r\n" + endless)


@pytest.mark.parametrize(
    ("sent", "error"),
    [
        (b"\x16\x03\x01\x02\x00\x01", MalformedRequestError),
        (b"GET / HTTP/1.1\n\n", MalformedRequestError),
        (b"GET / HTTP/1.1\r\nHost: a\n\n", MalformedRequestError),
        (b"GET / HTTP/1.1\r\nHost: a\n\r\n", MalformedRequestError),
        (b"GET\r\n", MalformedRequestError),
        (b"\r\n" * 9, MalformedRequestError),
        (b"get / HTTP/1.1\r\n", MalformedRequestError),
        (b"GET /\xff HTTP/1.1\r\n", MalformedRequestError),
        (b"HELO example\r\n", HttpVersionError),  # as HTTP/0.9 would be
        (b"GET /\r\n", HttpVersionError),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", HttpVersionError),
        (b"GET / HTTP/3\r\n", HttpVersionError),
    ],
)
def test_what_can_be_no_head_is_refused_at_once(sent: bytes, error: type[ApiError]) -> None:
    with pytest.raises(error):
        HeadReader().take(sent)


@pytest.mark.parametrize(
    "fields",
    [b"a b: c", b": c", b"a : b", b"nocolon", b"a: b\r\n c", b"a: \0", b"a: b\rc", b"Content-Length: +5",
     b"Content-Length: 5\r\nContent-Length: 5", b"Content-Length: 5\r\nTransfer-Encoding: chunked",
     b"Transfer-Encoding: gzip", b"Transfer-Encoding: gzip, chunked", b"Transfer-Encoding: chunked, identity",
     b"Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked", b"Content-Length: 99999999999999999999999",
     b"Content-Length:", b"Transfer-Encoding: xchunked"],
)  # fmt: skip
def test_what_is_ambiguous_is_refused(fields: bytes) -> None:
    with pytest.raises(MalformedRequestError):
        framing.body(head.read(b"POST / HTTP/1.1\r\n" + fields + b"\r\n\r\n"), 100)


def test_chunks_in_http_1_0_are_refused() -> None:
    with pytest.raises(MalformedRequestError):
        framing.body(head.read(b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"), 100)


def test_how_a_body_is_announced() -> None:
    assert framing.body(Head(fields=[(b"content-length", b" 5 ")]), 100) is not None
    assert framing.body(Head(fields=[(b"content-length", b"0")]), 100) is None
    assert framing.body(Head(), 100) is None


def test_a_length_ends_where_it_says() -> None:
    body = Length(5)
    assert (body.next, body.take(memoryview(b"abc"))[0]) == (5, b"abc")
    assert (body.next, body.done) == (2, False)
    part, rest = body.take(memoryview(b"defg"))
    assert (part, bytes(rest), body.done) == (b"de", b"fg", True)


CHUNKED = b'5;ext="a b"\r\nhello\r\n1\r\n\r\r\n00a\r\n0123456789\r\n0;last\r\nX-Trailer: a\r\ny:\r\n\r\n'
DECODED = b"hello\r0123456789"


def decoded(parts: list[bytes], spare: int = 1000, fields: int = 10) -> tuple[bytes, bytes]:
    chunks, found, rest = Chunks(spare, fields), b"", b""
    for part in parts:
        if chunks.done:
            rest += part
            continue
        more, behind = chunks.take(memoryview(part))
        found, rest = found + more, rest + bytes(behind)
    assert chunks.done
    return found, rest


def test_chunks_are_the_same_wherever_they_are_split() -> None:
    stream = CHUNKED + b"GET /"
    for at in range(1, len(stream)):
        assert decoded([stream[:at], stream[at:]]) == (DECODED, b"GET /")
    assert decoded([stream[n : n + 1] for n in range(len(stream))]) == (DECODED, b"GET /")
    for _ in range(300):
        cuts = sorted(random.sample(range(len(stream)), 6))
        assert decoded([stream[a:b] for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True)]) == (
            DECODED,
            b"GET /",
        )


@pytest.mark.parametrize(
    "sent",
    [b"x\r\n", b"\r\n", b" 1\r\n", b"1 \r\n", b"+1\r\n", b"0x1\r\n", b"-1\r\n", b"1\n\r\n", b"1;a\nb\r\n", b"1_0\r\n",
     b"1\r\naa\r\n0\r\n", b"1\r\na0\r\n\r\n", b"0\r\nno colon\r\n", b"0\r\n a: b\r\n", b"0" * 16 + b"1\r\n", b";\r\n"],
)  # fmt: skip
def test_what_are_no_chunks_is_refused(sent: bytes) -> None:
    with pytest.raises(MalformedRequestError):
        Chunks(1000, 10).take(memoryview(sent))


@pytest.mark.parametrize(
    "sent",
    [b"1;" + b"a" * 2000, b"1;" + b"a" * 2000 + b"\r\n", (b"1;" + b"a" * 200 + b"\r\n \r\n") * 6,
     b"0\r\n" + b"x:\r\n" * 11, b"0\r\nx: " + b"a" * 2000, b"0" * 2000],
)  # fmt: skip
def test_extensions_and_trailers_are_part_of_what_a_head_may_have(sent: bytes) -> None:
    with pytest.raises(HeadTooLargeError):
        Chunks(1000, 10).take(memoryview(sent))


def test_many_small_chunks_are_no_fault() -> None:
    assert decoded([b"1\r\na\r\n" * 10_000 + b"0\r\n\r\n"]) == (b"a" * 10_000, b"")
