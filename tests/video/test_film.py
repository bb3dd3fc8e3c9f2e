"""Films decoded: which frames, at what time, how they lie, and their colours."""

import io
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from mien.video.film import Film, Frame, open_film
from tests.video.films import corners, counting, number, write

av = pytest.importorskip("av", reason="mien[video] is not installed")


def seen(film: Film, every_ms: int = 500, start_ms: int = 0) -> list[tuple[int, int]]:
    return [(frame.at_ms, number(frame.pixels)) for frame in film.frames(every_ms, start_ms)]


def by_av(path: Path) -> list[NDArray[Any]]:
    """Every frame as PyAV itself gives it; uint8 BGR."""
    with av.open(str(path)) as container:
        return [frame.to_ndarray(format="bgr24") for frame in container.decode(video=0)]


def test_a_film_is_sampled_twice_a_second(tmp_path: Path) -> None:
    with open_film(write(tmp_path / "film.mp4", counting(30))) as film:
        assert (film.metadata.width, film.metadata.height, film.metadata.duration_ms) == (160, 96, 3000)
        assert (film.metadata.codec, film.metadata.format) == ("h264", "QuickTime / MOV")
        assert (film.metadata.frame_rate, film.metadata.color_range) == (10, "LIMITED")
        assert seen(film) == [(500 * index, 5 * index) for index in range(6)]


def test_every_frame_is_given_where_that_is_asked(tmp_path: Path) -> None:
    with open_film(write(tmp_path / "film.mp4", counting(30))) as film:
        assert seen(film, every_ms=0) == [(100 * index, index) for index in range(30)]


