"""A film in a browser: dropped, played with names over its faces, searched for a person. None of it is uploaded."""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page, Route, expect

from tests import javascript, photos
from tests.console.shots import shoot
from tests.console.test_barriers import barriers, focuses
from tests.console.test_people import GRACE
from tests.console.visit import Album, Visit, Visitor
from tests.live import Live
from tests.video.films import write

WIDTH, HEIGHT, RATE = 640, 360, 8
LEFTS = """[...document.querySelectorAll('.faces-over .box')].map((box) => Math.round(box.getBoundingClientRect().x))"""


def scenes() -> Iterator[photos.Pixels]:
    """Six seconds: Hopper from the left, the astronaut from the right; they pass, and each is away for some time."""
    hopper, astronaut = head(photos.hopper()), head(photos.astronaut())
    for index in range(6 * RATE):
        frame, at = np.full((HEIGHT, WIDTH, 3), 90, np.uint8), index / RATE
        if at < 4:
            put(frame, hopper, 20 + round(110 * at), 10)
        if at > 1.2:
            put(frame, astronaut, 470 - round(70 * (at - 1.2)), 180)
        yield frame[:, :, ::-1]


def head(photo: photos.Photo) -> photos.Pixels:
    """A face with what is around it, 170 pixels high."""
    x1, y1, x2, y2 = (round(each) for each in (photo.face.x1, photo.face.y1, photo.face.x2, photo.face.y2))
    more = (y2 - y1) // 2
    cut = photo.pixels[max(0, y1 - more) : y2 + more, max(0, x1 - more) : x2 + more]
    return photos.resized(cut, 170 / len(cut))


def put(frame: photos.Pixels, picture: photos.Pixels, left: int, top: int) -> None:
    frame[top : top + picture.shape[0], left : left + picture.shape[1]] = picture


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("av", reason="the extra mien[video] is not installed")
    path = tmp_path_factory.mktemp("film") / "party.webm"
    return write(path, scenes(), rate=RATE, codec="libvpx", deadline="realtime")


def drop(visit: Visit, club: str, film: Path) -> Page:
    """Drops the film, and waits until it was looked at."""
    page = visit.open(f"#/collections/{club}/film")
    visit.give(film)
    expect(page.get_by_role("status").filter(has_text="The whole film was looked at: 2 people")).to_be_visible()
    return page


def name_hopper(server: Live, club: str) -> None:
    client = server.client()
    faces = client.list_faces(CollectionId=club)["Faces"]
    ids = [each["FaceId"] for each in faces if each["ExternalImageId"] == "hopper.jpg"]
    named = {"CollectionId": club, "FaceIds": ids, "DisplayName": GRACE}
    assert server.post("Mien.NamePerson", json.dumps(named).encode()).status == 200


def times(page: Page) -> list[list[float]]:
    """For each person when it is seen first and last, in seconds."""
    texts = [card.locator(".time").all_inner_texts() for card in page.locator(".cast li").all()]
    return [[60 * int(each.split(":")[0]) + int(each.split(":")[1]) for each in both] for both in texts]


