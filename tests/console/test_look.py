"""The pages Look and Compare in a browser."""

import re
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect

from tests import live as servers
from tests import photos
from tests.console.shots import shoot
from tests.console.visit import Album, Visit, Visitor
from tests.live import Live


def faces(visit: Visit) -> list[dict[str, float]]:
    """Returns the drawn boxes, as shares of the displayed picture."""
    found: list[dict[str, float]] = visit.page.evaluate(
        """() => { const whole = document.querySelector('.viewer > img').getBoundingClientRect();
        return [...document.querySelectorAll('.viewer .box')].map((box) => { const b = box.getBoundingClientRect();
        return { left: (b.left - whole.left) / whole.width, top: (b.top - whole.top) / whole.height,
                 width: b.width / whole.width, height: b.height / whole.height }; }); }"""
    )
    return found


def look(visit: Visit, file: Path) -> None:
    visit.open("#/look")
    visit.give(file)
    visit.page.wait_for_selector(".viewer")


def test_a_face_is_where_it_is(visit: Visit, album: Album) -> None:
    look(visit, album.hopper)
    (drawn,) = faces(visit)
    photo = photos.hopper()
    height, width = photo.pixels.shape[:2]
    assert drawn["left"] == pytest.approx(photo.face.x1 / width, abs=0.06)
    assert drawn["top"] == pytest.approx(photo.face.y1 / height, abs=0.06)
    assert drawn["left"] + drawn["width"] == pytest.approx(photo.face.x2 / width, abs=0.06)
    assert drawn["top"] + drawn["height"] == pytest.approx(photo.face.y2 / height, abs=0.06)
    points = visit.page.locator(".dot").evaluate_all("(dots) => dots.map((dot) => dot.dataset.landmark)")
    assert len(set(points)) == 30
    words = visit.page.inner_text(".side")
    for name in ("Age", "Gender", "Emotion", "Smiles", "Eyes open", "Sunglasses", "Eyes look"):
        assert name in words
    assert "Face 1" in visit.page.inner_text(".side")


def test_a_picture_on_its_side_is_drawn_upright(visit: Visit, album: Album, tmp_path: Path) -> None:
    upright = Image.open(album.hopper)
    exif = Image.Exif()
    exif[0x0112] = 6
    upright.transpose(Image.Transpose.ROTATE_90).save(tmp_path / "turned.jpg", quality=95, exif=exif)
    look(visit, album.hopper)
    (one,) = faces(visit)
    look(visit, tmp_path / "turned.jpg")
    (other,) = faces(visit)
    assert other == pytest.approx(one, abs=0.03)


def test_how_likely_a_face_is_living_is_told_when_asked(visit: Visit, album: Album) -> None:
    look(visit, album.pair)
    page = visit.page
    page.get_by_role("button", name="Judge the surroundings").click()
    expect(page.locator(".living")).to_contain_text(
        re.compile(r"Living: \d+ of 100|It cannot be told. The face|cannot tell")
    )
    page.locator(".box").nth(1).click()
    expect(page.locator(".living")).to_contain_text(
        re.compile(r"Living: \d+ of 100|It cannot be told. The face|cannot tell")
    )


def test_every_face_can_be_reached_by_keyboard(visit: Visit, album: Album) -> None:
    look(visit, album.pair)
    page = visit.page
    page.locator(".box").first.focus()
    page.keyboard.press("ArrowRight")
    assert page.inner_text(".side h2") == "Face 2"
    assert page.locator(".box").nth(1).get_attribute("aria-pressed") == "true"
    page.keyboard.press("ArrowRight")
    assert page.inner_text(".side h2") == "Face 1"


def spoiled(kind: str) -> photos.Pixels:
    hopper = photos.hopper().pixels
    if kind == "blurred":
        return np.asarray(cv2.GaussianBlur(hopper, (0, 0), 9), np.uint8)
    if kind == "dark":
        return (hopper * 0.06).astype(np.uint8)
    if kind == "small":
        return photos.beside(photos.resized(hopper, 0.09), np.full((200, 200, 3), 128, np.uint8))
    return hopper


