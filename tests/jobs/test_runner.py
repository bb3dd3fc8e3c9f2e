"""What happens to a job whose process ends, whose pack is another, or whose end nobody hears."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from mien import config
from mien.errors import InvalidParameterError, ResourceNotFoundError
from mien.image.source import S3Settings
from mien.jobs import runner as running
from mien.jobs.film_process import FilmLostError
from mien.jobs.notices import PAUSES, NotPublishedError, Publisher
from mien.jobs.reports import Begin, Ended, Failed, Refused, Report, Seen
from mien.jobs.runner import MOST_ATTEMPTS, Runner, Teller
from mien.operations.context import ACCOUNT, Caller
from mien.operations.video import starting
from mien.operations.video.video_shapes import StartRequest, Video
from mien.store import open as stores
from mien.store.open import Store
from mien.store.tables.job_claims import Ending
from mien.store.tables.job_records import Asked, VideoJob
from mien.video.film import Metadata

HEADER = Metadata("h264", 4000, "QuickTime / MOV", 25.0, 640, 480, "LIMITED")
FILM = Asked(bucket="films", name="one.mp4", version=None, etag="e", size=9, topic="arn:aws:sns:eu-west-1:1:ends")


class Process:
    """Stands in for the process that looks at a film: reports what a test says, and then ends."""

    begun: list[Begin]
    scripts: list[list[Report]]

    def __init__(self, begin: Begin) -> None:
        self.begun.append(begin)

    def __enter__(self) -> "Process":
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def kill(self) -> None:
        pass

    def reports(self) -> Iterator[Report]:
        script = self.scripts.pop(0)
        yield from script
        if not script or isinstance(script[-1], Seen | Failed):
            raise FilmLostError


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with closing((opened := stores.open_store("", str(tmp_path))).database):
        yield opened


@pytest.fixture
def process(monkeypatch: pytest.MonkeyPatch) -> type[Process]:
    fresh = type("Process", (Process,), {"begun": [], "scripts": []})
    monkeypatch.setattr(running, "FilmProcess", fresh)
    monkeypatch.setattr(running, "AGAIN", 0.0)
    return fresh


def runner(store: Store, contract: str = "c1") -> Runner:
    context: Any = SimpleNamespace(store=store, pack=SimpleNamespace(manifest=SimpleNamespace(contract=contract)))
    return Runner(config.load({}, {}), context)


def make(store: Store) -> VideoJob:
    job_id = store.video_jobs.create(ACCOUNT, "StartFaceDetection", FILM, None, token=None, most=9)
    return found(store, job_id)


def found(store: Store, job_id: str) -> VideoJob:
    job = store.video_jobs.find(ACCOUNT, job_id)
    assert job is not None
    return job


def seen(position: int, state: bytes) -> Seen:
    return Seen(HEADER, position, 1, b"\0\0\0\0", b"", state)


def test_a_process_that_ends_is_followed_by_one_that_goes_on(store: Store, process: type[Process]) -> None:
    job = make(store)
    process.scripts += [[seen(1000, b"one")], [seen(2000, b"two"), Failed("ValueError")], [Ended(HEADER, [], {})]]
    one = runner(store)
    for _ in range(3):
        one.turn()
    assert [each.state for each in process.begun] == [None, b"one", b"two"]
    assert (found(store, job.job_id).status, found(store, job.job_id).faces) == ("SUCCEEDED", 2)


def test_a_film_at_which_the_process_ends_each_time_fails(store: Store, process: type[Process]) -> None:
    job = make(store)
    process.scripts += [[seen(1500, b"one")], [], [], []]
    one = runner(store)
    for _ in range(2 + MOST_ATTEMPTS):
        one.turn()
    ended = found(store, job.job_id)
    assert ended.status == "FAILED"
    assert "3 times at 1.5 s of the film" in (ended.message or "")
    assert len(process.begun) == 1 + MOST_ATTEMPTS


def test_a_refusal_is_the_message_of_the_job(store: Store, process: type[Process]) -> None:
    job = make(store)
    process.scripts += [[Refused("The film is damaged.")]]
    runner(store).turn()
    assert (found(store, job.job_id).status, found(store, job.job_id).message) == ("FAILED", "The film is damaged.")


def test_another_pack_begins_again(store: Store, process: type[Process]) -> None:
    job = make(store)
    process.scripts += [[seen(1000, b"one"), seen(2000, b"two")], [seen(900, b"x"), Ended(HEADER, [], {})]]
    runner(store).turn()
    runner(store, "c2").turn()
    assert [each.state for each in process.begun] == [None, None]
    assert found(store, job.job_id).faces == 1


def test_a_server_that_stops_leaves_its_job_at_once(store: Store, process: type[Process]) -> None:
    make(store)
    one = runner(store)
    one.stop()
    one.turn()
    claim = store.job_claims.claim()
    assert claim
    assert claim.attempts == 1


def test_the_process_gets_no_way_into_the_store(store: Store, process: type[Process]) -> None:
    make(store)
    process.scripts += [[Refused("No.")]]
    settings = replace(config.load({}, {}), store="postgresql://me:hidden@there/db", metrics_token="hidden")
    context: Any = SimpleNamespace(store=store, pack=SimpleNamespace(manifest=SimpleNamespace(contract="c")))
    Runner(settings, context).turn()
    assert "hidden" not in str(process.begun[0].settings)


def ended(store: Store) -> VideoJob:
    job = make(store)
    claim = store.job_claims.claim()
    assert claim
    store.job_claims.finish(claim, Ending("SUCCEEDED"))
    return job


def teller(store: Store, monkeypatch: pytest.MonkeyPatch, *failures: Exception) -> tuple[Teller, list[VideoJob]]:
    """Returns a teller whose publisher fails some times, and the jobs whose end was published."""
    left, told = list(failures), list[VideoJob]()

    def publish(_: Publisher, job: VideoJob) -> None:
        if left:
            raise left.pop(0)
        told.append(job)

    monkeypatch.setattr(Publisher, "publish", publish)
    monkeypatch.setattr(running, "PAUSES", (0.0,) * len(PAUSES))
    context: Any = SimpleNamespace(store=store, s3=SimpleNamespace(settings=S3Settings("", "", "", "", ())))
    return Teller(config.load({}, {}), context), told


def test_an_end_is_published_again_until_it_is_taken(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    job = ended(store)
    one, told = teller(store, monkeypatch, NotPublishedError("NotFound"), NotPublishedError("Throttled"))
    for _ in range(5):
        one.turn()
    assert [each.job_id for each in told] == [job.job_id]


def test_an_end_that_is_never_taken_is_given_up(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    ended(store)
    one, told = teller(store, monkeypatch, *[NotPublishedError("NotFound")] * (len(PAUSES) + 1))
    for _ in range(len(PAUSES) + 3):
        one.turn()
    assert told == []
    assert store.job_claims.claim(ended=True) is None


def test_a_service_that_is_not_there_is_a_failure_to_publish(store: Store) -> None:
    publisher = Publisher("http://127.0.0.1:9", S3Settings("", "us-east-1", "a", "b", ()))
    with pytest.raises(NotPublishedError):
        publisher.publish(ended(store))


def test_a_key_sees_the_jobs_on_its_collections_and_buckets(store: Store) -> None:
    job = make(store)
    named = replace(job, collection=7, collection_name="family")
    assert starting.visible(Caller(), job)
    assert not starting.visible(Caller(buckets=("other-*",)), job)
    assert starting.visible(Caller(collections=("fam*",)), named)
    assert not starting.visible(Caller(collections=("team",)), named)
    assert not starting.visible(Caller(), replace(named, collection_name=None)), "a collection that is gone"
    context: Any = SimpleNamespace(store=store)
    assert starting.find(context, Caller(), "StartFaceDetection", job.job_id).key == job.key
    for caller, operation in ((Caller(buckets=()), "StartFaceDetection"), (Caller(), "StartFaceSearch")):
        with pytest.raises(ResourceNotFoundError):
            starting.find(context, caller, operation, job.job_id)


def test_a_server_without_the_extra_says_what_it_lacks(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(starting, "can_read_films", lambda: False)
    context: Any = SimpleNamespace(store=store)
    request = StartRequest(video=Video())
    with pytest.raises(InvalidParameterError, match=r"pip install 'mien\[video\]'"):
        starting.start(context, Caller(), "StartFaceDetection", request)
