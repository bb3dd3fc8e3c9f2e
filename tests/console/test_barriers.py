"""Whether everyone can use the console: axe finds no barrier, the keyboard is enough, the focus is seen and led."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from playwright.sync_api import Page, expect

from tests import javascript
from tests.console.shots import shoot
from tests.console.tour import tour, tour_of_keys
from tests.console.visit import Album, Visit, Visitor
from tests.live import Live
from tests.locked import Locked

SIZES = {"phone": (390, 844), "desktop": (1280, 860)}


@pytest.fixture(scope="module")
def axe() -> str:
    return javascript.axe()


@pytest.fixture
def name(server: Live) -> Iterator[str]:
    chosen = f"tour-{uuid4().hex[:8]}"
    yield chosen
    client = server.client()
    if chosen in client.list_collections()["CollectionIds"]:
        client.delete_collection(CollectionId=chosen)


def barriers(page: Page) -> list[str]:
    """Returns the rules that axe finds broken, each with the elements that break it."""
    found: dict[str, Any] = page.evaluate("axe.run(document, { resultTypes: ['violations'] })")
    return [
        f"{each['id']} ({each['impact']}): {[node['html'][:120] for node in each['nodes']]}"
        for each in found["violations"]
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
def test_axe_finds_no_barrier(
    visitor: Visitor, server: Live, album: Album, name: str, axe: str, *, size: str, scheme: str
) -> None:
    visit = visitor(server.address, SIZES[size], scheme)
    visit.page.add_init_script(axe)
    found = {}
    for stop in tour(visit, album, name):
        shoot(visit.page, f"tour-{stop}-{size}-{scheme}", whole=visit.page.locator("dialog[open]").count() == 0)
        found[stop] = barriers(visit.page)
    assert {stop: each for stop, each in found.items() if each} == {}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
def test_axe_finds_no_barrier_where_keys_are_needed(
    visitor: Visitor, locked: Locked, axe: str, size: str, scheme: str
) -> None:
    visit = visitor(locked.server.address, SIZES[size], scheme)
    visit.page.add_init_script(axe)
    found = {}
    for stop in tour_of_keys(visit, locked.admin, f"tour-{uuid4().hex[:8]}"):
        shoot(visit.page, f"tour-{stop}-{size}-{scheme}", whole=False)
        found[stop] = barriers(visit.page)
    assert {stop: each for stop, each in found.items() if each} == {}


def test_axe_finds_a_barrier_that_is_there(visit: Visit, axe: str) -> None:
    visit.page.add_init_script(axe)
    page = visit.open("#/look")
    page.evaluate("document.querySelector('main').append(document.createElement('button'))")
    assert any(each.startswith("button-name") for each in barriers(page))


FOCUSED = """() => {
    const each = document.activeElement, box = each.getBoundingClientRect(), style = getComputedStyle(each);
    const at = document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2);
    return each === document.body ? null : {
        what: each.outerHTML.slice(0, 100),
        place: [...document.querySelectorAll('*')].indexOf(each),
        ringed: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2,
        covered: !at || !(each.contains(at) || at.contains(each) || at.closest('label')?.contains(each)),
        inside: !document.querySelector('dialog[open]') || Boolean(each.closest('dialog')),
    };
}"""
MOST_TABS = 120  # on one page


def focuses(page: Page) -> list[dict[str, Any]]:
    """Presses Tab until the focus leaves the page; returns what it went through."""
    page.evaluate("document.activeElement.blur()")
    seen: list[dict[str, Any]] = []
    for _ in range(MOST_TABS):
        page.keyboard.press("Tab")
        focused = page.evaluate(FOCUSED)
        if seen and (focused is None or focused["place"] == seen[0]["place"]):
            return seen
        if focused is not None:  # else the Tab left a dialog of one button
            seen.append(focused)
    raise AssertionError(seen[-1]["what"])


@pytest.mark.parametrize("size", SIZES)
def test_the_focus_is_seen_and_goes_in_order(
    visitor: Visitor, server: Live, album: Album, name: str, size: str
) -> None:
    visit = visitor(server.address, SIZES[size])
    wrong: list[str] = []
    for stop in tour(visit, album, name):
        expect(visit.page.locator(".toast")).to_have_count(0)  # which covers something for some seconds
        seen = focuses(visit.page)
        assert seen, stop
        wrong += [f"{stop}: {flaw}: {each['what']}" for each in seen for flaw in ("covered",) if each[flaw]]
        wrong += [f"{stop}: no ring: {each['what']}" for each in seen if not each["ringed"]]
        wrong += [f"{stop}: outside the dialog: {each['what']}" for each in seen if not each["inside"]]
        places = [each["place"] for each in seen]
        start = places.index(min(places))  # a dialog begins where the focus was
        assert places[start:] + places[:start] == sorted(places), stop
    assert not wrong, "\n".join(wrong)


def test_the_keyboard_is_enough(visit: Visit, server: Live, album: Album, name: str) -> None:
    """From an empty server to a named face, without a mouse."""
    visit.page.on("filechooser", lambda chooser: chooser.set_files([album.hopper]))
    page = visit.open("#/look")
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
    expect(page.locator("h1")).to_have_text("Look at a photograph")
    page.keyboard.press("3")
    page.wait_for_selector("h1:has-text('Collections')")
    page.keyboard.press("n")
    page.keyboard.type(name)
    page.keyboard.press("Enter")
    page.wait_for_selector(".drop")
    page.keyboard.press("o")
    page.wait_for_selector("text=Done:")
    tab_to(page, "See the faces")
    page.keyboard.press("Enter")
    page.wait_for_selector(".faces li")
    tab_to(page, "Choose hopper.jpg")
    page.keyboard.press("Space")
    tab_to(page, "Give to a person")
    page.keyboard.press("Enter")
    page.wait_for_selector("dialog[open]")
    page.keyboard.type("grace")
    page.keyboard.press("Enter")
    expect(page.locator(".faces .chip")).to_have_text("grace")
    (face,) = server.client().list_faces(CollectionId=name)["Faces"]
    assert face["UserId"] == "grace"


def tab_to(page: Page, wanted: str) -> None:
    """Presses Tab until the element of this name has the focus."""
    for _ in range(MOST_TABS):
        page.keyboard.press("Tab")
        named = page.evaluate(
            "(({ labels, ariaLabel, textContent }) => ariaLabel || labels?.[0]?.textContent || textContent)"
            "(document.activeElement)"
        )
        if named.strip() == wanted:
            return
    raise AssertionError(wanted)


def test_the_focus_returns_when_a_dialog_closes(visit: Visit) -> None:
    page = visit.open("#/status")
    page.locator("[data-key='?']").focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("dialog[open]")
    page.keyboard.press("Escape")
    expect(page.locator("[data-key='?']")).to_be_focused()
