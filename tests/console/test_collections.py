"""Collections in a browser: created, filled, listed, given users, deleted."""

import csv
import io
import re
import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from uuid import uuid4

import pytest
from playwright.sync_api import Page, expect

from mien import naming
from mien.transfer.api import Remote
from tests import photos
from tests.console.shots import shoot
from tests.console.visit import Album, Visit, Visitor
from tests.live import Live


@pytest.fixture
def name(server: Live) -> Iterator[str]:
    """Names a collection, and deletes it at the end if it exists."""
    chosen = f"family-{uuid4().hex[:8]}"
    yield chosen
    client = server.client()
    if chosen in client.list_collections()["CollectionIds"]:
        client.delete_collection(CollectionId=chosen)


def create(visit: Visit, name: str) -> None:
    visit.open("#/collections")
    visit.press("New collection")
    visit.page.get_by_label("Name").fill(name)
    visit.press("Create")
    visit.page.wait_for_selector(".drop")


def add(visit: Visit, *files: Path) -> None:
    visit.give(*files)
    visit.page.wait_for_selector("text=Done:")


def give(visit: Visit, user: str) -> None:
    visit.press("Give to a person")
    visit.page.fill("dialog input >> nth=0", user)
    visit.press("Give")


def tab(page: Page, name: str) -> None:
    page.locator(".tabs").get_by_text(name, exact=True).click()


def test_from_its_making_to_its_end(visit: Visit, server: Live, album: Album, name: str) -> None:
    page, client = visit.page, server.client()
    create(visit, name)
    add(visit, album.hopper, album.astronaut, album.pair, album.nobody)
    assert "4 faces indexed" in page.inner_text("main")
    assert "No face was found." in page.inner_text(".rows.plain")
    tab(page, "Faces")
    expect(page.locator(".faces li")).to_have_count(4)
    shown = page.locator(".faces .mono").all_inner_texts()
    assert shown == [face["FaceId"] for face in client.list_faces(CollectionId=name)["Faces"]]
    expect(page.locator(".faces .thumb img")).to_have_count(4)  # this page still has the pictures
    page.locator(".faces .thumb").first.click()
    page.wait_for_selector("dialog .viewer .box.chosen")
    page.locator("dialog .viewer .box").first.click()
    page.locator("dialog[open]").nth(1).get_by_label("Name").fill("Grace Hopper")
    page.locator("dialog[open]").nth(1).get_by_role("button", name="Name").click()
    expect(page.locator("dialog[open]")).to_have_count(1)
    expect(page.locator("dialog .viewer .label").first).to_have_text("Grace Hopper")
    visit.press("Close")
    page.get_by_role("link", name="People", exact=True).click()
    expect(page.locator(".faces-grid li")).to_have_text(re.compile("Grace Hopper"))
    tab(page, "Faces")
    page.reload()
    page.wait_for_selector(".faces li")
    expect(page.locator(".faces .thumb img")).to_have_count(0)  # not after a reload
    page.locator(".faces li:not(:has(.chip)) input").first.check()
    visit.press("Delete")
    visit.press("Delete")
    expect(page.locator(".faces li")).to_have_count(3)
    assert client.describe_collection(CollectionId=name)["FaceCount"] == 3
    page.get_by_role("button", name=f"Delete the collection {name}").click()
    page.fill("dialog input", "another name")
    visit.press("Delete the collection")
    assert name in client.list_collections()["CollectionIds"]  # the name must be typed
    page.fill("dialog input", name)
    visit.press("Delete the collection")
    page.wait_for_selector("h1:has-text('Collections')")
    assert name not in client.list_collections()["CollectionIds"]


def test_a_new_collection_keeps_portraits_if_that_is_chosen(visit: Visit, server: Live, name: str) -> None:
    visit.open("#/collections")
    visit.press("New collection")
    visit.page.get_by_label("Name").fill(name)
    visit.page.get_by_label("Keep portraits").check()
    visit.press("Create")
    visit.page.wait_for_selector(".drop")
    arn = server.client().describe_collection(CollectionId=name)["CollectionARN"]
    assert server.client().list_tags_for_resource(ResourceArn=arn)["Tags"] == {"mien:portraits": "true"}


