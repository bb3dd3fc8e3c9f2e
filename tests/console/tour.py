"""A tour of the console: every page and dialog in turn, found without its texts, so that it works in any language."""

from collections.abc import Iterator

from playwright.sync_api import expect

from tests.console.visit import Album, Visit
from tests.locked import Key

FACES = 4  # in the photographs that are indexed


def tour(visit: Visit, album: Album, collection: str) -> Iterator[str]:
    """Yields the name of each stop once it is shown, of a server without keys; makes the collection on the way."""
    page = visit.page
    yield from _photographs(visit, album)
    visit.open("#/collections")
    page.wait_for_selector(".empty, .cards")
    page.keyboard.press("n")
    page.locator("dialog input").first.fill(collection)
    yield "new-collection"
    page.locator("dialog .button.main").click()
    page.wait_for_selector(".drop")
    yield "add-empty"
    visit.give(album.hopper, album.astronaut, album.pair, album.nobody)
    expect(page.locator("progress")).to_have_js_property("value", 4)
    yield "add"
    yield from _collection(visit, album, collection)
    visit.open("#/collections")
    page.wait_for_selector(".cards")
    yield "collections"
    visit.open("#/status")
    page.wait_for_selector(".facts")
    yield "status"
    page.keyboard.press("?")
    yield "keyboard"
    page.keyboard.press("Escape")
    visit.open("#/keys")
    yield "keys-none"
    visit.open("#/nowhere")
    yield "nowhere"


def _photographs(visit: Visit, album: Album) -> Iterator[str]:
    page = visit.page
    visit.open("#/look")
    yield "look-empty"
    visit.give(album.pair)
    page.wait_for_selector(".viewer .box")
    yield "look"
    damaged = album.folder / "damaged.jpg"
    damaged.write_bytes(album.hopper.read_bytes()[:2000])
    visit.give(damaged)
    page.wait_for_selector(".note.bad")
    yield "look-damaged"
    visit.open("#/compare")
    yield "compare-empty"
    visit.give(album.hopper, zone=0)
    visit.give(album.pair, zone=1)
    page.wait_for_selector(".meaning output")
    yield "compare"


def _collection(visit: Visit, album: Album, collection: str) -> Iterator[str]:
    page = visit.page
    visit.open(f"#/collections/{collection}/faces")
    expect(page.locator(".faces li")).to_have_count(FACES)
    page.check(".faces input >> nth=0")
    yield "faces"
    page.locator(".selection .button").first.click()
    page.locator("dialog input").first.fill("grace")
    yield "give"
    page.locator("dialog .button.main").click()
    expect(page.locator(".faces .chip")).to_have_count(1)
    page.locator(".faces .thumb").first.click()
    page.wait_for_selector("dialog .viewer")
    yield "picture"
    page.keyboard.press("Escape")
    yield from _people(visit, f"#/collections/{collection}/people")
    visit.open(f"#/collections/{collection}/search")
    page.wait_for_selector(".drop")
    yield "search-empty"
    visit.give(album.pair)
    page.wait_for_selector(".found")
    expect(page.locator(".found .spinner")).to_have_count(0)
    yield "search"
    page.locator(".head .button.bad").click()
    page.wait_for_selector("dialog[open]")
    yield "delete"
    page.keyboard.press("Escape")


def _people(visit: Visit, address: str) -> Iterator[str]:
    page = visit.page
    visit.open(address)
    page.wait_for_selector(".group")
    page.wait_for_selector(".question")
    yield "people"
    page.locator(".group .strip").first.click()
    page.check(".tiles input >> nth=0")
    yield "group"
    visit.open(address)
    page.locator(".faces-grid a").first.click()
    page.check(".tiles input >> nth=0")
    yield "person"
    page.locator(".person .button").first.click()
    yield "rename"
    page.keyboard.press("Escape")
    visit.open(f"{address}?hidden")
    page.wait_for_selector("h2")
    yield "hidden"


def tour_of_keys(visit: Visit, admin: Key, name: str) -> Iterator[str]:
    """Yields the name of each stop that only a server with keys has."""
    page = visit.page
    visit.open("#/keys")
    page.wait_for_selector("dialog[open]")
    yield "key"
    page.locator("dialog input").nth(0).fill(admin.id)
    page.locator("dialog input").nth(1).fill(admin.secret)
    page.locator("dialog .button.main").click()
    page.wait_for_selector(".rows")
    yield "keys"
    page.keyboard.press("n")
    page.locator("dialog input").first.fill(name)
    yield "new-key"
    page.locator("dialog .button.main").click()
    page.wait_for_selector("dialog .bottom")
    yield "key-made"
    page.locator("dialog .button.main").click()
    expect(page.locator("dialog")).to_have_count(0)
