"""Screenshots for a person to look at, where MIEN_TEST_SCREENSHOTS names a folder, and a check of a page's width."""

import os
from pathlib import Path

from playwright.sync_api import Page


def shoot(page: Page, name: str, whole: bool = True) -> None:
    """Checks that the page is not wider than its window, and keeps a picture of all of it or of its visible part."""
    page.wait_for_timeout(150)  # pictures and bars come in
    over = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert over == 0, f"{name} is {over} pixels too wide"
    folder = os.environ.get("MIEN_TEST_SCREENSHOTS")
    if not folder:
        return
    Path(folder).mkdir(parents=True, exist_ok=True)
    size = page.viewport_size
    assert size is not None
    if whole:
        height = max(size["height"], page.evaluate("document.documentElement.scrollHeight"))
        page.set_viewport_size({"width": size["width"], "height": height})
        page.wait_for_timeout(150)
    page.screenshot(path=Path(folder) / f"{name}.png")
    page.set_viewport_size(size)
