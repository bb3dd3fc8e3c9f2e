"""Divides a listing into pages: a sealed token names the last item shown, and fits that listing alone.

A token of a listing of faces or users also names the point of the collection's history at which its page was read. A
token of a history that the store does not know is refused, because it would continue in the middle of another listing.
"""

import string
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

import msgspec

from mien.errors import InvalidPaginationTokenError
from mien.store.base import Point
from mien.store.tables.page_keys import SIZE

Item = TypeVar("Item")
LONGEST = 150  # bytes of a name that fit into a token; a longer name is cut, and the item's key added
_DIGITS = string.ascii_letters + string.digits  # a command line would read a leading dash as an option
_VALUES = {letter: value for value, letter in enumerate(_DIGITS)}


class Sealing(Protocol):
    """Seals tokens, so that a client cannot make one."""

    def seal(self, text: bytes) -> bytes:
        """Returns the seal of a text."""

    def fits(self, text: bytes, seal: bytes) -> bool:
        """Returns whether a seal belongs to this text."""


class _Mark(msgspec.Struct, frozen=True, array_like=True):
    """The contents of a token: the last item shown, its key if the name is cut, and its collection's point."""

    after: str
    key: int | None = None
    revision: int | None = None
    history: int | None = None


@dataclass(frozen=True, slots=True)
class Listed:
    """A collection whose faces or users are listed.

    Attributes:
        at: its present point in its history.
        knows: returns whether its history contains a point.
    """

    at: Point
    knows: Callable[[Point], bool]


@dataclass(slots=True)
class Page:
    """One page of a listing.

    Attributes:
        sealing: seals tokens.
        token: the caller's NextToken; None for the first page.
        wanted: the caller's MaxResults; None or 0 for the default.
        most: the default, which is also the most that AWS allows.
        listing: identifies the listing in its tokens: the operation, the account, and the filters.
        within: the collection that is listed; None for a listing of collections.
        after: the last item before this page, or the beginning of its name; None for the first page.
        key: key of that item, if `after` is only the beginning of its name.
    """

    sealing: Sealing
    token: str | None
    wanted: int | None
    most: int
    listing: tuple[str, ...]
    within: Listed | None
    after: str | None = field(init=False, default=None)
    key: int | None = field(init=False, default=None)
    _seen: Point | None = field(init=False, default=None)

    def __init__(
        self,
        sealing: Sealing,
        token: str | None,
        wanted: int | None,
        most: int,
        *listing: str,
        within: Listed | None = None,
    ) -> None:
        self.sealing, self.token, self.wanted, self.most = sealing, token, wanted, most
        self.listing, self.within = listing, within
        self.after = self.key = self._seen = None
        if token is not None:
            mark = self._opened(token)
            self.after, self.key = mark.after, mark.key
            if mark.revision is not None and mark.history is not None:
                self._seen = Point(mark.revision, mark.history)

    @property
    def limit(self) -> int:
        """The most items that the page shows; one more is read, to learn whether another page follows."""
        return self.wanted or self.most

    def cut(
        self, found: Sequence[Item], name: Callable[[Item], str], key: Callable[[Item], int] | None = None
    ) -> tuple[Sequence[Item], str | None]:
        """Returns the items that the page shows, and the next page's token, or None if there is none.

        Args:
            found: the items that were read for this page.
            name: returns the name by which items are ordered.
            key: returns the key of an item whose name may be longer than `LONGEST`.

        Raises:
            InvalidPaginationTokenError: the items are of another history than the pages before.
        """
        if self._seen and self.within and not self.within.knows(self._seen):
            raise InvalidPaginationTokenError
        if len(found) <= self.limit:
            return found, None
        shown = found[: self.limit]
        return shown, self._sealed(name(shown[-1]), key and key(shown[-1]))

    def short(self, name: str, key: int) -> str:
        """Returns the token that follows a page that is not full, though more items may come.

        Args:
            name: name of the last item shown, by this page or an earlier one.
            key: key of the last item that was read, whose name the caller may not see.
        """
        return self._token(_Mark(_cut(name), key))

    def _sealed(self, name: str, key: int | None) -> str:
        short = _cut(name)
        mark = _Mark(short, key if short != name else None)
        if self.within:
            mark = _Mark(short, None, self.within.at.revision, self.within.at.history)
        return self._token(mark)

    def _token(self, mark: _Mark) -> str:
        contents = msgspec.msgpack.encode(mark)
        return _base62(self.sealing.seal(self._bound(contents)) + contents)

    def _opened(self, token: str) -> _Mark:
        raw = _from_base62(token)
        seal, contents = raw[:SIZE], raw[SIZE:]
        if not contents or not self.sealing.fits(self._bound(contents), seal):
            raise InvalidPaginationTokenError
        return msgspec.msgpack.decode(contents, type=_Mark)

    def _bound(self, contents: bytes) -> bytes:
        return msgspec.msgpack.encode((self.listing, contents))


def _cut(name: str) -> str:
    """Returns the beginning of a name, as much as fits into a token."""
    return name.encode()[:LONGEST].decode(errors="ignore")


def _base62(data: bytes) -> str:
    """Returns bytes as letters and digits. A leading byte 1 keeps leading zeros."""
    number, letters = int.from_bytes(b"\1" + data, "big"), []
    while number:
        number, value = divmod(number, len(_DIGITS))
        letters.append(_DIGITS[value])
    return "".join(reversed(letters))


def _from_base62(token: str) -> bytes:
    number = 0
    for letter in token:
        value = _VALUES.get(letter)
        if value is None:
            raise InvalidPaginationTokenError
        number = number * len(_DIGITS) + value
    data = number.to_bytes((number.bit_length() + 7) // 8, "big")
    if data[:1] != b"\1" or _base62(data[1:]) != token:  # two texts must not mean the same
        raise InvalidPaginationTokenError
    return data[1:]
