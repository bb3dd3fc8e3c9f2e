"""The system's Chromium, for the tests that need a browser."""

import os
import shutil

import pytest

NAMES = ("chromium", "chromium-browser", "chromium-headless-shell", "google-chrome", "google-chrome-stable")


def executable() -> str:
    """Returns the program's path; skips the test where there is none. MIEN_TEST_CHROMIUM names another."""
    found = os.environ.get("MIEN_TEST_CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        pytest.skip("no Chromium is here; install the system's package, or set MIEN_TEST_CHROMIUM")
    return found


def flags() -> list[str]:
    """Returns the flags that Chromium needs to run as this user."""
    return ["--no-sandbox"] if os.geteuid() == 0 else []
