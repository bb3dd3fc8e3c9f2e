"""`mien eval`, as one list: look at the folder, embed, compare, measure, print, write what was asked for."""

import json
import sys
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from typing import TextIO

import numpy as np
from numpy.typing import NDArray

from mien import app
from mien.config import Settings
from mien.errors import SetupError
from mien.measure.accuracy import comparison, identification, robustness, verification
from mien.measure.accuracy.comparison import Impostors, Mates
from mien.measure.accuracy.dataset import Dataset, open_dataset
from mien.measure.accuracy.embedded import embedded
from mien.measure.accuracy.embedding import Embedded
from mien.measure.accuracy.findings import Findings
from mien.measure.accuracy.options import Options
from mien.packs import calibration_file
from mien.packs.calibration_file import CalibrationFile
from mien.packs.load import Pack

CALIBRATED = (1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6)
LEAST_IMPOSTORS = 10_000  # pairs of two people that a calibration needs


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What was compared and what came of it.

    Attributes:
        album: the photos.
        embedded: their embeddings.
        people: int64 (F,), whose face each of the embeddings is.
        impostors: pairs of two people.
        mates: pairs of one person.
        findings: the figures.
    """

    album: Dataset
    embedded: Embedded
    people: NDArray[np.int64]
    impostors: Impostors
    mates: Mates
    findings: Findings


def run(settings: Settings, asked: Options) -> None:
    """Measure, print, and write the files that were asked for.

    Raises:
        SetupError: there is nothing to measure, or something cannot be read or written.
    """
    if asked.report and find_spec("matplotlib") is None:
        _say(
            "The plots need matplotlib, which is not installed (pip install 'mien[eval]'); "
            "the figures follow without --report.",
            sys.stderr,
        )
    pack = app.open_pack(settings)
    found = evaluate(pack, asked, settings.cores + 1)  # one reads and waits while the others work
    _say(found.findings.as_text())
    figures = found.findings.as_dict()
    if asked.robustness:
        costs = robustness.costs(found.album, pack.pipeline, asked.face, workers=settings.cores)
        figures["robustness"] = [asdict(cost) for cost in costs]
        _say("\n" + robustness.as_text(costs))
    if asked.json:
        _write(asked.json, json.dumps(figures, indent=2) + "\n")
    if asked.calibrate:
        calibration_file.write(asked.calibrate, calibrated(found))
        _say(f"\nThe calibration is in {asked.calibrate}; use it with `mien serve --calibration {asked.calibrate}`.")
    if asked.report and find_spec("matplotlib") is not None:
        from mien.measure.accuracy import html_report  # noqa: PLC0415  matplotlib is an extra

        _say(f"\nThe report is in {html_report.write(asked.report, found, pack.pipeline, asked.face)}.")


def evaluate(pack: Pack, asked: Options, workers: int) -> Evaluation:
    """Embed the photos of a folder, compare them, and measure.

    Raises:
        SetupError: the folder or a file is not what it should be, or nothing is left to compare.
    """
    album = open_dataset(asked.folder, asked.pairs, asked.leave_out)
    found = embedded(album, pack, asked.face, workers, asked.cache)
    people = album.people[found.photos]
    impostors, mates = _compared(album, found, people)
    if impostors.total == 0:
        raise SetupError("No two people with a face each are left to compare.")
    identifications = []
    if album.pairs is None:
        fitted, sizes = verification.tail(impostors), _sizes(asked.galleries, len(np.unique(people)))
        identifications = identification.identify(
            found.embeddings, people, sizes, mates=mates, fitted=fitted, apart=album.apart
        )
    findings = Findings(
        pack.manifest.name, pack.manifest.contract, asked.face, len(album.files), len(np.unique(people)),
        tuple(_name(album, photo) for photo in found.faceless),
        tuple((_name(album, photo), reason) for photo, reason in found.unreadable),
        impostors.total, len(mates.cosines), verification.equal_error(verification.curve(impostors, mates)),
        verification.rates(impostors, mates, people), identifications, pack.calibration,
    )  # fmt: skip
    return Evaluation(album, found, people, impostors, mates, findings)


def calibrated(found: Evaluation) -> CalibrationFile:
    """The calibration that the impostor pairs give.

    Raises:
        SetupError: there are too few pairs, or they do not separate the rates.
    """
    if found.impostors.total < LEAST_IMPOSTORS:
        raise SetupError(
            f"A calibration needs {LEAST_IMPOSTORS:,} pairs of two people; this folder gives "
            f"{found.impostors.total:,}. 150 people with a photo each are enough."
        )
    # a bar below ten pairs would be the word of a few; the fitted tail is steadier
    fitted = verification.tail(found.impostors)
    beyond = [far for far in CALIBRATED if found.impostors.total * far < verification.LEAST_ABOVE]
    measured = [(far, round(fitted.bar(far) if far in beyond else found.impostors.bar(far), 4)) for far in CALIBRATED]
    if any(one >= other for (_, one), (_, other) in pairwise(measured)):
        raise SetupError("The thresholds do not rise as the rates fall; the folder is too small or shows few people.")
    findings = found.findings
    return CalibrationFile(findings.pack, findings.contract, measured, findings.images, findings.people, beyond)


def _compared(album: Dataset, embedded: Embedded, people: NDArray[np.int64]) -> tuple[Impostors, Mates]:
    if album.pairs is None:
        return comparison.impostors(embedded.embeddings, people, album.apart), comparison.mates(
            embedded.embeddings, people
        )
    row = np.full(len(album.files), -1, np.int64)
    row[embedded.photos] = np.arange(len(embedded.photos))
    pairs = row[album.pairs.photos]
    seen = (pairs >= 0).all(axis=1)
    return comparison.named_pairs(embedded.embeddings, people, pairs[seen], album.pairs.same[seen])


def _sizes(asked: tuple[int, ...], people: int) -> tuple[int, ...]:
    """The sizes asked for and the folder's own."""
    return tuple(sorted({*asked, people}))


def _name(album: Dataset, photo: int) -> str:
    return album.files[photo].relative_to(album.folder).as_posix()


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    except OSError as error:
        raise SetupError(f"{path} cannot be written: {error.strerror}.") from None


def _say(text: str, stream: TextIO | None = None) -> None:
    print(text, file=stream or sys.stdout, flush=True)
