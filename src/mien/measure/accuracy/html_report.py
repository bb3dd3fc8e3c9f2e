"""Writes a folder with report.html, the plots and a page of the worst pairs. Images are embedded in the pages."""

import base64
from collections.abc import Sequence
from html import escape
from pathlib import Path

from mien import __version__
from mien.errors import SetupError
from mien.face.pipeline import Pipeline
from mien.measure.accuracy import plots, verification
from mien.measure.accuracy.crops import MOST_SHOWN, FacePair, crops
from mien.measure.accuracy.evaluation import Evaluation
from mien.measure.accuracy.findings import Findings, percent

_STYLE = """\
body { font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #222 }
table { border-collapse: collapse; margin: 1rem 0 }
th, td { padding: .25rem .8rem; text-align: right; border-bottom: 1px solid #ddd }
img.plot { max-width: 100%; height: auto }
figure { display: inline-block; margin: .4rem; width: 17rem; font-size: 12px; overflow-wrap: anywhere }
figure img { width: 8rem; height: 8rem; background: #eee }
.quiet { color: #777 }
@media (prefers-color-scheme: dark) { body { background: #181818; color: #ddd } th, td { border-color: #444 }
  img.plot { background: #fff } }
"""


def write(folder: Path, found: Evaluation, pipeline: Pipeline, which: str) -> Path:
    """Writes the report and returns the path of its first page.

    Args:
        folder: the folder of the report. It is created if it does not exist.
        found: the evaluation.
        pipeline: crops the faces of the worst pairs.
        which: the face of a photo that is its person's.

    Raises:
        SetupError: the folder cannot be written to.
    """
    curve = verification.curve(found.impostors, found.mates)
    images = {
        "roc.png": plots.roc(curve, found.findings.rates),
        "det.png": plots.det(curve),
        "scores.png": plots.scores(*verification.density(found.impostors, found.mates), found.findings.rates),
    }
    photos = found.embedded.photos
    highest = slice(0, MOST_SHOWN)
    lowest = slice(None, -MOST_SHOWN - 1, -1)
    worst = [
        crops(found.dataset, pipeline, which, photos[pairs.faces[part]], pairs.cosines[part])
        for pairs, part in ((found.impostors, highest), (found.mates, lowest))
    ]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, data in images.items():
            (folder / name).write_bytes(data)
        (folder / "worst.html").write_text(_worst(*worst), encoding="utf-8")
        page = folder / "report.html"
        page.write_text(_report(found.findings, images), encoding="utf-8")
    except OSError as error:
        raise SetupError(f"The report cannot be written to {folder}: {error.strerror}.") from None
    return page


def _report(findings: Findings, images: dict[str, bytes]) -> str:
    plotted = "\n".join(
        f'<img class="plot" alt="{name}" src="{_inside(data, "image/png")}">' for name, data in images.items()
    )
    return _page(
        "Face recognition on your own people",
        f"""\
<p>{findings.images:,} images of {findings.people:,} people; pack {escape(findings.pack)}, the {findings.face} face of
each. A face was found in {findings.faces_found:,} ({percent(findings.faces_found / max(findings.images, 1))}).
{findings.impostors:,} pairs of two people and {findings.mates:,} of one were compared; a person with more than 20 pairs
weighs as one with 20. Equal error rate {percent(findings.equal_error)}.</p>
<h2>Two photos: one person or two?</h2>
{_table(("one false match in", "threshold", "cosine", "TAR", "95% interval"), _rates(findings))}
{_galleries(findings)}
<h2>Curves</h2>
{plotted}
<h2>Pairs to look at</h2>
<p><a href="worst.html">The worst false matches and misses</a>, as crops.</p>
{_unseen(findings)}
<p class="quiet">mien {__version__}, contract {findings.contract[:12]}…</p>""",
    )


def _rates(findings: Findings) -> list[tuple[str, ...]]:
    return [
        (f"{1 / rate.far:,.0f}", f"{findings.similarity(rate.cosine):.2f}", f"{rate.cosine:.4f}", percent(rate.tar),
         "extrapolated" if rate.extrapolated else f"{percent(rate.low)} – {percent(rate.high)}")
        for rate in findings.rates
    ]  # fmt: skip


def _galleries(findings: Findings) -> str:
    if not findings.identifications:
        return ""
    rows = [
        (f"{row.size:,}", f"{100 * row.fpir:g}%", f"{findings.similarity(row.cosine):.2f}", percent(row.fnir),
         "extrapolated" if row.extrapolated else "")
        for row in findings.identifications
    ]  # fmt: skip
    heading = ("people in the gallery", "strangers let in", "threshold", "known people missed", "")
    return f"""<h2>One photo against a gallery</h2>
<p>The gallery contains one photo of each person. The threshold is the FaceMatchThreshold of a search. At the rows that
let 1% of strangers in, an unknown face is reported as unknown.</p>
{_table(heading, rows)}"""


def _unseen(findings: Findings) -> str:
    lines = [f"<li>{escape(name)}: no face found</li>" for name in findings.faceless]
    lines += [f"<li>{escape(name)}: {escape(reason)}</li>" for name, reason in findings.unreadable]
    return f"<h2>Photos without a face</h2><ul>{''.join(lines)}</ul>" if lines else ""


def _worst(false_matches: list[FacePair], misses: list[FacePair]) -> str:
    return _page(
        "Pairs to look at",
        f"""<p class="quiet">Look for one photo under two names and for bystanders before blaming the pack; list people
who are one person in a file for --leave-out.</p>
<h2>Two people, most alike first</h2>
{"".join(map(_figure, false_matches))}
<h2>One person, least alike first</h2>
{"".join(map(_figure, misses))}""",
    )


def _figure(pair: FacePair) -> str:
    images = "".join(f'<img alt="" src="{_inside(data, "image/jpeg")}">' for data in pair.crops)
    return (
        f"<figure>{images}<figcaption>{pair.cosine:.3f} {' / '.join(map(escape, pair.names))}</figcaption></figure>\n"
    )


def _table(heading: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines = ["".join(f"<td>{cell}</td>" for cell in row) for row in rows]
    head = "".join(f"<th>{cell}</th>" for cell in heading)
    return f"<table><tr>{head}</tr>{''.join(f'<tr>{line}</tr>' for line in lines)}</table>"


def _inside(data: bytes, kind: str) -> str:
    return f"data:{kind};base64,{base64.b64encode(data).decode()}"


def _page(title: str, body: str) -> str:
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{title}</title><style>{_STYLE}</style></head>
<body><h1>{title}</h1>
{body}
</body></html>
"""