def test_a_film_is_played_with_names_and_searched(
    visit: Visit, server: Live, club: str, film: Path, album: Album
) -> None:
    name_hopper(server, club)
    sent: list[tuple[str, int]] = []
    visit.page.on(
        "request",
        lambda asked: (
            sent.append((asked.headers.get("x-amz-target", ""), len(asked.post_data_buffer or b"")))
            if asked.method == "POST" and "/collections/" not in asked.url
            else None
        ),
    )
    page = drop(visit, club, film)
    samples = [size for target, size in sent if target == "Mien.SearchPeopleByImage"]
    assert len(samples) == 12  # one of each half second
    assert sum(size for _, size in sent) < 3_000_000
    others = {"Mien.ListVideoJobs", "RekognitionService.DescribeCollection"}
    assert {target for target, _ in sent} - others == {"Mien.SearchPeopleByImage"}
    expect(page.locator(".cast .name")).to_have_text([GRACE, "Unknown 1"])
    assert times(page) == [[0, 3], [1, 5]]
    page.locator(".cast .time").nth(3).click()
    expect(page.locator(".faces-over .box")).to_have_text(["Unknown 1"])
    page.get_by_label(f"{GRACE}, seen last").click()
    expect(page.locator(".faces-over .box")).to_have_count(2)
    page.locator(".faces-over .box", has_text="Unknown 1").click()
    expect(page.locator(".cast .chosen .name")).to_have_text("Unknown 1")
    visit.give(album.hopper, zone=1)
    expect(page.locator(".cast .chosen .name")).to_have_text(GRACE)
    page.get_by_placeholder("Find a person").fill("gra")
    expect(page.locator(".cast li")).to_have_count(1)
    page.get_by_role("slider").fill("0")
    expect(page.locator(".faces-over .box")).to_have_count(1)
    page.get_by_role("button", name="Play").click()
    places = set()
    for _ in range(20):  # the boxes go with the faces
        page.wait_for_timeout(100)
        places |= set(page.evaluate(LEFTS))
    assert len(places) > 10


def test_looking_is_stopped_and_goes_on_and_an_unknown_face_is_named(
    visit: Visit, server: Live, club: str, film: Path
) -> None:
    name_hopper(server, club)
    held: list[Route] = []

    def hold(route: Route) -> None:
        if "SearchPeople" in route.request.headers.get("x-amz-target", ""):
            held.append(route)
        else:
            route.fallback()

    visit.page.route("**/", hold)
    page = visit.open(f"#/collections/{club}/film")
    visit.give(film)
    page.get_by_role("button", name="Stop").click()
    assert len(held) <= 3
    page.unroute_all(behavior="ignoreErrors")
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_text("The whole film was looked at: 2 people")).to_be_visible()
    page.get_by_label("Unknown 1: who is it?").click()
    page.locator("dialog").get_by_label("Name").fill("Айлин")
    visit.press("Name")
    expect(page.locator(".cast .name")).to_have_text([GRACE, "Айлин"])
    assert server.client().describe_collection(CollectionId=club)["FaceCount"] == 5
    page.keyboard.press("1")  # another page, and back
    page.wait_for_selector("h1:has-text('Look')")
    page.go_back()
    expect(page.locator(".cast .name")).to_have_text([GRACE, "Айлин"])


def test_a_film_that_the_browser_cannot_play_is_said(visit: Visit, club: str, tmp_path: Path) -> None:
    page = visit.open(f"#/collections/{club}/film")
    (tmp_path / "party.mp4").write_bytes(b"\x00\x00\x00\x18ftypmp42" + bytes(4000))
    (tmp_path / "empty.mp4").touch()
    visit.give(tmp_path / "empty.mp4")
    expect(page.locator(".note.bad")).to_contain_text("empty.mp4 is empty")
    visit.give(tmp_path / "party.mp4")
    expect(page.locator(".note.bad")).to_contain_text("cannot play party.mp4")
    expect(page.locator(".note.bad code")).to_have_text(["StartFaceSearch", f"mien watch --collection {club} FILE"])


@pytest.mark.parametrize(
    ("size", "scheme"), [((1280, 900), "dark"), ((390, 844), "light")], ids=["desktop-dark", "phone-light"]
)
def test_how_films_look(
    visitor: Visitor, server: Live, club: str, film: Path, *, size: tuple[int, int], scheme: str
) -> None:
    name_hopper(server, club)
    visit = visitor(server.address, size, scheme)
    visit.page.add_init_script(javascript.axe())
    page = drop(visit, club, film)
    visit.page.get_by_label(f"{GRACE}, seen last").click()
    expect(page.locator(".faces-over .box")).to_have_count(2)
    page.locator(".faces-over .box", has_text="Unknown 1").click()
    assert barriers(page) == []
    seen = focuses(page)
    assert [each["what"] for each in seen if not each["ringed"] or each["covered"]] == []
    shoot(page, f"film-{scheme}")
