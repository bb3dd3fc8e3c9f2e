"""However a file is damaged, it is decoded or refused by name; no decoder's own exception comes through."""

import contextlib
import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from mien.errors import ApiError
from mien.image.decode import read_header
from tests.image import files


def _seeds() -> list[bytes]:
    exif = Image.Exif()
    exif[0x0112], exif[0x010E] = 6, "a description"
    made = []
    for mode, options in (("RGB", {"exif": exif}), ("CMYK", {}), ("L", {"progressive": True})):
        file = io.BytesIO()
        Image.fromarray(files.quarters()).convert(mode).save(file, "JPEG", quality=40, **options)
        made.append(file.getvalue())
    made.append(files.png(files.quarters(), files.RGB))
    made.append(files.png(np.zeros((90, 90), np.uint8), files.PALETTE, before=files.chunk(b"PLTE", bytes(3))))
    return made


SEEDS = _seeds()


@pytest.mark.filterwarnings("ignore::UserWarning")  # Pillow on damaged EXIF
@settings(max_examples=250, deadline=None)
@given(
    seed=st.sampled_from(SEEDS),
    changes=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), max_size=8),
    kept=st.floats(0, 1),
    in_header=st.booleans(),
)
def test_damage_is_decoded_or_refused_by_name(
    seed: bytes, changes: list[tuple[float, int]], kept: float, in_header: bool
) -> None:
    data = bytearray(seed)
    for place, value in changes:
        data[int(place * (min(400, len(data)) if in_header else len(data)))] = value
    damaged = bytes(data if in_header else data[: int(kept * len(data)) + 1])
    with contextlib.suppress(ApiError):
        picture = read_header(damaged)
        if picture.width * picture.height < 1_000_000:
            pixels = picture.rgb(100)
            assert pixels.dtype == np.uint8
            assert pixels.shape[2] == 3