@pytest.mark.parametrize(
    "options",
    [
        {"bf": "3"},
        {"bf": "3", "b-pyramid": "normal", "refs": "4"},
        {"g": "7", "bf": "2"},
        {"g": "1"},
        {"bf": "2", "open-gop": "1", "g": "12"},
    ],
)
def test_the_frames_are_those_of_a_film_decoded_whole(tmp_path: Path, options: dict[str, Any]) -> None:
    """Frames that no other refers to are not decoded; what is left out must not change what is shown."""
    path = write(tmp_path / "film.mp4", counting(100), preset="veryfast", **options)
    whole = by_av(path)
    with open_film(path) as film:
        shown = list(film.frames())
    assert [frame.at_ms for frame in shown] == [500 * index for index in range(20)]
    for frame in shown:
        assert np.abs(frame.pixels.astype(int) - whole[frame.at_ms // 100]).max() <= 5, frame.at_ms


@pytest.mark.parametrize("rate", [3, 8, 24, 60])
def test_each_stretch_has_its_first_frame(tmp_path: Path, rate: int) -> None:
    path = write(tmp_path / "film.mp4", counting(100), rate=rate, preset="veryfast", bf="3")
    expected = {1000 * index // rate // 500: (1000 * index // rate, index) for index in reversed(range(100))}
    with open_film(path) as film:
        assert seen(film) == sorted(expected.values())


@pytest.mark.parametrize("start_ms", [1000, 1001, 4700, 9600, 60_000])
def test_a_film_goes_on_where_it_was_left(tmp_path: Path, start_ms: int) -> None:
    path = write(tmp_path / "film.mp4", counting(100), preset="veryfast", g="30", bf="2")
    with open_film(path) as film:
        assert seen(film, 500, start_ms) == [(at, at // 100) for at in range(0, 10_000, 500) if at >= start_ms]


def test_frames_at_odd_times(tmp_path: Path) -> None:
    times = [0, 40, 480, 520, 530, 1700, 1710, 2499, 2500]
    with open_film(write(tmp_path / "film.mp4", counting(len(times)), times_ms=times)) as film:
        assert seen(film) == [(0, 0), (520, 3), (1700, 5), (2499, 7), (2500, 8)]


def test_a_film_that_begins_late_begins_at_nought(tmp_path: Path) -> None:
    path = write(tmp_path / "film.mkv", counting(20), times_ms=[5000 + 100 * index for index in range(20)])
    with open_film(path, "all") as film:
        assert seen(film) == [(0, 0), (500, 5), (1000, 10), (1500, 15)]


@pytest.mark.parametrize("suffix", ["avi", "ts", "h264"])
def test_a_film_whose_frames_have_no_times_or_odd_ones(tmp_path: Path, suffix: str) -> None:
    path = write(tmp_path / f"film.{suffix}", counting(20), bf="0" if suffix == "avi" else "2")
    with open_film(path, "all") as film:
        frames = seen(film, every_ms=0)
    assert [index for _, index in frames] == list(range(20))
    assert all(late > early for (early, _), (late, _) in pairwise(frames))


@pytest.mark.parametrize("lying", [(turn, flip) for turn in (0, 90, 180, 270) for flip in (False, True)])
def test_a_film_is_turned_upright(tmp_path: Path, lying: tuple[int, bool]) -> None:
    path = write(tmp_path / "film.mp4", [corners()] * 2, lying=lying)
    expected = np.rot90(corners(), lying[0] // 90)
    expected = expected[:, ::-1] if lying[1] else expected
    with open_film(path) as film:
        (frame,) = film.frames()
        assert (film.metadata.height, film.metadata.width) == expected.shape[:2]
    assert frame.pixels.shape == expected.shape
    assert frame.pixels.flags.c_contiguous
    assert np.abs(frame.pixels.astype(int) - expected).mean() < 6


@pytest.mark.parametrize("full_range", [False, True])
@pytest.mark.parametrize(
    ("codec", "pixel_format", "size"),
    [
        ("libx264", "yuv420p", (96, 160)),
        ("libx264", "yuv444p", (95, 161)),
        ("libx264", "yuv420p10le", (96, 160)),
        ("libx264", "yuv422p10le", (97, 158)),
        ("libx265", "yuv420p10le", (96, 160)),
        ("mpeg4", "yuv420p", (90, 154)),
        ("libvpx-vp9", "yuv420p", (95, 161)),
    ],
)
def test_colours_are_right(
    tmp_path: Path, codec: str, pixel_format: str, size: tuple[int, int], full_range: bool
) -> None:
    path = write(tmp_path / "film.mkv", [corners(*size)] * 2, codec=codec, pixel_format=pixel_format,
                 full_range=full_range)  # fmt: skip
    with open_film(path, "all") as film:
        (frame,) = film.frames()
    assert film.metadata.color_range == ("FULL" if full_range else "LIMITED") or codec in ("mpeg4", "libx265")
    assert frame.pixels.shape == (*size, 3)
    assert np.abs(frame.pixels.astype(int) - by_av(path)[0]).mean() < 2  # edges of chroma are smoothed
    if codec != "mpeg4":
        assert np.abs(frame.pixels.astype(int) - corners(*size)).mean() < 6


def test_pixels_that_are_not_square_are_made_so(tmp_path: Path) -> None:
    path = tmp_path / "film.mkv"
    with av.open(str(path), "w") as file:
        stream = file.add_stream("libx264", rate=10)
        stream.width, stream.height, stream.pix_fmt = 120, 96, "yuv420p"
        stream.codec_context.sample_aspect_ratio = 2
        for packet in (*stream.encode(av.VideoFrame.from_ndarray(corners(96, 120), "bgr24")), *stream.encode()):
            file.mux(packet)
    with open_film(path, "all") as film:
        (frame,) = film.frames()
        assert (film.metadata.width, frame.pixels.shape) == (240, (96, 240, 3))


class Trickle(io.RawIOBase):
    """A film that comes in small pieces and cannot be read twice, as from a browser."""

    def __init__(self, data: bytes) -> None:
        self._data = io.BytesIO(data)

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        return self._data.read(min(size, 700))


@pytest.mark.parametrize("codec", ["libvpx", "libvpx-vp9"])
def test_a_browsers_film_is_decoded_as_it_comes(tmp_path: Path, codec: str) -> None:
    path = write(tmp_path / "film.webm", counting(20), codec=codec, deadline="realtime")
    with open_film(Trickle(path.read_bytes()), "web") as film:  # type: ignore[arg-type]
        assert [index for _, index in seen(film, every_ms=0)] == list(range(20))


def test_an_open_file_is_read_where_it_is_needed(tmp_path: Path) -> None:
    path = write(tmp_path / "film.mp4", counting(100), g="20")  # its index stands at the end
    with path.open("rb") as file, open_film(file) as film:
        assert seen(film, 500, 8000) == [(8000, 80), (8500, 85), (9000, 90), (9500, 95)]


def test_sides_that_change_midway(tmp_path: Path) -> None:
    """A telephone that is turned while a browser records it."""
    first = write(tmp_path / "one.webm", counting(6), codec="libvpx", deadline="realtime")
    other = write(tmp_path / "other.webm", counting(6, 160, 96), codec="libvpx", deadline="realtime")
    path = tmp_path / "film.webm"
    with av.open(str(path), "w") as file, av.open(str(first)) as one, av.open(str(other)) as two:
        stream = file.add_stream_from_template(one.streams.video[0])
        for late, source in ((0, one), (600, two)):
            for packet in source.demux(video=0):
                if packet.size:
                    packet.pts, packet.dts, packet.stream = packet.pts + late, packet.pts + late, stream
                    file.mux(packet)
    with open_film(path, "web") as film:
        shapes = [frame.pixels.shape for frame in film.frames(every_ms=0)]
    assert shapes == [(96, 160, 3)] * 6 + [(160, 96, 3)] * 6


def test_a_film_that_nobody_reads_on_is_closed(tmp_path: Path) -> None:
    path = write(tmp_path / "film.mp4", counting(30, 480, 640))
    with open_film(path) as film:
        first: Frame = next(iter(film.frames(every_ms=0)))
        process = film._process._process
    assert first.at_ms == 0
    assert process.poll() is not None
