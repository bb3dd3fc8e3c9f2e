"""Chunks, extensions and trailers without end, before authentication."""

from functools import partial

import pytest

from tests.hostile import attack
from tests.hostile.attack import Attack, endless
from tests.live import JSON
from tests.locked import Locked

HEAD = (
    b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: %b\r\nX-Amz-Target: RekognitionService.ListCollections\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n" % JSON.encode()
)


@pytest.mark.parametrize(
    "what",
    [
        partial(endless, begin=HEAD, part=b"1\r\n \r\n"),
        partial(endless, begin=HEAD, part=b"1;a\r\n \r\n"),
        partial(endless, begin=HEAD + b"ffffffffffffffff\r\n", part=b" "),
        partial(endless, begin=HEAD + b"1;", part=b"a"),
        partial(endless, begin=HEAD, part=b"1;" + b"a" * 1000 + b"\r\n \r\n"),
        partial(endless, begin=HEAD, part=b"0"),
        partial(endless, begin=HEAD + b"0\r\n", part=b"x:\r\n"),
        partial(endless, begin=HEAD + b"0\r\nx: ", part=b"a"),
    ],
    ids=[
        "chunks of one byte",
        "short extensions",
        "one chunk",
        "one extension",
        "long extensions",
        "zeros in a size",
        "tiny trailers",
        "one trailer",
    ],
)
def test_chunks_without_end(attacked: Locked, what: Attack) -> None:
    attack.run(attacked, what).hold()
