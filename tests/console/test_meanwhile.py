"""The page of people while groups are made, while others change the same, on a phone, and as it is closed."""

from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from mien.naming import written
from tests.console.test_modules import run
from tests.console.test_people import EILEEN, GRACE, both_named, name_group, people
from tests.console.visit import Visit, Visitor
from tests.live import Live


def working(page: Page, operation: str, times: int, **answer: Any) -> None:
    """Makes the first answers of an operation those of a server whose groups are not made yet."""
    left = [times]

    def route(asked: Route) -> None:
        if asked.request.headers.get("x-amz-target") != f"Mien.{operation}" or not left[0]:
            asked.fallback()
            return
        left[0] -= 1
        said = asked.fetch()
        asked.fulfill(
            response=said, json=said.json() | answer | {"Progress": {"Done": 1, "Total": 4, "Current": False}}
        )

    page.route("**/", route)


def test_what_is_typed_and_chosen_stays_while_groups_are_made(visit: Visit, club: str) -> None:
    working(visit.page, "ListGroups", 4)
    page = people(visit, club)
    for box in page.locator(".group input[type=checkbox]").all():
        box.check()
    name = page.locator(".group input[type=text]").last
    name.press_sequentially(EILEEN, delay=500)  # the groups are read again each second
    expect(name).to_have_value(EILEEN)
    expect(name).to_be_focused()
    expect(page.locator(".selection")).to_contain_text("2 groups")
    expect(page.locator(".sections .working")).to_have_count(0, timeout=10_000)
    page.keyboard.press("Enter")
    expect(page.locator(".faces-grid")).to_contain_text(EILEEN)


def test_questions_are_asked_once_they_are_there(visit: Visit, server: Live, club: str) -> None:
    client = server.client()
    found = [face for face in client.list_faces(CollectionId=club)["Faces"] if face["ExternalImageId"] == "hopper.jpg"]
    client.create_user(CollectionId=club, UserId="Grace")
    client.associate_faces(CollectionId=club, UserId="Grace", FaceIds=[found[0]["FaceId"]])
    working(visit.page, "ListSuggestions", 1, Suggestions=[])
    visit.open(f"#/collections/{club}/people")
    expect(visit.page.locator(".question")).to_contain_text("Is this also Grace?")


def test_a_phones_bar_leaves_the_way_back_free(visitor: Visitor, server: Live, club: str) -> None:
    visit = visitor(server.address, (390, 600))
    page = people(visit, club)
    name_group(page, GRACE)
    bar, nav = (page.locator(each).bounding_box() for each in (".undo", ".rail nav"))
    assert bar
    assert nav
    assert bar["y"] + bar["height"] <= nav["y"]


@pytest.mark.parametrize("size", [(1280, 900), (390, 600)], ids=["desktop", "phone"])
def test_no_message_covers_the_way_back(visitor: Visitor, server: Live, club: str, size: tuple[int, int]) -> None:
    visit = visitor(server.address, size)
    page = people(visit, club)
    name_group(page, GRACE)
    run(page, "parts.js", "m.say('One'); m.say('Two '.repeat(80), 'bad');")
    for place in (0, 10_000):
        page.evaluate("(place) => scrollTo(0, place)", place)
        page.wait_for_timeout(100)
        bar, *toasts = (each.bounding_box() for each in page.locator(".undo, .toast").all())
        assert bar
        assert len(toasts) == 2
        assert all(each and (each["y"] + each["height"] <= bar["y"]) for each in toasts)


@pytest.mark.parametrize("others", [True, False])
def test_a_person_whom_others_gave_faces_stays(visit: Visit, server: Live, club: str, others: bool) -> None:
    page = people(visit, club)
    name_group(page, GRACE)
    client, user = server.client(), written(GRACE)
    faces = client.list_faces(CollectionId=club)["Faces"]
    free = [face["FaceId"] for face in faces if "UserId" not in face]
    if others:
        client.associate_faces(CollectionId=club, UserId=user, FaceIds=free, UserMatchThreshold=0)
    visit.press("Undo")
    expect(page.locator(".undo")).to_be_hidden()
    faces = client.list_faces(CollectionId=club)["Faces"]
    assert {face["FaceId"] for face in faces if "UserId" in face} == (set(free) if others else set())
    assert len(client.list_users(CollectionId=club)["Users"]) == others


def test_a_closed_page_sends_what_it_can_and_the_browser_asks_about_more(visit: Visit) -> None:
    """A page that is closed may send 64 KiB (Fetch, "inflight keepalive bytes")."""
    body = """
        const prepared = async (_, request) => ({ body: JSON.stringify(request) });
        const undo = new m.Undo({ prepared });
        const asks = () => !dispatchEvent(new Event('beforeunload', { cancelable: true }));
        const ids = Array.from({ length: 2 * given }, () => crypto.randomUUID());
        await undo.putOff('', 'c'.repeat(255), ids.slice(0, given), () => {});
        const sent = undo.changes.flatMap((each) => each.later.prepared).map((each) => each.body.length);
        const few = asks();
        await undo.putOff('', 'c', ids.slice(given), () => {});
        return [sent.reduce((a, b) => a + b), few, asks()];
    """
    size, few, more = run(visit.open(), "undo.js", body, 1500)
    assert (few, more) == (False, True)
    assert 50_000 < size <= 65_536


def test_what_others_have_changed_stands_in_nobodys_way(visit: Visit, server: Live, club: str) -> None:
    page = both_named(visit, club)
    last = next(
        each for each in server.client().list_users(CollectionId=club)["Users"] if each["UserId"] != written(GRACE)
    )
    server.client().delete_user(CollectionId=club, UserId=last["UserId"])
    visit.press("Undo")
    expect(page.locator(".toasts")).to_contain_text("does not exist")
    expect(page.locator(".group")).to_have_count(1)
    visit.press("Undo")
    expect(page.locator(".group")).to_have_count(2)
    faces = [face["FaceId"] for face in server.client().list_faces(CollectionId=club)["Faces"]]
    server.client().create_user(CollectionId=club, UserId="other")
    server.client().associate_faces(CollectionId=club, UserId="other", FaceIds=faces, UserMatchThreshold=0)
    page.locator(".group input[type=text]").first.fill(GRACE)
    page.keyboard.press("Enter")
    expect(page.locator(".toasts")).to_contain_text("already have a name")
    expect(page.locator(".group")).to_have_count(0)
