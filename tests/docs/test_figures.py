"""The figures that `make accuracy` keeps: of the packs as they are, and as good as the documents say in words."""

import importlib
import json
import math
from pathlib import Path
from typing import Any

import pytest

from mien import config
from mien.packs import manifest

ROOT = Path(__file__).resolve().parents[2]
KEPT: dict[str, Any] = json.loads((ROOT / "benchmarks/accuracy.json").read_text())
ADULTS = ("white20-50", "black20-50", "indian20-50", "eastasian20-50")
OLD = ("men65+", "women65+")


@pytest.mark.parametrize("pack", KEPT)
def test_the_figures_are_of_the_pack_as_it_is(pack: str) -> None:
    entry = manifest.named(pack)
    assert KEPT[pack]["people"]["contract"] == entry.contract, "the pack has changed: run `make accuracy`"
    measured = entry.measured
    assert measured is not None
    assert measured.tar == {far: round(KEPT[pack]["people"]["tar"][far], 4) for far in measured.tar}


def test_nobodys_name_is_kept() -> None:
    assert not {"no_face", "unreadable"} & set(KEPT[config.DEFAULT_PACK]["people"])


def test_the_readme_names_the_thresholds_that_were_measured() -> None:
    needed = {row["gallery"]: math.ceil(row["threshold"]) for row in KEPT[config.DEFAULT_PACK]["people"]["unknown"]}
    assert f"{needed[1000]} for 1,000 people, {needed[10_000]} for 10,000" in (ROOT / "README.md").read_text()


def test_the_default_pack_keeps_what_accuracy_md_says_in_words() -> None:
    people, groups = (KEPT[config.DEFAULT_PACK][part] for part in ("people", "groups"))
    at_80, at_90 = ({name: group["far"][bar] for name, group in groups.items()} for bar in ("80", "90"))
    assert max(at_80[name] for name in (*ADULTS, *OLD)) <= 5e-4, "up to five times as often"
    assert max(at_80[name] for name in OLD) <= 4e-4
    assert at_80["child5-12"] <= 6e-4
    assert at_80["baby0-4"] <= 5e-4
    assert max(at_90.values()) <= 1e-4, "at 90 no group was above what 80 promises"
    for far, least in (("0.0001", 0.987), ("0.00001", 0.973), ("0.000001", 0.95)):
        assert people["tar"][far] >= least
    retail = {name: group["far"]["80"] for name, group in KEPT["retail"]["groups"].items()}
    assert max(retail[name] for name in ADULTS) < 20e-4
    assert 50e-4 < max(retail[name] for name in OLD) < 100e-4


@pytest.fixture
def figures(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(ROOT / "docs"))
    return importlib.import_module("figures")


def test_what_was_not_measured_leaves_its_table_as_it_was(figures: Any) -> None:
    page = "a\n<!-- table turned, written by docs/generate.py -->\n\n| old |\n\n<!-- end of the table -->\nb"
    assert figures.written(page, {"duo": {}}, "duo") == page


def test_turned_and_degraded_photographs_get_tables(figures: Any) -> None:
    """The mean and the worst of all turns, and the strengths of a kind side by side."""
    turned = [
        {"photos": 200, "found": found, "both": both, "one": both, "strangers": strangers}
        for found, both, strangers in ((1.0, 0.99, 0.0), (1.0, 0.98, 1e-4), (0.98, 0.96, 3e-4))
    ]
    blurred = [
        {"condition": "blur", "found": 1.0, "pairs": 10_000, "strangers": each, "one_side": 0.9, "both_sides": 0.8}
        for each in (0.0, 2e-4)
    ]
    found = {"duo": {"turned": turned, "degraded": blurred}}
    page = "<!-- table {}, written by docs/generate.py -->\n<!-- end of the table -->"
    rows = figures.written(page.format("turned"), found, "duo").splitlines()
    assert rows[4] == "| face found | 100.0% | 99.0% | 98.0% (95.0–99.2) |"
    assert rows[7].startswith("| strangers taken for one person, both turned, in 10,000 pairs | 0.0 | 2.0 | 3.0 (")
    rows = figures.written(page.format("degraded"), found, "duo").splitlines()
    assert rows[7] == "| blur | 100 / 100 | 90 / 90 | 80 / 80 | 2.0 (0.5–7.3) |"
