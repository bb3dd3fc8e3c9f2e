"""AWS JSON 1.1: the body of a request to a typed value, a value or an error to the body of a response."""

import re
import uuid
from typing import Any, TypeVar

import msgspec

from mien.errors import ApiError, FrameworkError, SerializationError, UnknownOperationError, ValidationError
from mien.operations.constraints import broken
from mien.wire.mismatch import complaint, null_element

CONTENT_TYPE = "application/x-amz-json-1.1"
TARGET = re.compile(r"RekognitionService\.(\w+)")
_FIRST = re.compile(rb"[^ \t\r\n]")
T = TypeVar("T", bound=msgspec.Struct)


def operation_name(target: str | None) -> str | None:
    """The operation a target header names; None when it is not this service's."""
    match = TARGET.fullmatch(target or "")
    return match[1] if match else None


def parse(body: bytes | bytearray | memoryview) -> None:
    """Refuse a body that is no JSON object, before anything else about the request is looked at.

    Raises:
        SerializationError: it is empty, not JSON, or not an object.
    """
    first = _FIRST.search(body)
    if first is None or first[0] != b"{":
        raise SerializationError


def parse_whole(body: bytes | bytearray | memoryview) -> None:
    """Refuse a body that is no JSON object anywhere in it.

    Raises:
        SerializationError: it does not parse.
    """
    try:
        msgspec.json.decode(body, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise SerializationError from None


def decode(body: bytes | bytearray | memoryview, shape: type[T]) -> T:
    """Decode a body and hold it against the model's constraints.

    Unknown members are passed over; a member that is null counts as absent.

    Raises:
        SerializationError: not JSON, or a member of the wrong JSON type.
        ValidationError: a constraint is broken; the text names up to ten.
    """
    try:
        request = _typed(body, shape)
    except msgspec.ValidationError as error:
        parse_whole(body)  # what is no JSON further on is that before it is anything else
        place = null_element(error)
        if place is not None:
            raise _invalid([f"Value null at '{place}' failed to satisfy constraint: Member must not be null"]) from None
        raise SerializationError(complaint(error, body, shape)) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise SerializationError from None
    complaints = broken(request)
    if complaints:
        raise _invalid(complaints)
    return request


def _invalid(complaints: list[str]) -> ValidationError:
    plural = "s" if len(complaints) > 1 else ""
    return ValidationError(f"{len(complaints)} validation error{plural} detected: {'; '.join(complaints)}")


def _typed(body: bytes | bytearray | memoryview, shape: type[T]) -> T:
    try:
        return msgspec.json.decode(body, type=shape)
    except msgspec.ValidationError as error:
        if "got `null`" not in str(error):
            raise
    return msgspec.convert(_without_nulls(msgspec.json.decode(body)), shape, builtin_types=())


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nulls(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [_without_nulls(item) for item in value]
    return value


def encode(response: msgspec.Struct) -> bytes:
    """A response's body: compact, absent members left out."""
    return msgspec.json.encode(response)


def encode_error(error: ApiError) -> bytes:
    """An error's body.

    What an operation raises has `Message`, `Code` and `Logref`; what is raised before it has `message`, but for a
    SerializationException, which has `Message`. Where AWS sends no text there is none.
    """
    body: dict[str, str] = {"__type": error.code}
    if isinstance(error, FrameworkError):
        if error.message is not None:
            body["Message" if isinstance(error, SerializationError) else "message"] = error.message
    else:
        body |= {"Code": error.code, "Logref": str(uuid.uuid4()), "Message": error.message or error.code}
    return msgspec.json.encode(body)


def unknown(name: str) -> UnknownOperationError:
    """The error for an operation mien does not have, which says its name."""
    return UnknownOperationError(f"mien has no operation {name}.")
