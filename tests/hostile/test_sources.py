"""Photographs and lists of photographs that never end: a sentence, bounded memory, and no waiting.

CompreFace is a server that answers without end, compressed, or with more than was asked for.
"""

import gzip
import os
import subprocess
import threading
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import IO, Any

import pytest

from mien.errors import SetupError
from mien.transfer import csv_list, other_systems, photographs
from mien.transfer.photographs import UnreadableError
from mien.transfer.walking import Skipped
from tests import live, photos
from tests.commands.people import answer
from tests.hostile.test_imports import MOST_MEMORY, peak

MIB = 1 << 20


def line(file: IO[bytes]) -> None:
    """A line of 2 GB, most of it a hole."""
    file.write(b"image\n")
    file.truncate(2 << 30)


def quoted(file: IO[bytes]) -> None:
    """A quote that is never closed."""
    file.write(b'image,user\n"')
    for _ in range(200):
        file.write(b"a\n" * (MIB // 2))


def fields(file: IO[bytes]) -> None:
    """A row whose fields each end on the next line."""
    file.write(b'image\n"')
    for _ in range(100):
        file.write(b'\n","' * (MIB // 4))


def columns(file: IO[bytes]) -> None:
    file.write(b"image" + b",a" * (100 * MIB))


@pytest.mark.parametrize("make", [line, quoted, fields, columns], ids=lambda each: each.__name__)
def test_a_csv_whose_row_does_not_end(make: Callable[[IO[bytes]], None], tmp_path: Path) -> None:
    with (tmp_path / "people.csv").open("wb") as file:
        make(file)
    held = peak(
        ["import", str(tmp_path / "people.csv"), "--collection", "crew", "--data", str(tmp_path / "data")]
    )  # before a pack is looked for
    assert held < MOST_MEMORY // 2


def test_a_row_may_be_long_and_there_may_be_many(tmp_path: Path) -> None:
    file = tmp_path / "people.csv"
    file.write_text("image,user\n" + f'{"a" * 60_000},"b\nc"\n' * 30)
    assert len([*csv_list.of_csv(file).walk()]) == 30


@pytest.mark.parametrize("name", ["list.csv", "list"])
def test_a_pipe_in_the_place_of_a_file_is_not_waited_for(name: str, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / name)
    done = subprocess.run(
        live.command("import", str(tmp_path / name), "--collection", "crew", "--data", str(tmp_path / "data")),
        capture_output=True, text=True, timeout=60, env=live.environment(), check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr.startswith("mien: ")
    assert done.stderr.count("\n") == 1


def test_pipes_and_devices_that_a_csv_names_are_reported_and_the_rest_is_imported(packs: str, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jpg")
    (tmp_path / "endless.jpg").symlink_to("/dev/zero")
    (tmp_path / "terminal.jpg").symlink_to("/dev/tty")
    (tmp_path / "hopper.jpg").write_bytes(photos.hopper().data)
    names = ["pipe.jpg", "endless.jpg", "terminal.jpg", "/dev/zero", "a\0b.jpg", ".", "hopper.jpg"]
    (tmp_path / "list.csv").write_text("\n".join(["image", *names]) + "\n")
    tally = answer(
        "import", tmp_path / "list.csv", "--collection", "crew", "--data", tmp_path / "data", "--report",
        tmp_path / "report.csv", code=1, MIEN_PACKS=packs,
    )  # fmt: skip
    assert (tally["photographs"], tally["failed"], tally["faces"]) == (7, 6, 1)
    assert (tmp_path / "report.csv").read_text().count("It is not a regular file.") >= 3


def test_links_to_devices_in_a_folder_are_no_photographs(tmp_path: Path) -> None:
    (tmp_path / "endless.jpg").symlink_to("/dev/zero")
    os.mkfifo(tmp_path / "pipe.jpg")
    assert {each.kind for each in photographs.of_folder(tmp_path).walk() if isinstance(each, Skipped)} == {
        "pipes and devices", "links that lead nowhere",
    }  # fmt: skip
    assert [*photographs.of_folder(tmp_path).photographs()] == []
    with pytest.raises(UnreadableError, match="not a regular file"):
        photographs.read(tmp_path / "endless.jpg")


# --------------------------------------------------------------------------------------------------- CompreFace


@contextmanager
def compreface(reply: Callable[[Any], None], monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A CompreFace that answers everything so."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            with suppress(OSError):  # mien hangs up
                reply(self)

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv(other_systems.KEY, "key")
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def send(handler: Any, body: bytes, **headers: str) -> None:
    handler.send_response(200)
    for name, value in {"Content-Length": str(len(body)), **headers}.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.end_headers()
    handler.wfile.write(body)


def endless(handler: Any) -> None:
    """Up to 4 GB without a length, begun as a photograph is."""
    handler.send_response(200)
    handler.end_headers()
    handler.wfile.write(b"\xff\xd8\xff")
    for _ in range(4096):
        handler.wfile.write(b" " * MIB)


def bomb(handler: Any) -> None:
    """A gigabyte in a megabyte."""
    send(handler, gzip.compress(b" " * MIB) * 1024, Content_Encoding="gzip")


def deep(handler: Any) -> None:
    send(handler, b"[" * (3 * MIB))


def unending(handler: Any) -> None:
    send(handler, b'{"faces": [{"subject": "a", "image_id": "b"}], "total_pages": 1e999}')


def announced(handler: Any) -> None:
    send(handler, b"", Content_Length=str(1 << 40))


LISTS: dict[Callable[[Any], None], str] = {
    endless: "more than 4 MiB",
    bomb: "compressed",
    deep: "does not answer as",
    unending: "does not answer as",
    announced: "does not answer",
}


@pytest.mark.parametrize("reply", LISTS, ids=lambda each: each.__name__)
def test_a_list_of_compreface(reply: Callable[[Any], None], monkeypatch: pytest.MonkeyPatch) -> None:
    tracemalloc.start()
    try:
        with compreface(reply, monkeypatch) as address, pytest.raises(SetupError, match=LISTS[reply]):
            next(other_systems.of_compreface(address).walk())
        assert tracemalloc.get_traced_memory()[1] < 48 * MIB  # the server's part included
    finally:
        tracemalloc.stop()


def test_pages_without_faces_end_the_list(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def empty(handler: Any) -> None:
        asked.append(handler.path)
        send(handler, b'{"faces": [], "total_pages": 1000000000}')

    with compreface(empty, monkeypatch) as address:
        assert [*other_systems.of_compreface(address).walk()] == []
    assert len(asked) == 1


def test_pictures_of_compreface(monkeypatch: pytest.MonkeyPatch) -> None:
    """One without end is read as far as an image may go, and reported; so is a compressed one."""

    def either(handler: Any) -> None:
        if "img" not in handler.path:
            send(handler, b'{"faces": [{"subject": "a", "image_id": "../b"}], "total_pages": 1}')
        else:
            picture(handler)

    with compreface(either, monkeypatch) as address:
        (found,) = other_systems.of_compreface(address).photographs()
        picture = endless
        with pytest.raises(UnreadableError, match="larger than 15 MiB"):
            found.read()
        picture = bomb
        with pytest.raises(UnreadableError, match="compressed"):
            found.read()


def test_an_answer_that_trickles_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(other_systems, "ANSWER_TIMEOUT", 1.0)
    over = threading.Event()

    def trickle(handler: Any) -> None:
        handler.send_response(200)
        handler.end_headers()
        while not over.wait(0.1):
            handler.wfile.write(b" ")
            handler.wfile.flush()

    with compreface(trickle, monkeypatch) as address:
        try:
            with pytest.raises(SetupError, match="did not end its answer"):
                next(other_systems.of_compreface(address).walk())
        finally:
            over.set()
