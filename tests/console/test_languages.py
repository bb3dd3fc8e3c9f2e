"""The console's languages in a browser: which one is spoken, how it counts, and whether its texts fit."""

import pytest
from playwright.sync_api import Page, expect

from tests.console.shots import shoot
from tests.console.visit import Album, Visit, Visitor
from tests.live import Live

PHONE = (390, 844)


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


@pytest.mark.parametrize("locale", ["en-GB", "de-DE", "es-ES"])
def test_texts_fit_on_a_phone(visitor: Visitor, server: Live, album: Album, locale: str) -> None:
    visit = visitor(server.address, PHONE, locale=locale)
    page = visit.page
    for path in ("look", "compare", "collections", "status"):
        visit.open(f"#/{path}")
        shoot(page, f"{path}-phone-{locale[:2]}")
        cut_off = page.evaluate(
            """() => [...document.querySelectorAll('h1, h2, a, button, label, th, td, dt, dd, p, select')]
            .filter((each) => each.offsetParent && !each.closest('.clip, .unseen')
                && getComputedStyle(each).overflow !== 'visible' && each.scrollWidth > each.clientWidth + 1)
            .map((each) => each.textContent)"""
        )
        assert cut_off == []
        page.keyboard.press("?")
        shoot(page, f"keyboard-phone-{locale[:2]}", whole=False)
        page.keyboard.press("Escape")
    visit.open("#/look")
    visit.give(album.pair)
    page.wait_for_selector(".viewer")
    shoot(page, f"looked-phone-{locale[:2]}")
