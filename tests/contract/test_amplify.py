"""Face Liveness as AWS's own component speaks it, in a browser whose camera is a film of a photograph."""

import io
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests import chromium, photos
from tests.contract import component
from tests.live import Live

pytest.importorskip("av", reason="PyAV is not here: pip install 'mien[video]'")
FAR, NEAR = 0.2, 0.36  # width of the face in the film's: too far away for the oval, and as large as it
ENDED = 60_000.0  # milliseconds for a whole session on a busy machine


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("site")
    component.bundled(folder)
    with component.served(folder) as address:
        yield address


@pytest.fixture(scope="module")
def browser(site: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    film = tmp_path_factory.mktemp("camera") / "nearer.mjpeg"
    film.write_bytes(b"".join(component.coming_nearer(photos.hopper(), FAR, NEAR, (4.0, 2.5, 14.0))))
    flags = [*chromium.flags(), *component.flags(film)]
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium.executable(), args=flags)
        yield launched
        launched.close()


@pytest.fixture(scope="module")
def endpoint(live: Live, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with component.behind_tls(live.port, tmp_path_factory.mktemp("tls")) as address:
        yield address


@pytest.fixture
def page(browser: Browser, site: str) -> Iterator[Page]:
    context = browser.new_context(permissions=["camera"])
    page = context.new_page()
    page.goto(f"{site}/page.html")
    page.wait_for_function("window.told?.length")
    yield page
    context.close()


def begin(page: Page, endpoint: str, session: str) -> None:
    """Shows the component for a session, and presses its button."""
    wanted = {"sessionId": session, "endpoint": endpoint, "accessKeyId": "any", "secretAccessKey": "any"}
    page.evaluate("(wanted) => start(wanted)", wanted)
    page.get_by_role("button", name="Start video check").click()


def told(page: Page) -> Any:
    """What the component tells the page at last."""
    page.wait_for_function("window.told.length > 1", timeout=ENDED)
    return page.evaluate("window.told[1]")


def size(data: bytes) -> tuple[int, int]:
    assert len(data) <= 204_800
    with Image.open(io.BytesIO(data)) as picture:
        assert picture.format == "JPEG"
        return picture.size


@pytest.mark.parametrize("kind", ["FaceMovementAndLightChallenge", "FaceMovementChallenge"])
def test_a_photograph_before_the_camera_is_seen_through_to_the_verdict(
    page: Page, endpoint: str, live: Live, kind: str
) -> None:
    client = live.client()
    settings = {"AuditImagesLimit": 2, "ChallengePreferences": [{"Type": kind}]}
    session = client.create_face_liveness_session(Settings=settings)["SessionId"]
    begin(page, endpoint, session)
    assert told(page) == {"event": "complete"}
    result = client.get_face_liveness_session_results(SessionId=session)
    assert (result["Status"], result["Challenge"]["Type"]) == ("SUCCEEDED", kind)
    assert result["Confidence"] < 50  # it is a photograph
    pictures = [result["ReferenceImage"], *result["AuditImages"]]
    assert 2 <= len(pictures) <= 3  # a busy machine's browser records few frames
    found = client.compare_faces(
        SourceImage={"Bytes": photos.hopper().data}, TargetImage={"Bytes": pictures[0]["Bytes"]}
    )
    assert found["FaceMatches"][0]["Similarity"] > 99  # who was before the camera
    for each in pictures:
        assert size(each["Bytes"]) == (component.WIDTH, component.HEIGHT)
        assert 0 < each["BoundingBox"]["Width"] < 1


def test_a_session_that_the_person_ends_has_failed(page: Page, endpoint: str, live: Live) -> None:
    client = live.client()
    session = client.create_face_liveness_session()["SessionId"]
    begin(page, endpoint, session)
    expect(page.get_by_text("Move closer").first).to_be_visible(timeout=ENDED)
    assert client.get_face_liveness_session_results(SessionId=session)["Status"] == "IN_PROGRESS"
    page.get_by_role("button", name="Cancel Liveness check").click()
    assert told(page) == {"event": "cancel"}
    page.wait_for_timeout(500)
    for _ in range(100):
        result = client.get_face_liveness_session_results(SessionId=session)
        if result["Status"] != "IN_PROGRESS":
            break
        page.wait_for_timeout(100)
    assert result["Status"] == "FAILED"
    assert "Confidence" not in result
    assert "ReferenceImage" not in result


def test_a_session_that_there_is_not_ends_in_an_error_of_the_server(page: Page, endpoint: str) -> None:
    wanted = {"sessionId": str(uuid4()), "endpoint": endpoint, "accessKeyId": "any", "secretAccessKey": "any"}
    page.evaluate("(wanted) => start(wanted)", wanted)
    answer = told(page)
    assert (answer["event"], answer["state"]) == ("error", "SERVER_ERROR")
