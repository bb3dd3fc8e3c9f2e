"""Parses and checks the permissions of a new access key, as `mien keys create` is given them."""

import fnmatch
import math
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from mien.errors import SetupError
from mien.operations.context import ACCOUNT
from mien.operations.table import EVERY, STREAMED

KEY_OPERATIONS = ("CreateKey", "ListKeys", "RevokeKey")  # see `access/key.py`
RATES = (0.001, 1_000_000.0)  # requests a second
_ACCOUNT = re.compile(r"[0-9]{12}")
_NAME = re.compile(r"[A-Za-z0-9_.@+=-]{1,64}")
_PATTERN = re.compile(r"(?:[A-Za-z0-9_.*?-]|\[!?[A-Za-z0-9_.-]+\])+")  # of names of collections and buckets
_MOST_PATTERN = 255  # characters, as many as a collection's name has
_DURATION = re.compile(r"([0-9]{1,6})([hdwy])")
_HOURS = {"h": 1, "d": 24, "w": 7 * 24, "y": 365 * 24}


class InvalidGrantError(SetupError):
    """A name, an account, a pattern, a rate or an expiry of a new key is invalid; the text says what is valid."""


@dataclass(frozen=True, slots=True)
class Grant:
    """The permissions of a new access key.

    Attributes:
        operations: patterns of operations.
        collections: patterns of collections.
        rate: requests a second; None for no limit.
        account: 12 digits.
        buckets: patterns of the S3 buckets that may be named in a request; None for all that the server reads, but for
            none if the key has an account of its own, since buckets belong to no account.
        expires: the end of the key's validity, in seconds since 1970; None for never.
    """

    operations: tuple[str, ...] = ("*",)
    collections: tuple[str, ...] = ("*",)
    rate: float | None = None
    account: str = ACCOUNT
    buckets: tuple[str, ...] | None = None
    expires: float | None = None

    @property
    def readable(self) -> tuple[str, ...]:
        """Returns the patterns of the buckets that the key may read."""
        if self.buckets is None:
            return ("*",) if self.account == ACCOUNT else ()
        return self.buckets

    def check(self, name: str, now: float) -> None:
        """Checks the grant and the name of its key.

        Raises:
            InvalidGrantError: a name, a pattern, a rate or an expiry is invalid; the text says what is valid.
        """
        if not _ACCOUNT.fullmatch(self.account):
            raise InvalidGrantError(f"An account is 12 digits, not {self.account!r}.")
        if not _NAME.fullmatch(name):
            raise InvalidGrantError(f"A key's name is 1 to 64 letters, digits or any of _.@+=-, not {name!r}.")
        for pattern in self.operations:
            _check_operation(pattern)
        for what, example, patterns in (
            ("collections", "team-a-*", self.collections),
            ("buckets", "photos-*", self.readable),
        ):
            for pattern in patterns:
                _check_pattern(what, example, pattern)
        if not self.operations or not self.collections:
            raise InvalidGrantError("A key needs operations and collections; leave out what it may have all of.")
        least, most = RATES
        if self.rate is not None and not least <= self.rate <= most:  # false for NaN
            raise InvalidGrantError(
                f"A rate is {least:g} to {most:,.0f} requests a second, not {self.rate:g}; leave it out for no limit."
            )
        if self.expires is not None and not now < self.expires < math.inf:
            raise InvalidGrantError("A key must end in the future; give a later date, or a duration such as 90d.")


def patterns(text: str) -> tuple[str, ...]:
    """Returns the patterns of a comma-separated list, without the spaces around them."""
    return tuple(part.strip(" \t") for part in text.split(","))


def moment(text: str, now: datetime) -> float:
    """Returns the end of a key's validity, in seconds since 1970.

    Args:
        text: a day (2027-03-01, to its end in UTC), a moment (2027-03-01T12:00+01:00; in UTC if it names no zone), or a
            duration from now: 36h, 90d, 12w, 1y.
        now: the present, with a time zone.

    Raises:
        SetupError: the text is none of these.
    """
    try:
        if match := _DURATION.fullmatch(text):
            return (now + int(match[1]) * timedelta(hours=_HOURS[match[2]])).timestamp()
        found = datetime.fromisoformat(text)
        if "T" not in text and " " not in text:
            found += timedelta(days=1)
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        raise SetupError(
            f"A key's end is a day such as 2027-03-01, a moment such as 2027-03-01T12:00, or a duration such as 36h, "
            f"90d, 12w or 1y, not {text!r}."
        ) from None


def _check_operation(pattern: str) -> None:
    known = (*EVERY, *STREAMED, *KEY_OPERATIONS)
    if not any(fnmatch.fnmatchcase(name, pattern) for name in known):
        raise InvalidGrantError(
            f"No operation is called {pattern!r}; a key is allowed operations, or patterns of them such as 'Search*', "
            f"separated by commas. There are {', '.join(sorted(known))}."
        )


def _check_pattern(what: str, example: str, pattern: str) -> None:
    if not _PATTERN.fullmatch(pattern) or len(pattern) > _MOST_PATTERN:
        raise InvalidGrantError(
            f"{pattern!r} matches no {what}: their names have up to {_MOST_PATTERN} letters, digits, '_', '.' and '-', "
            f"and a pattern also *, ? and [...]; separate patterns by commas, as in '{example},other'."
        )
