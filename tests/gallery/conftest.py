"""Every gallery runs the same tests: a row of `GALLERIES` is enough for a new one."""

import pytest

from tests.gallery.galleries import GALLERIES, Make


@pytest.fixture(params=GALLERIES)
def make(request: pytest.FixtureRequest) -> Make:
    """Makes an empty gallery for embeddings of a length."""
    return GALLERIES[request.param]
