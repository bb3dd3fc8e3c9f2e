"""Converts AWS JSON 1.1: decodes the body of a request, and encodes that of a response or an error."""

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
AWS, OWN = "RekognitionService", "Mien"  # the services: AWS's, and the one of what mien adds
TARGET = re.compile(rf"(?:{AWS}|{OWN})\.\w+")
MOST_REQUESTED = 64  # characters of an operation's name that are logged; AWS's longest has 40
_UNFIT = re.compile(r"[^A-Za-z0-9_.]")
_FIRST = re.compile(rb"[^ \t\r\n]")
_PIECE = 1 << 16  # bytes of a body that are decoded at a time
T = TypeVar("T", bound=msgspec.Struct)


def own_target(target: str | None) -> str | None:
    """Returns a target header that names an operation of one of the services, else None."""
    return target if TARGET.fullmatch(target or "") else None


def operation_name(target: str) -> str:
    """Returns the name of a target's operation, without its service."""
    return target.partition(".")[2]


def requested(target: str) -> str | None:
    """Returns the operation that an unknown target names, made safe for the log; None if it names none."""
    return _UNFIT.sub("?", target.removeprefix(f"{AWS}."))[:MOST_REQUESTED] or None


def parse(body: bytes | bytearray | memoryview) -> None:
    """Checks that a body begins as a JSON object does, before anything else of the request is checked.

    Raises:
        SerializationError: the body is empty or begins with something else.
    """
    first = _FIRST.search(body)
    if first is None or first[0] != b"{":
        raise SerializationError


def parse_whole(body: bytes | bytearray | memoryview) -> None:
    """Checks that a complete body parses as JSON. No value is built, so that it takes time but no memory.

    Raises:
        SerializationError: the body does not parse.
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
    """Decodes a body and checks it against the constraints of the service model.

    Unknown members are ignored, and a member that is null counts as absent.

    Raises:
        SerializationError: the body is not JSON, or a member has the wrong JSON type.
        ValidationError: a constraint is violated; the text names up to ten.
    """
    try:
        request: T = _typed(body, shape_of(kind))
    except MistypedError as error:
        parse_whole(body)  # invalid JSON further on takes precedence
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
    """Returns a response's body: compact, without absent members."""
    return msgspec.json.encode(response)


def encode_error(error: ApiError) -> bytes:
    """Returns an error's body.

    An operation's error has `Message`, `Code` and `Logref`; an earlier one has `message`, but SerializationException
    has `Message`. If AWS sends no text, there is none.
    """
    body: dict[str, str] = {"__type": error.code}
    if isinstance(error, ServiceError):
        body |= {"Code": error.code, "Logref": str(uuid.uuid4()), "Message": error.message or error.code}
    elif error.message is not None:
        body["Message" if isinstance(error, SerializationError) else "message"] = error.message
    return msgspec.json.encode(body)


def unknown(target: str) -> UnknownOperationError:
    """Returns the error for an operation that mien lacks, with its name, and its service if that is not AWS's."""
    return UnknownOperationError(f"mien has no operation {target.removeprefix(f'{AWS}.')}.")
