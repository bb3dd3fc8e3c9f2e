"""The pages agree with the code and with the measurements."""

import re
from pathlib import Path

from mien.face.similarity import Calibration
from mien.operations.quality_filter import BARS
from mien.packs import manifest
from mien.serving.image_cache import LIFETIME
from mien.store.base import FACE_QUOTA

ROOT = Path(__file__).resolve().parents[2]
ACCURACY = (ROOT / "docs" / "accuracy.md").read_text()
FIELDS = [
    ("LOW_CONFIDENCE", "confidence"), ("SMALL_BOUNDING_BOX", "pixels"), ("EXTREME_POSE", "turn"),
    ("LOW_BRIGHTNESS", "brightness"), ("LOW_SHARPNESS", "sharpness"), ("LOW_FACE_QUALITY", "contrast"),
    ("LOW_FACE_QUALITY", "blank"), ("LOW_FACE_QUALITY", "trust"),
]  # fmt: skip


def rows(text: str) -> list[list[str]]:
    lines = [line for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_the_quality_filter_is_the_codes() -> None:
    shown = [(row[0].strip("`"), row[2:]) for row in rows(ACCURACY) if row[0].strip("`") in dict(FIELDS)]
    assert [reason for reason, _ in shown] == [reason for reason, _ in FIELDS]
    for (_, cells), (_, field) in zip(shown, FIELDS, strict=True):
        assert [float(cell) for cell in cells] == [getattr(bar, field) for bar in BARS.values()], field
    assert next(row for row in rows(ACCURACY) if row[0] == "`Reasons`")[2:] == list(BARS)


def test_what_a_similarity_says_is_the_calibrations() -> None:
    """Each row's similarity is what every pack gives the score that this share of strangers reaches."""
    said = {
        float(row[0]): 1 / int(found[1].replace(",", ""))
        for row in rows(ACCURACY)
        if len(row) == 2 and (found := re.fullmatch(r"one in ([\d,]+)", row[1]))
    }
    means: dict[float, float] = {}
    for measured in (entry.calibration for entry in manifest.catalogue().values() if entry.calibration):
        curve = Calibration.from_far(measured)
        means |= {round(float(curve.similarity(score)), 6): far for far, score in measured}
    assert said == means


def test_images_are_remembered_for_as_long_as_the_page_on_privacy_says() -> None:
    privacy = (ROOT / "docs" / "privacy.md").read_text()
    assert LIFETIME == 5 * 60
    assert "five minutes after the image was last sent" in privacy


def test_the_bounds_are_the_stores() -> None:
    assert f"| {FACE_QUOTA:,} |" in (ROOT / "docs" / "rekognition.md").read_text()
