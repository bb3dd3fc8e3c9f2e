"""Evaluates a pack on a folder of people: embeds the photos, compares them, and derives rates and a calibration."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from mien.errors import SetupError
from mien.measure.accuracy import comparison, identification, verification
from mien.measure.accuracy.comparison import Impostors, Mates
from mien.measure.accuracy.dataset import Dataset, open_dataset
from mien.measure.accuracy.embedding import Embedded, embed_dataset
from mien.measure.accuracy.findings import Findings
from mien.measure.accuracy.options import Options
from mien.packs.calibration_file import CalibrationFile
from mien.packs.load import Pack

CALIBRATED = (1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7)
LEAST_IMPOSTORS = 10_000  # pairs of two people that a calibration needs


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The compared photos, the comparisons and the findings.

    Attributes:
        dataset: the photos.
        embedded: their embeddings.
        people: int64 (F,), the person of each embedding.
        impostors: comparisons of two people.
        mates: comparisons of one person.
        findings: the figures.
    """

    dataset: Dataset
    embedded: Embedded
    people: NDArray[np.int64]
    impostors: Impostors
    mates: Mates
    findings: Findings


def evaluate(pack: Pack, options: Options, workers: int) -> Evaluation:
    """Embeds the photos of a folder, compares them, and computes the figures.

    Raises:
        SetupError: the folder or a file is malformed, or nothing is left to compare.
    """
    dataset = open_dataset(options.folder, options.pairs, options.leave_out)
    found = embed_dataset(dataset, pack, options.face, workers, options.cache)
    people = dataset.people[found.photos]
    impostors, mates = _compared(dataset, found, people)
    if impostors.total == 0:
        raise SetupError("No two people with a face each are left to compare.")
    identifications = []
    if dataset.pairs is None:
        fitted, sizes = verification.tail(impostors), _sizes(options.galleries, len(np.unique(people)))
        identifications = identification.identify(
            found.embeddings, people, sizes, mates=mates, fitted=fitted, left_out=dataset.left_out
        )
    findings = Findings(
        pack.manifest.name, pack.manifest.contract, options.face, len(dataset.files), len(np.unique(people)),
        tuple(_name(dataset, photo) for photo in found.faceless),
        tuple((_name(dataset, photo), reason) for photo, reason in found.unreadable),
        impostors.total, len(mates.cosines), verification.equal_error(verification.curve(impostors, mates)),
        verification.rates(impostors, mates, people), identifications, pack.calibration,
    )  # fmt: skip
    return Evaluation(dataset, found, people, impostors, mates, findings)


def calibrated(found: Evaluation) -> CalibrationFile:
    """Returns the calibration that the impostor pairs give.

    Raises:
        SetupError: there are too few pairs, or their thresholds do not rise as the rates fall.
    """
    if found.impostors.total < LEAST_IMPOSTORS:
        raise SetupError(
            f"A calibration needs {LEAST_IMPOSTORS:,} pairs of two people; this folder gives "
            f"{found.impostors.total:,}. 150 people with a photo each are enough."
        )
    # a threshold estimated from fewer than ten pairs is noisy; the fitted tail is steadier
    fitted = verification.tail(found.impostors)
    beyond = [far for far in CALIBRATED if found.impostors.total * far < verification.LEAST_ABOVE]
    measured = [
        (far, round(fitted.threshold(far) if far in beyond else found.impostors.threshold(far), 4))
        for far in CALIBRATED
    ]
    if any(one >= other for (_, one), (_, other) in pairwise(measured)):
        raise SetupError("The thresholds do not rise as the rates fall; the folder is too small or shows few people.")
    findings = found.findings
    return CalibrationFile(findings.pack, findings.contract, measured, findings.images, findings.people, beyond)


def _compared(dataset: Dataset, embedded: Embedded, people: NDArray[np.int64]) -> tuple[Impostors, Mates]:
    if dataset.pairs is None:
        return comparison.impostors(embedded.embeddings, people, dataset.left_out), comparison.mates(
            embedded.embeddings, people
        )
    row = np.full(len(dataset.files), -1, np.int64)
    row[embedded.photos] = np.arange(len(embedded.photos))
    pairs = row[dataset.pairs.photos]
    seen = (pairs >= 0).all(axis=1)
    return comparison.named_pairs(embedded.embeddings, people, pairs[seen], dataset.pairs.same[seen])


def _sizes(requested: tuple[int, ...], people: int) -> tuple[int, ...]:
    """Returns the requested sizes and the number of people in the folder."""
    return tuple(sorted({*requested, people}))


def _name(dataset: Dataset, photo: int) -> str:
    return dataset.files[photo].relative_to(dataset.folder).as_posix()
