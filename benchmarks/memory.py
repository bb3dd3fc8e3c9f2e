"""Measures the memory of one request, and which function allocates most of it.

    python benchmarks/memory.py [--images FOLDER] [--only WORDS] [--json FILE]

Every operation that takes an image, with images of up to 100 megapixels (`pictures.py`), is measured twice:

- by memray in this process, where the whole application answers as in a server: the peak of the bytes allocated during
  the request by Python, NumPy, OpenCV, OpenVINO and others;
- over HTTP, at a `mien serve` that has answered a small request of every kind: the peak of its resident memory above
  that before the request. Memory that the allocator kept from earlier requests counts too.
"""

import argparse
import asyncio
import dataclasses
import json
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import memray
from calls import KINDS, Warm, associated, body, prepared
from pictures import all_kinds, checked

from mien import app, config
from mien.config import Settings
from mien.measure.speed.server_process import MB, ServerProcess

_PART = 1 << 16  # bytes of a body received at a time


@dataclass(frozen=True, slots=True)
class Row:
    """The memory of a request in MB.

    Attributes:
        allocated: the peak according to memray.
        most: the functions that allocated most of it.
        resident: the growth of the server process.
    """

    picture: str
    operation: str
    allocated: float
    most: str
    resident: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", metavar="FOLDER", help="take the first photograph in FOLDER (JPEG or PNG)")
    parser.add_argument("--only", default="", metavar="WORDS", help="only pictures with this in their name")
    parser.add_argument("--json", metavar="FILE", help="also write the rows to FILE")
    given = parser.parse_args()
    made = all_kinds(given.images)
    small = made["240p JPEG"]()
    wanted = {name: make for name, make in made.items() if given.only in name}
    settings = config.load({}, os.environ)
    with tempfile.TemporaryDirectory() as data:
        own = dataclasses.replace(settings, data=data, store="", host="127.0.0.1", image_cache=0)
        rows = list(measured(own, small, wanted))
    for row in rows:
        print(f"{row.picture:40} {row.operation:20} {row.allocated:6.1f} {row.resident:6.1f}  {row.most}")
    print(table(rows))
    if given.json:
        Path(given.json).write_text(json.dumps([dataclasses.asdict(row) for row in rows], indent=2))


def measured(settings: Settings, small: bytes, wanted: dict[str, Callable[[], bytes]]) -> Iterator[Row]:
    with ServerProcess(settings) as server, Within(settings, small) as within:
        warm = Warm(server, small)
        print(f"The server holds {warm.held:.0f} MB when it is warm.")
        for name, make in wanted.items():
            data = checked(name, make())
            for kind in KINDS:
                yield Row(name, kind, *within.allocated(kind, data), warm.grown(kind, data))


class Within:
    """The application in this process, which has answered a small request of every kind."""

    def __init__(self, settings: Settings, small: bytes) -> None:
        self._server = app.build(settings, ExitStack()).server
        self._loop = asyncio.new_event_loop()
        answers = [self._answer(*call) for call in prepared(small)]
        self._answer("AssociateFaces", associated(answers[2]))
        for kind in KINDS:
            self._answer(kind, body(kind, small))

    def __enter__(self) -> "Within":
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.close()

    def allocated(self, kind: str, data: bytes) -> tuple[float, str]:
        """Returns the peak of allocated memory in MB, and the functions that allocated most of it."""
        sent = body(kind, data)
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "allocations"
            compact = memray.FileFormat.AGGREGATED_ALLOCATIONS
            with memray.Tracker(destination=memray.FileDestination(file), file_format=compact):
                self._answer(kind, sent)
            records = memray.FileReader(file).get_high_watermark_allocation_records(merge_threads=True)
            sizes: dict[str, float] = {}
            for record in records:
                where = _place(record.stack_trace())
                sizes[where] = sizes.get(where, 0.0) + record.size / MB
        ordered = sorted(sizes.items(), key=lambda item: -item[1])
        return sum(sizes.values()), ", ".join(f"{where} {size:.0f}" for where, size in ordered[:3])

    def _answer(self, operation: str, sent: bytes) -> bytes:
        return self._loop.run_until_complete(self._conversation(operation, sent))

    async def _conversation(self, operation: str, sent: bytes) -> bytes:
        """Sends a body in parts, as from a socket; returns the response body."""
        starts = iter(range(0, len(sent), _PART))
        answered: list[dict[str, Any]] = []
        gone = asyncio.Event()

        async def receive() -> dict[str, Any]:
            start = next(starts, None)
            if start is None:
                await gone.wait()
                return {"type": "http.disconnect"}
            end = start + _PART
            return {"type": "http.request", "body": sent[start:end], "more_body": end < len(sent)}

        async def send(message: dict[str, Any]) -> None:
            answered.append(message)

        headers = {"x-amz-target": f"RekognitionService.{operation}", "content-type": "application/x-amz-json-1.1"}
        headers |= {"content-length": str(len(sent)), "host": "localhost"}
        raw = [(name.encode(), value.encode()) for name, value in headers.items()]
        scope = {"type": "http", "method": "POST", "path": "/", "raw_path": b"/", "query_string": b"", "headers": raw}
        await self._server(scope, receive, send)
        if answered[0]["status"] != 200:
            raise SystemExit(f"{operation} was answered with {answered}")
        return b"".join(message.get("body", b"") for message in answered)


def _place(frames: list[tuple[str, str, int]]) -> str:
    """Returns the innermost function of mien in a stack, which is ordered innermost first."""
    for function, file, _ in frames:
        if "/mien/" in file:
            return f"{Path(file).parent.name}/{Path(file).stem}.{function}"
    return frames[0][0] if frames else "other"


def table(rows: list[Row]) -> str:
    lines = ["| picture | " + " | ".join(KINDS) + " |", "|---" * (1 + len(KINDS)) + "|"]
    for picture in dict.fromkeys(row.picture for row in rows):
        of_it = {row.operation: f"{row.allocated:.0f}, {row.resident:.0f}" for row in rows if row.picture == picture}
        lines.append(f"| {picture} | " + " | ".join(of_it[kind] for kind in KINDS) + " |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