def test_a_name_that_is_taken_or_wrong_is_refused_in_the_dialog(visit: Visit, server: Live, name: str) -> None:
    server.client().create_collection(CollectionId=name)
    visit.open("#/collections")
    visit.press("New collection")
    visit.page.get_by_label("Name").fill(name)
    visit.press("Create")
    expect(visit.page.locator("dialog .note.bad")).to_have_text("A collection of this name exists already.")
    visit.page.get_by_label("Name").fill("two words")
    visit.press("Create")
    assert visit.page.locator("dialog input:invalid").count() == 1
    visit.page.keyboard.press("Escape")
    expect(visit.page.locator("dialog")).to_have_count(0)


def test_faces_are_shown_page_by_page(visit: Visit, server: Live, name: str) -> None:
    """Fills a collection with 101 faces, of one picture under many names."""
    client = server.client()
    client.create_collection(CollectionId=name)
    small = photos.jpeg(photos.resized(photos.hopper().pixels, 0.4))
    for number in range(101):
        client.index_faces(CollectionId=name, Image={"Bytes": small}, ExternalImageId=f"n{number}")
    page = visit.open(f"#/collections/{name}/faces")
    seen: list[str] = []
    for count, key in ((48, "]"), (48, "]"), (5, "[")):
        expect(page.locator(".faces li")).to_have_count(count)
        seen += page.locator(".faces .mono").all_inner_texts()
        page.keyboard.press(key)
        page.wait_for_selector("[aria-busy]", state="detached")
    assert len(set(seen)) == 101
    expect(page.locator(".pager")).to_contain_text("Page 2")


def test_users_are_made_given_faces_and_deleted(visit: Visit, server: Live, album: Album, name: str) -> None:
    page, client = visit.page, server.client()
    create(visit, name)
    add(visit, album.hopper, album.pair)
    tab(page, "Faces")
    page.wait_for_selector(".faces li")
    page.get_by_label("Choose hopper.jpg").check()
    give(visit, "grace")
    expect(page.locator(".faces .chip")).to_have_count(1)
    for box in page.get_by_label("Choose pair.jpg").all():
        box.check()
    give(visit, "grace")
    expect(page.locator("dialog h2")).to_have_text("Not all of them")  # the astronaut is another person
    expect(page.locator("dialog .rows")).to_contain_text("not like the other faces of the person")
    visit.press("Close")
    owned = client.list_faces(CollectionId=name, UserId="grace")["Faces"]
    assert len(owned) == 2
    page.locator(".faces .chip").first.click()
    expect(page.locator(".faces li")).to_have_count(len(owned))
    for box in page.locator(".faces li input").all():
        box.check()
    visit.press("Delete")
    visit.press("Delete")
    expect(page.locator("dialog .rows")).to_contain_text("It belongs to a person")
    visit.press("Close")
    for box in page.locator(".faces li input").all():
        box.check()
    visit.press("Take from its person")
    expect(page.locator("main")).to_contain_text("grace has no faces yet")
    tab(page, "People")
    page.locator(".faces-grid").get_by_text("grace").click()
    page.get_by_role("button", name="Delete the person").click()
    visit.press("Delete the person")
    expect(page.locator("main")).to_contain_text("Nobody has a name yet")
    assert client.list_users(CollectionId=name)["Users"] == []


def test_a_folder_of_folders_makes_users(visit: Visit, server: Live, album: Album, name: str, tmp_path: Path) -> None:
    long = "กรุงเทพมหานคร" * 6
    for person, files in {"Анна": (album.hopper, album.pair), long: (album.astronaut,)}.items():
        (tmp_path / "all" / person).mkdir(parents=True)
        for file in files:
            shutil.copy(file, tmp_path / "all" / person)
    (tmp_path / "all" / "notes.txt").write_text("no picture")
    page, client = visit.page, server.client()
    create(visit, name)
    page.get_by_label("Each folder is a person").check()
    page.set_input_files("input[webkitdirectory]", tmp_path / "all")
    page.wait_for_selector("text=Done:")
    assert "3 faces indexed · 1 file left out" in page.inner_text("main")
    users = [user["UserId"] for user in client.list_users(CollectionId=name)["Users"]]
    assert sorted(users) == sorted(map(naming.written, ("Анна", long)))  # as `mien import` writes them
    assert len(client.list_faces(CollectionId=name, UserId=naming.written("Анна"))["Faces"]) == 2
    tab(page, "Faces")
    expect(page.locator(".faces .chip")).to_have_count(3)
    shown = sorted(page.locator(".faces .chip").all_inner_texts())
    assert shown[:2] == ["Анна", "Анна"]
    with closing(Remote(server.address, None, 1)) as api:
        people = api.call("ListPeople", {"CollectionId": name})["People"]
    assert sorted(each["DisplayName"] for each in people) == ["Анна", long]


