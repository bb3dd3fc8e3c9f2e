"""The page Jobs: films in a bucket that the server looks at, how far it is, and what it found."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests import javascript, photos
from tests import live as servers
from tests.console.shots import shoot
from tests.console.test_barriers import barriers
from tests.console.visit import Visit, Visitor
from tests.jobs.cloud import Cloud, film
from tests.live import Live

LONG = 60_000  # milliseconds for a job, on a machine that others use as well


@pytest.fixture(scope="module")
def cinema(browser: Browser, packs: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """A server with three jobs that have begun: a search, a detection, and a film that was cut."""
    pytest.importorskip("av", reason="the extra mien[video] is not installed")
    del browser  # where there is none, the films need not be made
    folder: Path = tmp_path_factory.mktemp("cinema")
    with Cloud.started(folder) as cloud:
        server = servers.serve(packs, folder / "data", *cloud.flags)
        client = server.client()
        client.create_collection(CollectionId="known", Tags={"mien:portraits": "true"})
        client.index_faces(CollectionId="known", Image={"Bytes": photos.hopper().data}, ExternalImageId="hopper")
        client.start_face_detection(Video=film("cut.mp4"))
        client.start_face_detection(Video=film(), JobTag="door")
        client.start_face_search(Video=film(), CollectionId="known")
        yield server
        server.stop()


def jobs(visit: Visit) -> Page:
    """Opens the page and waits until no job is running."""
    page = visit.open("#/jobs")
    expect(page.locator(".jobs .state")).to_have_count(3, timeout=LONG)
    return page


def test_jobs_are_followed_to_their_results(visitor: Visitor, cinema: Live) -> None:
    visit = visitor(cinema.address)
    visit.page.add_init_script(javascript.axe())
    page = jobs(visit)
    rows = page.locator(".jobs li")
    expect(rows.nth(0)).to_contain_text("Who is seen")
    expect(rows.nth(1)).to_contain_text("door")
    expect(rows.nth(2)).to_contain_text("failed")
    expect(rows.nth(2).locator("p").last).to_contain_text("film")  # the sentence
    expect(rows.nth(2).locator("a")).to_have_count(0)
    shoot(page, "jobs")
    assert barriers(page) == []
    rows.nth(0).locator("a").click()
    expect(page.locator(".cast strong")).to_have_text(["hopper", "Unknown 2"])
    expect(page.locator(".cast li").nth(0)).to_contain_text("0:00 to 0:05, 1 time")
    expect(page.locator(".cast li").nth(1)).to_contain_text("0:03 to 0:05, 1 time")
    expect(page.locator(".cast .thumb img")).to_have_count(1)
    shoot(page, "job")
    assert barriers(page) == []
    page.get_by_role("link", name="Jobs").click()
    rows.nth(1).locator("a").click()
    expect(page.locator(".card p")).to_have_text("Faces in 12 samples, at most 2 at once.")


def test_jobs_are_read_while_their_page_is_shown(visitor: Visitor, cinema: Live) -> None:
    visit = visitor(cinema.address)
    asked: list[str] = []
    visit.page.on("request", lambda request: asked.append(request.headers.get("x-amz-target", "")))
    page = jobs(visit)
    link = page.locator(".jobs a").first
    link.focus()
    with page.expect_request(lambda request: request.headers.get("x-amz-target") == "Mien.ListVideoJobs"):
        pass
    expect(link).to_be_focused()
    page.keyboard.press("1")
    page.wait_for_selector("h1:has-text('Look')")
    page.wait_for_timeout(300)
    before = len(asked)
    page.wait_for_timeout(2500)
    assert len(asked) == before


def test_the_tab_film_leads_to_jobs(visitor: Visitor, cinema: Live) -> None:
    page = visitor(cinema.address).open("#/collections/known/film")
    page.get_by_role("link", name="Jobs on films in S3").click()
    expect(page.locator("h1")).to_have_text("Jobs")
