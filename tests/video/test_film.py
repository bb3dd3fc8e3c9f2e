"""Films decoded: which frames, at what time, how they lie, and what is said of those that cannot be read."""

from pathlib import Path

import pytest

from mien.errors import FilmError
from mien.video.film import open_film
from tests.video.films import counting, number, write

pytest.importorskip("av", reason="mien[video] is not installed")


def test_a_film_is_sampled_twice_a_second(tmp_path: Path) -> None:
    with open_film(write(tmp_path / "film.mp4", counting(30))) as film:
        assert (film.metadata.width, film.metadata.height, film.metadata.duration_ms) == (160, 96, 3000)
        seen = [(frame.at_ms, number(frame.pixels)) for frame in film.frames()]
    assert seen == [(500 * index, 5 * index) for index in range(6)]


def test_every_frame_is_given_where_that_is_asked(tmp_path: Path) -> None:
    with open_film(write(tmp_path / "film.mp4", counting(30))) as film:
        assert [number(frame.pixels) for frame in film.frames(every_ms=0)] == list(range(30))


def test_a_text_is_no_film(tmp_path: Path) -> None:
    (tmp_path / "film.mp4").write_text("no film")
    with pytest.raises(FilmError, match="cannot be opened"):
        open_film(tmp_path / "film.mp4")