@pytest.mark.parametrize("kind", ["good", "blurred", "dark", "small"])
def test_it_refuses_what_indexing_refuses(visit: Visit, server: Live, tmp_path: Path, kind: str) -> None:
    """The page applies the server's bars; it cannot measure contrast, and says so."""
    data = photos.jpeg(spoiled(kind))
    (tmp_path / "face.jpg").write_bytes(data)
    client = server.client()
    look(visit, tmp_path / "face.jpg")
    name = f"refusing-{kind}"
    client.create_collection(CollectionId=name)
    for bar in ("LOW", "AUTO", "MEDIUM", "HIGH"):
        answer = client.index_faces(CollectionId=name, Image={"Bytes": data}, QualityFilter=bar)
        reasons = {reason for face in answer["UnindexedFaces"] for reason in face["Reasons"]} - {"LOW_FACE_QUALITY"}
        visit.page.get_by_label("Quality filter").select_option(bar)
        assert bool(visit.page.locator(".box.bad").count()) == bool(reasons)
        assert visit.page.locator(".chart .bad").count() == len(reasons)
        line = visit.page.locator(".verdicts li", has_text=bar).inner_text()
        assert ("Taken." in line) == (not reasons)
    client.delete_collection(CollectionId=name)


def test_a_picture_without_a_face_says_so(visit: Visit, album: Album) -> None:
    look(visit, album.nobody)
    assert "No face" in visit.page.inner_text("main")
    assert visit.page.locator(".box").count() == 0


def test_what_is_no_picture_is_refused_in_words(visit: Visit, tmp_path: Path) -> None:
    (tmp_path / "notes.jpg").write_bytes(b"\xff\xd8\xff and then nothing")
    (tmp_path / "empty.png").write_bytes(b"")
    page = visit.open("#/look")
    for name in ("notes.jpg", "empty.png"):
        visit.give(tmp_path / name)
        expect(page.locator(".note.bad")).to_contain_text(name)


def test_a_picture_too_large_is_made_smaller_and_that_is_said(visit: Visit, tmp_path: Path) -> None:
    noise = np.random.default_rng(1).normal(0, 25, (1800, 1536, 3))
    large = np.clip(photos.resized(photos.hopper().pixels, 3)[:1800, :1536] + noise, 0, 255).astype(np.uint8)
    Image.fromarray(large).save(tmp_path / "large.png", compress_level=1)
    assert (tmp_path / "large.png").stat().st_size > 5_242_880
    sent: list[int] = []
    visit.page.on("request", lambda asked: sent.append(len(asked.post_data_buffer or b"")))
    look(visit, tmp_path / "large.png")
    assert "it is larger than 5 MB" in visit.page.inner_text(".note")
    assert len(faces(visit)) == 1
    assert 0 < max(sent) < 5_242_880 * 4 / 3 + 1000


def test_a_format_the_server_does_not_take_is_sent_as_one_it_does(visit: Visit, tmp_path: Path) -> None:
    Image.fromarray(photos.hopper().pixels).save(tmp_path / "hopper.webp", quality=95)
    look(visit, tmp_path / "hopper.webp")
    assert visit.page.inner_text(".note") == "Sent as a JPEG, because the server takes JPEG and PNG."
    assert len(faces(visit)) == 1


def test_a_picture_can_be_dropped_and_pasted(visit: Visit, album: Album) -> None:
    page = visit.open("#/look")
    give = """([kind, bytes]) => { const held = new DataTransfer();
        held.items.add(new File([new Uint8Array(bytes)], 'given.jpg', { type: 'image/jpeg' }));
        const event = kind === 'drop' ? new DragEvent('drop', { dataTransfer: held, bubbles: true, cancelable: true })
            : new ClipboardEvent('paste', { clipboardData: held, bubbles: true, cancelable: true });
        (kind === 'drop' ? document.querySelector('.drop') : document.body).dispatchEvent(event); }"""
    for kind, file, count in (("drop", album.hopper, 1), ("paste", album.pair, 2)):
        page.evaluate(give, [kind, list(file.read_bytes())])
        expect(page.locator(".viewer .box")).to_have_count(count)


