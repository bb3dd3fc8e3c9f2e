"""A folder of photographs dropped on the console: counted as the server counts, paused, stopped, and never ended."""

import re
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from playwright.sync_api import expect

from mien.transfer import walking
from tests import photos
from tests.console.shots import shoot
from tests.console.test_formats import FILM
from tests.console.test_modules import run
from tests.console.visit import Visit
from tests.live import Live

MANY = 200


@pytest.fixture
def name(server: Live) -> Iterator[str]:
    """Makes a collection, and deletes it at the end."""
    chosen, client = f"folder-{uuid4().hex[:8]}", server.client()
    client.create_collection(CollectionId=chosen)
    yield chosen
    client.delete_collection(CollectionId=chosen)


def phone(into: Path, many: int) -> Path:
    """A folder of photographs of two people, with films, and the thumbnails that a drive keeps beside them."""
    small = [photos.resized(photo.pixels, 0.4) for photo in (photos.hopper(), photos.astronaut())]
    for folder in ("DCIM", "DCIM/@eaDir", "DCIM/2027/.thumbnails"):
        (into / folder).mkdir(parents=True)
    for number in range(many):
        (into / "DCIM" / f"IMG_{number}.jpg").write_bytes(photos.jpeg(small[number % 2], quality=60 + number % 36))
    for number in range(5):
        (into / "DCIM" / f"IMG_{number}.MOV").write_bytes(FILM)
        (into / "DCIM" / "@eaDir" / f"{number}.jpg").write_bytes(photos.jpeg(small[0]))
    (into / "DCIM" / "2027" / ".thumbnails" / "0.jpg").write_bytes(photos.jpeg(small[0]))
    (into / "DCIM" / "._IMG_0.jpg").write_bytes(b"\0\5\x16\7" + bytes(99))
    return into / "DCIM"


def test_two_hundred_photographs_are_told_as_the_server_tells_them(
    visit: Visit, server: Live, name: str, tmp_path: Path
) -> None:
    client = server.client()
    first = photos.jpeg(photos.resized(photos.hopper().pixels, 0.4), quality=60)
    client.index_faces(CollectionId=name, Image={"Bytes": first}, ExternalImageId="IMG_0.jpg")
    page = visit.open(f"#/collections/{name}/add")
    page.wait_for_selector(".drop")
    page.set_input_files("input[webkitdirectory]", phone(tmp_path, MANY))
    page.get_by_role("button", name="Pause").click(timeout=60_000)
    expect(page.locator("h2").first).to_contain_text(re.compile(r"Paused: \d+ of 20\d photographs"))  # films too
    settled(visit, server, name)
    shoot(page, "folder-paused")
    page.get_by_role("button", name="Go on").click()
    page.wait_for_selector(f"text=Done: {MANY} photographs", timeout=120_000)
    held = client.describe_collection(CollectionId=name)["FaceCount"]
    assert held == MANY
    assert (
        f"{MANY} faces indexed · 1 of them was there before · 12 files left out: no photographs, or a program’s own"
        f" · {held} faces in the collection now"
    ) in page.inner_text("main")


def settled(visit: Visit, server: Live, name: str) -> int:
    """Waits until what was begun is ended; returns the collection's faces, of which there are then no more."""
    counts = []
    for _ in range(3):
        visit.page.wait_for_timeout(700)
        counts.append(server.client().describe_collection(CollectionId=name)["FaceCount"])
    assert counts[1] == counts[2]
    return int(counts[2])


def test_a_stop_is_told_truly(visit: Visit, server: Live, name: str, tmp_path: Path) -> None:
    page = visit.open(f"#/collections/{name}/add")
    page.wait_for_selector(".drop")
    page.set_input_files("input[webkitdirectory]", phone(tmp_path, 60))
    page.get_by_role("button", name="Stop").click(timeout=60_000)
    page.wait_for_selector("text=Stopped:", timeout=60_000)
    words = page.inner_text("main")
    held = settled(visit, server, name)
    assert held < 60
    assert f"{held} face{'' if held == 1 else 's'} in the collection now" in words
    assert re.search(r"(\d+) faces? indexed", words)[1] == str(held)  # type: ignore[index]
    assert re.search(rf"Stopped: {held} of 6\d photographs", words)  # films that it had not come to are among them


def test_what_the_browser_cannot_open_is_refused_and_ends_nothing(visit: Visit, name: str, tmp_path: Path) -> None:
    page = visit.open(f"#/collections/{name}/add")
    page.wait_for_selector(".drop")
    (tmp_path / "hopper.jpg").write_bytes(photos.hopper().data)
    page.evaluate(
        """async (bytes) => {
            const photo = new File([Uint8Array.from(bytes)], 'hopper.jpg');
            const file = { isFile: true, name: photo.name, file: (take) => take(photo) };
            const broken = { isFile: true, name: 'gone.jpg', file: (_, fail) => fail(new Error()) };
            const closed = { name: 'closed', createReader: () => ({ readEntries: (_, fail) => fail(new Error()) }) };
            let left = [broken, closed, file];
            const folder = { name: 'all', createReader: () => ({ readEntries: (take) => take(left.splice(0)) }) };
            const event = new Event('drop', { bubbles: true, cancelable: true });
            event.dataTransfer = { items: [{ webkitGetAsEntry: () => folder }], files: [] };
            document.querySelector('.drop').dispatchEvent(event);
        }""",
        list(photos.hopper().data),
    )
    page.wait_for_selector("text=Done: 1 photograph")
    refused = page.locator("[aria-label='What was refused']")
    expect(refused).to_contain_text("all/gone.jpg")
    expect(refused).to_contain_text("all/closed")
    expect(refused).to_contain_text("The browser could not open it.")
    assert "1 face indexed" in page.inner_text("main")


def test_the_folders_left_out_are_those_of_an_import(visit: Visit) -> None:
    page = visit.open()
    assert set(run(page, "leftout.js", "return m.FOLDERS;")) == walking.SYSTEM_FOLDERS
    assert tuple(run(page, "leftout.js", "return m.SUFFIXES;")) == walking.SYSTEM_SUFFIXES
    body = "return given.map(([name, folder]) => m.isLeftOut(name, folder));"
    given = [("a.jpg", "DCIM"), ("a.jpg", ""), ("a.jpg", "@eaDir"), ("a.jpg", "DCIM/@EADIR/x"), (".a.jpg", "DCIM")]
    assert run(page, "leftout.js", body, given) == [False, False, False, True, True]
