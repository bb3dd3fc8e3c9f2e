"""Describes a member of the wrong JSON type in the words of AWS's deserializer (reference 1.3)."""

import re

from mien.wire.members import WIDEST, MistypedError, beginning, unfolded

_EXPECTED = re.compile(r"Expected `([^`]+)`, got `([^`]+)`(?: - at `\$([^`]*)`)?")
_SENT = {
    "str": "class java.lang.String",
    "bool": "class java.lang.Boolean",
    "int": "class java.math.BigDecimal",
    "float": "class java.math.BigDecimal",
}
_NUMBER = "class java.math.BigDecimal can not be converted to an Integer"  # for a number of too many digits
_WANTED = {"str": "an String", "int": "an Integer", "float": "an Float", "bool": "an Boolean", "bytes": "a Blob"}
_OPENED = {
    "array": "Start of list found where not expected",
    "object": "Start of structure or map found where not expected.",  # AWS ends only this one with a full stop
}
_NOT_BASE64 = re.compile(rb"[^a-zA-Z0-9+/=]|=[^=]")
_QUOTED = 64  # characters of a malformed text; AWS returns all of it


def complaint(error: MistypedError) -> str:
    """Returns the complaint about a member, in AWS's words."""
    found = _EXPECTED.search(str(error))
    if found is None:
        return _NUMBER if error.raw is None else _not_base64(error.raw)
    wanted, sent = found[1].split(" | ")[0], found[2]
    if sent in _OPENED:
        return _OPENED[sent]
    if wanted == "array":
        return "Expected list or null"
    if wanted == "object":
        return "Expected null" if error.raw is None else "Expected map or null"  # None: a struct
    return f"{_SENT[sent]} can not be converted to {_WANTED[wanted]}"


def null_element(error: MistypedError) -> str | None:
    """Returns the path of a null element of a list, as `faceIds.1.member`; None if the mistake is another."""
    found = _EXPECTED.search(str(error))
    if found is None or found[2] != "null":
        return None
    place = f"{error.path}{found[3] or ''}"
    path = re.sub(r"\[(\d+)\]", lambda match: f".{int(match[1]) + 1}.member", place.removeprefix("$."))
    return ".".join(step[:1].lower() + step[1:] for step in path.split("."))


def _not_base64(raw: memoryview) -> str:
    """Returns the complaint about malformed base64, whose length AWS counts in bytes."""
    text = unfolded(raw)[1:-1].replace(rb"\/", b"/")
    shown = beginning(text, _QUOTED)
    wrong = _NOT_BASE64.search(text)
    if len(text) % 4:
        reason = f"Base64 encoded length is expected a multiple of 4 bytes but found: {len(text)}"
    elif wrong:
        reason = f"Invalid Base64 character: '{beginning(text[wrong.start() : wrong.start() + WIDEST], 1)}'"
    else:
        reason = "Invalid last non-pad Base64 character dectected"  # AWS's spelling
    return f"'{shown}{'...' if len(text) > _QUOTED else ''}' can not be converted to a Blob: {reason}"
