"""Access keys: the page asks for one where it is required, and signs, also on plain http without WebCrypto."""

import time
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from playwright.sync_api import Page, expect

from tests import photos
from tests.console.shots import shoot
from tests.console.visit import ELSEWHERE, Album, Visit, Visitor
from tests.locked import Key, Locked


@pytest.fixture
def name(locked: Locked) -> Iterator[str]:
    chosen = f"locked-{uuid4().hex[:8]}"
    client = locked.client(locked.admin)
    client.create_collection(CollectionId=chosen)
    yield chosen
    client.delete_collection(CollectionId=chosen)


def unlock(visit: Visit, key: Key, keep: bool = False) -> None:
    page = visit.page
    page.wait_for_selector("dialog[open]")
    page.get_by_role("textbox", name="Access key").fill(key.id)
    page.get_by_label("Secret").fill(key.secret)
    page.get_by_label("Keep it").set_checked(keep)
    visit.press("Use this key")


def stored(page: Page) -> str:
    return str(page.evaluate("JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie])"))


@pytest.mark.parametrize("host", ["127.0.0.1", ELSEWHERE])
def test_it_asks_for_a_key_and_signs(visitor: Visitor, locked: Locked, album: Album, name: str, host: str) -> None:
    visit = visitor(f"http://{host}:{locked.server.port}")
    page = visit.open("#/collections")
    assert page.evaluate("Boolean(crypto.subtle)") == (host == "127.0.0.1")
    assert page.locator("dialog .note.warn").count() == (host != "127.0.0.1")  # plain http, said so
    unlock(visit, locked.admin)
    page.get_by_role("link", name=name).click()
    page.locator(".tabs").get_by_text("Add", exact=True).click()
    page.wait_for_selector(".drop")
    visit.give(album.hopper, album.pair)
    page.wait_for_selector("text=Done:")
    assert locked.client(locked.admin).describe_collection(CollectionId=name)["FaceCount"] == 3
    assert locked.admin.secret not in stored(page)
    page.reload()
    page.wait_for_selector("dialog[open]")  # it was in memory alone


def test_a_key_may_be_kept_until_the_tab_is_closed_and_forgotten(visitor: Visitor, locked: Locked, name: str) -> None:
    visit = visitor(locked.server.address)
    page = visit.open("#/collections")
    unlock(visit, locked.admin, keep=True)
    page.reload()
    page.get_by_role("link", name=name).wait_for()
    assert page.locator("dialog[open]").count() == 0
    page.get_by_role("button", name="Forget").click()
    page.wait_for_selector("dialog[open]")
    assert locked.admin.secret not in stored(page)


def test_a_wrong_secret_is_said_and_another_can_be_given(visitor: Visitor, locked: Locked, name: str) -> None:
    visit = visitor(locked.server.address)
    page = visit.open("#/collections")
    unlock(visit, Key(locked.admin.id, "wrong"))
    expect(page.locator("dialog .note.bad")).to_have_text("The secret does not belong to this access key.")
    unlock(visit, locked.admin)
    page.get_by_role("link", name=name).wait_for()


def test_what_a_key_may_not_do_is_said(visitor: Visitor, locked: Locked, album: Album, name: str) -> None:
    key = locked.key(f"reader-{name}", operations=("List*", "Describe*"))
    visit = visitor(locked.server.address)
    page = visit.open("#/look")
    unlock(visit, key)
    visit.give(album.hopper)
    expect(page.locator(".note.bad")).to_have_text("This key may not call DetectFaces.")


def test_a_key_that_has_ended_is_said_and_another_can_be_given(visitor: Visitor, locked: Locked, name: str) -> None:
    key = locked.key(f"short-{name}", expires=time.time() + 1)
    time.sleep(1.1)
    visit = visitor(locked.server.address)
    page = visit.open("#/collections")
    unlock(visit, key)
    expect(page.locator("dialog .note.bad")).to_have_text("This access key has expired.")
    unlock(visit, locked.admin)
    page.get_by_role("link", name=name).wait_for()


def test_a_busy_server_is_asked_again(visitor: Visitor, locked: Locked, name: str, tmp_path: Path) -> None:
    """A key with two requests a second: all but the first few are refused at first, and none in the end."""
    files = []
    for number in range(8):
        files.append(tmp_path / f"n{number}.jpg")
        files[-1].write_bytes(photos.jpeg(photos.hopper().pixels, quality=70 + number))
    key = locked.key(f"slow-{name}", rate=2)
    visit = visitor(locked.server.address)
    page = visit.open("#/status")
    refused: list[str] = []
    page.on("response", lambda answer: refused.append(answer.url) if answer.status == 400 else None)
    unlock(visit, key)
    page.goto(f"{locked.server.address}/console/#/collections/{name}/add")
    page.wait_for_selector(".drop")
    visit.give(*files)
    page.wait_for_selector("text=Done: 8 photographs", timeout=60_000)
    assert refused
    assert page.locator(".rows.plain:visible").count() == 0
    assert locked.client(locked.admin).describe_collection(CollectionId=name)["FaceCount"] == 8


def test_a_clock_that_is_wrong_is_set_by_the_servers(visitor: Visitor, locked: Locked, name: str) -> None:
    visit = visitor(locked.server.address)
    visit.page.add_init_script("const now = Date.now; Date.now = () => now() - 3_600_000;")
    page = visit.open("#/collections")
    unlock(visit, locked.admin)
    page.get_by_role("link", name=name).wait_for()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [(1440, 900), (375, 812)], ids=["desktop", "phone"])
def test_how_it_looks(visitor: Visitor, locked: Locked, size: tuple[int, int], scheme: str) -> None:
    visit = visitor(f"http://{ELSEWHERE}:{locked.server.port}", size, scheme)
    visit.open("#/collections")
    visit.page.wait_for_selector("dialog[open]")
    shoot(visit.page, f"key-{'phone' if size[0] < 800 else 'desktop'}-{scheme}", whole=False)
