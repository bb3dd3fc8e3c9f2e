"""The page Status: a server with counters, and one that shows none.

The counters are put in by the browser here, since what they are called is all the page depends on.
"""

from playwright.sync_api import Route, expect

from tests.console.shots import shoot
from tests.console.visit import PHONE, Visit, Visitor
from tests.live import Live

COUNTERS = """
mien_requests_total{operation="IndexFaces",code="OK"} 1234
mien_requests_total{operation="IndexFaces",code="InvalidImageFormatException"} 5
mien_requests_total{operation="SearchFacesByImage",code="OK"} 20
mien_gallery_bytes 2500000
process_resident_memory_bytes 3e+08
"""


def answering(visit: Visit, status: int, text: str) -> Visit:
    def fulfil(route: Route) -> None:
        route.fulfill(status=status, body=text, content_type="text/plain")

    visit.page.route("**/metrics", fulfil)
    return visit


def test_requests_errors_and_memory(visitor: Visitor, server: Live) -> None:
    for size, name in ((None, "desktop"), (PHONE, "phone")):
        visit = answering(visitor(server.address, *([size] if size else [])), 200, COUNTERS)
        page = visit.open("#/status")
        expect(page.locator("tbody tr")).to_have_count(2)
        expect(page.locator("tbody tr").first).to_contain_text("IndexFaces")
        expect(page.locator("tbody tr").first).to_contain_text("1,239")
        expect(page.locator("tbody tr").first).to_contain_text("5 × InvalidImageFormatException")
        expect(page.locator("main")).to_contain_text("2.5 MB in memory")
        expect(page.locator("main")).to_contain_text("300.0 MB")
        shoot(page, f"counters-{name}")


def test_a_server_that_shows_no_counters(visit: Visit) -> None:
    page = answering(visit, 403, "no").open("#/status")
    expect(page.locator("main")).to_contain_text("does not show its counters to this page")
    expect(page.locator("main")).to_contain_text("Apache-2.0")
