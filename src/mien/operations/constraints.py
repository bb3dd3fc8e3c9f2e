"""Checks requests against the service model's constraints, and words violations as AWS does.

A member's type is `Annotated[str, Length(1, 255), Pattern("…")]`; a required member has the default `REQUIRED`.
`broken` walks a decoded request and lists the constraints that it violates. The grammar is the reference's section 1.4.
"""

import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Annotated, Any, get_args, get_origin, get_type_hints

import msgspec
import regex

REQUIRED: Any = None  # the default of a required member; `broken` reports a member that keeps it
MOST_REPORTED = 10


@dataclass(frozen=True, slots=True)
class Length:
    """The least and most characters, bytes, or entries of a list or map."""

    least: int = 0
    most: int | None = None

    def broken_by(self, value: Any) -> str | None:
        """Returns AWS's words if the length is wrong, else None."""
        return _outside(len(value), self.least, self.most, "Member must have length")


@dataclass(frozen=True, slots=True)
class Range:
    """The least and greatest value of a number."""

    least: float
    most: float | None = None

    def broken_by(self, value: Any) -> str | None:
        """Returns AWS's words if the number is out of range, else None."""
        return _outside(value, self.least, self.most, "Member must have value")


@dataclass(frozen=True, slots=True)
class Pattern:
    """A regular expression that a whole text must match."""

    text: str

    def broken_by(self, value: Any) -> str | None:
        """Returns AWS's words if the text does not match, else None."""
        if _compiled(self.text).fullmatch(value):
            return None
        return f"Member must satisfy regular expression pattern: {self.text}"


@dataclass(frozen=True, slots=True)
class Enum:
    """The values that a text may have."""

    words: tuple[str, ...]

    def broken_by(self, value: Any) -> str | None:
        """Returns AWS's words if the text is none of them, else None."""
        return None if value in self.words else f"Member must satisfy enum value set: [{', '.join(self.words)}]"


Rule = Length | Range | Pattern | Enum
Check = Callable[[Any, str], Iterator[str]]


def broken(request: msgspec.Struct) -> list[str]:
    """Returns the constraints that a request violates, in AWS's words: at most ten, in the order of the members."""
    found: list[str] = []
    for complaint in _struct_check(type(request))(request, ""):
        found.append(complaint)
        if len(found) == MOST_REPORTED:
            break
    return found


@functools.cache
def _struct_check(kind: type[msgspec.Struct]) -> Check:
    hints = get_type_hints(kind, include_extras=True)
    members = [
        (field.name, _lowered(field.encode_name), _check(hints[field.name]), field.name in _required(kind))
        for field in msgspec.structs.fields(kind)
    ]

    def check(value: Any, path: str) -> Iterator[str]:
        for name, shown, inner, required in members:
            member = getattr(value, name)
            place = f"{path}.{shown}" if path else shown
            if member is None:
                if required:
                    yield f"Value null at '{place}' failed to satisfy constraint: Member must not be null"
            else:
                yield from inner(member, place)

    return check


def _required(kind: type[msgspec.Struct]) -> frozenset[str]:
    """Returns the members whose default is REQUIRED and whose type does not allow None."""
    hints = get_type_hints(kind)
    return frozenset(
        field.name
        for field in msgspec.structs.fields(kind)
        if field.default is REQUIRED and type(None) not in get_args(hints[field.name])
    )


def _check(hint: Any) -> Check:
    """Returns the check of a type: its own rules, then those of its members or items."""
    rules: list[Rule] = []
    if get_origin(hint) is Annotated:
        hint, *extras = get_args(hint)
        rules += [extra for extra in extras if isinstance(extra, Rule)]
    arguments = [argument for argument in get_args(hint) if argument is not type(None)]
    origin = get_origin(hint)
    inner: Check = _nothing
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        inner = _struct_check(hint)
    elif origin is list:
        inner = _each(_check(arguments[0]))
    elif origin is dict:
        inner = _entries(_check(arguments[0]), _check(arguments[1]))
    elif len(arguments) == 1:  # X | None
        inner = _check(arguments[0])

    def check(value: Any, path: str) -> Iterator[str]:
        for rule in rules:
            if complaint := rule.broken_by(value):
                yield f"Value {_shown(value)} at '{path}' failed to satisfy constraint: {complaint}"
        yield from inner(value, path)

    return check


def _nothing(value: Any, path: str) -> Iterator[str]:
    yield from ()


def _each(inner: Check) -> Check:
    def check(value: Any, path: str) -> Iterator[str]:
        for number, item in enumerate(value, 1):
            yield from inner(item, f"{path}.{number}.member")

    return check


def _entries(key_check: Check, value_check: Check) -> Check:
    def check(value: Any, path: str) -> Iterator[str]:
        for key, item in value.items():
            yield from key_check(key, f"{path}.key")
            yield from value_check(item, f"{path}.{key}.member")

    return check


def _outside(measured: float, least: float, most: float | None, words: str) -> str | None:
    if not measured >= least:  # NaN is neither less nor more
        return f"{words} greater than or equal to {least}"
    if most is not None and measured > most:
        return f"{words} less than or equal to {most}"
    return None


def _shown(value: Any) -> str:
    """Returns a value as AWS quotes it."""
    if isinstance(value, bytes):
        return f"'java.nio.HeapByteBuffer[pos=0 lim={len(value)} cap={len(value)}]'"
    if isinstance(value, list):
        return f"'[{', '.join(map(str, value))}]'"
    if isinstance(value, dict):
        return "'{" + ", ".join(f"{key}={item}" for key, item in value.items()) + "}'"
    return f"'{value}'"


def _lowered(name: str) -> str:
    return name[:1].lower() + name[1:]


@functools.cache
def _compiled(text: str) -> "regex.Pattern[str]":
    return regex.compile(_as_aws_reads(text))


def _as_aws_reads(text: str) -> str:
    r"""Returns a pattern of the service model in the words of Python's engines.

    AWS reads the dash of `[a-zA-Z0-9-_]` literally, which they call a bad range. Its `\d` and `\S`, as Java has them,
    know the digits and the white space of ASCII only. The model has neither within brackets.
    """
    return text.replace("0-9-_", r"0-9\-_").replace(r"\d", "[0-9]").replace(r"\S", r"[^ \t\n\v\f\r]")
