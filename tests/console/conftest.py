"""The console in a real browser against a real server; whatever else is tested, the page behaves while it is."""

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, sync_playwright

from tests import live as servers
from tests import photos
from tests.live import Live

NAMES = ("chromium", "chromium-browser", "chromium-headless-shell", "google-chrome", "google-chrome-stable")
ELSEWHERE = "mien.test"  # this machine under a name that is not localhost, so that the page is no secure context
DESKTOP, PHONE = (1440, 900), (375, 812)
# A status page asks for these whether the server has them or not, and a browser complains of every refusal.
MAY_BE_ABSENT = ("/readyz", "/metrics")


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Chromium from the system; closed with this folder's tests, since its event loop is in the way of others."""
    found = os.environ.get("MIEN_TEST_CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        pytest.skip("no Chromium is here; install the system's package, or set MIEN_TEST_CHROMIUM")
    flags = [f"--host-resolver-rules=MAP {ELSEWHERE} 127.0.0.1", *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=found, args=flags)
        yield chromium
        chromium.close()


@pytest.fixture(scope="package")
def server(browser: Browser, packs: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """A server for the console alone, so that its screenshots show nobody else's collections."""
    running = servers.serve(packs, tmp_path_factory.mktemp("console") / "data")
    yield running
    running.stop()


@dataclass
class Visit:
    """A page and what went wrong in it."""

    page: Page
    address: str
    wrong: list[str] = field(default_factory=list)

    def open(self, path: str = "") -> Page:
        self.page.goto(f"{self.address}/console/{path}")
        self.page.wait_for_selector("main h1, main h2")
        return self.page

    def give(self, *files: Path, zone: int = 0) -> None:
        """Choose files in one of the page's drop zones."""
        chosen = self.page.locator(".drop").nth(zone).locator("input[type=file]:not([webkitdirectory])")
        chosen.set_input_files(list(files))

    def press(self, name: str) -> None:
        """Press the button of this name in the open dialog, or in the page."""
        where = "dialog[open]" if self.page.query_selector("dialog[open]") else "body"
        self.page.locator(where).get_by_role("button", name=name, exact=True).first.click()

    def watch(self, origin: str) -> None:
        """Note whatever a page must not do."""
        page = self.page
        page.on("pageerror", lambda error: self.wrong.append(f"error: {error}"))
        page.on("console", self._note)
        page.on(
            "request",
            lambda asked: (
                self.wrong.append(f"request to {asked.url}")
                if not asked.url.startswith((origin + "/", f"blob:{origin}/"))
                else None
            ),
        )
        page.add_init_script(
            "addEventListener('securitypolicyviolation', (e) => console.error('policy ' + e.violatedDirective))"
        )

    def _note(self, said: ConsoleMessage) -> None:
        where = urlsplit(said.location["url"]).path
        refused = said.text.startswith("Failed to load resource: the server responded")
        expected = refused and (where in MAY_BE_ABSENT or where == "/")  # the API's refusals are told on the page
        if said.type in ("error", "warning") and not expected:
            self.wrong.append(f"{said.type}: {said.text} {where}")


Visitor = Callable[..., Visit]


@pytest.fixture
def visitor(browser: Browser) -> Iterator[Visitor]:
    """Makes visits; each is held to have made no error, broken no policy and asked nobody else."""
    visits: list[tuple[BrowserContext, Visit]] = []

    def visit(address: str, size: tuple[int, int] = DESKTOP, scheme: str = "light") -> Visit:
        context = browser.new_context(
            viewport={"width": size[0], "height": size[1]},
            color_scheme="dark" if scheme == "dark" else "light",
            locale="en-GB",
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
    """A visit to the server at a desk."""
    return visitor(server.address)


@dataclass(frozen=True)
class Album:
    """Photographs as files."""

    folder: Path
    hopper: Path
    astronaut: Path
    pair: Path
    nobody: Path


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
