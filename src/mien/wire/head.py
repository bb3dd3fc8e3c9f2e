"""The head of a request: put together from what comes over a connection, and read once it is whole.

It has MOST_HEAD bytes and MOST_FIELDS fields at most, and no byte of it is searched twice, however many parts it comes
in. What can be no head is refused as soon as its first line shows that.
"""

import re
from dataclasses import dataclass, field
from urllib.parse import unquote

import httptools

from mien.errors import HeadTooLargeError, HttpVersionError, MalformedRequestError
from mien.wire.answer import Scope

MOST_HEAD = 64 * 1024  # bytes, with the trailers and chunk extensions of the same message
MOST_FIELDS = 100  # with the trailers
MOST_BLANK = 16  # bytes of empty lines before a request
_LINE = re.compile(rb"[A-Z-]+ +[!-~]+ HTTP/1\.[01]\r\n")
_OTHER_VERSION = re.compile(rb"[A-Z-]+ +[!-~]+(?: HTTP/\d(?:\.\d)?)?\r\n")
_TLS = b"\x16"  # the first byte of its handshake


class Head:
    """What has come of a head."""

    __slots__ = ("_begins_well", "_blank", "_held", "_lines")

    def __init__(self) -> None:
        self._blank = 0
        self._held = bytearray()
        self._lines = 0
        self._begins_well = False

    def take(self, data: bytes) -> tuple[bytes, bytes] | None:
        """Returns the whole head and what follows it, or None until it is whole.

        Raises:
            HeadTooLargeError: it is larger than a head may be.
            HttpVersionError: it is another version's.
            MalformedRequestError: it is no head.
        """
        if self._held:
            return self._put_together(data)
        if data.startswith((b"\r", b"\n")):
            data = self._passed_over(data)
        end = data.find(b"\r\n\r\n") + 4
        if end < 4:
            return self._put_together(data) if data else None
        self._blank = 0
        return _checked(data[:end]), data[end:]

    def _passed_over(self, data: bytes) -> bytes:
        """What follows empty lines, of which a few may stand before a request (RFC 9112, 2.2)."""
        rest = data.lstrip(b"\r\n")
        self._blank += len(data) - len(rest)
        if self._blank > MOST_BLANK:
            raise MalformedRequestError("it is nothing but empty lines")
        return rest

    def _put_together(self, data: bytes) -> tuple[bytes, bytes] | None:
        unsearched = max(0, len(self._held) - 3)
        self._held += data
        end = self._held.find(b"\r\n\r\n", unsearched) + 4
        if end >= 4:
            whole, rest = bytes(self._held[:end]), bytes(self._held[end:])
            self._held, self._blank, self._lines, self._begins_well = bytearray(), 0, 0, False
            return _checked(whole), rest
        self._lines += data.count(b"\n")
        if len(self._held) > MOST_HEAD or self._lines > MOST_FIELDS + 1:
            raise HeadTooLargeError
        self._begins_well = self._begins_well or _begins_well(self._held)
        if self._held.find(b"\n\n", unsearched) >= 0 or self._held.find(b"\n\r\n", unsearched) >= 0:
            raise MalformedRequestError("its lines must end in CR LF")
        return None


@dataclass(slots=True)
class Request:
    """What a head says.

    Attributes:
        method: such as POST.
        target: as it came.
        version: 1.0 or 1.1.
        fields: names in lower case, and values.
        stays: whether the connection is for further requests.
    """

    method: str = ""
    target: bytes = b""
    version: str = ""
    fields: list[tuple[bytes, bytes]] = field(default_factory=list)
    stays: bool = False

    def scope(self) -> Scope:
        """Returns what ASGI has of it.

        Raises:
            MalformedRequestError: its target is none.
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
        """The path and the query of the target."""
        if self.target.startswith(b"/") or self.target == b"*":
            path, _, query = self.target.partition(b"#")[0].partition(b"?")
            return path.decode(), query
        try:
            address = httptools.parse_url(self.target)
        except httptools.HttpParserInvalidURLError:
            raise MalformedRequestError("its target is no address") from None
        return (address.path or b"/").decode(), address.query or b""


class _Reading:
    """What httptools tells of a head."""

    def __init__(self) -> None:
        self.request = Request()
        self.parser = httptools.HttpRequestParser(self)

    def on_url(self, target: bytes) -> None:
        self.request.target = target

    def on_header(self, name: bytes, value: bytes) -> None:
        self.request.fields.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        self.request.stays = self.parser.should_keep_alive()  # what it says later is of the next request


def read(head: bytes) -> Request:
    """Read a whole head.

    Raises:
        MalformedRequestError: it is not as HTTP has it.
    """
    reading = _Reading()
    request, parser = reading.request, reading.parser
    try:
        parser.feed_data(head)
    except httptools.HttpParserUpgrade:
        pass  # mien upgrades to nothing, and answers as if it were not asked to (RFC 9110, 7.8)
    except httptools.HttpParserError as error:
        raise MalformedRequestError(str(error).replace("`", "")) from None
    finally:
        del reading.parser  # which knows what knows it
    request.method = parser.get_method().decode()
    request.version = parser.get_http_version()
    if request.method == "CONNECT":
        raise MalformedRequestError("CONNECT is for proxies")
    request.stays = request.stays and request.version != "1.0"
    return request


def _checked(head: bytes) -> bytes:
    if len(head) > MOST_HEAD or head.count(b"\n") - 2 > MOST_FIELDS:
        raise HeadTooLargeError
    _begins_well(head)
    return head


def _begins_well(head: bytes | bytearray) -> bool:
    """Whether the first line is whole; raises where it is not HTTP/1's."""
    if head.startswith(_TLS):
        raise MalformedRequestError("it is TLS, for which a proxy must stand in front of mien")
    if b"\n" not in head and head[:1].isalpha():
        return False
    if _LINE.match(head):
        return True
    if _OTHER_VERSION.match(head):
        raise HttpVersionError
    raise MalformedRequestError("its first line must be METHOD TARGET HTTP/1.1")
