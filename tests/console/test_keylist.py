"""The page Keys: made with the admin's key, shown once, used, revoked; and what another key, or none, sees there."""

from uuid import uuid4

import pytest
from botocore.exceptions import ClientError
from playwright.sync_api import Page, expect

from tests.console.shots import shoot
from tests.console.test_keys import stored, unlock
from tests.console.visit import ELSEWHERE, Visit, Visitor
from tests.live import Live
from tests.locked import Key, Locked


def opened(visitor: Visitor, locked: Locked, key: Key, host: str = "127.0.0.1") -> Visit:
    visit = visitor(f"http://{host}:{locked.server.port}")
    visit.open("#/status")
    unlock(visit, key)
    visit.page.get_by_role("link", name="Manage the keys").click()
    visit.page.wait_for_selector("h1:has-text('Access keys')")
    return visit


def make(visit: Visit, name: str, **fields: str) -> Key:
    """Makes a key in the page; returns what its dialog shows."""
    visit.press("New key")
    for label, value in {"Name": name, **fields}.items():
        visit.page.locator("dialog").get_by_label(label).fill(value)
    visit.press("Make the key")
    expect(visit.page.locator("dialog h2")).to_have_text(f"{name} is made")
    dialog = visit.page.locator("dialog[open]")
    return Key(*(dialog.get_by_role("textbox", name=label).input_value() for label in ("Access key", "Secret")))


def row(page: Page, name: str):  # type: ignore[no-untyped-def]
    return page.locator(".rows > li", has=page.locator("strong", has_text=name))


def test_a_key_is_made_shown_once_used_and_revoked(visitor: Visitor, locked: Locked) -> None:
    name = f"made-{uuid4().hex[:8]}"
    visit = opened(visitor, locked, locked.admin)
    page = visit.page
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    key = make(visit, name, Operations="List*, Describe*", Collections="team-a-*")
    page.get_by_role("button", name="Copy: Secret").click()
    expect(page.locator("dialog [role=status]")).to_have_text("Copied: Secret")
    assert page.evaluate("navigator.clipboard.readText()") == key.secret
    page.keyboard.press("Escape")
    assert page.locator("dialog[open]").count() == 1  # too easily pressed
    visit.press("I have kept it")
    expect(row(page, name)).to_contain_text("List*, Describe*, collection team-a-*")
    expect(row(page, name)).to_contain_text("never used")
    assert key.secret not in stored(page) + page.content()
    client = locked.client(key)
    client.list_collections()
    page.get_by_role("button", name=f"Revoke {name}").click()
    visit.press("Revoke")
    expect(row(page, name).locator(".chip")).to_have_text("revoked")
    with pytest.raises(ClientError, match="UnrecognizedClientException"):
        client.list_collections()
    expect(row(page, "admin").locator(".chip")).to_have_text("the key in use")
    assert row(page, "admin").get_by_role("button").count() == 0


def test_a_secret_is_copied_without_a_secure_context(visitor: Visitor, locked: Locked) -> None:
    visit = opened(visitor, locked, locked.admin, ELSEWHERE)
    key = make(visit, f"made-{uuid4().hex[:8]}")
    visit.page.get_by_role("button", name="Copy: Secret").click()
    expect(visit.page.locator("dialog [role=status]")).to_have_text("Copied: Secret")
    assert visit.page.evaluate("getSelection().toString()") == key.secret


def test_what_is_wrong_is_said_in_the_dialog(visitor: Visitor, locked: Locked) -> None:
    visit = opened(visitor, locked, locked.admin)
    visit.press("New key")
    dialog = visit.page.locator("dialog")
    dialog.get_by_label("Name").fill("admin")
    visit.press("Make the key")
    expect(dialog.locator(".note.bad")).to_contain_text("There is a key named admin already")
    dialog.get_by_label("Name").fill("other")
    dialog.get_by_label("Operations").fill("Serch*")
    visit.press("Make the key")
    expect(dialog.locator(".note.bad")).to_contain_text("No operation is called 'Serch*'")


def test_a_limited_key_and_a_server_without_keys_explain_themselves(
    visitor: Visitor, locked: Locked, server: Live
) -> None:
    limited = locked.key(f"limited-{uuid4().hex[:8]}", operations=("*",), collections=("team-a-*",))
    page = opened(visitor, locked, limited).page
    expect(page.locator(".empty")).to_contain_text("Only a key without any limit")
    page = visitor(server.address).open("#/keys")
    expect(page.locator(".empty")).to_contain_text("mien keys create")
    assert page.get_by_role("button", name="New key").count() == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [(1280, 800), (390, 844)], ids=["desktop", "phone"])
def test_how_it_looks(visitor: Visitor, locked: Locked, size: tuple[int, int], scheme: str) -> None:
    shown = f"{'phone' if size[0] < 800 else 'desktop'}-{scheme}"
    visit = visitor(locked.server.address, size, scheme)
    visit.open("#/keys")
    unlock(visit, locked.admin)
    name = f"ci-{uuid4().hex[:8]}"
    make(visit, name, Operations="IndexFaces, Search*", Collections="team-a-*")
    shoot(visit.page, f"key-made-{shown}", whole=False)
    visit.press("I have kept it")
    row(visit.page, name).wait_for()
    shoot(visit.page, f"keys-{shown}")
    visit.press("New key")
    shoot(visit.page, f"key-new-{shown}", whole=False)
