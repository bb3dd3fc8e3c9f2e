"""The page Liveness with a real server. The camera alone is made up: a photograph that comes nearer, lit by the page.

A photograph is no living person, so that the page must not say that it is one; what it is shown for is every part of
the way: the guide, the colours, the film, the verdict, and what that follows from.
"""

import base64
import json
import re
from uuid import uuid4

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from tests import javascript, photos
from tests.console.shots import shoot
from tests.console.test_barriers import barriers, focuses
from tests.console.visit import Visit, Visitor
from tests.live import Live
from tests.locked import Locked

CAMERA = """
([letters, far, wide, x, y]) => {
  const canvas = Object.assign(document.createElement('canvas'), { width: 480, height: 360 });
  const context = canvas.getContext('2d');
  const image = new Image();
  let [side, place] = [far, [240, 180]];
  function draw() {
    const rim = document.querySelector('.rim:not([hidden])');
    if (rim) {
      const share = (side) => parseFloat(rim.style[side]) / 100;
      const [left, top, width, height] = ['left', 'top', 'width', 'height'].map(share);
      place = [480 * (left + width / 2), 360 * (top + height / 2)];
      side = Math.min(480 * width / wide, side + 10);
    }
    context.fillStyle = '#777';
    context.fillRect(0, 0, 480, 360);
    context.drawImage(image, place[0] - x * side, place[1] - y * side, side, side);
    const colour = document.querySelector('.colour');
    const light = colour && getComputedStyle(colour).backgroundImage.match(/rgb[(].*?[)]/);
    if (light) {
      context.globalCompositeOperation = 'soft-light';
      context.globalAlpha = 0.4;
      context.fillStyle = light[0];
      context.fillRect(0, 0, 480, 360);
      context.globalCompositeOperation = 'source-over';
      context.globalAlpha = 1;
    }
    setTimeout(draw, 40);
  }
  image.onload = draw;
  image.src = URL.createObjectURL(new Blob([Uint8Array.from(atob(letters), (each) => each.charCodeAt(0))]));
  MediaDevices.prototype.getUserMedia = async () => canvas.captureStream(25);
}
"""
FACE = 80  # pixels of the astronaut's face, as wide as the page measures it


def camera(page: Page) -> None:
    """Puts a photograph before the page's camera, far away until an oval is shown."""
    photo, side = photos.astronaut(), 264
    x, y = round((photo.face.x1 + photo.face.x2) / 2), round((photo.face.y1 + photo.face.y2) / 2) - 5
    left, top = max(0, x - side // 2), max(0, y - side // 2)
    cut = np.ascontiguousarray(photo.pixels[top : top + side, left : left + side])
    letters = base64.b64encode(photos.jpeg(cut)).decode()
    given = [letters, 150, FACE / side, (x - left) / side, (y - top) / side]
    page.add_init_script(f"({CAMERA})({json.dumps(given)})")


def check(visit: Visit, colours: bool = True) -> Page:
    """Begins a check on the page Liveness."""
    camera(visit.page)
    page = visit.open("#/liveness")
    page.get_by_label("Flash colours").set_checked(colours)
    visit.press("Begin")
    return page


def test_a_session_is_tried_and_its_verdict_explained(visit: Visit) -> None:
    visit.page.add_init_script(javascript.axe())
    page = check(visit)
    expect(page.locator(".live .told")).to_have_text("Come nearer", timeout=20_000)
    shown = verdict(page)
    assert {"The colours", "The same person", "Movement", "Depth", "Light on the skin"} <= set(shown)
    assert shown["In the oval"] == shown["Came nearer"] == shown["Alone"] == 100
    assert page.locator("main img.portrait").evaluate("image => image.naturalWidth") > 100
    shoot(page, "liveness-verdict")
    assert barriers(page) == []


def verdict(page: Page) -> dict[str, float]:
    """Waits for the verdict, which a photograph does not pass; returns the evidence and its scores."""
    expect(page.locator("h2.state")).to_have_text("This does not look like a living person", timeout=60_000)
    confidence = re.search(r"Confidence: ([\d.]+) of 100", page.locator("main").inner_text())
    assert confidence
    assert float(confidence[1]) < 50
    names = page.locator(".card li strong").all_inner_texts()
    scores = [float(each) for each in page.locator(".card li .row > span").all_inner_texts()]
    assert scores == sorted(scores)
    return dict(zip(names, scores, strict=True))


def test_a_session_without_colours_is_signed_where_keys_are_needed(visitor: Visitor, locked: Locked) -> None:
    """With the address and every message signed; a key that may not stream is refused in a sentence."""
    few = locked.key(f"live-{uuid4().hex[:8]}", operations=("DetectFaces", "CreateFaceLivenessSession"))
    for key in (few, locked.admin):
        visit = visitor(locked.server.address)
        kept = json.dumps({"id": key.id, "secret": key.secret, "region": "eu-west-1"})
        visit.page.add_init_script(f"sessionStorage.setItem('mien.key', {kept!r})")
        page = check(visit, False)
        if key is few:
            expect(page.locator(".note.bad")).to_contain_text("StartFaceLivenessSession", timeout=20_000)
            expect(page.locator("dialog.live")).to_have_count(0)
        else:
            assert "The colours" not in verdict(page)


def test_a_check_can_be_left_and_begun_again(visit: Visit) -> None:
    page = check(visit)
    expect(page.locator(".live .told")).not_to_be_empty(timeout=20_000)
    page.keyboard.press("Escape")
    expect(page.locator("dialog")).to_have_count(0)
    expect(page.get_by_role("button", name="Begin")).to_be_focused()
    expect(page.locator(".note.bad")).to_have_count(0)


@pytest.mark.parametrize(
    ("camera", "said"),
    [
        (
            "MediaDevices.prototype.getUserMedia = async () => { throw new DOMException('', 'NotAllowedError'); }",
            "Allow it",
        ),
        (
            "MediaDevices.prototype.getUserMedia = async () => { throw new DOMException('', 'NotFoundError'); }",
            "No camera",
        ),
        ("Object.defineProperty(Navigator.prototype, 'mediaDevices', { value: undefined })", "https"),
    ],
    ids=["denied", "none", "http"],
)
def test_a_camera_that_cannot_be_used_is_said(visit: Visit, camera: str, said: str) -> None:
    visit.page.add_init_script(camera)
    page = visit.open("#/liveness")
    visit.press("Begin")
    expect(page.locator(".note.bad")).to_contain_text(said)


def test_whoever_wants_less_motion_begins_without_colours(visit: Visit) -> None:
    page = visit.open("#/liveness")
    expect(page.get_by_label("Flash colours")).to_be_checked()
    page.emulate_media(reduced_motion="reduce")
    page.reload()
    expect(page.get_by_label("Flash colours")).not_to_be_checked()


@pytest.mark.parametrize(
    ("size", "scheme"), [((1280, 900), "dark"), ((390, 844), "light")], ids=["desktop-dark", "phone-light"]
)
def test_how_liveness_looks(visitor: Visitor, server: Live, size: tuple[int, int], scheme: str) -> None:
    visit = visitor(server.address, size, scheme)
    visit.page.add_init_script(javascript.axe())
    camera(visit.page)
    page = visit.open("#/liveness")
    shoot(page, f"liveness-{scheme}")
    assert barriers(page) == []
    assert [each["what"] for each in focuses(page) if not each["ringed"] or each["covered"]] == []
    visit.press("Begin")
    expect(page.locator(".live .rim")).to_be_visible(timeout=20_000)
    shoot(page, f"liveness-oval-{scheme}", whole=False)
    assert barriers(page) == []
