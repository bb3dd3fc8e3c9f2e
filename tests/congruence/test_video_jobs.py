"""Video jobs in each store: who has one, what is kept of it, and what an erasure leaves."""

import numpy as np
import pytest

from mien.store.open import Store
from mien.store.tables import job_claims, video_jobs
from mien.store.tables.job_claims import Claim, Ending, JobLostError
from mien.store.tables.job_records import FAILED, RUNNING, SUCCEEDED, Asked, Persons, VideoJob
from mien.store.tables.tokens import Token, TokenReusedError
from mien.store.tables.video_faces import Batch
from mien.store.tables.video_jobs import TooManyJobsError
from mien.store.upkeep import sweep
from mien.video.film import Metadata
from tests.congruence import faces

FILM = Asked(bucket="films", name="one.mp4", version=None, etag='"e"', size=1000, tag="tag")
TOLD = Asked(bucket="films", name="one.mp4", version="7", etag='"e"', size=1000, topic="arn:aws:sns:x:1:y")
HEADER = Metadata("h264", 4000, "QuickTime / MOV", 25.0, 640, 480, "LIMITED")
PERSONS = Persons({1: 0}, {0: [(5, 99.5), (6, 80.0)]})
DETECT, SEARCH = "StartFaceDetection", "StartFaceSearch"


def make(
    store: Store, asked: Asked = FILM, collection: int | None = None, token: Token | None = None, most: int = 20
) -> str:
    operation = SEARCH if collection else DETECT
    return store.video_jobs.create(faces.ACCOUNT, operation, asked, collection, token=token, most=most)


def claimed(store: Store, *, ended: bool = False) -> Claim:
    claim = store.job_claims.claim(ended=ended)
    assert claim is not None
    return claim


def found(store: Store, job_id: str) -> VideoJob:
    job = store.video_jobs.find(faces.ACCOUNT, job_id)
    assert job is not None
    return job


def batch(first: int, *tracks: int) -> Batch:
    return Batch(first, len(tracks), np.array(tracks, np.int32).tobytes(), b"packed %d" % first)


def batches(store: Store, job: VideoJob) -> list[Batch]:
    """The batch of each face of a job."""
    return [store.video_faces.holding(job.key, number) for number in range(job.faces)]


def test_a_job_from_its_start_to_its_end(store: Store) -> None:
    job_id = make(store)
    job = found(store, job_id)
    assert (job.status, job.progress, job.asked, job.collection_name) == (RUNNING, 0.0, FILM, None)
    claim = claimed(store)
    assert claim.job == job
    assert store.job_claims.claim() is None, "it is taken"
    assert store.job_claims.state(claim) is None
    store.job_claims.save(claim, HEADER, 1000, batch(0, 0, 1), b"after one second")
    store.job_claims.renew(claim)
    store.job_claims.save(claim, HEADER, 2000, batch(2), b"after two seconds")
    store.job_claims.save(claim, HEADER, 3000, batch(2, 0), b"after three seconds")
    assert store.job_claims.state(claim) == b"after three seconds"
    assert (found(store, job_id).progress, found(store, job_id).left) == (0.75, 1.0)
    store.job_claims.finish(claim, Ending(SUCCEEDED, persons=PERSONS))
    job = found(store, job_id)
    assert (job.status, job.faces, job.progress, job.metadata) == (SUCCEEDED, 3, 1.0, HEADER)
    assert store.video_jobs.persons(job) == PERSONS
    assert batches(store, job) == [batch(0, 0, 1), batch(0, 0, 1), batch(2, 0)]
    assert np.frombuffer(store.video_faces.tracks(job.key), np.int32).tolist() == [0, 1, 0]
    assert store.job_claims.state(claim) is None, "what is known of faces is gone with the analysis"
    assert store.job_claims.claim() is store.job_claims.claim(ended=True) is None


