"""Runs `mien bench --gallery`: measures search at each size and prints a table."""

import os
from collections.abc import Sequence
from pathlib import Path

from mien import app
from mien.config import Settings
from mien.errors import SetupError
from mien.measure.accuracy.dataset import open_dataset
from mien.measure.accuracy.embedding import embed_dataset
from mien.measure.speed import population, search_at_size
from mien.measure.speed.population import Population
from mien.measure.speed.search_at_size import PROBES, GalleryRow

HEADING = "     faces   p50 ms   p99 ms  floor ms   found   mates  exactly  resident MB  searches/s  p50 ms, adding"


def run(settings: Settings, sizes: str, people: str | None, seconds: float, file: str | None) -> None:
    """Measures each size, prints its row, and writes all rows to `file` if one is given.

    Args:
        settings: the scanning threads and the place of the codes; also the pack, if there are photographs to embed.
        sizes: numbers of faces, as "1e5,1e6".
        people: a folder of people whose embeddings the synthetic ones imitate; None for the spectrum shipped with mien.
        seconds: the duration of each kind of search.
        file: the JSON file for the rows.

    Raises:
        SetupError: a size is not a number, or the folder has too few people.
    """
    counts = _counts(sizes)
    drawn = from_folder(settings, Path(people)) if people else population.shipped(PROBES)
    threads = settings.scan_threads or len(os.sched_getaffinity(0))
    _say(f"embeddings drawn from {drawn.of}; {threads} threads; codes in {settings.gallery_codes}")
    _say(HEADING)
    rows: list[GalleryRow] = []
    for count in counts:
        rows.append(search_at_size.measure(drawn, count, seconds, threads, settings.gallery_codes == "mapped"))
        _say(line(rows[-1]))
    if file:
        search_at_size.write(rows, file)


def from_folder(settings: Settings, folder: Path) -> Population:
    """Returns a population that imitates the embeddings of a folder of people.

    Raises:
        SetupError: the folder has too few people with two photographs.
    """
    pack = app.open_pack(settings)
    dataset = open_dataset(folder)
    found = embed_dataset(dataset, pack, "central", settings.cores)
    name = f"{len(found.photos):,} photographs by {pack.manifest.name}"
    return population.measured(found.embeddings, dataset.people[found.photos], name, PROBES)


def line(row: GalleryRow) -> str:
    """Formats a row of the table."""
    snapshot = f"  (snapshot written in {row.snapshot_s:.1f} s, read in {row.resume_s:.1f} s)" if row.resume_s else ""
    return (
        f"{row.faces:10,} {row.p50_ms:8.2f} {row.p99_ms:8.2f} {row.floor_ms:9.2f} {row.found:7.1%} {row.mates:7.1%} "
        f"{row.mates_exact:8.1%} {row.resident_mb:12,.0f} {row.searches_per_second:11,.0f} "
        f"{row.adding_p50_ms:9.2f} at {row.adds_per_second:,.0f}/s{snapshot}"
    )


def _counts(sizes: str) -> Sequence[int]:
    try:
        return [int(float(size)) for size in sizes.split(",")]
    except ValueError:
        raise SetupError(f"--gallery must be numbers of faces, as 1e5,1e6, not {sizes!r}.") from None


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201
