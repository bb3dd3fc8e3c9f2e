"""Reasons and errors are sentences, whatever the server said, and safe for a terminal."""

import re
from pathlib import Path

import pytest

from mien.errors import ApiError, ImageTooLargeError, InvalidImageFormatError, InvalidParameterError
from mien.operations import quality_filter
from mien.transfer import reasons
from mien.transfer.api import refusal

SENTENCE = re.compile(r"[A-Z0-9].*[.!?]")


FILTER = re.findall(r'"([A-Z]+_[A-Z_]+)"', Path(quality_filter.__file__).read_text())


@pytest.mark.parametrize("reason", sorted({*reasons.SENTENCES, *FILTER}))
def test_every_reason_is_a_sentence(reason: str) -> None:
    assert SENTENCE.fullmatch(reasons.sentence(reason))


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (InvalidImageFormatError(), "The photograph is damaged or cut short."),
        (InvalidImageFormatError("HEIC needs a package"), "HEIC needs a package."),
        (InvalidParameterError(), "A side of the photograph has fewer than 80 pixels."),
        (ImageTooLargeError(), "The photograph is too large."),
        (refusal("ThrottlingException", "Rate exceeded"), "The server was too busy; run the import again."),
        (refusal("ValidationException", None), "ValidationException."),
        (refusal("ValidationException", "It is wrong!"), "It is wrong!"),
    ],
)
def test_an_error_is_a_sentence(error: ApiError, said: str) -> None:
    assert reasons.of_error(error) == said


def test_a_name_does_nothing_to_a_terminal_and_keeps_its_letters() -> None:
    assert reasons.printable("Анна 👩\u200d👧 สมชาย") == "Анна 👩\u200d👧 สมชาย"
    assert reasons.printable("a\x1b[2J\n\u202eb\0") == r"a\x1b[2J\n\u202eb\x00"
