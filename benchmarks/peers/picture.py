"""Draws what `faces.py` wrote: accuracy against milliseconds of a photograph.

    python benchmarks/peers/picture.py faces.json docs/peers.svg

Colours are of middle brightness and there is no background, so that it can be read on light and on dark pages.
"""

import json
import re
import sys
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("svg")
from matplotlib import pyplot

GRAY, OURS, THEIRS = "#808080", "#2f81f7", "#d2762b"
SIZE = "1080p"


def main() -> None:
    rows = json.loads(Path(sys.argv[1]).read_text())
    draw(rows, Path(sys.argv[2]))


def draw(rows: list[dict[str, Any]], file: Path) -> None:
    """A point for each row that has an accuracy; a server has that of its pack."""
    tars = {row["peer"]: row["tar"] for row in rows if "tar" in row}
    mpl.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "mien", "font.family": "sans-serif", "font.size": 10})
    figure, axes = pyplot.subplots(figsize=(7.6, 3.9))
    for row in rows:
        tar = tars.get(row["peer"].removesuffix(", over HTTP"))
        if tar is None:
            continue
        ours, name = row["peer"].startswith("mien"), row["peer"].replace("`", "")
        x, y = row[f"p50_ms_{SIZE}"], 100 * tar
        served, color = name.endswith("over HTTP"), OURS if ours else THEIRS
        axes.plot(x, y, "o", color=color, markersize=7, markerfacecolor="none" if served else color)
        if not served:
            place = {"xytext": (-8, -3), "ha": "right"} if ours else {"xytext": (8, -3), "ha": "left"}
            axes.annotate(name, (x, y), textcoords="offset points", color=color, fontsize=9, **place)
    axes.set_xscale("log")
    axes.margins(x=0.32, y=0.15)
    axes.set_xlabel(f"milliseconds to find and embed the face of one {SIZE} photograph; a ring: over HTTP", color=GRAY)
    axes.set_ylabel("% of same-person pairs accepted\nwhere 0.1% of strangers' are", color=GRAY)
    ticks = [ms for ms in (5, 10, 20, 50, 100, 200, 500, 1000, 2000) if axes.get_xlim()[0] < ms < axes.get_xlim()[1]]
    axes.set_xticks(ticks, list(map(str, ticks)))
    axes.minorticks_off()
    axes.grid(color=GRAY, alpha=0.25)
    axes.tick_params(colors=GRAY)
    for spine in axes.spines.values():
        spine.set_visible(False)
    figure.tight_layout()
    figure.savefig(file, transparent=True, metadata={"Date": None})
    pyplot.close(figure)
    text = re.sub(r"^ *<metadata>.*?</metadata>\n", "", file.read_text(), flags=re.DOTALL | re.MULTILINE)
    file.write_text(re.sub(r"[ \t]+$", "", text, flags=re.MULTILINE))


if __name__ == "__main__":
    main()
