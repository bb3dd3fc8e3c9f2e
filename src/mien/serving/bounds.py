"""The limits on what all requests together may have in flight."""

from dataclasses import dataclass

from mien.serving.budget import Budget
from mien.serving.giants import Giants
from mien.serving.request import Writers


@dataclass(frozen=True, slots=True)
class Bounds:
    """The limits that all requests share, and those on each request's time.

    Attributes:
        bodies: bytes of request bodies, but for small ones.
        pixels: pixels of decoded images.
        giants: bounds the pictures that exceed `pixels`, over all workers.
        threads: operations that analyze images or write.
        reading: operations that only read, in addition to `threads`.
        streams: videos of liveness sessions that arrive.
        writers: operations that write to one collection.
        queue_timeout: seconds that a request waits for each of these.
        request_timeout: seconds from the end of a request's body to its answer.
        body_rate: bytes a second at which a client must send a body.
    """

    bodies: Budget
    pixels: Budget
    giants: Giants
    threads: Budget
    reading: Budget
    streams: Budget
    writers: Writers
    queue_timeout: float
    request_timeout: float
    body_rate: float

    def is_stuck(self) -> bool:
        """Returns whether all threads of a kind are taken by operations that are past their time limit."""
        return self.threads.is_stuck(self.request_timeout) or self.reading.is_stuck(self.request_timeout)
