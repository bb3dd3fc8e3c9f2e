"""A full disk: not ready, logged once, deletions still work, and all recovers with free space."""

import json
import time
from pathlib import Path
from typing import Any

from mien.watch.readiness import WRITE_TTL
from tests import live
from tests.faults import disk, filling
from tests.faults.traffic import COMMON


def test_deleting_goes_on_and_readiness_tells_the_truth(packs: str, tmp_path: Path) -> None:
    with disk.volume(tmp_path) as place:
        crowd = filling.fill(place / "data", 2000)
        server = live.serve(packs, place / "data")

        def call(operation: str, **request: Any) -> int:
            return server.post(operation, json.dumps(request).encode()).status

        def ready() -> bool:
            time.sleep(WRITE_TTL + 0.5)
            return server.send("GET", "/readyz", None, {}).status == 200

        try:
            assert call("CreateCollection", CollectionId="going") == 200
            assert ready()
            with disk.full(place):
                much = {"m": "x" * 250}
                assert any(call("CreateCollection", CollectionId=f"x{n}", Tags=much) == 500 for n in range(3000))
                assert not ready()
                for first in range(0, 1000, 100):
                    assert call("DeleteFaces", CollectionId=COMMON, FaceIds=crowd.faces[first : first + 100]) == 200
                assert call("DeleteCollection", CollectionId="going") == 200
                assert call("CreateCollection", CollectionId="later") == 500
            assert ready()
            assert call("CreateCollection", CollectionId="later") == 200
            said = [line for line in server.log.read_text().splitlines() if "the store is" in line]
            assert len(said) == 2, said
        finally:
            server.stop()
