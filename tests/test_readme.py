"""The README: its example prints what it shows against a live server, it is short, and its links lead somewhere."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests import photos
from tests.live import Live

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text()


def test_the_example_prints_what_the_readme_shows(live: Live, tmp_path: Path) -> None:
    """me.jpg is matplotlib's photograph of Grace Hopper; us.jpg shows her smaller, beside scikit-image's astronaut."""
    program, shown = re.findall(r"```(?:python|text)\n(.*?)```", README, re.DOTALL)[:2]
    me, friend = photos.hopper().pixels, photos.astronaut().pixels
    small = photos.resized(me, 400 / me.shape[0])
    us = np.full((512, small.shape[1] + friend.shape[1], 3), 255, np.uint8)
    us[:400, : small.shape[1]] = small
    us[112:, small.shape[1] :] = friend[:400]
    (tmp_path / "me.jpg").write_bytes(photos.jpeg(me))
    (tmp_path / "us.jpg").write_bytes(photos.jpeg(us, quality=85))
    pointed = program.replace("http://127.0.0.1:6436", live.address)
    printed = subprocess.run(
        [sys.executable, "-c", pointed], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=True
    ).stdout
    assert _words(printed) == _words(shown)
    assert _numbers(printed) == pytest.approx(_numbers(shown), abs=0.5)  # the last digits differ between processors


def test_it_is_short() -> None:
    assert README.count("\n") < 150
    assert sum(any(map(str.isalnum, word)) for word in _prose().split()) <= 700


def test_every_file_and_heading_that_it_links_to_exists() -> None:
    """GitHub's anchor of a heading: lower case, punctuation dropped, spaces as hyphens."""
    links = re.findall(r"\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)", README)
    assert links
    for name, anchor in links:
        file = ROOT / name
        assert file.exists(), name
        if anchor:
            headings = re.findall(r"^#+ (.*)$", file.read_text(), re.MULTILINE)
            anchors = {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
            assert anchor in anchors, f"{name}#{anchor}"


def _prose() -> str:
    """Returns the text outside code blocks, without the addresses of links."""
    return re.sub(r"\]\([^)]*\)", "]", re.sub(r"```.*?```", "", README, flags=re.DOTALL))


def _words(text: str) -> list[str]:
    return re.findall(r"[A-Za-z]+", text)


def _numbers(text: str) -> list[float]:
    return [float(number) for number in re.findall(r"[\d.]+", text)]
