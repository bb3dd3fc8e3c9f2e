"""The limits on what all requests together may have in flight."""

from dataclasses import dataclass

from mien.serving.budget import Budget
from mien.serving.request import Writers


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much may be in flight, and how long it may take.

    Attributes:
        bodies: bytes of request bodies that are more than small.
        pixels: of decoded pictures.
        threads: operations that look at pictures or write, at the same time.
        reading: operations that only read, beside them.
        writers: that wait for one collection.
        queue_timeout: seconds that a request waits for each of these.
        request_timeout: seconds that an operation may take, from when its request is whole.
        body_rate: bytes a second that a client must send of a body.
    """

    bodies: Budget
    pixels: Budget
    threads: Budget
    reading: Budget
    writers: Writers
    queue_timeout: float
    request_timeout: float
    body_rate: float

    def stand_still(self) -> bool:
        """Whether all threads of a kind are taken by operations that nobody waits for any more."""
        return self.threads.stands_still(self.request_timeout) or self.reading.stands_still(self.request_timeout)
