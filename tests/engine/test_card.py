"""What NVIDIA's driver says of the cards; a script stands for its program, since test machines have no card."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from mien.engine import card


@pytest.fixture(autouse=True)
def unasked() -> Iterator[None]:
    card._cards.cache_clear()
    yield
    card._cards.cache_clear()


def answering(folder: Path, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    program = folder / "nvidia-smi"
    program.write_text(f"#!/bin/sh\n{text}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder))


def test_every_card_is_named_with_its_driver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = "NVIDIA H100 PCIe, 550.54.15, 81559 MiB\\nNVIDIA T4, 550.54.15, 15360 MiB"
    answering(tmp_path, f"printf '{lines}\\n'", monkeypatch)
    assert card.name() == "NVIDIA H100 PCIe"
    said = "NVIDIA H100 PCIe, driver 550.54.15, 81559 MiB; NVIDIA T4, driver 550.54.15, 15360 MiB"
    assert card.describe() == said


@pytest.mark.parametrize("text", ["exit 9", "printf ''"])
def test_a_driver_that_does_not_answer_has_no_cards(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answering(tmp_path, text, monkeypatch)
    assert card.describe() == ""
    assert card.name() == "CUDA"


def test_without_a_driver_there_are_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert card.describe() == ""
