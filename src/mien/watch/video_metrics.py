"""The metrics of video jobs, read from the store at each scrape: how many there are, and how much of them is left."""

from collections.abc import Iterable

from prometheus_client.core import GaugeMetricFamily, Metric

from mien.store.tables.video_jobs import VideoJobs


class VideoJobTotals:
    """The video jobs of all accounts by their state, and the seconds of film that are left of them."""

    def __init__(self, jobs: VideoJobs) -> None:
        self._jobs = jobs

    def collect(self) -> Iterable[Metric]:
        """Reads them; called by prometheus_client."""
        each = GaugeMetricFamily("mien_video_jobs", "Video jobs that are kept, by their state.", labels=["state"])
        for state, count in self._jobs.counts().items():
            each.add_metric([state], count)
        yield each
        left = sum(job.left for job in self._jobs.unfinished())
        yield GaugeMetricFamily(
            "mien_video_seconds_left", "Seconds of film that running video jobs have not analysed yet.", value=left
        )

    def describe(self) -> Iterable[Metric]:
        """Returns nothing, so that registering does not read the store."""
        return []


class VideoJobProgress:
    """The progress of each running video job, 0–1, by account and JobId."""

    def __init__(self, jobs: VideoJobs) -> None:
        self._jobs = jobs

    def collect(self) -> Iterable[Metric]:
        """Reads it; called by prometheus_client."""
        each = GaugeMetricFamily(
            "mien_video_job_progress", "Part of a running video job that is done.", labels=["account", "job"]
        )
        for job in self._jobs.unfinished():
            each.add_metric([job.account, job.job_id], job.progress)
        yield each

    def describe(self) -> Iterable[Metric]:
        """Returns nothing, so that registering does not read the store."""
        return []
