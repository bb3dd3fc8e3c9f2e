"""Addresses of cameras as operators write them, and no secret of theirs in a name or a message."""

from pathlib import Path

import pytest

from mien.errors import SetupError
from mien.video.camera_address import read

SECRET = "s3cr3t"
ADDRESSES = (
    f"rtsp://admin:{SECRET}@10.0.0.7:554/stream1",
    f"rtsp://10.0.0.7/user=admin&password={SECRET}&channel=1",
    f"http://10.0.0.7/video.cgi?loginuse=admin&loginpas={SECRET}",
    f"rtsp://{SECRET}:@cam.example/live",
    f"rtsp://admin:a@b:{SECRET}@10.0.0.7/x",
    f"srt://10.0.0.7:9000?passphrase={SECRET}",
    f"RTSPS://[fe80::1]:322/{SECRET}",
)


@pytest.mark.parametrize("address", ADDRESSES)
@pytest.mark.parametrize("name", ["", "front door="])
def test_a_secret_is_opened_but_never_shown(address: str, name: str) -> None:
    (camera,) = read([name + address])
    assert camera.opened == address
    assert SECRET not in camera.name
    assert SECRET not in repr(camera)
    assert camera.name == "front door" if name else camera.name.split(":")[0] in ("10.0.0.7", "cam.example", "fe80")


def test_cameras_are_read_from_a_file(tmp_path: Path) -> None:
    listed = tmp_path / "cameras"
    listed.write_text("# cameras\n\ndoor = rtsp://u:p@one/a\nrtsp://two/b=c\n", encoding="utf-8")
    assert [(each.name, each.opened) for each in read([f"@{listed}", "three=http://x/y"])] == [
        ("door", "rtsp://u:p@one/a"), ("two", "rtsp://two/b=c"), ("three", "http://x/y"),
    ]  # fmt: skip


def test_a_device_is_a_camera_even_while_it_is_unplugged() -> None:
    (camera,) = read(["desk=/dev/video7"])
    assert (camera.name, camera.opened, camera.is_film) == ("desk", "v4l2:///dev/video7", False)


def test_a_file_is_a_film_whatever_its_name(tmp_path: Path) -> None:
    film = tmp_path / "a=b.mp4"
    film.touch()
    (camera,) = read([str(film)])
    assert (camera.name, camera.is_film) == ("a=b.mp4", True)


@pytest.mark.parametrize(
    ("written", "why"),
    [
        ([], "Name a camera"),
        ([f"rtsp:///{SECRET}"], "names no host"),
        ([f"rtsp://a:{SECRET}@h:99999/x"], "names no host"),
        ([f"no-such-{SECRET}"], "neither an address"),
        ([f"rtsp://h/{SECRET}1", f"rtsp://h/{SECRET}2"], "Two cameras are called h"),
        (["@/no/such/file"], "cannot be read: No such file"),
        (["."], "is a folder"),
        ([300 * "long"], "neither an address"),
    ],
)
def test_what_cannot_be_read_is_refused_without_showing_it(written: list[str], why: str) -> None:
    with pytest.raises(SetupError, match=why) as refused:
        read(written)
    assert SECRET not in str(refused.value)
