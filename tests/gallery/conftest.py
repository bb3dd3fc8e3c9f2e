"""Every gallery is held against the same tests: add a row here to have a new one held too."""

from collections.abc import Callable

import pytest

from mien.gallery import ExactGallery, Gallery

Make = Callable[[int], Gallery]
GALLERIES: dict[str, Make] = {"exact": ExactGallery}


@pytest.fixture(params=GALLERIES)
def make(request: pytest.FixtureRequest) -> Make:
    """Makes an empty gallery for embeddings of a length."""
    return GALLERIES[request.param]
