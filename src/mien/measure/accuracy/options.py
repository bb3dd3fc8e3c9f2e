"""The options of `mien eval`, as flags and as values. Imports nothing heavy, since every command builds the parser."""

import argparse
from dataclasses import dataclass
from pathlib import Path

from mien.errors import SetupError

FACES = ("central", "largest")
UNUSED = ("pairs", "leave_out", "report", "calibrate", "robustness")  # flags that --groups has no use for
UNGROUPED = (
    "pairs",
    "report",
    "calibrate",
    "groups",
    "robustness",
    "turned",
)  # and those that --groups-of-faces has not
GALLERIES = (100, 1_000, 10_000, 1_000_000)


@dataclass(frozen=True, slots=True)
class Options:
    """The options of an evaluation.

    Attributes:
        folder: contains PERSON/photo.jpg; the paths of the pairs file are relative to it.
        pairs: CSV with image_a, image_b, same; None compares all photos with each other.
        leave_out: CSV with identity_a, identity_b, whose impostor pairs do not count.
        face: the face of a photo that is the person's, one of FACES.
        galleries: gallery sizes, in people, for which identification is measured or extrapolated.
        cache: folder of the cached embeddings; None for the user's cache.
        report: folder for report.html and the plots.
        json: file for the figures.
        calibrate: file for the calibration.
        groups: CSV with file, group and, where photos share a person, person; compares within each group.
        labels: folder of labelled attributes, which are measured instead.
        robustness: whether to measure degraded photos too: dark, covered, small.
        turned: whether to measure turned photos too.
        groups_of_faces: whether to group the photos by person instead.
    """

    folder: Path
    pairs: Path | None = None
    leave_out: Path | None = None
    face: str = FACES[0]
    galleries: tuple[int, ...] = GALLERIES
    cache: Path | None = None
    report: Path | None = None
    json: Path | None = None
    calibrate: Path | None = None
    groups: Path | None = None
    labels: Path | None = None
    robustness: bool = False
    turned: bool = False
    groups_of_faces: bool = False


def add_flags(parser: argparse.ArgumentParser) -> None:
    """Adds the flags of `mien eval` to a parser."""
    parser.add_argument(
        "folder", type=Path, metavar="DIR", nargs="?", help="folder of people: PERSON/photo.jpg or .png"
    )
    parser.add_argument(
        "--pairs", dest="pairs", type=Path, metavar="FILE.csv",
        help="compare only these pairs: columns image_a, image_b (paths in DIR) and same (1 or 0)",
    )  # fmt: skip
    parser.add_argument(
        "--leave-out", type=Path, metavar="FILE.csv",
        help="pairs of people who are not compared with each other: columns identity_a, identity_b",
    )  # fmt: skip
    parser.add_argument(
        "--face", choices=FACES, default=FACES[0],
        help="the face of a photo that is the person's: nearest to the centre (default), or largest, as in searches",
    )  # fmt: skip
    parser.add_argument(
        "--gallery", default=",".join(map(str, GALLERIES)), metavar="SIZES",
        help="gallery sizes, in people, separated by commas (default %(default)s); sizes beyond DIR's are extrapolated",
    )  # fmt: skip
    parser.add_argument(
        "--cache", type=Path, metavar="DIR", help="folder of the cached embeddings (default: the user's cache)"
    )
    parser.add_argument("--report", type=Path, metavar="DIR", help="write report.html, roc.png, det.png and scores.png")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures as JSON")
    parser.add_argument(
        "--calibrate", type=Path, metavar="FILE.toml", help="write a calibration for `mien serve --calibration`"
    )
    parser.add_argument(
        "--groups", type=Path, metavar="FILE.csv",
        help="say how often strangers of each group match: columns file (a path in DIR), group and, if known, person",
    )  # fmt: skip
    parser.add_argument(
        "--attributes", dest="labels", type=Path, metavar="FOLDER",
        help="instead, compare attributes with the labels in a folder: CSV files with the column file or photo, and "
        "columns such as smile, age and gender (docs/accuracy.md)",
    )  # fmt: skip
    parser.add_argument(
        "--robustness", action="store_true", help="also measure degraded photos: dark, small, covered and others"
    )
    parser.add_argument(
        "--turned", action="store_true", help="also measure photos turned by every 15 degrees, of 200 people"
    )
    parser.add_argument(
        "--groups-of-faces", action="store_true",
        help="instead, group all photos by person as a server groups unknown faces, and say how well that went",
    )  # fmt: skip


def options(given: argparse.Namespace) -> Options:
    """Returns the parsed flags as `Options`.

    Raises:
        SetupError: a gallery size is not a whole number above 0, no folder is named, or a flag has no use beside
            --groups or --groups-of-faces.
    """
    if given.folder is None and given.labels is None:
        raise SetupError("mien eval needs a folder of people, PERSON/photo.jpg, or --attributes FOLDER.")
    unused = [flag for flag in UNUSED if given.groups and getattr(given, flag)]
    if unused:
        raise SetupError(f"--groups compares within each group only; leave out --{unused[0].replace('_', '-')}.")
    unused = [flag for flag in UNGROUPED if given.groups_of_faces and getattr(given, flag)]
    if unused:
        raise SetupError(f"--groups-of-faces only groups photos; leave out --{unused[0].replace('_', '-')}.")
    sizes = given.gallery.split(",")
    if not all(size.strip().isdecimal() and int(size) > 0 for size in sizes):
        raise SetupError(f"--gallery takes whole numbers separated by commas, not {given.gallery!r}.")
    return Options(
        folder=given.folder or given.labels, pairs=given.pairs, leave_out=given.leave_out, face=given.face,
        galleries=tuple(sorted({int(size) for size in sizes})), cache=given.cache, report=given.report,
        json=given.json, calibrate=given.calibrate, groups=given.groups, labels=given.labels,
        robustness=given.robustness, turned=given.turned, groups_of_faces=given.groups_of_faces,
    )  # fmt: skip
