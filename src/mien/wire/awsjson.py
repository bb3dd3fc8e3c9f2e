"""AWS JSON 1.1: the body of a request to a typed value, a value or an error to the body of a response."""

import codecs
import re
import uuid
from typing import Any, TypeVar

import msgspec

from mien.errors import ApiError, SerializationError, ServiceError, UnknownOperationError, ValidationError
from mien.operations.constraints import broken
from mien.wire.members import MistypedError, Shape, shape_of
from mien.wire.mismatch import complaint, null_element

CONTENT_TYPE = "application/x-amz-json-1.1"
TARGET = re.compile(r"RekognitionService\.(\w+)")
MOST_ASKED = 64  # characters of an operation's name that are logged; AWS's longest has 40
_UNFIT = re.compile(r"[^A-Za-z0-9_.]")
_FIRST = re.compile(rb"[^ \t\r\n]")
_PIECE = 1 << 16  # bytes of a body whose text is looked at in one go
T = TypeVar("T", bound=msgspec.Struct)


def operation_name(target: str | None) -> str | None:
    """The operation a target header names; None when it is not this service's."""
    match = TARGET.fullmatch(target or "")
    return match[1] if match else None


def requested(target: str) -> str | None:
    """What a target header that names no operation of mien's asked for, fit for the log; None where there is none."""
    return _UNFIT.sub("?", target.removeprefix("RekognitionService."))[:MOST_ASKED] or None


def parse(body: bytes | bytearray | memoryview) -> None:
    """Refuse a body that is no JSON object, before anything else about the request is looked at.

    Raises:
        SerializationError: it is empty, not JSON, or not an object.
    """
    first = _FIRST.search(body)
    if first is None or first[0] != b"{":
        raise SerializationError


def parse_whole(body: bytes | bytearray | memoryview) -> None:
    """Refuse a body that is no JSON object anywhere in it. Nothing is built of it: it takes time and no memory.

    Raises:
        SerializationError: it does not parse.
    """
    text = codecs.getincrementaldecoder("utf-8")()
    try:
        msgspec.json.decode(body, type=msgspec.Raw)
        with memoryview(body) as view:
            for start in range(0, len(view), _PIECE):
                text.decode(view[start : start + _PIECE])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise SerializationError from None


def decode(body: bytes | bytearray | memoryview, kind: type[T]) -> T:
    """Decode a body and hold it against the model's constraints.

    Unknown members are passed over; a member that is null counts as absent.

    Raises:
        SerializationError: not JSON, or a member of the wrong JSON type.
        ValidationError: a constraint is broken; the text names up to ten.
    """
    try:
        request: T = _typed(body, shape_of(kind))
    except MistypedError as error:
        parse_whole(body)  # what is no JSON further on is that before it is anything else
        place = null_element(error)
        if place is not None:
            raise _invalid([f"Value null at '{place}' failed to satisfy constraint: Member must not be null"]) from None
        raise SerializationError(complaint(error)) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise SerializationError from None
    complaints = broken(request)
    if complaints:
        raise _invalid(complaints)
    return request


def _invalid(complaints: list[str]) -> ValidationError:
    plural = "s" if len(complaints) > 1 else ""
    return ValidationError(f"{len(complaints)} validation error{plural} detected: {'; '.join(complaints)}")


def _typed(body: bytes | bytearray | memoryview, shape: Shape) -> Any:
    try:
        seen = msgspec.json.decode(body, type=shape.first)
    except msgspec.ValidationError as error:
        if "base64" not in str(error):
            raise MistypedError(error) from None
        parse_whole(body)
        seen = msgspec.json.decode(body, type=shape.unread)
    return shape.build(seen)


def encode(response: msgspec.Struct) -> bytes:
    """A response's body: compact, absent members left out."""
    return msgspec.json.encode(response)


def encode_error(error: ApiError) -> bytes:
    """An error's body.

    What an operation raises has `Message`, `Code` and `Logref`; what is raised before it has `message`, but for a
    SerializationException, which has `Message`. Where AWS sends no text there is none.
    """
    body: dict[str, str] = {"__type": error.code}
    if isinstance(error, ServiceError):
        body |= {"Code": error.code, "Logref": str(uuid.uuid4()), "Message": error.message or error.code}
    elif error.message is not None:
        body["Message" if isinstance(error, SerializationError) else "message"] = error.message
    return msgspec.json.encode(body)


def unknown(name: str) -> UnknownOperationError:
    """The error for an operation mien does not have, which says its name."""
    return UnknownOperationError(f"mien has no operation {name}.")
