"""After a reload the page has no photograph any more: a face shows the portrait that its collection keeps, if any."""

from uuid import uuid4

import pytest
from playwright.sync_api import expect

from tests.console.visit import Album, Visit
from tests.live import Live


@pytest.mark.parametrize("kept", [True, False])
def test_a_portrait_is_shown_where_the_collection_keeps_it(
    visit: Visit, server: Live, album: Album, kept: bool
) -> None:
    client, name = server.client(), f"kept-{uuid4().hex[:8]}"
    client.create_collection(CollectionId=name, Tags={"mien:portraits": str(kept).lower()})
    for file in (album.hopper, album.pair):
        client.index_faces(CollectionId=name, Image={"Bytes": file.read_bytes()}, ExternalImageId=file.name)
    asked: list[str] = []
    visit.page.on("request", lambda request: asked.append(request.headers.get("x-amz-target", "")))
    page = visit.open(f"#/collections/{name}/faces")
    expect(page.locator(".faces li")).to_have_count(3)
    expect(page.locator(".faces .thumb img")).to_have_count(3 if kept else 0)
    assert asked.count("Mien.GetPortraits") == 1  # for all of the page together
    if kept:
        shown = page.evaluate("[...document.querySelectorAll('.faces .thumb img')].map((image) => image.naturalWidth)")
        assert shown == [192] * 3
    visit.open(f"#/collections/{name}/people")
    expect(page.locator(".group")).to_have_count(2)
    expect(page.locator(".note")).to_have_count(0 if kept else 1)
    client.delete_collection(CollectionId=name)
