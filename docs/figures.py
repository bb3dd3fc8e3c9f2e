"""Writes the tables of accuracy into the documents, from the figures that `make accuracy` keeps."""

import re
from collections.abc import Callable, Iterator
from typing import Any

from mien.measure.accuracy.intervals import wilson

Figures = dict[str, Any]  # benchmarks/accuracy.json: for each pack its parts, as `mien eval --json` wrote them
SIMILARITY = {"0.001": "60", "0.0001": "80", "0.00001": "90", "0.000001": "99"}
ODDS = {"0.001": "1,000", "0.0001": "10,000", "0.00001": "100,000", "0.000001": "1,000,000"}
GROUPS = {
    "white20-50": "white, 20–50", "black20-50": "Black, 20–50", "indian20-50": "Indian, 20–50",
    "eastasian20-50": "East Asian, 20–50", "men65+": "men over 65", "women65+": "women over 65",
    "child5-12": "children, 5–12", "baby0-4": "babies, 0–4",
}  # fmt: skip
MARK = re.compile(r"(<!-- table (\w+), written by docs/generate.py -->\n).*?(?=<!-- end of the table -->)", re.DOTALL)
TAR = re.compile(r"(?m)^tar = \{.*\}$")


def written(page: str, figures: Figures, default: str) -> str:
    """The page with each of its tables replaced whose figures are there; `default` is the default pack."""

    def table(found: re.Match[str]) -> str:
        if found[2] in LATER and found[2] not in figures[default]:
            return found[0]
        return found[1] + "\n" + "".join(TABLES[found[2]](figures, default)) + "\n"

    return MARK.sub(table, page)


def catalogued(manifest: str, figures: Figures) -> str:
    """A pack's manifest with its measured accuracy replaced."""
    shares = ", ".join(f'"{far}" = {figures["people"]["tar"][far]:.4f}' for far in list(SIMILARITY)[:3])
    return TAR.sub(f"tar = {{ {shares} }}", manifest)


def pairs(figures: Figures, default: str) -> Iterator[str]:
    packs = _ordered(figures, default)
    yield from _head("threshold", "strangers taken for one person", *(f"`{pack}`" for pack in packs))
    for far, similarity in SIMILARITY.items():
        cells = (_percent(figures[pack]["people"], far) for pack in packs)
        yield _row(similarity, f"one pair in {ODDS[far]}", *cells)


def groups(figures: Figures, default: str) -> Iterator[str]:
    packs = _ordered(figures, default)
    others = [f"`{default}` at 90", f"`{default}` at 99"]
    yield from _head("strangers", "pairs", *(f"`{pack}` at 80" for pack in packs), *others)
    for name, text in GROUPS.items():
        found = figures[default]["groups"][name]
        at_80 = (_in_10000(figures[pack]["groups"][name], "80") for pack in packs)
        yield _row(text, f"{found['impostor_pairs']:,}", *at_80, _in_10000(found, "90"), _in_10000(found, "99"))


def galleries(figures: Figures, default: str) -> Iterator[str]:
    yield from _head("people in the gallery", "`FaceMatchThreshold`", "known people missed", "")
    for row in figures[default]["people"]["unknown"]:
        how = "extrapolated" if row["extrapolated"] else "measured"
        yield _row(f"{row['gallery']:,}", f"{row['threshold']:g}", f"{100 * row['fnir']:.2g}%", how)


def packs(figures: Figures, default: str) -> Iterator[str]:
    yield from _head("pack", "TAR, one pair in 10,000 / 100,000 / 1,000,000", "adults under 65", "over 65", "children",
                     "babies")  # fmt: skip
    for pack in _ordered(figures, default):
        tar = " / ".join(f"{100 * figures[pack]['people']['tar'][far]:.1f}" for far in list(SIMILARITY)[1:])
        found = figures[pack]["groups"]
        kinds = (
            [found[name]["far"]["80"] for name in GROUPS if end in name] for end in ("20-50", "65+", "child", "baby")
        )
        yield _row(f"`{pack}`", tar, *(_short(max(kind)) for kind in kinds))


