"""The console's files without a browser: small, no inline code or style, colours with enough contrast."""

import re
from importlib import resources
from pathlib import Path

import pytest

FOLDER = Path(str(resources.files("mien") / "console"))
FILES = sorted(FOLDER.iterdir())
CODE = [file for file in FILES if file.suffix != ".json"]  # the texts are data, of any length
SCRIPTS = [file for file in FILES if file.suffix == ".js"]
HTML = (FOLDER / "index.html").read_text()
BASE = (FOLDER / "base.css").read_text()
COLOURS: dict[str, str] = dict(re.findall(r"--([a-z-]+): light-dark\((#[0-9a-f]{6}, #[0-9a-f]{6})\)", BASE))
TEXTS = ("ink", "quiet", "accent", "good", "warn", "bad")


@pytest.mark.parametrize("file", CODE, ids=lambda file: str(file.name))
def test_a_file_is_under_300_lines_and_says_what_it_is(file: Path) -> None:
    text = file.read_text()
    assert text.count("\n") < 300
    assert file.suffix not in (".js", ".css") or text.startswith(("//", "/*"))


def test_the_html_has_no_code_or_style_inside() -> None:
    assert not re.search(r"<script(?![^>]*src=)|<style|\sstyle=|\son\w+=|javascript:", HTML)


def test_every_file_that_is_named_exists() -> None:
    named = re.findall(r'(?:href|src)="([\w.]+)"', HTML)
    for script in SCRIPTS:
        named += re.findall(r"from '\./([\w.]+)'", script.read_text())
    assert set(named) <= {file.name for file in FILES}


def test_every_file_is_used() -> None:
    everything = HTML + "".join(script.read_text() for script in SCRIPTS)
    for file in CODE:
        assert file.name == "index.html" or file.name in everything


def test_no_script_writes_html_or_runs_text() -> None:
    for script in SCRIPTS:
        assert not re.search(
            r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function", script.read_text()
        )


def test_imports_go_in_no_circle() -> None:
    needs = {script.name: re.findall(r"from '\./([\w.]+)'", script.read_text()) for script in SCRIPTS}

    def walk(name: str, above: tuple[str, ...]) -> None:
        assert name not in above, " → ".join((*above, name))
        for each in needs[name]:
            walk(each, (*above, name))

    walk("main.js", ())


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("ground", ["ground", "surface", "sunken"])
def test_text_can_be_read(text: str, ground: str, scheme: int) -> None:
    """WCAG 2.2 requires a contrast of 4.5 for text."""
    assert contrast(colour(text, scheme), colour(ground, scheme)) >= 4.5


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(
    ("text", "ground"), [("on-accent", "accent"), ("accent", "tint"), ("bad", "bad-tint"), ("warn", "warn-tint")]
)
def test_text_on_a_tint_can_be_read(text: str, ground: str, scheme: int) -> None:
    assert contrast(colour(text, scheme), colour(ground, scheme)) >= 4.5


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_the_edge_of_a_control_can_be_seen(scheme: int) -> None:
    """WCAG 2.2 requires a contrast of 3 for the parts that identify a control."""
    assert contrast(colour("edge", scheme), colour("surface", scheme)) >= 3


def colour(name: str, scheme: int) -> str:
    return COLOURS[name].split(", ")[scheme]


def contrast(one: str, other: str) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
