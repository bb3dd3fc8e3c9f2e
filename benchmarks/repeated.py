"""Measures the image cache: its gain for an image that is sent again, and its cost for one that is not.

    python -m benchmarks.repeated        # matplotlib's photograph of Grace Hopper, 1080 rows and 12 megapixels

Two servers, one without the cache (`--image-cache 0`) and one with the default, are called in short turns by one
client, so that noise affects both. Median milliseconds:

- off: the server without the cache.
- first: the other server and a new image: each time with other bytes after the JPEG's end.
- next: the same image, sent as DetectFaces, IndexFaces and SearchFacesByImage, one after the other.
- again: the same bytes for the same operation every time.

The times of the image's digest, and of reading its header, which a cached image skips, are printed too.
"""

import argparse
import base64
import hashlib
import json
import os
import statistics
import time
from collections.abc import Callable
from contextlib import ExitStack, closing
from itertools import count

from mien import config
from mien.image.decode import read_header
from mien.measure.speed.http_client import Client
from mien.measure.speed.sample_photos import Photo, photos
from mien.measure.speed.server_process import ServerProcess

OPERATIONS = ("DetectFaces", "IndexFaces", "SearchFacesByImage")  # in the order in which they are sent one by one
FILLED, SEARCHED = "filled", "searched"  # one collection grows; the other has a face of each photograph
TURN = 10  # calls, or images, of a turn
_numbers = count()


def main() -> None:
    flags = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    flags.add_argument("--turns", type=int, default=10)
    given = flags.parse_args()
    settings = config.load({}, os.environ)
    with ExitStack() as stack:
        clients = {}
        for name, cached in (("off", False), ("on", True)):
            server = stack.enter_context(ServerProcess(settings, cached=cached))
            clients[name] = stack.enter_context(closing(Client(server.host, server.port)))
            for collection in (FILLED, SEARCHED):
                clients[name].call("CreateCollection", json.dumps({"CollectionId": collection}).encode())
        for photo in photos(None, ("1080p", "12 MP")):
            if "hopper" in photo.name:
                _measure(clients, photo, given.turns)


def _measure(clients: dict[str, Client], photo: Photo, turns: int) -> None:
    took: dict[tuple[str, str], list[float]] = {}

    def call(server: str, how: str, operation: str, data: bytes) -> None:
        took.setdefault((operation, how), []).append(clients[server].call(operation, _body(operation, data))[1])

    for client in clients.values():
        client.call("IndexFaces", _body("IndexFaces", _another(photo.data), SEARCHED))
    for turn in range(turns + 1):
        if turn == 1:
            took.clear()  # the first turn is a warm-up
        for operation in OPERATIONS:
            for _ in range(TURN):
                call("off", "off", operation, photo.data)
            for _ in range(TURN):
                call("on", "first", operation, _another(photo.data))
            for _ in range(TURN):
                call("on", "again", operation, photo.data)
        for _ in range(TURN):
            data = _another(photo.data)
            for operation in OPERATIONS:
                call("on", "next", operation, data)
    hows = ("off", "first", "next", "again")
    print(f"\n{photo.name}\n\n| | {' | '.join(hows)} |\n|---|{'---|' * len(hows)}")
    for operation in OPERATIONS:
        figures = (f"{1000 * statistics.median(took[operation, how]):.1f}" for how in hows)
        print(f"| {operation} | {' | '.join(figures)} |")
    digest = _median(lambda: hashlib.sha256(photo.data).hexdigest())
    print(
        f"\ndigest {1000 * digest:.2f} ms, header {1000 * _median(lambda: read_header(photo.data)):.2f} ms", flush=True
    )


def _body(operation: str, data: bytes, collection: str = FILLED) -> bytes:
    members: dict[str, object] = {"Image": {"Bytes": base64.b64encode(data).decode()}}
    if operation != "DetectFaces":
        members["CollectionId"] = SEARCHED if operation == "SearchFacesByImage" else collection
    return json.dumps(members).encode()


def _another(data: bytes) -> bytes:
    """Returns the same image in bytes that were never sent before."""
    return data + next(_numbers).to_bytes(8, "big")


def _median(work: Callable[[], object]) -> float:
    took = []
    for _ in range(50):
        began = time.perf_counter()
        work()
        took.append(time.perf_counter() - began)
    return statistics.median(took)


if __name__ == "__main__":
    main()
