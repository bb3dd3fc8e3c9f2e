"""A short comparison of servers with one and two workers: a row for each operation and number of workers."""

import json
from pathlib import Path

import cv2
import pytest

from mien import config
from mien.errors import SetupError
from mien.measure.speed import workers_bench
from mien.measure.speed.request_bench import Plan
from tests import photos


def test_servers_are_compared(
    packs: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workers_bench, "TURN", 0.3)
    monkeypatch.setattr(workers_bench, "SIZES", ("240p",))
    (tmp_path / "images").mkdir()
    cv2.imwrite(str(tmp_path / "images/hopper.jpg"), photos.hopper().pixels[:, :, ::-1])
    settings, file = config.load({"packs": packs, "threads": 2}, {}), tmp_path / "rows.json"
    workers_bench.run(settings, str(tmp_path / "images"), [1, 2], Plan(0.3, clients=4), str(file))
    rows = json.loads(file.read_text())
    assert [(row["operation"], row["workers"]) for row in rows] == [
        (name, count) for name in workers_bench.OPERATIONS for count in (1, 2)
    ]
    for row in rows:
        assert row["clients"] == 4
        assert 0 < row["images_per_second"] < 2 * row["bound"]  # a measurement of a moment
        assert row["processor_ms"] > 0
        assert row["memory_mb"] > 50
        assert row["of_first"] == 1 or row["workers"] == 2
    said = capsys.readouterr().out
    assert "1 workers" in said
    assert said.splitlines()[-1].startswith("memory in MB: 1: ")


def test_what_is_no_list_of_numbers_is_refused() -> None:
    assert workers_bench.counts("1, 2,8") == [1, 2, 8]
    for text in ("", "0", "1,x", "-1"):
        with pytest.raises(SetupError, match="numbers separated by commas"):
            workers_bench.counts(text)


def test_one_client_is_refused(packs: str) -> None:
    with pytest.raises(SetupError, match="--clients"):
        workers_bench.run(config.load({"packs": packs}, {}), None, [1, 2], Plan(0.3), None)