def test_two_pictures_of_one_person_and_a_stranger(visit: Visit, server: Live, album: Album) -> None:
    page = visit.open("#/compare")
    visit.give(album.hopper, zone=0)
    visit.give(album.pair, zone=1)
    page.wait_for_selector(".meaning output")
    answer = server.client().compare_faces(
        SourceImage={"Bytes": album.hopper.read_bytes()},
        TargetImage={"Bytes": album.pair.read_bytes()},
        SimilarityThreshold=0,
    )
    best, other = (match["Similarity"] for match in answer["FaceMatches"])
    assert float(page.inner_text(".meaning output")) == pytest.approx(best, abs=0.11)
    assert "Very likely the same person" in page.inner_text(".meaning")
    rarest = re.search(r"one stranger in ([\d,]+) scores", page.inner_text(".meaning"))
    assert rarest
    assert int(rarest[1].replace(",", "")) >= 1_000_000
    page.locator(".pair section").nth(1).locator(".box").nth(1).click()
    assert float(page.inner_text(".meaning output")) == pytest.approx(other, abs=0.11)
    assert "Probably two people" in page.inner_text(".meaning")
    visit.press("Swap")
    expect(page.locator(".pair section").nth(1).locator(".box")).to_have_count(1)


def test_a_comparison_without_a_face_says_so(visit: Visit, album: Album) -> None:
    page = visit.open("#/compare")
    visit.give(album.hopper, zone=0)
    visit.give(album.nobody, zone=1)
    page.wait_for_selector(".note.bad")
    assert "shows no face" in page.inner_text(".note.bad")


def test_a_picture_is_still_there_on_the_way_back(visit: Visit, album: Album) -> None:
    look(visit, album.hopper)
    visit.page.keyboard.press("4")
    visit.page.wait_for_selector("h1:has-text('Status')")
    visit.page.keyboard.press("1")
    expect(visit.page.locator(".viewer .box")).to_have_count(1)


def test_the_readmes_picture(visitor: Visitor, server: Live, album: Album) -> None:
    """The README shows NASA's photograph, which is in the public domain."""
    visit = visitor(server.address, (1280, 860))
    look(visit, album.astronaut)
    shoot(visit.page, "readme", whole=False)


def test_a_server_that_is_gone_is_said_so(visitor: Visitor, packs: str, album: Album, tmp_path: Path) -> None:
    gone = servers.serve(packs, tmp_path / "data")
    visit = visitor(gone.address)
    visit.open("#/look")
    gone.kill()
    visit.give(album.hopper)
    expect(visit.page.locator(".note.bad")).to_have_text("The server does not answer. Is it running?")
    visit.page.keyboard.press("4")
    expect(visit.page.locator(".note.bad")).to_have_text("The server does not answer. Is it running?")
    assert all("ERR_CONNECTION_REFUSED" in each for each in visit.wrong)
    visit.wrong.clear()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [(1440, 900), (375, 812)], ids=["desktop", "phone"])
def test_how_it_looks(visitor: Visitor, server: Live, album: Album, size: tuple[int, int], scheme: str) -> None:
    visit = visitor(server.address, size, scheme)
    name = f"{'phone' if size[0] < 800 else 'desktop'}-{scheme}"
    visit.open("#/look")
    shoot(visit.page, f"look-empty-{name}")
    look(visit, album.pair)
    shoot(visit.page, f"look-{name}")
    visit.open("#/compare")
    shoot(visit.page, f"compare-empty-{name}")
    visit.give(album.hopper, zone=0)
    visit.give(album.pair, zone=1)
    visit.page.wait_for_selector(".meaning output")
    shoot(visit.page, f"compare-{name}")
    visit.open("#/status")
    visit.page.wait_for_selector(".facts")
    shoot(visit.page, f"status-{name}")
    visit.page.keyboard.press("?")
    shoot(visit.page, f"keyboard-{name}", whole=False)
