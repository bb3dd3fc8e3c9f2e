"""Searches by a photograph with several people: every face gets the same answer as alone."""

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import numpy as np
import pytest
from playwright.sync_api import expect

from tests import photos
from tests.console.visit import Visit
from tests.live import Live


@pytest.fixture
def known(server: Live) -> Iterator[str]:
    """Fills a collection with Hopper alone, who is also a user."""
    client, name = server.client(), f"known-{uuid4().hex[:8]}"
    client.create_collection(CollectionId=name)
    found = client.index_faces(CollectionId=name, Image={"Bytes": photos.hopper().data}, ExternalImageId="hopper")
    client.create_user(CollectionId=name, UserId="grace")
    client.associate_faces(CollectionId=name, UserId="grace", FaceIds=[found["FaceRecords"][0]["Face"]["FaceId"]])
    yield name
    client.delete_collection(CollectionId=name)


def search(visit: Visit, collection: str, photo: Path, among: str = "faces") -> list[str]:
    """Returns the labels of the faces, from the left."""
    page = visit.open(f"#/collections/{collection}/search")
    page.reload()  # an address that differs behind the # alone loads nothing
    page.wait_for_selector(".drop")
    page.get_by_label("Search among").select_option(among)
    visit.give(photo)
    return labels(visit)


def labels(visit: Visit) -> list[str]:
    page = visit.page
    page.wait_for_selector(".found")
    expect(page.locator(".found .spinner")).to_have_count(0)
    boxes = [(box.bounding_box() or {"x": 0.0})["x"] for box in page.locator(".viewer .box").all()]
    texts = page.locator(".viewer .box .label").all_inner_texts()
    return [text for _, text in sorted(zip(boxes, texts, strict=True))]


@pytest.mark.parametrize("factor", [1.6, 1.0, 0.55, 0.3])
def test_a_face_is_found_however_large_the_one_beside_it_is(
    visit: Visit, known: str, tmp_path: Path, factor: float
) -> None:
    """The API alone searches the largest face: the astronaut's, where Hopper is small."""
    hopper = photos.resized(photos.hopper().pixels, factor)
    (tmp_path / "two.jpg").write_bytes(photos.jpeg(photos.beside(photos.astronaut().pixels, hopper)))
    stranger, friend = search(visit, known, tmp_path / "two.jpg")
    assert stranger == "unknown"
    assert friend.startswith("grace 9")


def test_each_of_many_faces_that_touch_is_searched_apart(visit: Visit, known: str, tmp_path: Path) -> None:
    """Heads side by side, so that every cut-out has parts of its neighbours in it, all of about one size."""
    hopper = photos.resized(photos.hopper().pixels[100:400, 120:420], 0.55)
    astronaut = photos.resized(photos.astronaut().pixels[20:230, 125:335], 0.8)
    row = photos.beside(hopper, astronaut, hopper[:, ::-1], astronaut[:, ::-1], hopper)
    (tmp_path / "row.jpg").write_bytes(photos.jpeg(np.ascontiguousarray(row)))
    found = search(visit, known, tmp_path / "row.jpg")
    assert [label.partition(" ")[0] for label in found] == ["grace", "unknown", "grace", "unknown", "grace"]


def test_a_cut_out_scores_as_the_whole_picture_does(visit: Visit, server: Live, known: str, tmp_path: Path) -> None:
    """The smaller of two faces: in the page, and by the comparison that looks at every face of a picture."""
    hopper = photos.resized(photos.hopper().pixels, 0.4)
    two = photos.jpeg(photos.beside(photos.astronaut().pixels, hopper))
    (tmp_path / "two.jpg").write_bytes(two)
    (_, label) = search(visit, known, tmp_path / "two.jpg")
    whole = server.client().compare_faces(SourceImage={"Bytes": photos.hopper().data}, TargetImage={"Bytes": two})
    assert float(label.split()[1]) == pytest.approx(whole["FaceMatches"][0]["Similarity"], abs=0.5)


def test_people_come_first_and_the_threshold_can_be_chosen(visit: Visit, known: str, tmp_path: Path) -> None:
    (tmp_path / "two.jpg").write_bytes(photos.pair())
    page = visit.open(f"#/collections/{known}/search")
    expect(page.get_by_label("Search among")).to_have_value("users")
    visit.give(tmp_path / "two.jpg")
    assert [label.partition(" ")[0] for label in labels(visit)] == ["unknown", "grace"]
    expect(page.locator(".found .match strong")).to_have_text("grace")
    page.get_by_label("Minimum similarity").fill("0")
    page.get_by_label("Minimum similarity").press("Enter")
    expect(page.locator(".settings")).to_contain_text("100 chances in 100")
    expect(page.locator(".found .match")).to_have_count(1)  # nobody is twice in a picture
    page.get_by_label("Search among").select_option("faces")
    expect(page.locator(".found .match")).to_have_count(2)  # at 0 every face is like any


def test_a_collection_without_people_is_searched_by_faces(visit: Visit, server: Live, known: str) -> None:
    server.client().delete_user(CollectionId=known, UserId="grace")
    page = visit.open(f"#/collections/{known}/search")
    expect(page.get_by_label("Search among")).to_have_value("faces")


@pytest.mark.parametrize("among", ["users", "faces"])
def test_an_unknown_face_is_named_where_it_is_seen(
    visit: Visit, server: Live, known: str, tmp_path: Path, among: str
) -> None:
    """The smaller face of two, which is indexed alone, and a name that no id can have."""
    hopper = photos.resized(photos.hopper().pixels, 1.2)
    (tmp_path / "two.jpg").write_bytes(photos.jpeg(photos.beside(photos.astronaut().pixels, hopper)))
    stranger, friend = search(visit, known, tmp_path / "two.jpg", among)
    assert (stranger, friend[:6]) == ("unknown", "grace ")
    page, client = visit.page, server.client()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.headers.get("x-amz-target", "")))
    page.get_by_role("button", name="who is it?").click()
    page.locator("dialog").get_by_label("Name").fill("Анна Ахматова")
    visit.press("Name")
    expect(page.locator("dialog")).to_have_count(0)
    expect(page.locator(".viewer")).to_contain_text("Анна Ахматова")
    found = {label.split(" ")[0] for label in labels(visit)}
    assert "unknown" not in found
    if among == "users":
        assert asked.count("Mien.ListPeople") == 2  # for the dialog, and for the portraits of all who were found
    people = {each["UserId"] for each in client.list_users(CollectionId=known)["Users"]}
    assert len(people) == 2
    (anna,) = people - {"grace"}
    assert len(client.list_faces(CollectionId=known, UserId=anna)["Faces"]) == 1
    assert client.describe_collection(CollectionId=known)["FaceCount"] == 2


def test_two_people_of_real_photographs(visit: Visit, server: Live, people: Path) -> None:
    client, name = server.client(), f"people-{uuid4().hex[:8]}"
    client.create_collection(CollectionId=name)
    for person in ("obama", "biden"):
        data = (people / f"{person}.jpg").read_bytes()
        client.index_faces(CollectionId=name, Image={"Bytes": data}, ExternalImageId=person, MaxFaces=1)
    for photo in ("two_people.jpg", "obama_and_biden.jpg"):
        found = [label.partition(" ")[0] for label in search(visit, name, people / photo)]
        assert sorted(found)[:2] == ["biden", "obama"]
        assert set(found[2:]) <= {"unknown"}
    client.delete_collection(CollectionId=name)
