"""Decodes a request's members within limits, so that a hostile body costs no more memory than a valid one.

Decoding has two steps. The first parses the complete body once; it decodes numbers and blobs, and only locates texts,
lists and maps. The second builds these up to just beyond the maximum of the service model, so that one that is too long
is still refused in AWS's words.
"""

import functools
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, get_args, get_origin, get_type_hints

import msgspec

from mien.errors import SerializationError
from mien.operations.constraints import Length

WIDEST = 12  # bytes of the longest character in JSON: a surrogate pair, \\uXXXX\\uXXXX
MOST_CHARACTERS = 64  # of a text without a maximum in the model: ids and words
MOST_ENTRIES = 4096  # of a list without a maximum in the model
LONGEST_LIST = 1 << 16  # bytes of a list of structs, each of which takes far more memory than its bytes
_CHARACTERS = re.compile(
    rb'(?:[^"\\\x80-\xff]|\\u[dD][89abAB]..\\u....|\\u....|\\[^u]'
    rb"|[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3})*",
    re.DOTALL,
)
_TEXT = msgspec.json.Decoder(str | None)
_QUOTE = ord('"')
_SPACE = re.compile(rb"[ \t\r\n]*")
_LINE_BREAKS = (rb"\n", rb"\r", rb"\u000a", rb"\u000A", rb"\u000d", rb"\u000D")  # as JSON spells them

Build = Callable[[memoryview], Any]


class MistypedError(Exception):
    """A member has another JSON type than the model's, or a blob is not base64.

    Attributes:
        path: of the member, as `$.Image.Bytes`; msgspec's message has the path within it.
        raw: the member as it was sent; None if the first step found the error.
    """

    def __init__(self, error: msgspec.ValidationError, path: str = "$", raw: memoryview | None = None) -> None:
        super().__init__(str(error))
        self.path = path
        self.raw = raw


@dataclass(frozen=True, slots=True)
class Shape:
    """The plan for decoding the requests of one struct.

    Attributes:
        kind: the struct.
        first: the struct of the first step: numbers, blobs and nested structs, and the rest as `msgspec.Raw`.
        unread: the same with blobs as `msgspec.Raw` too, for a blob with line breaks or one to complain about.
        members: name, name on the wire, and the function or shape that builds the member in the second step.
    """

    kind: type[msgspec.Struct]
    first: type[msgspec.Struct]
    unread: type[msgspec.Struct]
    members: "tuple[tuple[str, str, Build | Shape], ...]"

    def build(self, seen: Any, path: str = "$") -> Any:
        """Builds the struct from the result of the first step.

        Raises:
            MistypedError: a member, or an entry of one, has another JSON type, or a blob is not base64.
            SerializationError: a map repeats a key and has more entries than it may.
        """
        values = {}
        for name, shown, build in self.members:
            value = getattr(seen, name)
            if isinstance(build, Shape):
                value = None if value is None else build.build(value, f"{path}.{shown}")
            elif isinstance(value, msgspec.Raw):
                raw = memoryview(value)
                try:
                    value = build(raw)
                except msgspec.ValidationError as error:
                    raise MistypedError(error, f"{path}.{shown}", raw) from None
            values[name] = value
        return self.kind(**values)


@functools.cache
def shape_of(kind: type[msgspec.Struct]) -> Shape:
    """Returns the shape of a struct."""
    hints = get_type_hints(kind, include_extras=True)
    first: list[tuple[str, Any, Any]] = []
    unread: list[tuple[str, Any, Any]] = []
    members: list[tuple[str, str, Build | Shape]] = []
    for field in msgspec.structs.fields(kind):
        bare, length = _bare(hints[field.name])
        build: Build | Shape = blob
        seen: Any = msgspec.Raw
        whole: Any = msgspec.Raw
        if isinstance(bare, type) and issubclass(bare, msgspec.Struct):
            build = shape_of(bare)
            seen, whole = build.first | None, build.unread | None
        elif bare is str:
            build = functools.partial(_text, most=_most(length, MOST_CHARACTERS))
        elif bare is bytes:
            seen = bytes | None
        elif bare in (int, float, bool):
            seen = whole = bare | None
        elif entry := _struct_of(bare):
            build = functools.partial(_structs, shape=shape_of(entry))
        else:
            build = _entries(bare, _most(length, MOST_ENTRIES))
        first.append((field.name, seen, None))
        unread.append((field.name, whole, None))
        members.append((field.name, field.encode_name, build))
    names = {field.name: field.encode_name for field in msgspec.structs.fields(kind)}
    make = functools.partial(msgspec.defstruct, rename=names)
    return Shape(kind, make(f"First{kind.__name__}", first), make(f"Unread{kind.__name__}", unread), tuple(members))


def blob(raw: memoryview) -> bytes | None:
    """Decodes a blob from base64, which may have line breaks.

    Raises:
        msgspec.ValidationError: the value is not a text, or not base64.
    """
    return msgspec.json.decode(unfolded(raw), type=bytes | None)


