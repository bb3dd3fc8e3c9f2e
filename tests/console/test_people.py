"""People in a browser: groups named and hidden, persons renamed, merged, split and deleted, and all of it undone."""

import json

import pytest
from playwright.sync_api import Page, expect

from tests.congruence.faces import until
from tests.console.shots import shoot
from tests.console.visit import Visit, Visitor
from tests.live import Live

GRACE, EILEEN = "Grace Höpper", "Айлин"


def people(visit: Visit, club: str) -> Page:
    """Opens the page and waits for both groups."""
    page = visit.open(f"#/collections/{club}/people")
    expect(page.locator(".group")).to_have_count(2)
    return page


def name_group(page: Page, name: str) -> None:
    """Names the first group by the keyboard."""
    left = page.locator(".group").count() - 1
    page.locator(".group input[type=text]").first.fill(name)
    page.keyboard.press("Enter")
    expect(page.locator(".group")).to_have_count(left)


def both_named(visit: Visit, club: str) -> Page:
    page = people(visit, club)
    name_group(page, GRACE)
    name_group(page, EILEEN)
    expect(page.locator(".faces-grid li")).to_have_count(2)
    return page


def owners(server: Live, club: str) -> list[str]:
    """The users of all faces, sorted; "" for a face that has none."""
    return sorted(face.get("UserId", "") for face in server.client().list_faces(CollectionId=club)["Faces"])


def test_groups_are_named_and_names_undone(visit: Visit, server: Live, club: str) -> None:
    page = people(visit, club)
    expect(page.locator(".group .likeness img")).to_have_count(4)  # each face is seen
    name_group(page, GRACE)
    expect(page.locator(".faces-grid")).to_contain_text(GRACE)
    assert owners(server, club)[:2] == ["", ""] and len(set(owners(server, club)[2:])) == 1
    visit.press("Undo")
    expect(page.locator(".group")).to_have_count(2)
    assert owners(server, club) == [""] * 4
    assert server.client().list_users(CollectionId=club)["Users"] == []


def test_a_name_that_is_known_is_asked_about(visit: Visit, server: Live, club: str) -> None:
    page = people(visit, club)
    name_group(page, GRACE)
    page.locator(".group input[type=text]").first.fill(GRACE)
    page.keyboard.press("Enter")
    page.get_by_label(f"Another {GRACE}").check()
    visit.press("Continue")
    expect(page.locator(".faces-grid strong")).to_have_text([GRACE, GRACE])
    assert len(set(owners(server, club))) == 2


def test_groups_are_joined_hidden_and_parted(visit: Visit, club: str) -> None:
    page = people(visit, club)
    page.locator(".group").first.get_by_role("button", name="Hide").click()
    expect(page.locator(".group")).to_have_count(1)
    page.reload()
    expect(page.locator(".group")).to_have_count(1)
    page.get_by_role("link", name="Hidden groups").click()
    expect(page.locator(".group")).to_have_count(1)
    page.get_by_role("button", name="Show again").click()
    page.get_by_role("link", name="Back to all groups").click()
    expect(page.locator(".group")).to_have_count(2)
    page.locator(".group .strip").first.click()
    page.locator(".tiles input").first.check()
    visit.press("Not the same person")
    expect(page.locator(".tiles li")).to_have_count(1)
    page.get_by_role("link", name="People", exact=True).last.click()
    expect(page.locator(".group")).to_have_count(3)  # and a reload does not bring it back
    page.reload()
    expect(page.locator(".group")).to_have_count(3)


def test_a_person_is_renamed_merged_and_split(visit: Visit, server: Live, club: str) -> None:
    page = both_named(visit, club)
    page.locator(".faces-grid").get_by_text(GRACE).click()
    expect(page.locator(".tiles img")).to_have_count(2)
    visit.press("Rename")
    page.locator("dialog input").fill("Amazing Grace")
    visit.press("Rename")
    expect(page.locator(".called")).to_have_text("Amazing Grace")
    visit.press("Merge")
    page.locator("dialog input").fill(EILEEN)
    visit.press("Merge")
    expect(page.locator(".tiles li")).to_have_count(4)
    assert len(set(owners(server, club))) == 1
    visit.press("Undo")
    expect(page.locator(".tiles li")).to_have_count(2)
    assert len(set(owners(server, club))) == 2
    page.locator(".tiles input").first.check()
    visit.press("Make another person")
    page.locator("dialog input").fill("Mae")
    visit.press("Save the name")
    expect(page.locator(".tiles li")).to_have_count(1)
    page.get_by_role("link", name="People", exact=True).last.click()
    expect(page.locator(".faces-grid strong")).to_have_text(["Amazing Grace", "Mae", EILEEN])


