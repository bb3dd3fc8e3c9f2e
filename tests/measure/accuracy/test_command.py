"""`mien eval` as a user calls it: figures, report, calibration, and going on after it was killed."""

import json
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from mien import app, config
from mien.errors import SetupError
from mien.measure.accuracy import command as eval_command
from mien.measure.accuracy import comparison, evaluation
from mien.measure.accuracy.embedding_cache import Cache
from mien.measure.accuracy.options import Options
from mien.packs import calibration_file, manifest
from mien.packs.load import Pack
from tests import live as servers
from tests import photos
from tests.live import command, environment
from tests.measure.accuracy.folders import drawn, two_people

EACH = 40


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return two_people(tmp_path_factory.mktemp("eval") / "people", EACH)


def evaluate(packs: str, folder: Path, cache: Path, *flags: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        command("eval", str(folder), "--packs", packs, "--cache", str(cache), *flags),
        check=False, capture_output=True, text=True, env=environment(), timeout=120,
    )  # fmt: skip


@pytest.fixture(scope="module")
def done(packs: str, folder: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A folder with everything that eval writes, and what it printed."""
    out = tmp_path_factory.mktemp("out")
    ran = evaluate(packs, folder, out / "cache", "--json", str(out / "found.json"), "--report", str(out / "report"))
    assert ran.returncode == 0, ran.stderr
    return out, ran.stdout


def test_the_json_says_what_was_found(done: tuple[Path, str]) -> None:
    found = json.loads((done[0] / "found.json").read_text())
    assert found["images"] == found["faces_found"] == 2 * EACH
    assert found["pack"] == "duo"
    assert found["tar"] == {"0.01": 1.0, "0.001": 1.0}  # 1,600 impostor pairs show no rarer rate
    assert list(found["thresholds"]) == ["0.01", "0.001", "0.0001", "0.00001", "0.000001"]
    assert found["extrapolated"] == ["0.0001", "0.00001", "0.000001"]
    assert {row["gallery"] for row in found["unknown"]} == {2, 100, 1000, 10_000, 1_000_000}


def test_the_figures_are_printed(done: tuple[Path, str]) -> None:
    assert "80 images of 2 people" in done[1]
    assert "Unknown means unknown" in done[1]
    assert "1,000,000 people: FaceMatchThreshold" in done[1]


def test_the_report_opens_by_itself(done: tuple[Path, str]) -> None:
    report = done[0] / "report"
    for name in ("roc.png", "det.png", "scores.png"):
        assert (report / name).read_bytes().startswith(b"\x89PNG")
    for name in ("report.html", "worst.html"):
        page = (report / name).read_text()
        sources = [part.split('"')[0] for part in page.split('src="')[1:]]
        assert sources and all(source.startswith("data:image/") for source in sources)
    assert "astronaut/" in (report / "worst.html").read_text()


def test_a_killed_run_goes_on_where_it_was(packs: str, folder: Path, tmp_path: Path) -> None:
    running = subprocess.Popen(
        command("eval", str(folder), "--packs", packs, "--cache", str(tmp_path), "--threads", "1"),
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment(),
    )  # fmt: skip
    record = 32 + 1 + 4 * manifest.named("duo").dimension + 4
    deadline = time.monotonic() + 60
    while sum(file.stat().st_size for file in tmp_path.glob("*")) < 10 * record and time.monotonic() < deadline:
        time.sleep(0.005)
    running.kill()
    running.wait(30)
    (file,) = tmp_path.glob("*.embeddings")
    before = file.read_bytes()
    kept = len(before) // record
    assert 10 <= kept < 2 * EACH
    file.write_bytes(before[: kept * record] + b"torn")
    ran = evaluate(packs, folder, tmp_path)
    assert ran.returncode == 0, ran.stderr
    assert file.read_bytes().startswith(before[: kept * record])
    assert file.stat().st_size == 2 * EACH * record  # nothing was embedded twice
    again = evaluate(packs, folder, tmp_path)
    assert again.stdout == ran.stdout
    assert "a second" not in again.stderr  # nothing was left to do


def test_records_behind_damage_are_made_anew(tmp_path: Path) -> None:
    embeddings, _ = drawn(3, 1, dimension=8)
    with Cache(tmp_path, "x", 8) as cache:
        for number, embedding in enumerate(embeddings):
            cache.add(bytes([number]) * 32, embedding)
        cache.add(b"n" * 32, None)
    file = tmp_path / "x.embeddings"
    data = bytearray(file.read_bytes())
    with Cache(tmp_path, "x", 8) as cache:
        assert cache[b"\1" * 32] == pytest.approx(embeddings[1])
        assert cache[b"n" * 32] is None
    data[len(data) // 4 + 40] ^= 1  # in the second of four
    file.write_bytes(data)
    with Cache(tmp_path, "x", 8) as cache:
        assert b"\0" * 32 in cache
        assert b"\1" * 32 not in cache


def test_photos_without_a_face_or_that_cannot_be_read_are_named(packs: str, tmp_path: Path) -> None:
    folder = two_people(tmp_path / "people", 2)
    (folder / "hopper" / "gradient.jpg").write_bytes(photos.nobody())
    (folder / "hopper" / "broken.jpg").write_bytes(b"\xff\xd8\xffno more")
    out = tmp_path / "found.json"
    ran = evaluate(packs, folder, tmp_path / "cache", "--json", str(out))
    assert ran.returncode == 0, ran.stderr
    found = json.loads(out.read_text())
    assert (found["images"], found["faces_found"]) == (6, 4)
    assert found["no_face"] == ["hopper/gradient.jpg"]
    assert [each["image"] for each in found["unreadable"]] == ["hopper/broken.jpg"]
    assert "hopper/gradient.jpg" in ran.stdout


def test_without_matplotlib_the_figures_are_printed_and_a_sentence_says_what_is_missing(
    packs: str, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(eval_command, "find_spec", lambda name: None)
    settings = config.load({"packs": packs}, {})
    eval_command.run(settings, Options(folder, cache=tmp_path / "cache", report=tmp_path / "report"))
    said = capsys.readouterr()
    assert "pip install 'mien[eval]'" in said.err
    assert "Unknown means unknown" in said.out
    assert not (tmp_path / "report").exists()


def test_pairs_are_measured_without_galleries(packs: str, folder: Path, tmp_path: Path) -> None:
    rows = ["image_a,image_b,same"]
    rows += [f"hopper/000{n}.jpg,hopper/000{n + 1}.jpg,1\nhopper/000{n}.jpg,astronaut/000{n}.jpg,0" for n in range(5)]
    (tmp_path / "pairs.csv").write_text("\n".join(rows) + "\n")
    ran = evaluate(packs, folder, tmp_path / "cache", "--pairs", str(tmp_path / "pairs.csv"))
    assert ran.returncode == 0, ran.stderr
    assert "5 pairs of two people, 5 of one" in ran.stdout
    assert "gallery" not in ran.stdout


def test_a_calibration_needs_many_people(packs: str, folder: Path, tmp_path: Path) -> None:
    ran = evaluate(packs, folder, tmp_path / "cache", "--calibrate", str(tmp_path / "c.toml"))
    assert ran.returncode == 1
    assert "A calibration needs 10,000 pairs of two people; this folder gives 1,600." in ran.stderr


def test_the_figures_measured_become_a_calibration(pack: Pack, tmp_path: Path) -> None:
    """On drawn people: the file gives back the bars, rising, the rarest from the tail."""
    embeddings, people = drawn(250, 2)
    strangers = comparison.impostors(embeddings, people)
    findings: Any = type("Findings", (), {
        "pack": "duo", "contract": pack.manifest.contract, "images": 500, "people": 250,
    })  # fmt: skip
    found: Any = type("Evaluation", (), {"impostors": strangers, "findings": findings})
    path = tmp_path / "c.toml"
    calibration_file.write(path, evaluation.calibrated(found))
    read = calibration_file.read(path, pack.manifest)
    assert [far for far, _ in read] == list(evaluation.CALIBRATED)
    assert [bar for _, bar in read] == sorted(bar for _, bar in read)
    assert dict(read)[1e-3] == pytest.approx(strangers.threshold(1e-3), abs=1e-4)
    assert "extrapolated = [1e-05, 1e-06, 1e-07]" in path.read_text()


def written(path: Path, contract: str) -> Path:
    """A calibration under which nothing but the same photo is alike."""
    strict = [(far, round(0.994 + number / 1250, 4)) for number, far in enumerate(evaluation.CALIBRATED)]
    calibration_file.write(path, calibration_file.CalibrationFile("duo", contract, strict, 1, 1))
    return path


def similarity(client: Any) -> float:
    """Of one person's photo and a darker, smaller one."""
    original = photos.jpeg(photos.hopper().pixels)
    other = photos.jpeg((photos.resized(photos.hopper().pixels, 0.4) * 0.5).astype("uint8"))
    answer = client.compare_faces(SourceImage={"Bytes": original}, TargetImage={"Bytes": other}, SimilarityThreshold=0)
    return float(answer["FaceMatches"][0]["Similarity"])


def test_a_server_measures_similarity_by_the_file(packs: str, live: servers.Live, tmp_path: Path) -> None:
    usual = similarity(live.client())
    path = written(tmp_path / "strict.toml", manifest.named("duo").contract)
    server = servers.serve(packs, tmp_path / "data", "--calibration", str(path))
    try:
        assert usual > 95
        assert similarity(server.client()) < 20
    finally:
        server.stop()


def test_a_calibration_of_another_pack_is_refused(packs: str, tmp_path: Path) -> None:
    path = written(tmp_path / "other.toml", "0" * 64)
    with pytest.raises(SetupError, match=r"measured with the pack duo, contract 000000000000.*does not fit"):
        app.open_pack(config.load({"packs": packs, "calibration": str(path)}, {}))
    with pytest.raises(SetupError, match="cannot be read"):
        app.open_pack(config.load({"packs": packs, "calibration": str(tmp_path / "none.toml")}, {}))
    (tmp_path / "wrong.toml").write_text("pack = 1")
    with pytest.raises(SetupError, match="is not a calibration"):
        app.open_pack(config.load({"packs": packs, "calibration": str(tmp_path / "wrong.toml")}, {}))
