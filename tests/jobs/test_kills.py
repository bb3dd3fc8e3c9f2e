"""A job goes on where it was when a worker or the whole server is killed: no sample is lost, and none comes twice."""

import time
from pathlib import Path
from typing import Any

import psutil
import pytest

from mien.jobs import watching
from mien.video.object_file import CHANGED
from tests import live as servers
from tests.jobs import films
from tests.jobs.cloud import BUCKET, PATIENCE, Cloud, ended, film
from tests.live import Live

SAMPLES = 130


def progress(server: Live) -> float:
    (job,) = server.post("Mien.ListVideoJobs", b"{}").json["Jobs"]
    assert job["Status"] != "FAILED", job
    return float(job["Progress"])


def after(server: Live, before: float) -> float:
    """Waits until the job has got on, and returns how far."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        if (now := progress(server)) > before:
            return now
        time.sleep(0.05)
    raise AssertionError("the job does not get on")


def watchers(server: Live) -> list[psutil.Process]:
    """The processes that look at films for a server."""
    below = psutil.Process(server.process.pid).children(recursive=True)
    return [each for each in below if watching.__name__ in _command(each)]


def _command(process: psutil.Process) -> list[str]:
    try:
        return list(process.cmdline())
    except psutil.NoSuchProcess:
        return []


@pytest.mark.usefixtures("processes_end")
def test_what_is_killed_loses_no_sample(packs: str, cloud: Cloud, tmp_path: Path) -> None:
    cloud.s3.upload_file(str(films.long(tmp_path / "long.mp4", SAMPLES)), BUCKET, "long.mp4")
    flags = (*cloud.flags, "--workers", "2")
    server = servers.serve(packs, tmp_path / "data", *flags)
    job_id = server.client().start_face_detection(Video=film("long.mp4"), FaceAttributes="ALL")["JobId"]
    reached = after(server, 0.0)
    (watcher,) = watchers(server)
    assert reached < 1, "it is killed in the middle, or nothing is tried"
    (decoder,) = watcher.children()
    decoder.kill()  # as a system does that is out of memory
    watcher.wait(10)
    reached = after(server, reached)
    (watcher,) = watchers(server)
    assert watcher.nice() > psutil.Process(server.process.pid).nice(), "requests come first"
    worker = watcher.parent()
    assert worker
    worker.kill()
    watcher.wait(10)  # it ends with its server
    reached = after(server, reached)  # another worker has it, or the new one
    left = watchers(server)  # none where the machine was so quick that the job has ended
    server.kill()
    psutil.wait_procs(left, 10)
    server = servers.serve(packs, tmp_path / "data", *flags)
    try:
        assert progress(server) >= reached
        found = ended(server, "GetFaceDetection", job_id)
    finally:
        server.stop()
    assert (found["JobStatus"], found.get("StatusMessage")) == ("SUCCEEDED", None)
    assert [each["Timestamp"] for each in found["Faces"]] == [500 * number for number in range(SAMPLES)]


@pytest.mark.usefixtures("processes_end")
def test_a_film_that_changes_before_it_is_read_fails(packs: str, cloud: Cloud, tmp_path: Path) -> None:
    cloud.s3.copy_object(Bucket=BUCKET, Key="changing.mp4", CopySource=f"{BUCKET}/two.mp4")
    server = servers.serve(packs, tmp_path / "data", *cloud.flags)
    job_id = server.client().start_face_detection(Video=film("changing.mp4"))["JobId"]
    server.kill()
    cloud.s3.put_object(Bucket=BUCKET, Key="changing.mp4", Body=b"another film")
    server = servers.serve(packs, tmp_path / "data", *cloud.flags)
    try:
        found: dict[str, Any] = ended(server, "GetFaceDetection", job_id)
    finally:
        server.stop()
    assert (found["JobStatus"], found["StatusMessage"]) == ("FAILED", CHANGED)
