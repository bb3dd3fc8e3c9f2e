"""Speaks AWS's event stream (application/vnd.amazon.eventstream): messages with headers, a payload and two checksums.

A message is: its length, the length of its headers, a CRC32 of these two, the headers, the payload, and a CRC32 of all
before it; numbers are big-endian.
"""

import struct
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zlib import crc32

from mien.errors import ValidationError

CONTENT_TYPE = "application/vnd.amazon.eventstream"
MOST_MESSAGE = 4 * 1024 * 1024  # bytes; a second of a camera's video has 170 kB
MOST_HEADERS = 4 * 1024  # bytes of a message's headers; those of AWS's clients have 80
_PRELUDE = struct.Struct(">III")
_CRC = struct.Struct(">I")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Value = bool | int | bytes | str | datetime


@dataclass(frozen=True, slots=True)
class Message:
    """A message.

    Attributes:
        headers: by name.
        payload: what it carries.
        raw: each header by name as it was sent, name and value; empty for a message to be sent.
    """

    headers: Mapping[str, Value]
    payload: bytes
    raw: Mapping[str, bytes]


class MessageReader:
    """Takes messages out of the bytes of a stream."""

    def __init__(self) -> None:
        self._held = bytearray()

    def take(self, data: bytes) -> Iterator[Message]:
        """Yields the messages that are complete with these bytes.

        Raises:
            ValidationError: they are no message, or one that is too long.
        """
        self._held += data
        at = 0
        while len(self._held) - at >= _PRELUDE.size:
            length = _checked_length(self._held, at)
            if len(self._held) - at < length:
                break
            whole = bytes(memoryview(self._held)[at : at + length])
            at += length
            yield decode(whole)
        del self._held[:at]


def decode(data: bytes) -> Message:
    """Returns the message that the data is.

    Raises:
        ValidationError: it is none.
    """
    if len(data) < _PRELUDE.size + _CRC.size or _checked_length(data, 0) != len(data):
        raise _damaged("its length is wrong")
    (given,) = _CRC.unpack_from(data, len(data) - _CRC.size)
    if crc32(memoryview(data)[: -_CRC.size]) != given:
        raise _damaged("its checksum does not match")
    end = _PRELUDE.size + _PRELUDE.unpack_from(data)[1]
    headers, raw = _headers(data[_PRELUDE.size : end])
    return Message(headers, data[end : -_CRC.size], raw)


def encode(headers: Mapping[str, str], payload: bytes) -> bytes:
    """Returns a message whose headers are all text."""
    packed = b"".join(_text_header(name.encode(), value.encode()) for name, value in headers.items())
    prelude = struct.pack(">II", _PRELUDE.size + len(packed) + len(payload) + _CRC.size, len(packed))
    message = b"".join((prelude, _CRC.pack(crc32(prelude)), packed, payload))
    return message + _CRC.pack(crc32(message))


def _checked_length(data: bytes | bytearray, at: int) -> int:
    """Returns the length of the message that begins there.

    Raises:
        ValidationError: its prelude is damaged, or it is too long.
    """
    length, headers, given = _PRELUDE.unpack_from(data, at)
    if crc32(memoryview(data)[at : at + 8]) != given:
        raise _damaged("the checksum of its prelude does not match")
    if length > MOST_MESSAGE or headers > MOST_HEADERS:
        raise ValidationError(f"A message of the stream may have {MOST_MESSAGE} bytes, and {MOST_HEADERS} of headers.")
    if length < _PRELUDE.size + headers + _CRC.size:
        raise _damaged("its length is wrong")
    return int(length)


def _headers(data: bytes) -> tuple[dict[str, Value], dict[str, bytes]]:
    headers: dict[str, Value] = {}
    raw: dict[str, bytes] = {}
    at = 0
    try:
        while at < len(data):
            start, end = at, at + 1 + data[at]
            name = data[at + 1 : end].decode()
            headers[name], at = _VALUES[data[end]](data, end + 1)
            raw[name] = data[start:at]
    except (IndexError, KeyError, struct.error, UnicodeDecodeError, OverflowError):
        raise _damaged("its headers cannot be read") from None
    if at != len(data):
        raise _damaged("its headers cannot be read")
    return headers, raw


def _number(form: str) -> Callable[[bytes, int], tuple[Value, int]]:
    packed = struct.Struct(form)

    def read(data: bytes, at: int) -> tuple[Value, int]:
        return int(packed.unpack_from(data, at)[0]), at + packed.size

    return read


def _bytes(data: bytes, at: int) -> tuple[bytes, int]:
    end = at + 2 + struct.unpack_from(">H", data, at)[0]
    return data[at + 2 : end], end


def _text(data: bytes, at: int) -> tuple[Value, int]:
    text, end = _bytes(data, at)
    return text.decode(), end


def _moment(data: bytes, at: int) -> tuple[Value, int]:
    return _EPOCH + timedelta(milliseconds=struct.unpack_from(">q", data, at)[0]), at + 8


# How the value of a header is read, by its type.
_VALUES: dict[int, Callable[[bytes, int], tuple[Value, int]]] = {
    0: lambda _, at: (True, at),
    1: lambda _, at: (False, at),
    2: _number(">b"),
    3: _number(">h"),
    4: _number(">i"),
    5: _number(">q"),
    6: _bytes,
    7: _text,
    8: _moment,
    9: lambda data, at: (data[at : at + 16], at + 16),
}


def _text_header(name: bytes, value: bytes) -> bytes:
    return struct.pack(">B", len(name)) + name + b"\x07" + struct.pack(">H", len(value)) + value


def _damaged(why: str) -> ValidationError:
    return ValidationError(f"A message of the stream is damaged: {why}.")
