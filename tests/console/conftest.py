"""The console in a real browser against a real server; every test also checks the page's errors and requests."""

from collections.abc import Iterator
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, BrowserContext, sync_playwright

from tests import chromium, photos
from tests import live as servers
from tests.console.visit import DESKTOP, ELSEWHERE, Album, Visit, Visitor
from tests.live import Live


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Starts the system's Chromium; it ends with this folder's tests, since its event loop disturbs others."""
    flags = [f"--host-resolver-rules=MAP {ELSEWHERE} 127.0.0.1", *chromium.flags()]
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium.executable(), args=flags)
        yield launched
        launched.close()


@pytest.fixture(scope="package")
def server(browser: Browser, packs: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """Starts a server for the console alone, so that screenshots show only its collections."""
    running = servers.serve(packs, tmp_path_factory.mktemp("console") / "data")
    yield running
    running.stop()


@pytest.fixture
def visitor(browser: Browser) -> Iterator[Visitor]:
    """Makes visits, and checks at the end that none made an error, broke a policy or contacted another server."""
    visits: list[tuple[BrowserContext, Visit]] = []

    def visit(address: str, size: tuple[int, int] = DESKTOP, scheme: str = "light", locale: str = "en-GB") -> Visit:
        context = browser.new_context(
            viewport={"width": size[0], "height": size[1]},
            color_scheme="dark" if scheme == "dark" else "light",
            locale=locale,
        )
        context.set_default_timeout(20_000)
        made = Visit(context.new_page(), address)
        made.watch(address)
        visits.append((context, made))
        return made

    yield visit
    wrong = [each for _, made in visits for each in made.wrong]
    for context, _ in visits:
        context.close()
    assert not wrong


@pytest.fixture
def visit(visitor: Visitor, server: Live) -> Visit:
    """Opens the server with a desktop's window."""
    return visitor(server.address)


@pytest.fixture(scope="package")
def album(tmp_path_factory: pytest.TempPathFactory) -> Album:
    folder = tmp_path_factory.mktemp("album")
    files = {
        "hopper": photos.hopper().data,
        "astronaut": photos.jpeg(photos.astronaut().pixels),
        "pair": photos.pair(),
        "nobody": photos.nobody(),
    }
    for name, data in files.items():
        (folder / f"{name}.jpg").write_bytes(data)
    return Album(folder, *(folder / f"{name}.jpg" for name in files))


@pytest.fixture
def club(server: Live, album: Album) -> Iterator[str]:
    """A collection that keeps portraits, with two unknown people, each in two photographs."""
    client, name = server.client(), f"club-{uuid4().hex[:8]}"
    client.create_collection(CollectionId=name, Tags={"mien:portraits": "true"})
    for file in (album.hopper, album.astronaut, album.pair):
        client.index_faces(CollectionId=name, Image={"Bytes": file.read_bytes()}, ExternalImageId=file.name)
    yield name
    if name in client.list_collections()["CollectionIds"]:
        client.delete_collection(CollectionId=name)
