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


def evaluate(pack: Pack, asked: Options, workers: int) -> Evaluation:
    """Embed the photos of a folder, compare them, and measure.

    Raises:
        SetupError: the folder or a file is not what it should be, or nothing is left to compare.
    """
    album = open_dataset(asked.folder, asked.pairs, asked.leave_out)
    found = embed_dataset(album, pack, asked.face, workers, asked.cache)
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
