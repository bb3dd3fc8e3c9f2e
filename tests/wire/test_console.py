"""The console's files as they are served, beside an API that answers as it does without them."""

import re
from pathlib import Path

import pytest

from mien import __version__, config
from mien.operations.shapes import MOST_IMAGE_BYTES
from tests import live as servers
from tests.live import Live
from tests.locked import Locked

CALLS = (  # of a client of AWS's that happens to accept HTML
    {"Accept": "text/html", "Authorization": "AWS4-HMAC-SHA256 Credential=a/b/c/d/aws4_request"},
    {"Accept": "text/html", "X-Amz-Target": "RekognitionService.ListCollections"},
    {"Accept": "text/html", "X-Amz-Date": "20270101T000000Z"},
)


def test_the_page_is_at_console(live: Live) -> None:
    sent_on = live.send("GET", "/console", None, {})
    assert (sent_on.status, sent_on.headers["location"]) == (303, "console/")
    page = live.send("GET", "/console/", None, {})
    assert page.status == 200
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert page.body.startswith(b"<!doctype html>")


@pytest.mark.parametrize(
    ("name", "kind"),
    [("main.js", "text/javascript"), ("base.css", "text/css"), ("icon.svg", "image/svg+xml"), ("", "text/html")],
)
def test_a_file_has_its_type_and_its_guards(live: Live, name: str, kind: str) -> None:
    file = live.send("GET", f"/console/{name}", None, {})
    assert file.status == 200
    assert file.headers["content-type"].startswith(kind)
    assert file.headers["x-content-type-options"] == "nosniff"
    assert file.headers["referrer-policy"] == "no-referrer"
    assert file.headers["permissions-policy"] == "camera=(self), microphone=(), geolocation=()"
    policy = file.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'; ")
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy


def test_the_page_sends_images_as_large_as_the_api_takes(live: Live) -> None:
    script = live.send("GET", "/console/picture.js", None, {}).body.decode()
    assert re.findall(r"MOST_BYTES = ([0-9_]+);", script) == [f"{MOST_IMAGE_BYTES:_}"]


def test_a_file_that_did_not_change_is_not_sent_again(live: Live) -> None:
    first = live.send("GET", "/console/main.js", None, {})
    again = live.send("GET", "/console/main.js", None, {"If-None-Match": first.headers["etag"]})
    assert (again.status, again.body, again.headers["etag"]) == (304, b"", first.headers["etag"])
    assert live.send("GET", "/console/main.js", None, {"If-None-Match": '"other"'}).status == 200


def test_head_is_answered_without_a_body(live: Live) -> None:
    answer = live.send("HEAD", "/console/main.js", None, {})
    assert (answer.status, answer.body) == (200, b"")
    assert int(answer.headers["content-length"]) > 0


@pytest.mark.parametrize(
    "name", ["nothing.js", "../app.py", "%2e%2e/app.py", "..%2fapp.py", "base.css/", "/etc/passwd"]
)
def test_there_is_nothing_else(live: Live, name: str) -> None:
    assert live.send("GET", f"/console/{name}", None, {}).status == 404


def test_about_says_what_everyone_may_know(live: Live, locked: Locked) -> None:
    about = live.send("GET", "/console/about.json", None, {}).json
    assert about["version"] == __version__
    assert about["pack"]["name"] == config.DEFAULT_PACK
    assert about["pack"]["license"] == "Apache-2.0"
    assert about["pack"]["commercial"] is True
    assert about["store"].startswith("SQLite 3.")
    assert str(live.data) not in about["store"]
    assert about["access"] == "open"
    assert [80.0, 1e-4] in about["false_match_rates"]
    assert [score for _, score in about["scores"]] == sorted({score for _, score in about["scores"]})
    assert list(about["quality_filters"]) == ["LOW", "AUTO", "MEDIUM", "HIGH"]
    assert locked.server.send("GET", "/console/about.json", None, {}).json["access"] == "keys"


def test_a_person_at_the_root_is_sent_to_the_page_and_a_client_is_not(live: Live) -> None:
    person = live.send("GET", "/", None, {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"})
    assert (person.status, person.headers["location"]) == (303, "console/")
    assert live.send("HEAD", "/", None, {"Accept": "text/html"}).status == 303
    for headers in ({}, {"Accept": "*/*"}, {"Accept": "application/json"}, *CALLS):
        assert live.send("GET", "/", None, headers).status == 403


def test_a_call_to_the_api_under_this_path_is_still_one(live: Live) -> None:
    assert "CollectionIds" in live.send(
        "POST", "/console/", b"{}",
        {"Content-Type": servers.JSON, "X-Amz-Target": "RekognitionService.ListCollections"},
    ).json  # fmt: skip


def test_it_can_be_turned_off(packs: str, tmp_path: Path) -> None:
    server = servers.serve(packs, tmp_path / "data", "--console", "false")
    try:
        for path in ("/console", "/console/", "/console/main.js", "/console/about.json"):
            assert server.send("GET", path, None, {}).status == 403
    finally:
        server.stop()
