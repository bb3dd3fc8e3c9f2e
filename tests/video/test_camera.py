"""A camera read over real streams: it loses its power, stands still, sends damage, changes its size, jumps in time."""

import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from mien.video import camera_address, decoder_process
from mien.video.camera import Camera, Pace, Shot
from tests.video import films
from tests.video.streams import HttpStream, Picture, RtspStream, Stream, encoded, jpegs, noisy

pytest.importorskip("av", reason="PyAV is not here: pip install 'mien[video]'")
WAIT = 20.0  # seconds


def scene(shade: int, height: int = 120, width: int = 160) -> Picture:
    """A plain picture with a bright corner at the top left, RGB."""
    picture = np.full((height, width, 3), (shade, shade // 2, 30), np.uint8)
    picture[: height // 4, : width // 4] = 250
    return picture


class Watched(Camera):
    """A camera whose changes are written down."""

    def __init__(self, address: str) -> None:
        self.changes: list[tuple[bool, str]] = []
        (read,) = camera_address.read([address])
        super().__init__(read, lambda *change: self.changes.append(change), first_pause=0.1)
        self.last = 0

    def __enter__(self) -> "Watched":
        super().__enter__()
        return self

    def picture(self, fits: Callable[[Shot], bool] = lambda _: True) -> Shot:
        """The next picture that fits."""
        end = time.monotonic() + WAIT
        while time.monotonic() < end:
            shot = self.next(self.last, 1.0)
            if shot is not None:
                self.last = shot.number
                if fits(shot):
                    return shot
        raise AssertionError(f"no such picture came: {self.changes}")

    def until(self, is_open: bool) -> None:
        end = time.monotonic() + WAIT
        while self.is_open != is_open:
            assert time.monotonic() < end, self.changes
            shot = self.next(self.last, 0.1)
            self.last = shot.number if shot else self.last


def units(shade: int, **sizes: int) -> list[bytes]:
    return encoded(noisy([scene(shade, **sizes)], 10))


def shade(shot: Shot) -> int:
    """The red of the picture's lower right, which says what was sent."""
    return int(shot.pixels[-20:, -20:, 2].mean())


@pytest.mark.parametrize("kind", [RtspStream, HttpStream])
def test_pictures_are_upright_and_in_their_colours(kind: type[Stream]) -> None:
    sent = units(150) if kind is RtspStream else jpegs(noisy([scene(150)], 10))
    with kind(sent) as stream, Watched(stream.address) as camera:
        shot = camera.picture()
    assert shot.pixels.shape == (120, 160, 3)
    assert shot.pixels[-20:, -20:].mean(axis=(0, 1)) == pytest.approx([30, 75, 150], abs=8)  # BGR
    assert shot.pixels[:20, :20].mean() > 220


def test_whatever_happens_pictures_come_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoder_process, "TIMEOUT", 0.5)
    with RtspStream(units(100), password="hidden") as stream, Watched(stream.address) as camera:
        camera.picture(lambda shot: abs(shade(shot) - 100) < 10)
        stream.kill()  # it loses its power
        camera.until(is_open=False)
        stream.start()
        camera.picture()
        stream.stalled.set()  # it stands still, and its connection stays
        camera.until(is_open=False)
        stream.stalled.clear()
        camera.picture()
        opened = camera.opened
        stream.damage = 0.5
        stream.units = units(180)
        camera.picture()
        stream.damage = 0.0
        camera.picture(lambda shot: abs(shade(shot) - 180) < 10)
        stream.jump, stream.units = 5000.0, units(60)  # its clock is set, and set back
        camera.picture(lambda shot: abs(shade(shot) - 60) < 10)
        stream.jump, stream.units = -5000.0, units(220)
        camera.picture(lambda shot: abs(shade(shot) - 220) < 10)
        stream.units = units(40, height=240, width=320)  # somebody chooses another size
        camera.picture(lambda shot: shot.pixels.shape == (240, 320, 3) and abs(shade(shot) - 40) < 10)
        assert opened >= 3
    assert [is_open for is_open, _ in camera.changes[:5]] == [True, False, True, False, True] or camera.opened > 3
    said = " ".join(why for _, why in camera.changes)
    assert "hidden" not in said
    assert "127.0.0.1" not in said


def test_a_picture_is_never_an_old_one() -> None:
    """Pictures brighten by the second, and one that is asked for after a while is as bright as the newest."""
    brightening = encoded(noisy([scene(number) for number in range(40, 240, 5)], 40))
    with RtspStream(brightening) as stream, Watched(stream.address) as camera:
        camera.picture()
        first = time.monotonic()
        before = shade(camera.picture())
        while time.monotonic() - first < 1.5:
            time.sleep(0.05)
        asked = time.monotonic()
        shot = camera.picture()
        assert shot.at >= asked
        assert shade(shot) - before > 50  # 15 pictures later, each 5 brighter


def test_a_wrong_password_is_said_and_tried_again() -> None:
    with RtspStream(units(100), password="right") as stream:
        with Watched(stream.address.replace("right", "wrong")) as camera:
            while not camera.changes or stream.clients < 3:
                camera.next(0, 0.1)
        assert len(camera.changes) == 1  # said once, while it is tried again and again
        assert "wrong" not in camera.changes[0][1]


def test_a_film_is_played_at_its_speed_and_ends(tmp_path: Path) -> None:
    film = films.write(tmp_path / "film.mp4", films.counting(20), rate=10)
    began = time.monotonic()
    with Watched(str(film)) as camera:
        shots = []
        while not camera.is_over:
            shot = camera.next(camera.last, 0.05)
            if shot:
                camera.last = shot.number
                shots.append(films.number(shot.pixels))
    assert time.monotonic() - began > 1.8
    assert shots == sorted(shots)
    assert len(shots) >= 10
    assert camera.changes[-1][0] is False


def test_a_film_whose_clock_jumps_is_not_waited_for() -> None:
    pace = Pace()
    assert [pace.early(at, now) for at, now in ((5.0, 0.0), (5.5, 0.25), (9000.0, 0.5), (9000.5, 0.5), (1.0, 1.0))] == [
        0.0, 0.25, 0.0, 0.5, 0.0,
    ]  # fmt: skip


def test_a_thread_ends_with_its_camera() -> None:
    with RtspStream(units(100)) as stream, Watched(stream.address) as camera:
        camera.picture()
    end = time.monotonic() + WAIT
    while any(each.name.startswith("camera 127") for each in threading.enumerate()):
        assert time.monotonic() < end
        time.sleep(0.02)
