"""Counts the Face Liveness sessions by status, read from the store at each scrape."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import get_args

from prometheus_client.core import GaugeMetricFamily, Metric

from mien.store.tables.liveness_sessions import LivenessSessions, Status


@dataclass(frozen=True, slots=True)
class SessionsByStatus:
    """The numbers of sessions of the last three minutes by status, and of those that expired within the hour."""

    sessions: LivenessSessions

    def collect(self) -> Iterable[Metric]:
        """Reads them; called by prometheus_client."""
        found = self.sessions.counts()
        each = GaugeMetricFamily(
            "mien_liveness_sessions", "Face Liveness sessions, the expired ones for an hour.", labels=["status"]
        )
        for status in get_args(Status):
            each.add_metric([status], found.get(status, 0))
        yield each

    def describe(self) -> Iterable[Metric]:
        """Returns nothing, so that registering does not read the store."""
        return []
