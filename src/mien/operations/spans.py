"""Which stretches of an alphabet patterns can match, so that a store need not be read where nothing can be found."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from mien.store.tables.collections import BEYOND

_WILD = re.compile(r"[*?\[]")


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """Names from `low` on and before `high`, in the order of their bytes."""

    low: str
    high: str


def spans(patterns: Iterable[str]) -> list[Span]:
    """The stretches that hold every name that a pattern matches, in order and apart; by the patterns' fixed beginnings.

    A pattern without a wildcard is a name, and a stretch of one; one that begins with a wildcard is all there is.
    """
    found: list[Span] = []
    for low, high in sorted(map(_bounds, patterns)):
        if found and low <= found[-1].high:
            found[-1] = Span(found[-1].low, max(found[-1].high, high))
        else:
            found.append(Span(low, high))
    return found


def _bounds(pattern: str) -> tuple[str, str]:
    wild = _WILD.search(pattern)
    fixed = pattern[: wild.start()] if wild else pattern
    if not fixed:
        return "", BEYOND
    return fixed, (fixed[:-1] + chr(ord(fixed[-1]) + 1)) if wild else fixed + "\0"
