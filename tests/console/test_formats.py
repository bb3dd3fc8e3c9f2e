"""A folder as a phone leaves it: photographs that the browser cannot read, and what is no photograph."""

import json
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import expect

from tests import photos
from tests.console.visit import Album, Visit
from tests.image import formats
from tests.live import Live

FILM = b"\0\0\0\x18ftypqt  \0\0\0\0qt  wide" + bytes(400)


def create(visit: Visit, name: str) -> None:
    visit.open("#/collections")
    visit.press("New collection")
    visit.page.get_by_label("Name").fill(name)
    visit.press("Create")
    visit.page.wait_for_selector("text=Drop photographs or folders")


def folder(into: Path, *names: str) -> Path:
    """A photograph in each format, beside a film, a sidecar, a text and a damaged photograph."""
    (into / "DCIM").mkdir()
    for number, name in enumerate(names):
        photo = (photos.hopper(), photos.astronaut())[number % 2]
        data = formats.encoded(Image.fromarray(photo.pixels), name)
        (into / "DCIM" / f"IMG_{number}.{name.upper()}").write_bytes(data)
        (into / "DCIM" / f"IMG_{number}.MOV").write_bytes(FILM)
    (into / "DCIM" / "IMG_0.AAE").write_text("<plist/>")
    (into / "DCIM" / "Thumbs.db").write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(99))
    (into / "DCIM" / "film.jpg").write_bytes(FILM)
    (into / "DCIM" / "cut.tiff").write_bytes(formats.encoded(Image.new("RGB", (99, 99)), "tiff")[:900])
    return into / "DCIM"


@pytest.mark.parametrize("names", [("jpeg", "tiff", "webp", "avif", "bmp"), ("jpeg", "heic", "heic")], ids=" ".join)
def test_a_folder_of_a_phone(visit: Visit, server: Live, tmp_path: Path, names: tuple[str, ...]) -> None:
    given = folder(tmp_path, *names)
    page, client, collection = visit.page, server.client(), f"phone-{len(names)}"
    create(visit, collection)
    page.set_input_files("input[webkitdirectory]", given)
    page.wait_for_selector("text=Done:")
    words = page.inner_text("main")
    skipped = len(names) + 3  # films, the sidecar, the thumbnails, and the film that is called a photograph
    assert f"Done: {len(names) + 1} photographs" in words
    assert f"{len(names)} faces indexed · 1 with refusals · {skipped} files left out" in words
    expect(page.locator("[aria-label='What was refused']")).to_contain_text("Neither this browser nor the server can")
    described = client.describe_collection(CollectionId=collection)
    assert described["FaceCount"] == len(names)
    client.delete_collection(CollectionId=collection)


def test_a_picture_that_only_the_server_reads_is_shown_with_its_faces(
    visit: Visit, album: Album, tmp_path: Path
) -> None:
    file = tmp_path / "scan.tif"
    file.write_bytes(formats.encoded(Image.open(album.pair), "tiff", compression="tiff_lzw"))
    asked: list[str] = []
    visit.page.on("request", lambda request: asked.append(request.headers.get("x-amz-target", "")))
    visit.open("#/look")
    visit.give(file)
    visit.page.wait_for_selector(".viewer")
    expect(visit.page.locator(".viewer .box")).to_have_count(2)
    assert "Read by the server as TIFF" in visit.page.inner_text("main")
    assert "Mien.ReadPhotograph" in json.dumps(asked)
