"""Films that cannot be read: each ends with a sentence, soon, and opens nothing else."""

import io
import os
import random
import signal
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mien.errors import FilmError
from mien.video import decoder_process
from mien.video.film import Bounds, open_film
from tests.video.films import corners, counting, write

av = pytest.importorskip("av", reason="mien[video] is not installed")
NO_FILM = "damaged or cut off, or it is no film"


def read(source: Any, bounds: Any = "aws") -> int:
    """Reads a film to its end and returns how many frames it has."""
    with open_film(source, bounds) as film:
        return sum(1 for _ in film.frames(every_ms=0))


def sounds(path: Path, cover: bool = False) -> Path:
    """A file of half a second of silence, and of a picture if it has a cover."""
    with av.open(str(path), "w") as file:
        stream = file.add_stream("aac", rate=8000, layout="mono")
        picture = file.add_stream("png", rate=1) if cover else None
        if picture:
            picture.width, picture.height, picture.pix_fmt = 160, 96, "rgb24"
            picture.disposition = 0x400
        for index in range(4):
            frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), "fltp", "mono")
            frame.sample_rate, frame.pts = 8000, 1024 * index
            file.mux(stream.encode(frame))
        file.mux(stream.encode())
        if picture:
            file.mux(picture.encode(av.VideoFrame.from_ndarray(corners(), "rgb24")))
    return path


@pytest.mark.parametrize("data", [b"", b"no film", b"\x89PNG\r\n\x1a\n" + bytes(64), bytes(4096),
                                  b"\0\0\0\x18ftypisom" + bytes(12)])  # fmt: skip
@pytest.mark.parametrize("formats", ["aws", "all"])
def test_what_is_no_film_is_said_to_be_none(tmp_path: Path, data: bytes, formats: str) -> None:
    (tmp_path / "film.mp4").write_bytes(data)
    with pytest.raises(FilmError, match=r"no film|empty|not taken"):
        read(tmp_path / "film.mp4", formats)


def test_sounds_are_no_film(tmp_path: Path) -> None:
    for name, cover in (("sound.mp4", False), ("album.mp4", True)):
        with pytest.raises(FilmError, match="no moving pictures"):
            read(sounds(tmp_path / name, cover), "all")


def test_a_path_that_is_no_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "pipe"):
        with pytest.raises(FilmError, match="no file"):
            read(path)
    with pytest.raises(FileNotFoundError):
        read(tmp_path / "missing.mp4")


@pytest.mark.parametrize("kept", [0.2, 0.6, 0.95])
@pytest.mark.parametrize("options", [{}, {"movflags": "+faststart"}, {"movflags": "frag_keyframe+empty_moov"}])
def test_a_film_that_is_cut_off_is_said_to_be(tmp_path: Path, kept: float, options: dict[str, str]) -> None:
    """With its index at the end, at the start, and in pieces."""
    path = write(tmp_path / "film.mp4", counting(60, 240, 320), container=options, g="10", rate=5)
    data = path.read_bytes()[: int(kept * path.stat().st_size)]
    path.write_bytes(data)
    for source in (path, io.BytesIO(data)):
        with pytest.raises(FilmError, match="cut off"):
            read(source)


@pytest.mark.parametrize("container", ["mp4", "mkv"])
@pytest.mark.parametrize("seed", range(3))
def test_a_film_with_wrong_bytes_ends(tmp_path: Path, container: str, seed: int) -> None:
    path = write(tmp_path / f"film.{container}", counting(40, 120, 160), g="20", bf="2")
    data, chance = bytearray(path.read_bytes()), random.Random(seed)
    for _ in range(4 ** (seed % 3 + 1)):
        data[chance.randrange(len(data))] = chance.randrange(256)
    path.write_bytes(data)
    started = time.monotonic()
    try:
        assert 0 < read(path, "all") <= 80
    except FilmError as error:
        assert str(error).endswith(".")
    assert time.monotonic() - started < decoder_process.PATIENCE


def test_a_film_whose_middle_is_lost_is_damaged(tmp_path: Path) -> None:
    path = write(tmp_path / "film.mp4", counting(240, 120, 160), g="1000", container={"movflags": "+faststart"})
    data = bytearray(path.read_bytes())
    data[len(data) // 3 : 2 * len(data) // 3] = bytes(2 * len(data) // 3 - len(data) // 3)
    path.write_bytes(data)
    with pytest.raises(FilmError, match="damaged"):
        read(path)


def test_only_what_is_allowed_is_read(tmp_path: Path) -> None:
    webm = write(tmp_path / "film.webm", counting(3), codec="libvpx", deadline="realtime")
    mpeg4 = write(tmp_path / "mpeg4.mp4", counting(3), codec="mpeg4")
    avi = write(tmp_path / "film.avi", counting(3), codec="mpeg4")
    assert read(webm, "web") == read(webm, "all") == read(mpeg4, "all") == read(avi, "all") == 3
    for path, formats in ((webm, "aws"), (mpeg4, "aws"), (mpeg4, "web"), (avi, "aws"), (avi, "web")):
        with pytest.raises(FilmError, match=f"{NO_FILM}|not taken"):
            read(path, formats)


def test_too_much_is_refused_before_it_is_decoded(tmp_path: Path) -> None:
    long = write(tmp_path / "long.mp4", counting(2), times_ms=[0, 7 * 3_600_000])
    with pytest.raises(FilmError, match="too long: it may have 6 hours"):
        read(long)
    with pytest.raises(FilmError, match="too large: it may have 1e-06 GB"):
        read(long, Bounds("aws", gigabytes=1e-6))
    large = write(tmp_path / "large.mkv", [np.zeros((4352, 8192, 3), np.uint8)], codec="mjpeg", pixel_format="yuvj420p")
    assert large.stat().st_size < 1_000_000
    with pytest.raises(FilmError, match="pictures are too large"):
        read(large, "all")


@pytest.mark.parametrize("name", ["list.m3u8", "list.ffconcat", "list.sdp", "list.mpd"])
def test_a_film_opens_nothing_else(tmp_path: Path, name: str) -> None:
    other = write(tmp_path / "other.ts", counting(5))
    texts = {
        "list.m3u8": f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:0.5,\n{other}\n#EXT-X-ENDLIST\n",
        "list.ffconcat": f"ffconcat version 1.0\nfile {other.name}\n",
        "list.sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 5004 RTP/AVP 96\n"
        "a=rtpmap:96 H264/90000\n",
        "list.mpd": '<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static"><Period><AdaptationSet>'
        f'<Representation id="1" mimeType="video/mp4"><BaseURL>{other}</BaseURL></Representation>'
        "</AdaptationSet></Period></MPD>",
    }
    path = tmp_path / name
    path.write_text(texts[name])
    if name in ("list.m3u8", "list.ffconcat"):  # FFmpeg by itself follows them
        with av.open(str(path)) as container:
            assert sum(1 for _ in container.decode(video=0)) == 5
    with pytest.raises(FilmError):
        read(path, "all")


def test_a_decoder_that_dies_or_hangs_is_a_damaged_film(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "film.mp4", counting(60, 480, 640))
    for signals, sentence in (
        (signal.SIGSEGV, "damaged"),
        (signal.SIGSTOP, "did not answer for 0.3 seconds"),
        (signal.SIGKILL, "was killed"),
    ):
        with open_film(path) as film:
            frames = film.frames(every_ms=0)
            next(frames)
            monkeypatch.setattr(decoder_process, "PATIENCE", 0.3)
            os.kill(film._process._process.pid, signals)
            with pytest.raises(FilmError, match=sentence):
                list(frames)
            monkeypatch.undo()
