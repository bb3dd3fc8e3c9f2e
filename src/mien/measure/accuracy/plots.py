"""Draws ROC, DET and score plots as PNG. The only module that needs matplotlib, an extra (`mien[eval]`)."""

import io
from statistics import NormalDist

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator
from numpy.typing import NDArray

from mien.measure.accuracy.verification import Curve, Rate

SIZE, DPI = (7.0, 5.0), 120
OURS, STRANGERS, QUIET = "#1565c0", "#c62828", "#888888"
_NORMAL = NormalDist()
_SHARES = (1e-6, 1e-4, 1e-3, 1e-2, 5e-2, 0.2, 0.5, 0.8)  # ticks of a normal deviate scale


def roc(found: Curve, rates: list[Rate]) -> bytes:
    """Plots TAR over FAR, with the intervals of the measured rates; returns a PNG."""
    figure, axes = _plot("ROC", "false accept rate (share of pairs of two people)", "true accept rate")
    axes.semilogx(found.fars, 100 * found.tars, color=OURS, drawstyle="steps-post")
    seen = [rate for rate in rates if not rate.extrapolated]
    middle = np.array([100 * rate.tar for rate in seen])
    ends = np.array([[100 * rate.low for rate in seen], [100 * rate.high for rate in seen]])
    reach = np.clip([middle - ends[0], ends[1] - middle], 0, None) if seen else np.empty((2, 0))
    axes.errorbar([rate.far for rate in seen], middle, yerr=reach, fmt="o", color=OURS, capsize=4, label="95% interval")
    axes.set_ylim(min(90.0, float(np.floor(100 * found.tars.min()))), 100.2)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}%"))
    axes.legend(loc="lower right", frameon=False)
    return _png(figure)


def det(found: Curve) -> bytes:
    """Plots false rejects over false accepts on normal deviate scales; returns a PNG."""
    figure, axes = _plot("DET", "false accept rate", "false reject rate")
    misses = 1 - found.tars
    inside = (misses > 1e-6) & (misses < 1) & (found.fars < 1)
    axes.plot(_deviates(found.fars[inside]), _deviates(misses[inside]), color=OURS)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(FixedLocator(_deviates(np.array(_SHARES)).tolist()))
        axis.set_minor_locator(NullLocator())
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * _NORMAL.cdf(value):.4g}%"))
    return _png(figure)


def scores(strangers: NDArray[np.float64], ours: NDArray[np.float64], rates: list[Rate]) -> bytes:
    """Plots histograms of both kinds of pairs, with the thresholds of the rates; returns a PNG.

    Args:
        strangers: float64 (bins,), shares of the pairs of two people over cosines -1 … 1.
        ours: the same for pairs of one person.
        rates: the rates whose thresholds are drawn.
    """
    figure, axes = _plot("Scores", "cosine", "share of pairs")
    edges = np.linspace(-1, 1, len(ours) + 1)
    axes.stairs(strangers, edges, fill=True, color=STRANGERS, alpha=0.6, label="two people")
    axes.stairs(ours, edges, fill=True, color=OURS, alpha=0.6, label="one person")
    top = 1.02 * max(float(strangers.max()), float(ours.max()))
    for rate in rates:
        axes.axvline(rate.cosine, color=QUIET, linewidth=0.8, linestyle=":")
        axes.text(rate.cosine, top, f" FAR {rate.far:g}", rotation=90, va="top", ha="right", fontsize=7, color=QUIET)
    axes.set_ylim(0, top)
    axes.set_xlim(-0.5, 1)
    axes.legend(loc="upper right", frameon=False)
    return _png(figure)


def _plot(title: str, across: str, up: str) -> tuple[Figure, Axes]:
    figure = Figure(figsize=SIZE, dpi=DPI, layout="constrained")
    axes = figure.add_subplot()
    axes.set_title(title, loc="left")
    axes.set_xlabel(across)
    axes.set_ylabel(up)
    axes.grid(color="#dddddd", linewidth=0.5)
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def _deviates(shares: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.array([_NORMAL.inv_cdf(float(share)) for share in shares])


def _png(figure: Figure) -> bytes:
    file = io.BytesIO()
    figure.savefig(file, format="png")
    return file.getvalue()
