"""A write-ahead log that a foreign reader keeps growing is logged once."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from mien.store import open as stores
from mien.store.engines import log_size
from tests.congruence import faces


def test_a_log_that_a_reader_keeps_growing_is_said_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(log_size, "LARGE", 1 << 20)
    monkeypatch.setattr(log_size, "EVERY", 10)
    store = stores.open_store("", str(tmp_path))
    with closing(store.database), closing(sqlite3.connect(tmp_path / stores.FILE, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT 1 FROM collections").fetchall()
        key = faces.make(store)
        for number in range(100):
            faces.add(store, key, number, [faces.face() for _ in range(3)])
    assert sum("write-ahead log" in record.message for record in caplog.records) == 1