def test_what_is_refused_is_listed_and_saved(visit: Visit, album: Album, name: str, tmp_path: Path) -> None:
    dark = (photos.hopper().pixels * 0.05).astype("uint8")
    (tmp_path / "dark.jpg").write_bytes(photos.jpeg(dark))
    (tmp_path / "damaged.jpg").write_bytes(album.hopper.read_bytes()[:20_000])
    (tmp_path / "=tiny.jpg").write_bytes(photos.jpeg(photos.resized(photos.hopper().pixels, 0.05)))
    page = visit.page
    create(visit, name)
    add(visit, *sorted(tmp_path.iterdir()))
    with page.expect_download() as download:
        visit.press("Save as CSV")
    rows = {row["file"]: row["why"] for row in csv.DictReader(io.StringIO(download.value.path().read_text()))}
    assert rows["damaged.jpg"] == "This is not a complete JPEG or PNG."
    assert "too small" in rows["'=tiny.jpg"]
    assert rows["dark.jpg"].startswith(("1 face refused: The face is too dark", "No face"))


def test_the_same_picture_again_is_the_same_face(visit: Visit, server: Live, album: Album, name: str) -> None:
    create(visit, name)
    add(visit, album.hopper)
    visit.page.reload()
    visit.page.wait_for_selector(".drop")
    add(visit, album.hopper)
    assert server.client().describe_collection(CollectionId=name)["FaceCount"] == 1


def test_indexing_goes_on_behind_another_page(visit: Visit, server: Live, name: str, tmp_path: Path) -> None:
    files = []
    for number in range(24):
        files.append(tmp_path / f"n{number}.jpg")
        files[-1].write_bytes(photos.jpeg(photos.hopper().pixels, quality=60 + number))
    create(visit, name)
    visit.give(*files)
    visit.page.keyboard.press("4")
    visit.page.wait_for_selector("h1:has-text('Status')")
    visit.page.keyboard.press("3")
    visit.page.get_by_role("link", name=name).click()
    tab(visit.page, "Add")
    visit.page.wait_for_selector("text=Done: 24 photographs")
    assert server.client().describe_collection(CollectionId=name)["FaceCount"] == 24


def test_a_collection_that_is_not_there_is_said_so(visit: Visit) -> None:
    page = visit.open("#/collections/never.made/faces")
    expect(page.locator("main")).to_contain_text("cannot be shown")
    expect(page.locator(".toast")).to_have_text("There is no collection never.made.")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [(1440, 900), (375, 812)], ids=["desktop", "phone"])
def test_how_it_looks(
    visitor: Visitor, server: Live, album: Album, name: str, tmp_path: Path, *, size: tuple[int, int], scheme: str
) -> None:
    visit = visitor(server.address, size, scheme)
    page, shown = visit.page, f"{'phone' if size[0] < 800 else 'desktop'}-{scheme}"
    visit.open("#/collections")
    page.wait_for_selector(".empty, .cards")
    shoot(page, f"collections-empty-{shown}")
    create(visit, name)
    shoot(page, f"add-empty-{shown}")
    (tmp_path / "dark.jpg").write_bytes(photos.jpeg((photos.hopper().pixels * 0.05).astype("uint8")))
    add(visit, album.hopper, album.astronaut, album.pair, album.nobody, tmp_path / "dark.jpg")
    shoot(page, f"add-{shown}")
    tab(page, "Faces")
    page.wait_for_selector(".faces .thumb img[src]")
    page.check(".faces input >> nth=0")
    shoot(page, f"faces-{shown}")
    visit.press("Give to a person")
    page.fill("dialog input >> nth=0", "grace")
    shoot(page, f"give-{shown}", whole=False)
    visit.press("Give")
    expect(page.locator(".faces .chip")).to_have_count(1)
    tab(page, "Search")
    page.wait_for_selector(".drop")
    shoot(page, f"search-empty-{shown}")
    visit.give(album.pair)
    expect(page.locator(".found .match, .found h2")).not_to_have_count(0)
    expect(page.locator(".found .spinner")).to_have_count(0)
    shoot(page, f"search-{shown}")
    page.keyboard.press("3")
    expect(page.locator(".cards")).to_contain_text("faces")
    shoot(page, f"collections-{shown}")
    page.get_by_role("link", name=name).click()
    page.get_by_role("button", name=f"Delete the collection {name}").click()
    page.wait_for_selector("dialog")
    shoot(page, f"delete-{shown}", whole=False)
