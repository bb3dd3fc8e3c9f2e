"""Draws the picture of the rooms: a box for each, and a line down to each room that it imports from.

A line that longer ones imply is left out: `app` imports from `store`, but so does `serving`, which it reaches too.
"""

from collections.abc import Iterable
from html import escape
from itertools import pairwise

Graph = dict[str, set[str]]
WIDTH, ROW, BOX, GAP = 560, 76, 32, 36
STYLE = """\
  .room rect { fill: #e6f2f1; stroke: #00796b; }
  .room text { font: 14px system-ui, sans-serif; fill: #14302d; text-anchor: middle; }
  path { fill: none; stroke: #7d9a97; stroke-width: 1.2; }
"""


def drawing(rooms: Graph) -> str:
    """Returns the rooms as SVG; `rooms` has, for each, the rooms it imports from."""
    lines = reduced(rooms)
    height = heights(lines)
    rows = ordered(lines, height)
    places = {name: place for row in rows for name, place in spread(row).items()}
    top = max(height.values())

    def y(name: str) -> float:
        return 20 + (top - (height[name] if name in height else float(name.split("|")[2]))) * ROW

    parts = []
    for name in sorted(lines):
        for other in sorted(lines[name]):
            corners = [(places[each], y(each)) for each in path(name, other, height)]
            parts.append(f'<path d="{curve(corners)}"/>')
    for name in sorted(lines):
        wide = width(name)
        x = places[name] - wide / 2
        parts.append(
            f'<g class="room"><rect x="{x:.0f}" y="{y(name):.0f}" width="{wide}" height="{BOX}" rx="6"/>'
            f'<text x="{places[name]:.0f}" y="{y(name) + 21:.0f}">{escape(name)}</text></g>'
        )
    tall = 40 + top * ROW + BOX
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {tall}" role="img">'
    title = "<title>The rooms of mien, and which imports from which</title>"
    ground = f'<rect width="{WIDTH}" height="{tall}" fill="#ffffff"/>'
    return "\n".join([head, title, f"<style>\n{STYLE}</style>", ground, *parts, "</svg>", ""])


def reduced(rooms: Graph) -> Graph:
    """Returns the graph without the edges that a longer path implies."""
    below: Graph = {}

    def reach(name: str) -> set[str]:
        if name not in below:
            below[name] = set(rooms[name]).union(*(reach(other) for other in rooms[name]))
        return below[name]

    return {name: {a for a in rooms[name] if not any(a in reach(b) for b in rooms[name])} for name in rooms}


def heights(rooms: Graph) -> dict[str, int]:
    """Returns how many rows a room stands above the lowest."""
    found: dict[str, int] = {}

    def height(name: str) -> int:
        if name not in found:
            found[name] = 1 + max((height(other) for other in rooms[name]), default=-1)
        return found[name]

    for name in rooms:
        height(name)
    return found


def path(name: str, other: str, height: dict[str, int]) -> list[str]:
    """Returns the two rooms and, for each row between them, the point that their line passes."""
    between = range(height[name] - 1, height[other], -1)
    return [name, *(f"{name}|{other}|{row}" for row in between), other]


def ordered(rooms: Graph, height: dict[str, int]) -> list[list[str]]:
    """Returns the rows, each sorted so that lines cross seldom (Sugiyama's barycentre method)."""
    rows: list[list[str]] = [[] for _ in range(max(height.values()) + 1)]
    for name in sorted(rooms):
        rows[height[name]].append(name)
    near: Graph = {name: set() for name in rooms}
    for name in sorted(rooms):
        for other in sorted(rooms[name]):
            points = path(name, other, height)
            for at, point in enumerate(points[1:-1], 1):
                rows[height[name] - at].append(point)
            for upper, lower in pairwise(points):
                near.setdefault(upper, set()).add(lower)
                near.setdefault(lower, set()).add(upper)
    for _ in range(12):
        for order in (range(1, len(rows)), range(len(rows) - 2, -1, -1)):
            for at in order:
                fixed = spread(rows[at - 1 if order.step > 0 else at + 1])
                rows[at].sort(key=lambda point: mean(fixed[each] for each in near[point] if each in fixed))
    return rows


def mean(places: Iterable[float]) -> float:
    found = list(places)
    return sum(found) / len(found) if found else WIDTH / 2


def width(name: str) -> int:
    return 12 if "|" in name else 20 + 8 * len(name)


def spread(row: list[str]) -> dict[str, float]:
    """Returns the middle of each box in a row, the row centred."""
    whole = sum(map(width, row)) + GAP * (len(row) - 1)
    left, places = (WIDTH - whole) / 2, {}
    for name in row:
        places[name] = left + width(name) / 2
        left += width(name) + GAP
    return places


def curve(corners: list[tuple[float, float]]) -> str:
    """Returns the path of a line from the foot of the first box, past the points between, to the head of the last."""
    (x, y), *between = corners
    y += BOX
    parts = [f"M{x:.0f} {y:.0f}"]
    for at, (to_x, to_y) in enumerate(between):
        half = (to_y - y) / 2
        parts.append(f"C{x:.0f} {y + half:.0f} {to_x:.0f} {to_y - half:.0f} {to_x:.0f} {to_y:.0f}")
        if at < len(between) - 1:
            parts.append(f"V{to_y + BOX:.0f}")
        x, y = to_x, to_y + BOX
    return " ".join(parts)
