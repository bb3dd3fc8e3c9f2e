"""Reads the head of a request: assembles it from the parts that arrive, and parses it once it is complete.

A head has at most MOST_HEAD bytes and MOST_FIELDS fields. No byte is searched twice, in however many parts it arrives,
and a first line that is not HTTP/1 is refused at once.
"""

import re
from dataclasses import dataclass, field
from urllib.parse import unquote

import httptools

from mien.errors import HeadTooLargeError, HttpVersionError, MalformedRequestError
from mien.wire.answer import Scope

MOST_HEAD = 64 * 1024  # bytes, with the trailers and chunk extensions of the same message
MOST_FIELDS = 100  # with the trailers
MOST_BLANK = 16  # bytes of empty lines before a request (RFC 9112, 2.2)
_LINE = re.compile(rb"[A-Z-]+ +[!-~]+ HTTP/1\.[01]\r\n")
_OTHER_VERSION = re.compile(rb"[A-Z-]+ +[!-~]+(?: HTTP/\d(?:\.\d)?)?\r\n")
_TLS = b"\x16"  # the first byte of a handshake (RFC 8446, 5.1)


class HeadReader:
    """Assembles heads from the bytes of one connection."""

    __slots__ = ("_blank", "_has_first_line", "_held", "_lines")

    def __init__(self) -> None:
        self._blank = 0
        self._held = bytearray()
        self._lines = 0
        self._has_first_line = False

    def take(self, data: bytes) -> tuple[bytes, bytes] | None:
        """Returns the complete head and the bytes behind it, or None until the head is complete.

        Raises:
            HeadTooLargeError: the head exceeds MOST_HEAD or MOST_FIELDS.
            HttpVersionError: it is of another version than HTTP/1.
            MalformedRequestError: it is no head of HTTP.
        """
        if self._held:
            return self._assemble(data)
        if data.startswith((b"\r", b"\n")):
            data = self._without_blank(data)
        end = data.find(b"\r\n\r\n") + 4
        if end < 4:
            return self._assemble(data) if data else None
        self._blank = 0
        return _checked(data[:end]), data[end:]

    def _without_blank(self, data: bytes) -> bytes:
        """Returns the data without the empty lines at its beginning, of which there may be MOST_BLANK bytes."""
        rest = data.lstrip(b"\r\n")
        self._blank += len(data) - len(rest)
        if self._blank > MOST_BLANK:
            raise MalformedRequestError("it is nothing but empty lines")
        return rest

    def _assemble(self, data: bytes) -> tuple[bytes, bytes] | None:
        unsearched = max(0, len(self._held) - 3)
        self._held += data
        end = self._held.find(b"\r\n\r\n", unsearched) + 4
        if end >= 4:
            whole, rest = bytes(self._held[:end]), bytes(self._held[end:])
            self._held, self._blank, self._lines, self._has_first_line = bytearray(), 0, 0, False
            return _checked(whole), rest
        self._lines += data.count(b"\n")
        if len(self._held) > MOST_HEAD or self._lines > MOST_FIELDS + 1:
            raise HeadTooLargeError
        self._has_first_line = self._has_first_line or _check_first_line(self._held)
        if self._held.find(b"\n\n", unsearched) >= 0 or self._held.find(b"\n\r\n", unsearched) >= 0:
            raise MalformedRequestError("its lines must end in CR LF")
        return None


@dataclass(slots=True)
class Head:
    """The parsed head of a request.

    Attributes:
        method: such as POST.
        target: as received.
        version: 1.0 or 1.1.
        fields: pairs of a lower-case name and a value.
        keep_alive: whether the connection serves further requests.
    """

    method: str = ""
    target: bytes = b""
    version: str = ""
    fields: list[tuple[bytes, bytes]] = field(default_factory=list)
    keep_alive: bool = False

    def scope(self) -> Scope:
        """Returns the scope of ASGI, without the addresses.

        Raises:
            MalformedRequestError: the target is no path and no URL.
        """
        path, query = self._split()
        return {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": self.version,
            "method": self.method,
            "scheme": "http",
            "path": unquote(path) if "%" in path else path,
            "raw_path": path.encode(),
            "query_string": query,
            "root_path": "",
            "headers": self.fields,
        }

    def _split(self) -> tuple[str, bytes]:
        """Returns path and query of the target."""
        if self.target.startswith(b"/") or self.target == b"*":
            path, _, query = self.target.partition(b"#")[0].partition(b"?")
            return path.decode(), query
        try:
            address = httptools.parse_url(self.target)
        except httptools.HttpParserInvalidURLError:
            raise MalformedRequestError("its target is no address") from None
        return (address.path or b"/").decode(), address.query or b""


class _Callbacks:
    """Receives the parts of a head from httptools."""

    def __init__(self) -> None:
        self.head = Head()
        self.parser = httptools.HttpRequestParser(self)

    def on_url(self, target: bytes) -> None:
        self.head.target = target

    def on_header(self, name: bytes, value: bytes) -> None:
        self.head.fields.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        self.head.keep_alive = self.parser.should_keep_alive()  # later it would speak of the next request


def read(data: bytes) -> Head:
    """Parses a complete head.

    Raises:
        MalformedRequestError: it is not valid HTTP, or asks for a tunnel.
    """
    callbacks = _Callbacks()
    head, parser = callbacks.head, callbacks.parser
    try:
        parser.feed_data(data)
    except httptools.HttpParserUpgrade:
        pass  # a server may ignore Upgrade (RFC 9110, 7.8), and mien always does
    except httptools.HttpParserError as error:
        raise MalformedRequestError(str(error).replace("`", "")) from None
    finally:
        del callbacks.parser  # breaks the cycle of parser and callbacks
    head.method = parser.get_method().decode()
    head.version = parser.get_http_version()
    if head.method == "CONNECT":
        raise MalformedRequestError("CONNECT is for proxies")
    head.keep_alive = head.keep_alive and head.version != "1.0"
    return head


def _checked(head: bytes) -> bytes:
    if len(head) > MOST_HEAD or head.count(b"\n") - 2 > MOST_FIELDS:
        raise HeadTooLargeError
    _check_first_line(head)
    return head


def _check_first_line(head: bytes | bytearray) -> bool:
    """Returns whether the first line is complete.

    Raises:
        HttpVersionError: it is of another version than HTTP/1.
        MalformedRequestError: it is no request line.
    """
    if head.startswith(_TLS):
        raise MalformedRequestError("it is TLS, for which a proxy must stand in front of mien")
    if b"\n" not in head and head[:1].isalpha():
        return False
    if _LINE.match(head):
        return True
    if _OTHER_VERSION.match(head):
        raise HttpVersionError
    raise MalformedRequestError("its first line must be METHOD TARGET HTTP/1.1")
