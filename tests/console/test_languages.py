"""The console's languages in a browser: which one is spoken, how it counts, and whether its texts fit."""

import json
import re
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from uuid import uuid4

import pytest
from playwright.sync_api import Page, expect

from tests.console.shots import shoot
from tests.console.tour import tour, tour_of_keys
from tests.console.visit import Album, Visit, Visitor
from tests.live import Live
from tests.locked import Locked

PHONE = (390, 844)
FOLDER = Path(str(resources.files("mien") / "console"))


def run(page: Page, body: str) -> object:
    return page.evaluate(f"import('/console/language.js').then((m) => {{ {body} }})")


@pytest.mark.parametrize(
    ("locale", "spoken", "title"),
    [
        ("de-AT", "de", "Ein Foto ansehen"),
        ("es-MX", "es", "Mirar una fotografía"),
        ("en-GB", "en", "Look at a photograph"),
        ("fi-FI", "en", "Look at a photograph"),
    ],
)
def test_the_browsers_language_is_spoken(visitor: Visitor, server: Live, locale: str, spoken: str, title: str) -> None:
    page = visitor(server.address, locale=locale).open("#/look")
    expect(page.locator("h1")).to_have_text(title)
    assert page.locator("html").get_attribute("lang") == spoken
    assert page.title() == f"{title} · mien"


def test_another_can_be_chosen_and_is_kept(visit: Visit, album: Album) -> None:
    page = visit.open("#/collections")
    page.get_by_label("Language").select_option("de")
    expect(page.locator("h1")).to_have_text("Sammlungen")
    expect(page.locator("nav").first).to_have_attribute("aria-label", "Seiten")
    page.reload()
    expect(page.locator("h1")).to_have_text("Sammlungen")
    assert page.locator("html").get_attribute("lang") == "de"
    page.get_by_label("Sprache").select_option("en")
    expect(page.locator("h1")).to_have_text("Collections")


def test_numbers_days_and_plurals_are_those_of_the_language(visitor: Visitor, server: Live) -> None:
    ask = (
        "return [m.t('count.faces', { count: 1 }), m.t('count.faces', { count: 12345 }), m.number(97.25, 1, 1),"
        " m.percent(99.9), m.day(Date.UTC(2026, 2, 1, 12)), m.measure(2.5, 'megabyte', 1)]"
    )
    for locale, said in {
        "en-US": ["1 face", "12,345 faces", "97.3", "99%", "Mar 1, 2026", "2.5 MB"],
        "de-DE": ["1 Gesicht", "12.345 Gesichter", "97,3", "99\N{NO-BREAK SPACE}%", "01.03.2026", "2,5 MB"],
        "es-ES": ["1 cara", "12.345 caras", "97,3", "99\N{NO-BREAK SPACE}%", "1 mar 2026", "2,5 MB"],
    }.items():
        assert run(visitor(server.address, locale=locale).open(), ask) == said


@pytest.fixture
def name(server: Live) -> Iterator[str]:
    """Names the tour's collection; its form tells the test below that it is no text of the console."""
    chosen = f"0-{uuid4().int}"
    yield chosen
    client = server.client()
    if chosen in client.list_collections()["CollectionIds"]:
        client.delete_collection(CollectionId=chosen)


@pytest.mark.parametrize("locale", ["en-GB", "de-DE", "es-ES"])
def test_texts_fit_on_a_phone(visitor: Visitor, server: Live, album: Album, name: str, locale: str) -> None:
    visit = visitor(server.address, PHONE, locale=locale)
    for stop in tour(visit, album, name):
        shoot(visit.page, f"{stop}-{locale[:2]}", whole=visit.page.locator("dialog[open]").count() == 0)
        assert visit.page.evaluate(CUT_OFF) == [], stop


@pytest.mark.parametrize("locale", ["en-GB", "de-DE", "es-ES"])
def test_texts_about_keys_fit_on_a_phone(visitor: Visitor, locked: Locked, locale: str) -> None:
    visit = visitor(locked.server.address, PHONE, locale=locale)
    for stop in tour_of_keys(visit, locked.admin, f"0-{uuid4().int}"):
        shoot(visit.page, f"{stop}-{locale[:2]}", whole=False)
        assert visit.page.evaluate(CUT_OFF) == [], stop


def mark_texts(page: Page) -> None:
    """Puts marks around every text of the file of words, and none around what a script has of its own."""
    marked = re.sub(
        r'(": |\{ "one": |"other": )"(.*?)"(?=[, }\n])', '\\1"⟦\\2⟧"', (FOLDER / "words.en.json").read_text()
    )
    assert json.loads(marked)["frame"]["look"] == "⟦Look⟧"
    page.route("**/words.en.json", lambda route: route.fulfill(body=marked, content_type="application/json"))


def test_no_text_on_a_page_is_outside_the_file_of_words(
    visitor: Visitor, server: Live, album: Album, name: str
) -> None:
    visit = visitor(server.address)
    mark_texts(visit.page)
    found = {stop: set(filter(None, map(unmarked, visit.page.evaluate(TEXTS)))) for stop in tour(visit, album, name)}
    assert {stop: texts for stop, texts in found.items() if texts} == {}


def test_nor_is_one_about_keys(visitor: Visitor, locked: Locked) -> None:
    visit = visitor(locked.server.address)
    mark_texts(visit.page)
    stops = tour_of_keys(visit, locked.admin, f"0-{uuid4().int}")
    found = {stop: set(filter(None, map(unmarked, visit.page.evaluate(TEXTS)))) for stop in stops}
    assert {stop: texts for stop, texts in found.items() if texts} == {}


def unmarked(text: str) -> str:
    """Returns what of a text is neither marked, a number, nor one of the facts that are the same in every language."""
    while (shorter := re.sub(r"⟦[^⟦⟧]*⟧", "", text)) != text:
        text = shorter
    if "⟦" in text or "⟧" in text:  # the piece of a text before or behind an element
        return ""
    return text.strip() if re.search(r"[^\W\d_]{2}", FACTS.sub("", text)) else ""


FACTS = re.compile(
    r"MIEN[A-Z0-9]+|\w+\*|[A-Z][a-z]+(?:[A-Z][a-z]+)+|[a-z]+\.jpg|grace|mien [\d.]+|mien\b|English|Deutsch|Español"
    r"|\*\w+|LOW|AUTO|MEDIUM|HIGH|NONE|[a-f\d-]{8,36}|\bpx\b|\d+ [A-Z][a-z]{2} \d{4}|[\d.]+ (?:[kMG]?B|byte)"
)
SHOWN_BY_THE_SERVER = ".facts dd, tbody th, tbody td, .rows strong, code, kbd, noscript"  # pack, counters, names
TEXTS = f"""() => {{
    const found = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode())
        if (!walker.currentNode.parentElement.closest('{SHOWN_BY_THE_SERVER}')) found.push(walker.currentNode.data);
    for (const name of ['aria-label', 'title', 'placeholder', 'alt'])
        for (const each of document.querySelectorAll(`[${{name}}]`)) found.push(each.getAttribute(name));
    return found;
}}"""
CUT_OFF = """() => [...document.querySelectorAll(
        'h1, h2, h3, a, button, label, th, td, dt, dd, p, select, strong, nav, dialog')]
    .filter((each) => each.getClientRects().length && !each.closest('.clip, .unseen, .label')
        && (each.scrollWidth > each.clientWidth + 1 && getComputedStyle(each).overflowX !== 'visible'
            || each.getBoundingClientRect().right > innerWidth + 1))
    .map((each) => each.textContent)"""