def test_a_server_that_died_loses_its_job_to_another(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    job_id = make(store)
    monkeypatch.setattr(job_claims, "LEASE", -1.0)  # as if it had passed
    first = claimed(store)
    store.job_claims.save(first, HEADER, 1000, batch(0, 0), b"one")
    second = claimed(store)
    assert (second.step, second.job.faces, store.job_claims.state(second)) == (1, 1, b"one")
    with pytest.raises(JobLostError):
        store.job_claims.save(first, HEADER, 2000, batch(1, 0), b"two")
    with pytest.raises(JobLostError):
        store.job_claims.renew(first)
    with pytest.raises(JobLostError):
        store.job_claims.put_back(first)
    with pytest.raises(JobLostError):
        store.job_claims.begin_again(first)
    with pytest.raises(JobLostError):
        store.job_claims.finish(first, Ending(FAILED, "Why."))
    store.job_claims.save(second, HEADER, 2000, batch(1, 0), b"two")
    assert batches(store, found(store, job_id)) == [batch(0, 0), batch(1, 0)]


def test_a_job_put_back_is_anothers_at_once_and_attempts_are_counted(store: Store) -> None:
    make(store)
    claim = claimed(store)
    assert claim.attempts == 1
    store.job_claims.put_back(claim)
    claim = claimed(store)
    assert claim.attempts == 1, "a server that stops has not failed"
    store.job_claims.put_back(claim, counted=True)
    claim = claimed(store)
    assert claim.attempts == 2
    store.job_claims.save(claim, HEADER, 1000, batch(0, 0), b"one")
    store.job_claims.put_back(claim, 0.0, counted=True)
    claim = claimed(store)
    assert claim.attempts == 1, "it got on"
    store.job_claims.put_back(claim, 60.0, counted=True)
    assert store.job_claims.claim() is None


def test_an_analysis_that_begins_again_leaves_nothing_of_the_first(store: Store) -> None:
    job_id = make(store)
    claim = claimed(store)
    store.job_claims.save(claim, HEADER, 1000, batch(0, 0, 1), b"one")
    store.job_claims.begin_again(claim)
    store.job_claims.save(claim, HEADER, 500, batch(0, 4), b"other")
    job = found(store, job_id)
    assert (job.faces, job.position) == (1, 500)
    assert batches(store, job) == [batch(0, 4)]


def test_an_end_is_told_once_it_is_due_and_again_after_a_failure(store: Store) -> None:
    make(store, TOLD)
    store.job_claims.finish(claimed(store), Ending(FAILED, "Why."))
    assert store.job_claims.claim() is None
    claim = claimed(store, ended=True)
    assert (claim.job.status, claim.job.message, claim.job.asked) == (FAILED, "Why.", TOLD)
    store.job_claims.put_back(claim, counted=True)
    claim = claimed(store, ended=True)
    assert claim.attempts == 2
    store.job_claims.told(claim)
    assert store.job_claims.claim(ended=True) is None


def test_a_token_starts_one_job(store: Store) -> None:
    def token(text: str, parameters: bytes) -> Token:
        return Token(faces.ACCOUNT, DETECT, text, parameters)

    first = make(store, token=token("a", b"1"))
    assert make(store, token=token("a", b"1"), most=1) == first, "also where no further job may be made"
    assert store.video_jobs.started(token("a", b"1")) == first
    assert store.video_jobs.started(token("b", b"1")) is None
    with pytest.raises(TokenReusedError):
        make(store, token=token("a", b"2"))
    with pytest.raises(TokenReusedError):
        store.video_jobs.started(token("a", b"2"))
    assert make(store, token=token("b", b"1")) != first


def test_only_so_many_jobs_are_unfinished(store: Store) -> None:
    make(store, most=2)
    make(store, most=2)
    with pytest.raises(TooManyJobsError):
        make(store, most=2)
    store.job_claims.finish(claimed(store), Ending(FAILED, "Why."))
    make(store, most=2)
    assert store.video_jobs.counts() == {"waiting": 2, "running": 0, "succeeded": 0, "failed": 1}
    claim = claimed(store)
    store.job_claims.save(claim, HEADER, 1000, batch(0), b"")
    assert store.video_jobs.counts()["running"] == 1
    assert [job.key for job in store.video_jobs.unfinished()] == [claim.job.key]


def test_jobs_are_listed_from_the_newest(store: Store) -> None:
    made = [make(store) for _ in range(5)]
    page = store.video_jobs.page(faces.ACCOUNT, None, 2)
    assert [job.job_id for job in page] == made[:2:-1]
    assert [job.job_id for job in store.video_jobs.page(faces.ACCOUNT, page[-1].key, 9)] == made[2::-1]
    assert store.video_jobs.page("999999999999", None, 9) == []
    assert store.video_jobs.find("999999999999", made[0]) is None
    store.job_claims.finish(claimed(store), Ending(FAILED, "Why."))
    assert [job.job_id for job in store.video_jobs.page(faces.ACCOUNT, None, 9, FAILED)] == made[:1]


def test_a_deleted_collection_takes_its_jobs_along(store: Store) -> None:
    key, other = faces.make(store), faces.make(store, "other")
    gone, kept = make(store, collection=key), make(store, collection=other)
    claim = claimed(store)
    assert claim.job.collection_name == "people"
    store.job_claims.save(claim, HEADER, 1000, batch(0, 0), b"embeddings")
    store.collections.delete(faces.ACCOUNT, "people")
    assert store.video_jobs.find(faces.ACCOUNT, gone) is None
    state = "SELECT state FROM video_jobs WHERE id = ?"
    assert store.database.read(lambda cursor: cursor.row(state, claim.job.key)) == (None,), "at once"
    with pytest.raises(JobLostError):
        store.job_claims.save(claim, HEADER, 2000, batch(1, 0), b"embeddings")
    while sweep.sweep_video(store.database):
        pass
    assert faces.count(store, "video_jobs") == 1
    assert faces.count(store, "video_faces") == 0
    assert found(store, kept).collection_name == "other"


def test_a_job_is_swept_after_seven_days(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = make(store)
    monkeypatch.setattr(video_jobs, "KEPT", 0.0)
    old = make(store)
    claim = claimed(store)
    store.job_claims.save(claim, HEADER, 1000, batch(0, 0), b"")
    assert store.video_jobs.find(faces.ACCOUNT, old) is None
    while sweep.sweep_video(store.database):
        pass
    assert found(store, kept).job_id == kept
    assert (faces.count(store, "video_jobs"), faces.count(store, "video_faces")) == (1, 1)


def test_the_token_of_a_job_that_is_gone_starts_another(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also before the sweeper has removed the row of the one that expired."""
    token = Token(faces.ACCOUNT, DETECT, "token", b"parameters")
    with monkeypatch.context() as later:
        later.setattr(video_jobs, "KEPT", -1.0)  # as if its seven days had passed
        gone = make(store, token=token)
    made = make(store, token=token)
    assert made != gone
    assert make(store, token=token) == made
    assert store.video_jobs.find(faces.ACCOUNT, gone) is None
