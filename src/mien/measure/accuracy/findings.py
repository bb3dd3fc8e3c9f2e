"""The figures of an evaluation, and their formats: JSON for programs, text for people."""

import math
from dataclasses import dataclass
from typing import Any

from mien.face.similarity import Calibration
from mien.measure.accuracy.identification import Identification
from mien.measure.accuracy.verification import Rate

UNKNOWN_FPIR = 0.01  # share of strangers that may match someone, for "unknown means unknown"


@dataclass(frozen=True, slots=True)
class Findings:
    """The figures of an evaluation.

    Attributes:
        pack: the pack's name.
        contract: the digest of its weights and preprocessing.
        face: the face of a photo that was used: "central" or "largest".
        images: the number of photos in the folder.
        people: the number of people of whom a face was found.
        faceless: the names of photos in which no face was found.
        unreadable: the names of photos that could not be read, with the reasons.
        impostors: the number of pairs of two people.
        mates: the number of pairs of one person.
        equal_error: the equal error rate (EER), 0–1.
        rates: verification.
        identifications: by size of the gallery, then by falling FPIR; empty with `--pairs`.
        calibration: cosine → similarity, of the pack or the user's file.
    """

    pack: str
    contract: str
    face: str
    images: int
    people: int
    faceless: tuple[str, ...]
    unreadable: tuple[tuple[str, str], ...]
    impostors: int
    mates: int
    equal_error: float
    rates: list[Rate]
    identifications: list[Identification]
    calibration: Calibration

    @property
    def faces_found(self) -> int:
        """Returns the number of photos in which a face was found."""
        return self.images - len(self.faceless) - len(self.unreadable)

    def similarity(self, cosine: float) -> float:
        """Returns the similarity of a cosine, 0–100, rounded up so that a threshold is no laxer than measured."""
        return math.ceil(float(self.calibration.similarity(cosine)) * 100 - 1e-6) / 100

    @property
    def unknown(self) -> list[Identification]:
        """Returns, for each gallery, the row at which only UNKNOWN_FPIR of the strangers match someone."""
        return [row for row in self.identifications if row.fpir == UNKNOWN_FPIR]

    def as_dict(self) -> dict[str, Any]:
        """Returns the figures for JSON. Rates are keys in decimals, as "0.001"."""
        seen = [rate for rate in self.rates if not rate.extrapolated]
        return {
            "images": self.images,
            "faces_found": self.faces_found,
            "people": self.people,
            "pack": self.pack,
            "contract": self.contract,
            "face": self.face,
            "impostor_pairs": self.impostors,
            "same_person_pairs": self.mates,
            "equal_error_rate": _number(self.equal_error),
            "tar": {decimal(rate.far): _number(rate.tar) for rate in seen},
            "tar_interval_95": {decimal(rate.far): [_number(rate.low), _number(rate.high)] for rate in seen},
            "thresholds": {decimal(rate.far): self.similarity(rate.cosine) for rate in self.rates},
            "cosines": {decimal(rate.far): _number(rate.cosine) for rate in self.rates},
            "extrapolated": [decimal(rate.far) for rate in self.rates if rate.extrapolated],
            "identification": [self._identification(row) for row in self.identifications],
            "unknown": [self._identification(row) for row in self.unknown],
            "no_face": list(self.faceless),
            "unreadable": [{"image": name, "reason": reason} for name, reason in self.unreadable],
        }

    def _identification(self, row: Identification) -> dict[str, Any]:
        return {
            "gallery": row.size,
            "fpir": row.fpir,
            "threshold": self.similarity(row.cosine),
            "cosine": _number(row.cosine),
            "fnir": _number(row.fnir),
            "extrapolated": row.extrapolated,
        }

    def as_text(self) -> str:
        """Returns the figures as text."""
        parts = [self._found(), self._verification()]
        if self.identifications:
            parts += [self._galleries(), self._unknown()]
        return "\n\n".join(parts)

    def _found(self) -> str:
        lines = [
            f"{self.images:,} images of {self.people:,} people, pack {self.pack}, the {self.face} face of each; a face "
            f"was found in {self.faces_found:,} ({percent(self.faces_found / max(self.images, 1))})",
            f"{self.impostors:,} pairs of two people, {self.mates:,} of one; "
            f"equal error rate {percent(self.equal_error)}",
        ]
        lines += [f"no face      {name}" for name in self.faceless[:10]]
        lines += [f"unreadable   {name}: {reason}" for name, reason in self.unreadable[:10]]
        if len(self.faceless) > 10 or len(self.unreadable) > 10:
            lines.append("… and more; --json names them all")
        return "\n".join(lines)

    def _verification(self) -> str:
        rows: list[tuple[str, ...]] = [("one false match in", "threshold", "cosine", "TAR", "95% interval")]
        for rate in self.rates:
            interval = "too few pairs; extrapolated" if rate.extrapolated else ""
            rows.append(
                (f"{1 / rate.far:,.0f}", f"{self.similarity(rate.cosine):.2f}", f"{rate.cosine:.4f}", percent(rate.tar),
                 interval or f"{percent(rate.low)} – {percent(rate.high)}")
            )  # fmt: skip
        return "Two photos: one person or two?\n" + aligned(rows)

    def _galleries(self) -> str:
        rows: list[tuple[str, ...]] = [
            ("people in the gallery", "strangers let in", "threshold", "known people missed", "")
        ]
        for row in self.identifications:
            rows.append(
                (f"{row.size:,}", f"{100 * row.fpir:g}%", f"{self.similarity(row.cosine):.2f}", percent(row.fnir),
                 "extrapolated" if row.extrapolated else "")
            )  # fmt: skip
        return "One photo against a gallery with a photo of each person:\n" + aligned(rows)

    def _unknown(self) -> str:
        lines = ["Unknown means unknown. For 99% of strangers to come back empty:"]
        for row in self.unknown:
            how = " (extrapolated)" if row.extrapolated else ""
            lines.append(
                f"  {row.size:,} people: FaceMatchThreshold {self.similarity(row.cosine):.2f}, "
                f"{percent(row.fnir)} of known people are then missed{how}"
            )
        lines.append("`mien serve --minimum-similarity N` applies it to every search.")
        return "\n".join(lines)


def decimal(rate: float) -> str:
    """Formats a rate in plain decimals: "0.00001"."""
    return f"{rate:.12f}".rstrip("0")


def percent(share: float) -> str:
    """Formats a share in percent; NaN as a dash."""
    return "–" if math.isnan(share) else f"{100 * share:.2f}%"


def aligned(rows: list[tuple[str, ...]]) -> str:
    """Formats rows as columns, the first row as the heading; only the last column is left-aligned."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if number < len(row) - 1 else cell
            for number, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )


def _number(value: float) -> float | None:
    return None if math.isnan(value) else round(value, 6)
