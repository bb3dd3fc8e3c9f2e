"""Photographs in every format that mien reads, encoded by the libraries at hand."""

import importlib
import importlib.util
import io

import pytest
from PIL import Image

from tests import photos

Turn = Image.Transpose
# How the upright picture was laid into the file for each orientation: the inverse of what a viewer must do.
STORED = {
    2: Turn.FLIP_LEFT_RIGHT, 3: Turn.ROTATE_180, 4: Turn.FLIP_TOP_BOTTOM, 5: Turn.TRANSPOSE, 6: Turn.ROTATE_90,
    7: Turn.TRANSVERSE, 8: Turn.ROTATE_270,
}  # fmt: skip
EXACT: dict[str, dict[str, object]] = {
    "heic": {"quality": 95, "chroma": 444}, "avif": {"quality": 95}, "webp": {"lossless": True}, "tiff": {},
    "gif": {}, "bmp": {}, "jxl": {"lossless": True}, "png": {}, "jpeg": {"quality": 97, "subsampling": 0},
}  # fmt: skip
APART = [each for each in EXACT if each not in ("png", "jpeg")]  # decoded in a process of their own
PACKAGES = {"heic": "pillow_heif", "jxl": "pillow_jxl"}
CODECS = {"heic": "HEIF"}


def encoded(image: Image.Image, name: str, **options: object) -> bytes:
    """A file of a format; skips the test where no package writes it."""
    if name in PACKAGES:
        if not importlib.util.find_spec(PACKAGES[name]):
            pytest.skip(f"{PACKAGES[name]} is not installed")
        module = importlib.import_module(PACKAGES[name])
        if name == "heic":
            module.register_heif_opener()
    file = io.BytesIO()
    image.save(file, CODECS.get(name, name.upper()), **{**EXACT[name], **options})
    return file.getvalue()


def exif(orientation: int) -> bytes:
    made = Image.Exif()
    made[0x0112] = orientation
    return made.tobytes()


def xmp(orientation: int) -> bytes:
    """What an editor left that turned the pixels and forgot about it."""
    return (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        f'<rdf:Description xmlns:tiff="http://ns.adobe.com/tiff/1.0/" tiff:Orientation="{orientation}"/>'
        "</rdf:RDF></x:xmpmeta>"
    ).encode()


def laid(pixels: photos.Pixels, orientation: int) -> Image.Image:
    """The picture as a camera stores it that is held so."""
    image = Image.fromarray(pixels)
    return image.transpose(STORED[orientation]) if orientation in STORED else image
