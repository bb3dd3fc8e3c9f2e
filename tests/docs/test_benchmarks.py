"""The laboratory book: its index leads to entries, and each entry says when and on what it was measured."""

import re
from pathlib import Path

BOOK = (Path(__file__).resolve().parents[2] / "benchmarks" / "README.md").read_text()
ENTRIES = re.split(r"^#{2,3} ", BOOK, flags=re.MULTILINE)[1:]
GROUPS = {"Serving: `mien bench`", "Peers"}  # their entries stand below them


def anchor(heading: str) -> str:
    """Returns GitHub's anchor: lower case, punctuation dropped, spaces as hyphens."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def test_the_index_names_every_entry() -> None:
    index = set(re.findall(r"\]\(#([^)]+)\)", BOOK.partition("\n## ")[0]))
    headings = {entry.partition("\n")[0] for entry in ENTRIES}
    assert index <= {anchor(heading) for heading in headings}
    assert {heading for heading in headings - GROUPS if anchor(heading) not in index} == set()


def test_every_entry_has_its_date_and_machine() -> None:
    for entry in ENTRIES:
        heading, _, text = entry.partition("\n")
        if heading not in GROUPS:
            assert re.search(r"\b\d{4}-\d\d-\d\d\b", text[:120]), f"{heading} does not say when it was measured"
