"""The site: it builds strictly, so every link and anchor exists, and its pages load nothing from other servers."""

import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import partial
from html.parser import HTMLParser
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

from tests import chromium

ROOT = Path(__file__).resolve().parents[2]
# What a browser fetches when it meets it; a link is only followed by a person.
FETCHED = {"script": "src", "img": "src", "iframe": "src", "source": "src", "link": "href", "object": "data"}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if find_spec("mkdocs") is None:
        pytest.skip("mkdocs is not installed: pip install -e '.[docs]'")
    folder = tmp_path_factory.mktemp("site")
    build = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)]
    built = subprocess.run(build, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert built.returncode == 0, built.stderr
    return folder


class Fetched(HTMLParser):
    """Collects the addresses that a browser fetches for a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "link" and given.get("rel") in ("canonical", "next", "prev"):
            return
        self.addresses += [given.get(FETCHED[tag]) or ""] if tag in FETCHED else []


def test_every_document_is_a_page_and_named_in_the_nav(site: Path) -> None:
    menu = (site / "index.html").read_text()
    for document in (ROOT / "docs").rglob("*.md"):
        page = document.relative_to(ROOT / "docs").with_suffix(".html").as_posix()
        assert (site / page).exists()
        assert page == "index.html" or f'href="{page}"' in menu, f"{page} is not in the nav of mkdocs.yml"


def test_no_page_names_what_another_server_has(site: Path) -> None:
    for page in site.rglob("*.html"):
        foreign = [each for each in Fetched(page.read_text()).addresses if re.match(r"(?:[a-z]+:)?//", each)]
        assert not foreign, page.name
    for style in site.rglob("*.css"):
        assert not re.findall(r"url\(['\"]?(?:https?:)?//|@import ['\"]?(?:https?:)?//", style.read_text())


@pytest.fixture
def address(site: Path) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(site)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None: ...


def test_a_browser_that_reads_and_searches_asks_no_other_server(site: Path, address: str) -> None:
    asked: list[str] = []
    wrong: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium.executable(), args=chromium.flags())
        page = browser.new_page()
        page.on("request", lambda request: asked.append(request.url))
        page.on("pageerror", lambda error: wrong.append(str(error)))
        for path in sorted(site.rglob("*.html")):
            page.goto(f"{address}/{path.relative_to(site).as_posix()}", wait_until="networkidle")
        page.goto(f"{address}/index.html?q=minimum_similarity")  # as typed, once the page is ready for it
        page.wait_for_selector(".md-search-result__item", state="attached", timeout=60_000)
        browser.close()
    assert len(asked) > len(list(site.rglob("*.html")))
    assert not wrong
    assert not [each for each in asked if not each.startswith((address, "blob:", "data:"))]
