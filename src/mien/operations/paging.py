"""Pages of a listing: a token names the last thing shown, is sealed by the store, and is good for that listing alone.

A token of a collection's listing names the point of the collection's history that its page was read at, too: one of a
history that the store does not know would go on in the middle of another listing.
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
LONGEST = 150  # bytes of a name that a token has room for; of a longer one it has these and the thing's key
_LETTERS = string.ascii_letters + string.digits  # command lines take a token that begins with a sign for an option
_VALUES = {letter: value for value, letter in enumerate(_LETTERS)}


class Sealing(Protocol):
    """What seals tokens."""

    def seal(self, text: bytes) -> bytes:
        """Returns the seal of a text."""

    def fits(self, text: bytes, seal: bytes) -> bool:
        """Returns whether a seal is of this text."""


class _Mark(msgspec.Struct, frozen=True, array_like=True):
    """What a token says: the last thing shown, its key where the name is cut short, and where its collection was."""

    after: str
    key: int | None = None
    revision: int | None = None
    history: int | None = None


@dataclass(frozen=True, slots=True)
class Listed:
    """A collection that is listed.

    Attributes:
        at: where it is in its history.
        knows: says whether its history led through a point.
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
        most: the default, which is also the most AWS allows.
        listing: what tokens are bound to: the operation, the account, and whatever narrows the listing.
        within: the collection that is listed; None for a listing of collections.
        after: the last thing shown before this page, or the beginning of its name; None for the first page.
        key: of that thing, where `after` is only the beginning of its name.
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
        """How many things the page shows at most; one more is asked for, to know whether another page follows."""
        return self.wanted or self.most

    def cut(
        self, found: Sequence[Item], name: Callable[[Item], str], key: Callable[[Item], int] | None = None
    ) -> tuple[Sequence[Item], str | None]:
        """What to show of `found`, and the token of the next page; None when this is the last.

        Args:
            found: what was read for this page.
            name: what comes after the last thing shown is beyond this.
            key: names a thing whose name may be longer than `LONGEST`.

        Raises:
            InvalidPaginationTokenError: what was found is of another history than the pages before.
        """
        if self._seen and self.within and not self.within.knows(self._seen):
            raise InvalidPaginationTokenError
        if len(found) <= self.limit:
            return found, None
        shown = found[: self.limit]
        return shown, self._sealed(name(shown[-1]), key and key(shown[-1]))

    def short(self, name: str, key: int) -> str:
        """The token of what comes after a page that is not full, though more may follow.

        Args:
            name: of the last thing shown, by this page or an earlier one.
            key: of the last thing that was looked at, whose own name is not for the caller.
        """
        return self._spelt_out(_Mark(_cut(name), key))

    def _sealed(self, name: str, key: int | None) -> str:
        short = _cut(name)
        mark = _Mark(short, key if short != name else None)
        if self.within:
            mark = _Mark(short, None, self.within.at.revision, self.within.at.history)
        return self._spelt_out(mark)

    def _spelt_out(self, mark: _Mark) -> str:
        said = msgspec.msgpack.encode(mark)
        return _spelt(self.sealing.seal(self._bound(said)) + said)

    def _opened(self, token: str) -> _Mark:
        raw = _read(token)
        seal, said = raw[:SIZE], raw[SIZE:]
        if not said or not self.sealing.fits(self._bound(said), seal):
            raise InvalidPaginationTokenError
        return msgspec.msgpack.decode(said, type=_Mark)

    def _bound(self, said: bytes) -> bytes:
        return msgspec.msgpack.encode((self.listing, said))


def _cut(name: str) -> str:
    """As much of a name as a token has room for."""
    return name.encode()[:LONGEST].decode(errors="ignore")


def _spelt(data: bytes) -> str:
    """Bytes in letters and digits alone; the first byte of the number keeps those that are zero."""
    number, letters = int.from_bytes(b"\1" + data, "big"), []
    while number:
        number, value = divmod(number, len(_LETTERS))
        letters.append(_LETTERS[value])
    return "".join(reversed(letters))


def _read(token: str) -> bytes:
    number = 0
    for letter in token:
        value = _VALUES.get(letter)
        if value is None:
            raise InvalidPaginationTokenError
        number = number * len(_LETTERS) + value
    data = number.to_bytes((number.bit_length() + 7) // 8, "big")
    if data[:1] != b"\1" or _spelt(data[1:]) != token:  # two texts must not mean the same
        raise InvalidPaginationTokenError
    return data[1:]
