"""Runs `mien eval`: evaluates the pack, prints the findings, and writes the files that were asked for."""

import json
import sys
from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path
from typing import TextIO

import numpy as np

from mien import app
from mien.config import Settings
from mien.errors import SetupError
from mien.measure.accuracy import angles, attribute_rates, grouping_rates, groups, robustness
from mien.measure.accuracy.attribute_answers import answers
from mien.measure.accuracy.attribute_labels import open_labels
from mien.measure.accuracy.dataset import open_dataset, open_groups
from mien.measure.accuracy.embedding import embed_dataset
from mien.measure.accuracy.evaluation import calibrated, evaluate
from mien.measure.accuracy.grouping_rates import Labelled
from mien.measure.accuracy.options import Options
from mien.packs import calibration_file
from mien.packs.analyst import Analyst
from mien.packs.load import Pack


def run(settings: Settings, options: Options) -> None:
    """Evaluates, prints the findings, and writes the requested files.

    Raises:
        SetupError: there is nothing to measure, or a file cannot be read or written.
    """
    if options.report and find_spec("matplotlib") is None:
        _say(
            "The plots need matplotlib, which is not installed (pip install 'mien[eval]'); "
            "the figures follow without --report.",
            sys.stderr,
        )
    pack = app.open_pack(settings)
    if options.groups:
        _groups(pack, options, options.groups, settings.cores + 1)
        return
    if options.groups_of_faces:
        _groups_of_faces(pack, options, settings.cores + 1)
        return
    if options.labels:
        _attributes(settings, pack, options, options.labels)
        return
    evaluation = evaluate(pack, options, settings.cores + 1)  # one more, since one waits for the disk
    _say(evaluation.findings.as_text())
    figures = evaluation.findings.as_dict()
    if options.robustness:
        costs = robustness.costs(evaluation.dataset, pack, options.face, workers=settings.cores)
        figures["robustness"] = [asdict(cost) for cost in costs]
        _say("\n" + robustness.as_text(costs))
    if options.turned:
        turns = angles.measure(evaluation.dataset, pack, options.face, workers=settings.cores)
        figures["turned"] = [asdict(angle) for angle in turns]
        _say("\n" + angles.as_text(turns))
    if options.json:
        _write(options.json, json.dumps(figures, indent=2) + "\n")
    if options.calibrate:
        calibration_file.write(options.calibrate, calibrated(evaluation))
        _say(
            f"\nThe calibration is in {options.calibrate}; use it with `mien serve --calibration {options.calibrate}`."
        )
    if options.report and find_spec("matplotlib") is not None:
        from mien.measure.accuracy import html_report  # noqa: PLC0415  matplotlib is an extra

        _say(f"\nThe report is in {html_report.write(options.report, evaluation, pack.pipeline, options.face)}.")


def _groups(pack: Pack, options: Options, labels: Path, workers: int) -> None:
    """Measures within each group, prints the tables and writes the figures."""
    dataset = open_groups(options.folder, labels)
    found = embed_dataset(dataset, pack, options.face, workers, options.cache)
    names = np.array(dataset.groups, np.str_)[found.photos]
    measured = groups.measure(found.embeddings, dataset.people[found.photos], names, pack.calibration)
    _say(f"A face was found in {len(found.photos):,} of {len(dataset.files):,} photographs, pack {pack.manifest.name}.")
    for photo, reason in found.unreadable[:10]:
        _say(f"unreadable   {dataset.files[photo].relative_to(dataset.folder)}: {reason}")
    _say("\n" + groups.as_text(measured))
    if options.json:
        _write(options.json, json.dumps(groups.as_dict(measured), indent=2) + "\n")


def _groups_of_faces(pack: Pack, options: Options, workers: int) -> None:
    """Groups the photographs by person, prints the tables and writes the figures."""
    dataset = open_dataset(options.folder, leave_out=options.leave_out)
    found = embed_dataset(dataset, pack, options.face, workers, options.cache)
    faces = Labelled(found.embeddings, dataset.people[found.photos], dataset.names, dataset.left_out)
    rates = grouping_rates.measure(faces, pack.calibration)
    _say(f"A face was found in {len(found.photos):,} of {len(dataset.files):,} photographs, pack {pack.manifest.name}.")
    _say("\n" + grouping_rates.as_text(rates))
    if options.json:
        _write(options.json, json.dumps(grouping_rates.as_dict(rates), indent=2) + "\n")


def _attributes(settings: Settings, pack: Pack, options: Options, labels: Path) -> None:
    """Compares attributes with labels, prints the table and writes the figures."""
    analyst = Analyst(settings, pack.pipeline.cores)
    found = answers(open_labels(labels), pack, analyst, options.face, settings.cores + 1)
    rows = attribute_rates.rates(found)
    _say(attribute_rates.as_text(rows))
    faceless = sum(features is None for _, features in found)
    _say(f"{len(found):,} photographs; in {faceless:,} no face was found.")
    if options.json:
        _write(options.json, json.dumps(attribute_rates.as_dict(rows), indent=2) + "\n")


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    except OSError as error:
        raise SetupError(f"{path} cannot be written: {error.strerror}.") from None


def _say(text: str, stream: TextIO | None = None) -> None:
    print(text, file=stream or sys.stdout, flush=True)
