"""A short bench against a real server: its rows say what was measured, and the floor lies under what was measured."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from mien import config
from mien.bench import serving, table
from mien.bench.client import Crowd, bodies
from mien.bench.photos import Photo, photos
from mien.bench.process import ServerProcess
from mien.bench.table import Memory, Row, Times
from mien.config import Settings
from mien.errors import SetupError

NOISE = 1.25  # two measurements of the same work may differ so much on a machine that does other things
ATTEMPTS = 3  # and by more now and then, but not again and again


@pytest.fixture
def settings(packs: str) -> Settings:
    return config.load({"packs": packs}, {})


@pytest.fixture
def photo() -> Photo:
    try:
        return photos(None, ("240p",))[0]
    except SetupError as error:
        pytest.skip(str(error))


@pytest.fixture
def crowd(settings: Settings) -> Iterator[Crowd]:
    with ServerProcess(settings) as server:
        made = Crowd(server.host, server.port, 2)
        yield made
        made.close()


def test_every_operation_and_stage_has_a_row(settings: Settings, photo: Photo, tmp_path: Path) -> None:
    rows = list(serving.measure(settings, [photo], 0.3, 1))

    assert [row.operation for row in rows] == [
        "DetectFaces", "IndexFaces", "CompareFaces", "SearchFacesByImage",
        "decode", "detect", "align", "quality", "embed",
    ]  # fmt: skip
    by_name = {row.operation: row for row in rows}
    for name in serving.OPERATIONS:
        row = by_name[name]
        assert row.image == photo.name
        assert row.clients == 1
        assert row.calls >= serving.LEAST_TURNS
        assert 0 < row.p50_ms <= row.p99_ms
        assert 0 < row.resident_before_mb <= row.resident_mb * NOISE
    assert by_name["detect"].floor_ms > 0
    assert by_name["align"].floor_ms == 0

    table.write(rows, str(tmp_path / "rows.json"))
    written = json.loads((tmp_path / "rows.json").read_text())
    assert [each["p50_ms"] for each in written] == [row.p50_ms for row in rows]
    assert {"operation", "image", "clients", "p50_ms", "p99_ms", "images_per_second", "floor_ms", "resident_mb"} <= set(
        written[0]
    )


def test_the_floor_lies_under_what_is_measured(settings: Settings, photo: Photo) -> None:
    for _ in range(ATTEMPTS):
        rows = {row.operation: row for row in serving.measure(settings, [photo], 0.3, 1)}
        over = [name for name in serving.OPERATIONS if not 0 < rows[name].floor_ms <= NOISE * rows[name].p50_ms]
        if not over and rows["CompareFaces"].floor_ms > rows["DetectFaces"].floor_ms:
            return
    pytest.fail(f"not over their floors: {over}; {rows}")


def test_a_server_that_remembers_does_less_than_the_floor(settings: Settings, photo: Photo) -> None:
    for _ in range(ATTEMPTS):
        rows = {row.operation: row for row in serving.measure(settings, [photo], 0.3, 1, cached=True)}
        if all(rows[name].p50_ms < rows[name].floor_ms for name in ("DetectFaces", "SearchFacesByImage")):
            return
    pytest.fail(f"not below their floors: {rows}")


def test_every_indexing_call_stores_a_face(crowd: Crowd, photo: Photo) -> None:
    crowd.once("CreateCollection", b'{"CollectionId": "counted"}')
    took, wall = crowd.call("IndexFaces", bodies("IndexFaces", photo.data, "counted"), 0.1)
    described = json.loads(crowd.once("DescribeCollection", b'{"CollectionId": "counted"}'))

    assert len(took) >= len(crowd)
    assert described["FaceCount"] == len(took)
    assert wall >= max(took)


def test_a_refused_call_ends_the_bench_with_the_servers_words(crowd: Crowd) -> None:
    with pytest.raises(SetupError, match="ResourceNotFoundException"):
        crowd.call("DescribeCollection", lambda: b'{"CollectionId": "nowhere"}', 0.1)


def test_a_server_that_cannot_start_says_why(settings: Settings, tmp_path: Path) -> None:
    broken = config.load({"packs": str(tmp_path), "pack": "nosuch"}, {})
    with pytest.raises(SetupError, match="nosuch"), ServerProcess(broken):
        pass


def test_figures_of_a_row() -> None:
    row = Times([0.010, 0.020, 0.030], wall=0.06, floor=[0.004, 0.006, 0.005]).row(
        "CompareFaces", "one", Memory(100.04, 120, 30), clients=1, images=2
    )

    assert row == Row("CompareFaces", "one", 1, 3, 20.0, 29.8, 100.0, 5.0, 100.0, 120, 30)
    assert "4.00" in table.line(row, 10)


def test_a_folder_without_photographs_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="no JPEG or PNG"):
        photos(str(tmp_path))
