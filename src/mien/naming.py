"""Writes names as ids of the API, and shows ids as names; the only way in which mien turns one into the other.

The API's ids have letters, digits and `_.-:` only. A name is written in the first of three forms that fits:

    Grace:20Hopper          any other character as a colon and two hexadecimal digits for each byte of UTF-8
    ::QbDQtdGA.             a run of characters beyond ASCII as one character for each byte
    Beginning:.0f3a…        the beginning and a digest of the whole name, which is kept beside the id

All but the last can be read back. `console/names.js` is the same in the console, and a test compares the two.
"""

import hashlib
import re
import string
import unicodedata
from bisect import bisect_right

from mien.errors import InvalidParameterError

MOST_USER, MOST_IMAGE = 128, 255  # characters of a UserId and of an ExternalImageId; reference 2
MOST_NAME = 1000  # characters of a name
_DIGEST = 32  # hexadecimal digits
_SYMBOLS = string.ascii_uppercase + string.ascii_lowercase + string.digits + "-_"  # for six bits each
# White space, and invisible characters that copied names often begin or end with (order of writing, zero width).
_EDGES = (
    "\t\n\v\f\r\x1c\x1d\x1e\x1f \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028"
    "\u2029\u202f\u205f\u3000\u200b\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2066\u2067\u2068\u2069\ufeff"
)
_ID = re.compile(r"[A-Za-z0-9_.\-:]+")
_OTHER = re.compile(r"[^A-Za-z0-9_.\-]")
_OTHERS = re.compile(r"[^\x00-\x7F]+|[^A-Za-z0-9_.\-]")
_CONTROL = re.compile(r"[\x00-\x1F\x7F-\x9F\u2028\u2029]")
_SURROGATE = re.compile(r"[\uD800-\uDFFF]")
_TOKEN = re.compile(r":([0-9A-F]{2})|::([A-Za-z0-9_\-]+)\.|([A-Za-z0-9_.\-])")
_SHORTENED = re.compile(rf"(.*):\.[0-9a-f]{{{_DIGEST}}}")
# A date right after a colon: FOLDER:20240815_1.jpg, as the console once wrote. A space before such digits is `:20` too,
# so there the first digit is escaped as well.
_DATED = re.compile(r":20(\d)(?=\d(-?)(?:0[1-9]|1[0-2])\2(?:0[1-9]|[12]\d|3[01])(?!\d))")


def normal(name: str) -> str:
    """Returns a person's name as it is kept: composed (NFC), without white space around it.

    Raises:
        InvalidParameterError: it is empty, has more than 1,000 characters, or has some that no name has.
    """
    kept = unicodedata.normalize("NFC", name).strip(_EDGES)
    if not kept:
        raise InvalidParameterError("The name is empty.")
    if len(kept) > MOST_NAME:
        raise InvalidParameterError(f"The name has {len(kept):,} characters; it may have {MOST_NAME:,}.")
    if _SURROGATE.search(kept):
        raise InvalidParameterError("The name is not in UTF-8; write it again.")
    if _CONTROL.search(kept):
        raise InvalidParameterError("The name has a line break or another control character; write it without.")
    return kept


def written(name: str, most: int = MOST_USER) -> str:
    """Writes a person's name as an id of at most `most` characters; different names have different ids.

    Raises:
        InvalidParameterError: as `normal`.
    """
    return _fitted(normal(name), most)


def written_file(name: str) -> str:
    """Writes the name of a file as an ExternalImageId. Bytes that are not UTF-8 stay apart, as in `os.fsdecode`.

    Raises:
        InvalidParameterError: it is empty, or has half of a surrogate pair.
    """
    try:
        name.encode(errors="surrogateescape")
    except UnicodeEncodeError:
        raise InvalidParameterError("The file's name is not in UTF-8; rename it.") from None
    if not name:
        raise InvalidParameterError("The file has no name.")
    return _fitted(unicodedata.normalize("NFC", name), MOST_IMAGE)


def meant(text: str, most: int = MOST_USER) -> str:
    """Returns the id that an operator's text stands for: a valid id is taken as it is, and any other text is a name.

    Raises:
        InvalidParameterError: as `normal`.
    """
    return text if len(text) <= most and _ID.fullmatch(text) else written(text, most)


def kept_beside(name: str, identifier: str) -> str | None:
    """Returns the name to keep beside an id, normalised; None where `shown` reads it from the id.

    Raises:
        InvalidParameterError: as `normal`.
    """
    kept = normal(name)
    return None if shown(identifier) == kept else kept


def shown(identifier: str) -> str:
    """Returns the name that an id was written from. An id that was not written from a name is returned as it is."""
    shortened = _SHORTENED.fullmatch(identifier)
    begun = _read(shortened[1] if shortened else identifier)
    if begun is None:
        return identifier
    return f"{begun.rstrip(_EDGES)}…" if shortened else begun


def _fitted(name: str, most: int) -> str:
    spelt = _spelt(name)
    if len(spelt) <= most:
        return spelt
    whole = _SURROGATE.sub("\N{REPLACEMENT CHARACTER}", name)
    if whole == name and len(packed := _packed(name)) <= most:
        return packed
    room = most - _DIGEST - 2
    kept = bisect_right(range(1, min(len(whole), most)), room, key=lambda count: len(_packed(whole[:count])))
    digest = hashlib.sha256(name.encode(errors="surrogateescape")).hexdigest()[:_DIGEST]
    return f"{_packed(whole[:kept])}:.{digest}"


def _spelt(name: str) -> str:
    """Returns the first form: two hexadecimal digits for each byte."""
    return _undated(_OTHER.sub(lambda found: _hexadecimal(found[0].encode(errors="surrogateescape")), name))


def _packed(name: str) -> str:
    """Returns the second form: a byte beyond ASCII is told by its lower six bits and its place."""

    def run(found: re.Match[str]) -> str:
        data = found[0].encode()
        return _hexadecimal(data) if found[0].isascii() else f"::{''.join(_SYMBOLS[each & 63] for each in data)}."

    return _undated(_OTHERS.sub(run, name))


def _undated(identifier: str) -> str:
    return _DATED.sub(lambda found: f":20:3{found[1]}", identifier)


def _hexadecimal(data: bytes) -> str:
    return "".join(f":{each:02X}" for each in data)


def _read(identifier: str) -> str | None:
    """Returns what was written in one of the first two forms; None if nothing is written like that."""
    if _DATED.search(identifier):
        return None
    data, place = bytearray(), 0
    while place < len(identifier):
        token = _TOKEN.match(identifier, place)
        if token is None:
            return None
        place = token.end()
        spelt, packed, plain = token.groups()
        data += bytes.fromhex(spelt) if spelt else _bytes(packed) if packed else plain.encode()
    try:
        name = data.decode()
    except UnicodeDecodeError:
        return None
    if identifier not in (_spelt(name), _packed(name)) or _CONTROL.search(name):
        return None
    return unicodedata.normalize("NFC", name)


def _bytes(packed: str) -> bytes:
    """Returns the bytes of a run: a first byte tells how many follow it."""
    data, left = bytearray(), 0
    for symbol in packed:
        bits = _SYMBOLS.index(symbol)
        data.append((0x80 if left else 0xC0) | bits)
        left = left - 1 if left else 1 if bits < 32 else 2 if bits < 48 else 3
    return bytes(data)
