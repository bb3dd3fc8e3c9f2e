"""Images made to cost processor time are answered in the time that their pixels and bytes need.

Seen: a PNG of 100 × 100 with surplus pixels cost 2.2 s a megabyte, and 3.6 MB of EXIF segments three seconds.
`tests/image/test_cost.py` has more of them, without a server.
"""

import base64
import json
import time
from collections.abc import Iterator

import psutil
import pytest

from tests import live, photos
from tests.image.test_cost import DEAR
from tests.live import Live

MOST_SECONDS = 4.0  # of the processor, for a request; the dearest of these takes one
MOST_HELD = 150e6  # bytes more than before


@pytest.fixture(scope="module")
def server(packs: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    started = live.serve(packs, tmp_path_factory.mktemp("pictures") / "data", "--threads", "2")
    assert len(started.client().detect_faces(Image={"Bytes": photos.pair()})["FaceDetails"]) == 2
    yield started
    started.stop()


def spent(server: Live) -> tuple[float, int]:
    """Returns the server's processor time in seconds and its memory in bytes."""
    process = psutil.Process(server.process.pid)
    times = process.cpu_times()
    return times.user + times.system, int(process.memory_info().rss)


@pytest.mark.parametrize("name", DEAR)
def test_a_dear_picture_is_answered_or_refused_in_time(server: Live, name: str) -> None:
    data = DEAR[name]()
    body = json.dumps({"Image": {"Bytes": base64.b64encode(data).decode()}}).encode()
    (before, held), started = spent(server), time.monotonic()
    answer = server.post("DetectFaces", body)
    assert answer.status in (200, 400), answer.body
    after, holds = spent(server)
    assert after - before < MOST_SECONDS
    assert holds - held < MOST_HELD
    assert time.monotonic() - started < 5 * MOST_SECONDS
