"""Pages of a listing: a token names the last thing shown and is good for that listing alone."""

import base64
import hashlib
import string
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from mien.errors import InvalidPaginationTokenError

Item = TypeVar("Item")
_SEAL = 8  # bytes of digest that tie a token to its listing
_LETTERS = string.ascii_letters + string.digits + "_.-:"  # what the API's ids are made of


@dataclass(slots=True)
class Page:
    """One page of a listing.

    Attributes:
        token: the caller's NextToken; None for the first page.
        wanted: the caller's MaxResults; None or 0 for the default.
        most: the default, which is also the most AWS allows.
        listing: what tokens are bound to: the operation, the account, and whatever narrows the listing.
        after: the last thing shown before this page; None for the first page.
    """

    token: str | None
    wanted: int | None
    most: int
    listing: tuple[str, ...]
    after: str | None = field(init=False)

    def __init__(self, token: str | None, wanted: int | None, most: int, *listing: str) -> None:
        self.token, self.wanted, self.most, self.listing = token, wanted, most, listing
        self.after = self._opened(token) if token is not None else None

    @property
    def limit(self) -> int:
        """How many things the page shows at most; one more is asked for, to know whether another page follows."""
        return self.wanted or self.most

    def cut(self, found: Sequence[Item], name: Callable[[Item], str]) -> tuple[Sequence[Item], str | None]:
        """What to show of `found`, and the token of the next page; None when this is the last."""
        if len(found) <= self.limit:
            return found, None
        shown = found[: self.limit]
        last = _packed(name(shown[-1]))
        return shown, base64.b85encode(self._seal(last) + last).decode()

    def _opened(self, token: str) -> str:
        try:
            raw = base64.b85decode(token)
        except ValueError:
            raise InvalidPaginationTokenError from None
        seal, last = raw[:_SEAL], raw[_SEAL:]
        if seal != self._seal(last) or base64.b85encode(raw).decode() != token:  # two texts may mean the same bytes
            raise InvalidPaginationTokenError
        return _unpacked(last)

    def _seal(self, last: bytes) -> bytes:
        bound = "\0".join(self.listing).encode()
        return hashlib.blake2b(bound + b"\0\0" + last, digest_size=_SEAL).digest()


def _packed(text: str) -> bytes:
    """An id as a number in the base of its letters: a token has room for 255 characters, and so may an id have."""
    number = 0
    for letter in text:
        number = number * (len(_LETTERS) + 1) + _LETTERS.index(letter) + 1
    return number.to_bytes((number.bit_length() + 7) // 8, "big")


def _unpacked(packed: bytes) -> str:
    number, letters = int.from_bytes(packed, "big"), []
    while number:
        number, index = divmod(number, len(_LETTERS) + 1)
        letters.append(_LETTERS[index - 1])
    return "".join(reversed(letters))