def unfolded(raw: memoryview) -> bytes:
    """Returns a JSON text without escaped line breaks; one with an escaped backslash, never base64, stays as it is."""
    text = bytes(raw)
    if rb"\\" not in text:
        for each in _LINE_BREAKS:
            text = text.replace(each, b"")
    return text


def _bare(hint: Any) -> tuple[Any, Length | None]:
    """Returns a member's type without constraints and None, and the constraint of its length."""
    length = None
    if get_origin(hint) is Annotated:
        hint, *extras = get_args(hint)
        length = next((each for each in extras if isinstance(each, Length)), None)
    arguments = [each for each in get_args(hint) if each is not type(None)]
    if type(None) in get_args(hint):
        bare, inner = _bare(arguments[0])
        return bare, length or inner
    return hint, length


def _struct_of(bare: Any) -> type[msgspec.Struct] | None:
    """Returns the struct whose list a member is."""
    entry = get_args(bare)[0] if get_origin(bare) is list else None
    return entry if isinstance(entry, type) and issubclass(entry, msgspec.Struct) else None


def _structs(raw: memoryview, shape: Shape) -> list[Any] | None:
    """Builds a list of structs without blobs.

    Raises:
        SerializationError: it has more than `LONGEST_LIST` bytes.
    """
    if raw[0] == ord("[") and len(raw) > LONGEST_LIST:
        raise SerializationError
    seen: list[Any] | None = msgspec.json.decode(raw, type=list[shape.first] | None)  # type: ignore[name-defined]
    return seen and [shape.build(each, f"$[{place}]") for place, each in enumerate(seen)]


def _most(length: Length | None, otherwise: int) -> int:
    return otherwise if length is None or length.most is None else length.most


def _text(raw: memoryview, most: int) -> str | None:
    if len(raw) > WIDEST * most + 2 and raw[0] == _QUOTE:
        return _beginning(raw, 0, most)[0]
    text: str | None = _TEXT.decode(raw)
    return text


def beginning(text: bytes | memoryview, most: int) -> str:
    """Returns the first `most` characters of a JSON text, given without its quotes."""
    found = _CHARACTERS.match(text, 0, WIDEST * most)
    return str(msgspec.json.decode(b'"%b"' % found[0], type=str))[:most] if found else ""


def _beginning(raw: memoryview, start: int, most: int) -> tuple[str, int]:
    """Returns the characters of the text at `start`, up to `WIDEST * most` bytes, and their end."""
    found = _CHARACTERS.match(raw, start + 1, start + 1 + WIDEST * most)
    end = found.end() if found else start + 1
    return msgspec.json.decode(b'"%b"' % bytes(raw[start + 1 : end]), type=str), end


def _entries(bare: Any, most: int) -> Build:
    """Returns a function that builds a list or map of texts, up to one entry more than `most`."""
    inner = [_most(_bare(each)[1], MOST_CHARACTERS) for each in get_args(bare)]
    is_list = get_origin(bare) is list
    decoder = msgspec.json.Decoder((list[str] if is_list else dict[str, str | None]) | None)
    bound = (most + 1) * sum(WIDEST * each + 8 for each in inner)

    def build(raw: memoryview) -> Any:
        if raw[0] == ord("[" if is_list else "{") and (len(raw) > bound or bytes(raw).count(b",") > most):
            texts = _first_texts(raw, most + 1, inner)
            if texts is not None:
                return texts if is_list else _paired(texts, most)
        value = decoder.decode(raw)  # short enough, or ended by an entry of another type
        return {key: each for key, each in value.items() if each is not None} if isinstance(value, dict) else value

    return build


def _first_texts(raw: memoryview, most: int, inner: list[int]) -> list[str | None] | None:
    """Returns the first `most` entries, up to one that is too long; None if one is not a text."""
    texts: list[str | None] = []
    place = 1
    while len(texts) < most * len(inner):
        place = _skip_space(raw, place)
        is_value = len(texts) % len(inner) == 1
        if is_value and raw[place] == ord("n"):
            texts.append(None)
            place += len("null")
        elif raw[place] == _QUOTE:
            text, end = _beginning(raw, place, inner[is_value])
            texts.append(text)
            if raw[end] != _QUOTE:
                break
            place = end + 1
        else:
            return None
        place = _skip_space(raw, place)
        if raw[place] in b"]}":
            break
        place += 1  # the comma, or the colon of a map
    return texts


def _skip_space(raw: memoryview, place: int) -> int:
    found = _SPACE.match(raw, place)
    return found.end() if found else place


def _paired(texts: list[str | None], most: int) -> dict[str, str]:
    keys, values = texts[::2], texts[1::2]
    if len(values) < len(keys):
        values.append("")  # of a key that is too long
    pairs = dict(zip(keys, values, strict=True))
    if len(keys) > most >= len(pairs):
        raise SerializationError  # the repeated key hides the true number of entries
    return {str(key): value for key, value in pairs.items() if value is not None}