def test_it_is_asked_which_of_one_name_is_merged(visit: Visit, server: Live, club: str) -> None:
    client = server.client()
    faces = client.list_faces(CollectionId=club)["Faces"]
    for face in (each for each in faces if each["ExternalImageId"] != "pair.jpg"):
        user = f"Mae-{face['ExternalImageId'].split('.')[0]}"
        client.create_user(CollectionId=club, UserId=user)
        client.associate_faces(CollectionId=club, UserId=user, FaceIds=[face["FaceId"]])
        named = {"CollectionId": club, "UserId": user, "DisplayName": "Mae", "SameName": "ANOTHER"}
        assert server.post("Mien.UpdatePerson", json.dumps(named).encode()).status == 200
    page = people(visit, club)
    name_group(page, GRACE)
    page.locator(".faces-grid").get_by_text(GRACE).click()
    visit.press("Merge")
    page.locator("dialog input").fill("mae")
    visit.press("Merge")
    expect(page.locator("dialog .which .likeness img")).to_have_count(2)
    page.locator("dialog .which input").last.check()
    page.locator("dialog").last.get_by_role("button", name="Continue").click()
    expect(page.locator("dialog")).to_have_count(0)
    expect(page.locator(".tiles li")).to_have_count(2)
    assert len({*owners(server, club)} - {""}) == 2


def test_a_face_is_taken_out_of_a_person_and_not_suggested_again(visit: Visit, server: Live, club: str) -> None:
    page = both_named(visit, club)
    page.locator(".faces-grid").get_by_text(GRACE).click()
    page.locator(".tiles input").first.check()
    visit.press(f"Not {GRACE}")
    expect(page.locator(".tiles li")).to_have_count(1)
    assert owners(server, club).count("") == 1
    page.get_by_role("link", name="People", exact=True).last.click()
    expect(page.locator(".group")).to_have_count(1)
    expect(page.locator(".question")).to_have_count(0)


def test_a_question_is_answered_once(visit: Visit, server: Live, club: str) -> None:
    client = server.client()
    found = [face for face in client.list_faces(CollectionId=club)["Faces"] if face["ExternalImageId"] == "hopper.jpg"]
    client.create_user(CollectionId=club, UserId="Grace")
    client.associate_faces(CollectionId=club, UserId="Grace", FaceIds=[found[0]["FaceId"]])
    page = visit.open(f"#/collections/{club}/people")
    expect(page.locator(".question")).to_contain_text("Is this also Grace?")
    visit.press("No")
    expect(page.locator(".question")).to_have_count(0)
    visit.press("Undo")
    expect(page.locator(".question")).to_have_count(1)
    visit.press("Yes")
    expect(page.locator(".question")).to_have_count(0)
    assert owners(server, club).count("Grace") == 2


def test_a_deletion_waits_until_the_page_is_left(visit: Visit, server: Live, club: str) -> None:
    page = both_named(visit, club)
    page.locator(".faces-grid").get_by_text(GRACE).click()
    page.locator(".tiles input").first.check()
    visit.press("Delete")
    expect(page.locator(".tiles li")).to_have_count(1)
    assert len(owners(server, club)) == 4
    visit.press("Undo")
    expect(page.locator(".tiles li")).to_have_count(2)
    page.locator(".tiles input").first.check()
    visit.press("Delete")
    expect(page.locator(".tiles li")).to_have_count(1)
    page.keyboard.press("1")
    expect(page.locator("h1")).to_contain_text("Look")
    until(lambda: len(owners(server, club)) == 3)


def test_a_deletion_is_done_where_the_page_is_closed(visit: Visit, server: Live, club: str) -> None:
    page = both_named(visit, club)
    page.locator(".faces-grid").get_by_text(GRACE).click()
    page.locator(".tiles input").first.check()
    visit.press("Delete")
    expect(page.locator(".tiles li")).to_have_count(1)
    page.wait_for_timeout(300)  # the request is signed in advance
    page.close()
    until(lambda: len(owners(server, club)) == 3)


def test_a_person_is_deleted_and_comes_back(visit: Visit, server: Live, club: str) -> None:
    page = both_named(visit, club)
    before = owners(server, club)
    page.locator(".faces-grid").get_by_text(EILEEN).click()
    page.get_by_role("button", name="Delete the person").click()
    visit.press("Delete the person")
    expect(page.locator(".faces-grid li")).to_have_count(1)
    visit.press("Undo")
    expect(page.locator(".faces-grid strong")).to_have_text([GRACE, EILEEN])
    assert owners(server, club) == before


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [(1280, 900), (390, 844)], ids=["desktop", "phone"])
def test_how_people_look(visitor: Visitor, server: Live, club: str, *, size: tuple[int, int], scheme: str) -> None:
    visit = visitor(server.address, size, scheme)
    shown = f"{'phone' if size[0] < 800 else 'desktop'}-{scheme}"
    page = people(visit, club)
    expect(page.locator(".group .likeness img")).to_have_count(4)
    shoot(page, f"people-unknown-{shown}")
    name_group(page, GRACE)
    shoot(page, f"people-{shown}")
    page.locator(".faces-grid").get_by_text(GRACE).click()
    expect(page.locator(".tiles img")).to_have_count(2)
    page.locator(".tiles input").first.check()
    shoot(page, f"person-{shown}")