def turned(figures: Figures, default: str) -> Iterator[str]:
    upright, *rows = figures[default]["turned"]
    photos = upright["photos"]
    yield from _head(f"{photos} photographs", "upright", "turned, mean", "turned, worst")
    for name, text, trials in (
        ("found", "face found", photos),
        ("both", "one person recognised at 80, both photographs turned", photos / 2),
        ("one", "the same, one of the two turned", photos / 2),
    ):
        shares = [row[name] for row in rows]
        low, high = wilson(min(shares), trials)
        worst = f"{100 * min(shares):.1f}% ({100 * low:.1f}–{100 * high:.1f})"
        yield _row(text, f"{100 * upright[name]:.1f}%", f"{100 * sum(shares) / len(shares):.1f}%", worst)
    shares, pairs = [row["strangers"] for row in rows], photos * (photos - 2) / 2  # two photographs of each person
    text = "strangers taken for one person, both turned, in 10,000 pairs"
    yield _row(text, _short(upright["strangers"]), _short(sum(shares) / len(shares)), _interval(max(shares), pairs))


def degraded(figures: Figures, default: str) -> Iterator[str]:
    rows = figures[default]["degraded"]
    yield (
        f"All kinds of `mien eval FOLDER --robustness`, for `{default}`: in percent for each strength, from mild to\n"
        "strong, and the most false matches in 10,000 pairs of strangers at any strength.\n\n"
    )
    yield from _head("condition", "face found", "one person, one photograph so", "both so", "strangers, both so")
    for kind in dict.fromkeys(row["condition"] for row in rows):
        found = [row for row in rows if row["condition"] == kind]
        shares = (" / ".join(f"{100 * row[name]:.0f}" for row in found) for name in ("found", "one_side", "both_sides"))
        worst = max(found, key=lambda row: row["strangers"])
        yield _row(kind, *shares, _interval(worst["strangers"], worst["pairs"]))


def grouping(figures: Figures, default: str) -> Iterator[str]:
    yield from _head("people", "", "faces", "groups", "pairs: precision", "pairs: recall", "B³ F1")
    for row in figures[default]["grouping"]["grouped"]:
        counts = (f"{row[name]:,}" for name in ("people", "faces", "groups"))
        yield _row(row["of"], *counts, *(f"{100 * row[name]:.2f}%" for name in ("precision", "recall", "f1")))


LATER = ("turned", "degraded", "grouping")  # parts that take long, and may not have been measured since a pack changed
TABLES: dict[str, Callable[[Figures, str], Iterator[str]]] = {
    table.__name__: table for table in (pairs, groups, galleries, packs, turned, degraded, grouping)
}


def _ordered(figures: Figures, default: str) -> list[str]:
    """The packs, the default first, the others by name."""
    return sorted(figures, key=lambda pack: (pack != default, pack))


def _percent(people: dict[str, Any], far: str) -> str:
    low, high = people["tar_interval_95"][far]
    return f"{100 * people['tar'][far]:.1f}% ({100 * low:.1f}–{100 * high:.1f})"


def _in_10000(group: dict[str, Any], similarity: str) -> str:
    low, high = group["far_interval_95"][similarity]
    return f"{_short(group['far'][similarity])} ({_short(low)}–{_short(high)})"


def _interval(share: float, pairs: float) -> str:
    low, high = wilson(share, pairs)
    return f"{_short(share)} ({_short(low)}–{_short(high)})"


def _short(share: float) -> str:
    return f"{1e4 * share:.1f}" if share < 1e-3 else f"{1e4 * share:,.0f}"


def _head(*cells: str) -> Iterator[str]:
    yield _row(*cells)
    yield "|---" * len(cells) + "|\n"


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |\n"
