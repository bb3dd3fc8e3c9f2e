"""A server without keys against pages in this machine's browser, simulated and in the system's Chromium."""

import http.server
import json
import threading
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.chromium import executable, flags
from tests.live import JSON, Live
from tests.locked import Locked

EVIL = "evil.example"
PATHS = ["/healthz", "/readyz", "/metrics", "/console/", "/console/about.json", "/console/main.js", "/console", "/"]
CALL = """async ([address, operation, body]) => {
  try {
    const answer = await fetch(address, {method: 'POST', body: JSON.stringify(body), headers: {
      'content-type': 'application/x-amz-json-1.1', 'x-amz-target': 'RekognitionService.' + operation,
      authorization: 'AWS4-HMAC-SHA256 Credential=any/20260101/us-east-1/rekognition/aws4_request'}});
    return [answer.status, await answer.text()];
  } catch (error) { return [0, String(error)]; }
}"""
READ = """async (address) => {
  try { const answer = await fetch(address); return [answer.status, await answer.text()]; }
  catch (error) { return [0, String(error)]; }
}"""


@pytest.fixture
def name(live: Live) -> Iterator[str]:
    """Creates a collection that must survive the attack."""
    made = f"prey-{uuid4()}"
    live.client().create_collection(CollectionId=made)
    yield made
    live.client().delete_collection(CollectionId=made)  # it is there


@pytest.mark.parametrize("host", [EVIL, f"localhost.{EVIL}", "127.0.0.1.nip.io", f"{EVIL}:6436", "0.0.0.0"])
def test_a_name_that_was_rebound_to_this_machine_is_refused_everywhere(live: Live, name: str, host: str) -> None:
    """Seen: with evil.example as Host and Origin, a page listed faces and deleted collections."""
    body = json.dumps({"CollectionId": name}).encode()
    for origin in ({}, {"Origin": f"http://{host}"}, {"Origin": live.address}):
        answer = live.post("DeleteCollection", body, {"Host": host, **origin})
        assert (answer.status, answer.json["__type"]) == (400, "AccessDeniedException")
        assert "localhost" in answer.json["Message"]
        assert "access-control-allow-origin" not in answer.headers
    for path in PATHS:
        for method in ("GET", "HEAD", "OPTIONS"):
            answer = live.send(method, path, None, {"Host": host, "Accept": "text/html"})
            assert answer.status == 403
            assert "mien_" not in answer.body.decode()


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST.", "127.1", "2130706433", "0x7f.1", "[::1]:1", "[::ffff:7f00:1]"]
)
def test_this_machine_may_be_spelt_as_it_pleases(live: Live, host: str) -> None:
    assert live.post("ListCollections", b"{}", {"Host": host}).status == 200
    assert live.send("GET", "/console/about.json", None, {"Host": host}).status == 200


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_page_of_another_site_is_refused_without_an_origin_too(live: Live, method: str) -> None:
    for path in PATHS:
        answer = live.send(method, path, b"{}" if method == "POST" else None, {"Sec-Fetch-Site": "cross-site"})
        assert answer.status in (400, 403)
        assert b"another" in answer.body or b"other sites" in answer.body
    link = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
    assert live.send("GET", "/console/", None, link).status == 200


def test_pages_are_not_for_other_origins(live: Live, locked: Locked) -> None:
    for server in (live, locked.server):
        for path in PATHS[:6]:
            for origin in ("http://localhost:3000", "https://app.example"):
                for method in ("GET", "OPTIONS"):
                    answer = server.send(method, path, None, {"Origin": origin})
                    assert "access-control-allow-origin" not in answer.headers
    answer = locked.server.post("ListCollections", b"{}", {"Origin": "https://app.example", "Host": "mien.example"})
    assert answer.headers["access-control-allow-origin"] == "*"  # any page may bring a signature


def test_metrics_name_no_collection_without_the_token(live: Live, name: str) -> None:
    text = live.send("GET", "/metrics", None, {}).body.decode()
    assert "mien_collections " in text
    assert name not in text
    assert "account=" not in text


class Attacker(http.server.BaseHTTPRequestHandler):
    """Answers every path with an empty page."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!doctype html><title>nothing</title>")

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """Starts the server of the attacker's pages, under any name."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Attacker)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_address[1]
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    arguments = [f"--host-resolver-rules=MAP {EVIL} 127.0.0.1", *flags()]
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=executable(), args=arguments)
        yield running
        running.close()


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    context = chromium.new_context()
    yield context.new_page()
    context.close()


def test_in_chromium_a_rebound_page_reads_and_deletes_nothing(page: Page, live: Live, name: str) -> None:
    page.goto(f"http://{EVIL}:{live.port}/healthz")  # the name is mien's by now; what follows is of its own origin
    for operation, body in (
        ("ListCollections", {}),
        ("ListFaces", {"CollectionId": name}),
        ("DeleteCollection", {"CollectionId": name}),
    ):
        status, text = page.evaluate(CALL, ["/", operation, body])
        assert (status, json.loads(text)["__type"]) == (400, "AccessDeniedException")
    for path in PATHS:
        status, text = page.evaluate(READ, path)
        assert status == 403
        assert "mien_" not in text


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_in_chromium_a_page_of_another_site_reads_and_deletes_nothing(
    page: Page, port: int, live: Live, name: str, host: str
) -> None:
    page.goto(f"http://{EVIL}:{port}/")
    there = f"http://{host}:{live.port}"
    for path in PATHS:
        status, text = page.evaluate(READ, there + path)
        assert status == 0, text
    status, text = page.evaluate(CALL, [there, "DeleteCollection", {"CollectionId": name}])
    assert status == 0 or json.loads(text)["__type"] == "AccessDeniedException"
    embedded = """(address) => new Promise((done) => {
      const made = document.createElement('script');
      made.onload = () => done('loaded'); made.onerror = () => done('refused');
      made.src = address; document.head.append(made);
    })"""
    assert page.evaluate(embedded, f"{there}/console/sigv4.js") == "refused"
    page.set_content(f"<form method=post enctype=text/plain action='{there}/'><input name='{{}}' value=''></form>")
    with page.expect_response(f"{there}/") as answered:
        page.evaluate("document.forms[0].submit()")
    assert answered.value.status == 400


def test_in_chromium_a_page_of_this_machine_may_call(page: Page, port: int, live: Live, name: str) -> None:
    """A page under development on localhost:3000 calls mien at 127.0.0.1, another site for the browser."""
    page.goto(f"http://localhost:{port}/")
    for host in ("127.0.0.1", "localhost"):
        status, text = page.evaluate(CALL, [f"http://{host}:{live.port}", "ListCollections", {}])
        assert status == 200
        assert name in json.loads(text)["CollectionIds"]
    page.goto(f"http://localhost:{live.port}/console/")
    page.wait_for_selector("main h1, main h2")


def test_in_chromium_a_rebound_page_finds_a_server_with_keys_locked(page: Page, locked: Locked) -> None:
    page.goto(f"http://{EVIL}:{locked.server.port}/healthz")
    status, text = page.evaluate(CALL, ["/", "ListCollections", {}])
    assert (status, json.loads(text)["__type"]) == (400, "IncompleteSignatureException")
    assert JSON in locked.server.post("ListCollections", b"{}").headers["content-type"]
