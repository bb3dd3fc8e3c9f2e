"""What a server allows of stored video, from its settings."""

import fnmatch
from dataclasses import dataclass
from importlib.util import find_spec


@dataclass(frozen=True, slots=True)
class VideoLimits:
    """The limits of video jobs.

    Attributes:
        jobs: unfinished jobs of an account, at most.
        size: bytes of a film, at most.
        topics: patterns of the ARNs of SNS topics that may be told.
    """

    jobs: int = 20
    size: int = 10 * 10**9
    topics: tuple[str, ...] = ()

    def tells(self, topic: str) -> bool:
        """Returns whether the end of a job may be published to a topic."""
        return any(fnmatch.fnmatchcase(topic, pattern) for pattern in self.topics)


def can_read_films() -> bool:
    """Returns whether PyAV is installed, without importing it."""
    return find_spec("av") is not None
