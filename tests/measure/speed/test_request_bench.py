"""A short bench against a real server: its rows say what was measured, and the floor lies under what was measured."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from mien import app, config
from mien.config import Settings
from mien.errors import SetupError
from mien.measure.speed import floor, open_loop, request_bench, results
from mien.measure.speed.http_client import Body, bodies
from mien.measure.speed.load_generator import LoadGenerator
from mien.measure.speed.request_bench import Plan
from mien.measure.speed.results import Memory, Row, Times
from mien.measure.speed.sample_photos import Photo, photos
from mien.measure.speed.server_process import ServerProcess

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
def generator(settings: Settings) -> Iterator[LoadGenerator]:
    with ServerProcess(settings) as server:
        made = LoadGenerator(server.host, server.port, 2)
        yield made
        made.close()


def test_every_operation_and_stage_has_a_row(settings: Settings, photo: Photo, tmp_path: Path) -> None:
    rows = list(request_bench.measure(settings, [photo], Plan(0.3)))

    assert [row.operation for row in rows] == [
        "DetectFaces", "IndexFaces", "CompareFaces", "SearchFacesByImage",
        "decode", "detect", "align", "quality", "embed", "mesh",
    ]  # fmt: skip
    by_name = {row.operation: row for row in rows}
    for name in request_bench.OPERATIONS:
        row = by_name[name]
        assert row.image == photo.name
        assert row.clients == 1
        assert row.calls >= request_bench.LEAST_TURNS
        assert 0 < row.p50_ms <= row.p99_ms
        assert 0 < row.resident_before_mb <= row.resident_mb * NOISE
    assert by_name["detect"].floor_ms > 0
    assert by_name["align"].floor_ms == 0

    results.write(rows, str(tmp_path / "rows.json"))
    written = json.loads((tmp_path / "rows.json").read_text())
    assert [each["p50_ms"] for each in written] == [row.p50_ms for row in rows]
    assert {"operation", "image", "clients", "p50_ms", "p99_ms", "images_per_second", "floor_ms", "resident_mb"} <= set(
        written[0]
    )


def test_the_floor_of_indexing_has_the_mesh_that_it_runs(settings: Settings, photo: Photo) -> None:
    pack = app.open_pack(settings)
    floors = {}
    for attributes in ("all", "none"):
        meshes = floor.Meshes(replace(settings, attributes=attributes), pack.pipeline.cores)
        image = floor.record(pack, photo, meshes)
        floors[attributes] = [len(image.floor(name)) for name in ("IndexFaces", "DetectFaces")]
        assert len(image.bare("mesh")) == len(image.faces) * meshes.there
    assert floors["all"] == [floors["none"][0] + len(image.faces), floors["none"][1]]


def test_the_floor_lies_under_what_is_measured(settings: Settings, photo: Photo) -> None:
    for _ in range(ATTEMPTS):
        rows = {row.operation: row for row in request_bench.measure(settings, [photo], Plan(0.3))}
        over = [name for name in request_bench.OPERATIONS if not 0 < rows[name].floor_ms <= NOISE * rows[name].p50_ms]
        if not over and rows["CompareFaces"].floor_ms > rows["DetectFaces"].floor_ms:
            return
    pytest.fail(f"not over their floors: {over}; {rows}")


def test_a_server_that_remembers_does_less_than_the_floor(settings: Settings, photo: Photo) -> None:
    for _ in range(ATTEMPTS):
        rows = {row.operation: row for row in request_bench.measure(settings, [photo], Plan(0.3, cached=True))}
        if all(rows[name].p50_ms < rows[name].floor_ms for name in ("DetectFaces", "SearchFacesByImage")):
            return
    pytest.fail(f"not below their floors: {rows}")


def test_every_indexing_call_stores_a_face(generator: LoadGenerator, photo: Photo) -> None:
    generator.once("CreateCollection", b'{"CollectionId": "counted"}')
    calls = generator.call("IndexFaces", bodies("IndexFaces", photo.data, "counted"), 0.1)
    described = json.loads(generator.once("DescribeCollection", b'{"CollectionId": "counted"}'))

    assert len(calls.took) >= 2 * len(generator)
    assert described["FaceCount"] == len(calls.took)
    assert calls.answered <= len(calls.took)
    assert calls.whole >= max(*calls.took, calls.wall)
    assert 0 < calls.processor < calls.whole


def test_a_crowd_is_held_against_both_bounds_and_called_as_planned(settings: Settings, photo: Photo) -> None:
    rows = {row.operation: row for row in request_bench.measure(settings, [photo], Plan(0.3, clients=4, load=0.5))}

    for name in request_bench.OPERATIONS:
        row, load = rows[name], rows[name].load
        assert load is not None
        assert load.share == pytest.approx(row.images_per_second / load.bound, rel=0.01)
        assert load.share_of_bare == pytest.approx(row.images_per_second / load.bare, rel=0.01)
        assert load.share_of_bare < NOISE
        assert load.bare < NOISE * load.bound
        assert 0 < load.client_cores < load.server_cores
        assert [each.kind for each in load.arrivals] == ["even", "poisson"]
        assert all(0 < each.p50_ms <= each.p99_ms for each in load.arrivals)
        calls_per_second = row.images_per_second / request_bench.OPERATIONS[name]
        assert all(each.calls_per_second == pytest.approx(calls_per_second / 2, rel=0.01) for each in load.arrivals)
        assert results.line(row, 10).count("at 50%") == 2
    assert rows["align"].load is None
    assert rows["IndexFaces"].floor_processor_ms > rows["DetectFaces"].floor_processor_ms


def test_waiting_for_an_idle_connection_counts(generator: LoadGenerator, photo: Photo) -> None:
    """Ten calls planned for the same moment over one connection: the last waits for nine others."""
    called = generator.call_at("DetectFaces", bodies("DetectFaces", photo.data, ""), [0.0] * 10, connections=1)

    assert len(called.took) == 10
    assert called.took == sorted(called.took)
    assert max(called.late) >= called.took[-2]
    assert max(called.late) < called.took[-1]


def test_calls_go_out_when_they_are_planned(generator: LoadGenerator) -> None:
    times = [number / 50 for number in range(20)]
    called = generator.call_at("ListCollections", Body(b"{}"), times, connections=4)

    assert len(called.ended) == 20
    assert all(ended >= planned for ended, planned in zip(called.ended, times, strict=True))


def test_random_arrivals_have_the_rate_that_was_asked_for() -> None:
    times = open_loop.planned("poisson", 200, 50)
    assert len(times) == 10_000
    assert times[0] == 0
    assert times == sorted(times)
    assert times[-1] == pytest.approx(50, rel=0.05)
    assert open_loop.planned("even", 200, 0.02) == [0, 0.005, 0.01, 0.015]


def test_a_perfect_server_makes_a_call_wait_only_where_all_cores_are_taken() -> None:
    assert open_loop.ideal_latencies([0.0, 0.0, 0.0, 9.0], 2, 1.0) == [1.0, 1.0, 2.0, 1.0]


@pytest.mark.parametrize("size", [12, 1_000_000])
def test_a_body_is_sent_whole(generator: LoadGenerator, size: int) -> None:
    """A large one goes through a file; the server says what is wrong with the name behind it."""
    body = Body(b'{"Image": {"Bytes": "' + b"A" * size + b'"}, "CollectionId": "not a name"}', numbered=True)
    with pytest.raises(SetupError, match="collectionId"):
        generator.call("IndexFaces", body, 0)


def test_a_load_without_clients_is_refused(settings: Settings) -> None:
    with pytest.raises(SetupError, match="--clients"):
        request_bench.run(settings, None, Plan(1, load=0.7), None)


def test_a_refused_call_ends_the_bench_with_the_servers_words(generator: LoadGenerator) -> None:
    with pytest.raises(SetupError, match="ResourceNotFoundException"):
        generator.call("DescribeCollection", Body(b'{"CollectionId": "nowhere"}'), 0.1)


def test_a_server_that_cannot_start_says_why(settings: Settings, tmp_path: Path) -> None:
    broken = config.load({"packs": str(tmp_path), "pack": "nosuch"}, {})
    with pytest.raises(SetupError, match="nosuch"), ServerProcess(broken):
        pass


def test_figures_of_a_row() -> None:
    row = Times([0.010, 0.020, 0.030], answered=3, wall=0.06, floor=[0.004, 0.006, 0.005], processor=0.008).row(
        "CompareFaces", "one", Memory(100.04, 120, 30), clients=1, images=2
    )

    assert row == Row("CompareFaces", "one", 1, 3, 20.0, 29.8, 100.0, 5.0, 8.0, 100.0, 120, 30)
    assert "4.00" in results.line(row, 10)
    assert "2.50" in results.line(row, 10)


def test_a_folder_without_photographs_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="no JPEG or PNG"):
        photos(str(tmp_path))
