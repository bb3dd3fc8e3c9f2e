"""A pack's files are found, copied or downloaded, and never used before their digests are right."""

import hashlib
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from functools import partial
from http.server import HTTPServer, SimpleHTTPRequestHandler
from pathlib import Path

import msgspec
import pytest

from mien.errors import SetupError
from mien.packs import install, manifest
from mien.packs.manifest import File, Manifest
from tests.live import command, environment

CONTENT = {"detector.onnx": b"detector " * 50_000, "embedder.xml": b"<net/>", "embedder.bin": b"weights" * 1000}


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Gives every test an empty cache, and no proxy between it and the publisher."""
    for variable in ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "mien" / "packs" / "small"


@pytest.fixture
def publisher(tmp_path: Path) -> Iterator[str]:
    """The address of a server with the files."""
    folder = put(tmp_path / "published")

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def put(folder: Path, *names: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name in names or CONTENT:
        (folder / name).write_bytes(CONTENT[name])
    return folder


def small(address: str = "http://127.0.0.1:9", **digests: str) -> Manifest:
    files = [
        File(name, digests.get(name.split(".")[0], hashlib.sha256(content).hexdigest()), f"{address}/{name}")
        for name, content in CONTENT.items()
    ]
    return msgspec.structs.replace(manifest.named("retail"), name="small", files=files)


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("inside", ["", "small"])
def test_files_in_the_users_folder_are_used_where_they_lie(tmp_path: Path, inside: str, cache: Path) -> None:
    folder = put(tmp_path / "mine" / inside)
    found = install.install(small(), str(tmp_path / "mine"))
    assert found == {name: folder / name for name in CONTENT}
    assert not cache.exists()


def test_files_in_the_cache_are_used(cache: Path) -> None:
    put(cache)
    assert install.install(small(), "") == {name: cache / name for name in CONTENT}


def test_the_users_folder_comes_before_the_cache(tmp_path: Path, cache: Path) -> None:
    put(cache)
    folder = put(tmp_path / "mine")
    assert install.install(small(), str(folder)) == {name: folder / name for name in CONTENT}


def test_missing_files_are_downloaded_into_the_cache(publisher: str, cache: Path) -> None:
    found = install.install(small(publisher), "")
    assert found == {name: cache / name for name in CONTENT}
    assert contents(cache) == CONTENT


def test_only_what_is_missing_is_downloaded_and_all_lie_in_one_folder(
    publisher: str, tmp_path: Path, cache: Path
) -> None:
    folder = put(tmp_path / "mine", "embedder.bin")
    found = install.install(small(publisher), str(folder))
    assert {path.parent for path in found.values()} == {cache}
    assert contents(cache) == CONTENT


def test_nothing_is_downloaded_when_everything_is_there(cache: Path) -> None:
    put(cache)
    install.install(small("http://127.0.0.1:9"), "")


@pytest.mark.parametrize("place", ["mine", "cache"])
def test_a_file_with_another_digest_is_refused_and_left_alone(tmp_path: Path, cache: Path, place: str) -> None:
    folder = put(tmp_path / "mine" if place == "mine" else cache)
    (folder / "embedder.bin").write_bytes(b"something else")
    with pytest.raises(install.WrongDigestError, match=r"embedder\.bin is not the file its publisher published"):
        install.install(small(), str(tmp_path / "mine") if place == "mine" else "")
    assert (folder / "embedder.bin").read_bytes() == b"something else"


def test_a_lone_file_with_another_digest_is_refused_before_anything_is_fetched(
    publisher: str, tmp_path: Path, cache: Path
) -> None:
    folder = put(tmp_path / "mine", "detector.onnx")
    (folder / "detector.onnx").write_bytes(b"something else")
    with pytest.raises(install.WrongDigestError, match="mine/detector"):
        install.install(small(publisher), str(folder))
    assert contents(cache) == {}


def test_a_download_with_another_digest_is_refused_and_leaves_nothing(publisher: str, cache: Path) -> None:
    with pytest.raises(SetupError, match=r"answered something else than the catalogue's detector\.onnx"):
        install.install(small(publisher, detector="0" * 64), "")
    assert contents(cache) == {}


def test_remains_of_a_killed_download_are_removed_by_the_next_start(cache: Path, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as stalling:
        address = f"http://127.0.0.1:{stalling.getsockname()[1]}"
        process = subprocess.Popen(
            [sys.executable, "-c", INSTALLING, address], env=environment(XDG_CACHE_HOME=str(tmp_path / "cache"))
        )
        connection, _ = stalling.accept()
        with connection:
            connection.recv(4096)
            connection.sendall(
                b"HTTP/1.1 200 OK\r\nContent-Length: 450000\r\n\r\n" + CONTENT["detector.onnx"][:200_000]
            )
            while not any(path.stat().st_size for path in cache.glob(".*")):
                time.sleep(0.01)
            process.kill()
            process.wait()
    assert len(list(cache.iterdir())) == 1
    aside = cache.parent / ".adding-x1y2z3"
    put(aside)
    put(cache)  # by hand, since the download did not work
    install.install(small(), "")
    assert contents(cache) == CONTENT
    assert not aside.exists()


INSTALLING = """
import sys
from mien.packs import install
from tests.packs.test_install import small
install.install(small(sys.argv[1]), "")
"""


def test_a_download_that_the_publisher_does_not_have_is_one_sentence(publisher: str, cache: Path) -> None:
    with pytest.raises(SetupError, match="The pack small could not be installed") as caught:
        install.install(small(f"{publisher}/nowhere"), "")
    assert "\n" not in str(caught.value)
    assert contents(cache) == {}


def test_a_refused_connection_is_one_sentence_that_says_what_to_do(cache: Path) -> None:
    with pytest.raises(SetupError) as caught:
        install.install(small(), "")
    text = str(caught.value)
    assert str(cache) in text
    assert "MIEN_PACKS" in text
    assert "https_proxy" in text
    assert "\n" not in text


def test_a_publisher_that_never_answers_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    assert install.TIMEOUT < 10
    monkeypatch.setattr(install, "TIMEOUT", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        started = time.monotonic()
        with pytest.raises(SetupError, match=r"no answer within 0\.5 s"):
            install.install(small(f"http://127.0.0.1:{silent.getsockname()[1]}"), "")
    assert time.monotonic() - started < 5


def test_a_publisher_that_stops_halfway_is_given_up_and_leaves_nothing(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(install, "TIMEOUT", 0.5)

    def half(server: socket.socket) -> None:
        connection, _ = server.accept()
        connection.recv(4096)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 450000\r\n\r\n" + b"detector " * 100)
        time.sleep(3)
        connection.close()

    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=half, args=(server,), daemon=True).start()
        started = time.monotonic()
        with pytest.raises(SetupError, match="could not be installed"):
            install.install(small(f"http://127.0.0.1:{server.getsockname()[1]}"), "")
    assert time.monotonic() - started < 2.5
    assert contents(cache) == {}


def test_the_cache_cannot_be_written_to_and_the_sentence_says_so(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file where a directory should be")
    with pytest.raises(SetupError, match="The pack small could not be installed"):
        install.install(small(), "")


def test_without_a_network_the_command_ends_with_one_sentence_within_10_seconds(tmp_path: Path) -> None:
    nowhere = "http://127.0.0.1:9"
    variables = environment(
        XDG_CACHE_HOME=str(tmp_path / "cache"), https_proxy=nowhere, http_proxy=nowhere, no_proxy="", NO_PROXY=""
    )
    started = time.monotonic()
    ran = subprocess.run(
        command("packs", "install", "retail"),
        capture_output=True, text=True, timeout=30, check=False, cwd=tmp_path, env=variables,
    )  # fmt: skip
    assert time.monotonic() - started < 10
    assert ran.returncode == 1
    assert ran.stderr.startswith("mien: The pack retail could not be installed")
    assert ran.stderr.count("\n") == 1


def test_the_command_finds_a_pack_that_is_in_the_users_folder(packs: str, tmp_path: Path) -> None:
    ran = subprocess.run(
        command("packs", "install", "retail", "--packs", packs),
        capture_output=True, text=True, check=False, cwd=tmp_path, env=environment(),
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    assert packs in ran.stdout
