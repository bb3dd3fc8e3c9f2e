"""The event stream: read as botocore writes it, written as botocore reads it, and refused where it is damaged."""

import struct
from datetime import UTC, datetime
from zlib import crc32

import pytest
from botocore.eventstream import EventStreamBuffer
from hypothesis import given
from hypothesis import strategies as st

from mien.errors import ValidationError
from mien.wire.eventstream import MOST_HEADERS, MOST_MESSAGE, MessageReader, decode, encode
from tests.streams import packed

TEXT = st.text(st.characters(codec="utf-8"), max_size=50)
EVERY = packed(
    b"\x01a\x00" b"\x01b\x01" b"\x01c\x02\xff" b"\x01d\x03\x01\x00" b"\x01e\x04\x00\x01\x00\x00"
    b"\x01f\x05" + struct.pack(">q", -(2**40)) + b"\x01g\x06\x00\x02\x00\xff" + b"\x01h\x07\x00\x02\xc3\xa9"
    b"\x01i\x08" + struct.pack(">q", 1_700_000_000_123) + b"\x01j\x09" + bytes(range(16)),
    b"payload",
)  # fmt: skip


@given(st.dictionaries(st.text(st.characters(codec="ascii"), min_size=1, max_size=30), TEXT, max_size=5), st.binary())
def test_what_is_written_is_read_alike_here_and_by_botocore(headers: dict[str, str], payload: bytes) -> None:
    data = encode(headers, payload)
    buffer = EventStreamBuffer()
    buffer.add_data(data)
    (theirs,) = list(buffer)
    ours = decode(data)
    assert (theirs.headers, theirs.payload) == (headers, payload) == (ours.headers, ours.payload)


def test_every_type_of_header_is_read() -> None:
    message = decode(EVERY)
    assert message.payload == b"payload"
    assert message.headers == {
        "a": True, "b": False, "c": -1, "d": 256, "e": 65536, "f": -(2**40), "g": b"\x00\xff", "h": "é",
        "i": datetime(2023, 11, 14, 22, 13, 20, 123000, tzinfo=UTC), "j": bytes(range(16)),
    }  # fmt: skip
    assert b"".join(message.raw.values()) == EVERY[12:-11]


def test_messages_are_found_wherever_the_stream_is_split() -> None:
    data = EVERY + encode({":event-type": "VideoEvent"}, b"") + EVERY
    for at in range(len(data)):
        reader = MessageReader()
        found = [*reader.take(data[:at]), *reader.take(data[at:])]
        assert [message.payload for message in found] == [b"payload", b"", b"payload"]


def test_damage_is_refused_wherever_it_is() -> None:
    for at in range(len(EVERY)):
        for bit in (1, 128):
            damaged = bytearray(EVERY)
            damaged[at] ^= bit
            with pytest.raises(ValidationError):
                list(MessageReader().take(bytes(damaged) + bytes(16)))
                raise AssertionError(f"byte {at} was changed, and nothing was said")
    for end in range(len(EVERY)):
        with pytest.raises(ValidationError):
            decode(EVERY[:end])


def prelude(length: int, headers: int) -> bytes:
    start = struct.pack(">II", length, headers)
    return start + struct.pack(">I", crc32(start))


@pytest.mark.parametrize(
    "start",
    [
        prelude(MOST_MESSAGE + 1, 0), prelude(2**32 - 1, 0), prelude(2**16, MOST_HEADERS + 1), prelude(100, 90),
        prelude(0, 0), prelude(15, 0), prelude(16, 2**32 - 1),
    ],
)  # fmt: skip
def test_a_length_that_cannot_be_is_refused_before_the_message_arrives(start: bytes) -> None:
    with pytest.raises(ValidationError):
        list(MessageReader().take(start))


@pytest.mark.parametrize(
    "headers",
    [b"\x01", b"\x05ab", b"\x01a", b"\x01a\x0a", b"\x01a\x07\x00\x09ab", b"\x01a\x05\x00", b"\x01a\x07\x00\x01\xff",
     b"\x01a\x09\x00", b"\x01a\x08" + b"\x7f" * 8, b"\x01a\x06\xff\xff"],
)  # fmt: skip
def test_headers_that_cannot_be_read_are_refused(headers: bytes) -> None:
    with pytest.raises(ValidationError):
        decode(packed(headers, b""))
