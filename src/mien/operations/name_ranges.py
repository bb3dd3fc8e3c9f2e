"""Finds the ranges of names that a key's patterns can match, so that a listing reads only those."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from mien.store.tables.collections import BEYOND

_WILD = re.compile(r"[*?\[]")


@dataclass(frozen=True, slots=True, order=True)
class NameRange:
    """The names from `low` up to but not including `high`, in the order of their bytes."""

    low: str
    high: str


def name_ranges(patterns: Iterable[str]) -> list[NameRange]:
    """Returns the disjoint ranges, in order, that hold every name that a pattern matches.

    A range follows from the fixed beginning of a pattern. A pattern without a wildcard is a range of one name; one that
    begins with a wildcard is the range of all names.
    """
    found: list[NameRange] = []
    for low, high in sorted(map(_bounds, patterns)):
        if found and low <= found[-1].high:
            found[-1] = NameRange(found[-1].low, max(found[-1].high, high))
        else:
            found.append(NameRange(low, high))
    return found


def _bounds(pattern: str) -> tuple[str, str]:
    wild = _WILD.search(pattern)
    fixed = pattern[: wild.start()] if wild else pattern
    if not fixed:
        return "", BEYOND
    return fixed, (fixed[:-1] + chr(ord(fixed[-1]) + 1)) if wild else fixed + "\0"
