"""A member of the wrong JSON type, in the words of AWS's deserializer (reference 1.3)."""

import re
from typing import Any

import msgspec

_EXPECTED = re.compile(r"Expected `([^`]+)`, got `([^`]+)` - at `([^`]+)`")
_PLACE = re.compile(r"at `([^`]+)`")
_SENT = {
    "str": "class java.lang.String",
    "bool": "class java.lang.Boolean",
    "int": "class java.math.BigDecimal",
    "float": "class java.math.BigDecimal",
}
_WANTED = {"str": "an String", "int": "an Integer", "float": "an Float", "bytes": "a Blob"}
_OPENED = {
    "array": "Start of list found where not expected",
    "object": "Start of structure or map found where not expected.",  # with a full stop, which the other has not
}
_NOT_BASE64 = re.compile(r"[^a-zA-Z0-9+/=]|=[^=]")
_QUOTED = 64  # characters of a text that is no base64; AWS sends all of it back


def complaint(error: msgspec.ValidationError, body: bytes | bytearray | memoryview, shape: type[msgspec.Struct]) -> str:
    """What is wrong with a member, in AWS's words.

    Args:
        error: what decoding `body` as `shape` raised.
        body: what was decoded; it is JSON throughout.
        shape: what it was to be.
    """
    found = _EXPECTED.search(str(error))
    if found is None:  # of the right type, and no base64
        return _not_base64(_at(body, _PLACE.findall(str(error))[0]))
    wanted, sent, place_name = found[1].split(" | ")[0], found[2], found[3]
    if sent in _OPENED:
        return _OPENED[sent]
    if wanted == "array":
        return "Expected list or null"
    if wanted == "object":
        return "Expected map or null" if _is_map(shape, place_name) else "Expected null"
    return f"{_SENT[sent]} can not be converted to {_WANTED[wanted]}"


def null_element(error: msgspec.ValidationError) -> str | None:
    """The path of a list's element that is null, as `faceIds.1.member`; None when something else is wrong."""
    found = _EXPECTED.search(str(error))
    if found is None or found[2] != "null":
        return None
    path = re.sub(r"\[(\d+)\]", lambda match: f".{int(match[1]) + 1}.member", found[3].removeprefix("$."))
    return ".".join(step[:1].lower() + step[1:] for step in path.split("."))


def _is_map(shape: type[msgspec.Struct], place: str) -> bool:
    """Whether the member at `$.Name` is a map; no structure of the API holds one further in."""
    types = {f"$.{field.encode_name}": field.type for field in msgspec.structs.fields(shape)}
    return "dict[" in str(types.get(place, ""))


def _at(body: bytes | bytearray | memoryview, place: str) -> str:
    value: Any = msgspec.json.decode(body)
    for step in place.removeprefix("$.").split("."):
        value = value[step]
    return str(value)


def _not_base64(text: str) -> str:
    shown = text if len(text) <= _QUOTED else f"{text[:_QUOTED]}..."
    wrong = _NOT_BASE64.search(text)
    if len(text) % 4:
        reason = f"Base64 encoded length is expected a multiple of 4 bytes but found: {len(text)}"
    elif wrong:
        reason = f"Invalid Base64 character: '{wrong[0][0]}'"
    else:
        reason = "Invalid last non-pad Base64 character dectected"  # AWS's spelling
    return f"'{shown}' can not be converted to a Blob: {reason}"
