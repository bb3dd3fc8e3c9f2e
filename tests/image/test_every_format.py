"""Photographs in every format have the pixels that Pillow reads, upright by EXIF or their container alone."""

import io
import struct

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from mien.errors import ApiError, ImageTooLargeError, InvalidImageFormatError, InvalidParameterError, SetupError
from mien.image import heif
from mien.image.decode import EncodedPicture, allowed, read_header
from mien.image.limits import AWS, EVERY, with_formats
from tests import photos
from tests.image import files, formats

AS_AWS = r"^Request has invalid image format$"
TURNING = [each for each in formats.EXACT if each not in ("gif", "bmp", "jxl")]  # whose files can say how they lie
WITH_XMP = ("avif", "webp", "tiff", "jpeg")  # the encoder of HEIC turns the container by it


def source() -> photos.Pixels:
    return np.ascontiguousarray(photos.astronaut().pixels[20:221, 100:263])


def pillows(data: bytes) -> photos.Pixels:
    with Image.open(io.BytesIO(data)) as image:
        return np.asarray(image.convert("RGB"), np.uint8)


def read(data: bytes) -> tuple[EncodedPicture, photos.Pixels]:
    picture = read_header(data, EVERY)
    pixels = picture.rgb(max(picture.width, picture.height))
    assert pixels.shape == (picture.height, picture.width, 3)
    return picture, pixels


def distance(one: photos.Pixels, other: photos.Pixels) -> float:
    assert one.shape == other.shape
    return float(np.abs(one.astype(int) - other.astype(int)).mean())


@pytest.mark.parametrize("name", formats.EXACT)
def test_every_format_has_the_pixels_that_pillow_reads(name: str) -> None:
    data = formats.encoded(Image.fromarray(source()), name)
    picture, pixels = read(data)
    assert picture.format == name
    assert np.abs(pixels.astype(int) - pillows(data)).max() <= 1
    half = picture.file.decode(4)
    assert distance(half, pixels[: 2 * len(half) : 2, : 2 * half.shape[1] : 2]) < 12
    assert half.shape[0] in (100, 101)
    assert half.shape[1] in (81, 82)


@pytest.mark.parametrize("eighths", range(1, 9))
def test_every_scale_has_its_size_and_the_mean_of_its_pixels(eighths: int) -> None:
    image = Image.fromarray(np.asarray(photos.astronaut().pixels[:509, :467]))  # bands of rows, and a rest
    small = read_header(formats.encoded(image, "webp"), EVERY).file.decode(eighths)
    assert small.shape == (509 * eighths // 8, 467 * eighths // 8, 3)
    expected = image.resize(small.shape[1::-1], Image.Resampling.BOX)
    assert distance(small, np.asarray(expected)) < 4


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("name", TURNING)
def test_every_orientation_gives_the_same_upright_pixels(name: str, orientation: int) -> None:
    data = formats.encoded(formats.laid(source(), orientation), name, exif=formats.exif(orientation))
    picture, pixels = read(data)
    assert (picture.width, picture.height) == (163, 201)
    assert distance(pixels, source()) < 4


@pytest.mark.parametrize("name", WITH_XMP)
def test_a_stale_xmp_turns_nothing(name: str) -> None:
    for turned in ({}, {"exif": formats.exif(1)}):
        stale: dict[str, object] = {"tiffinfo": {700: formats.xmp(6)}} if name == "tiff" else {"xmp": formats.xmp(6)}
        data = formats.encoded(Image.fromarray(source()), name, **stale, **({} if name == "tiff" else turned))
        assert b'tiff:Orientation="6"' in data
        assert distance(read(data)[1], source()) < 4


def test_texts_of_a_png_turn_nothing() -> None:
    texts = PngImagePlugin.PngInfo()
    texts.add_itxt("XML:com.adobe.xmp", formats.xmp(6).decode())
    texts.add_text("Raw profile type exif", "\nexif\n   26\n" + formats.exif(6).hex())
    np.testing.assert_array_equal(read(formats.encoded(Image.fromarray(source()), "png", pnginfo=texts))[1], source())


def test_aws_ignores_the_exif_of_a_png() -> None:
    data = formats.encoded(formats.laid(source(), 6), "png", exif=formats.exif(6))
    assert read_header(data).orientation == 1
    assert read_header(data, EVERY).orientation == 6


@pytest.mark.parametrize("orientation", [1, 3, 6])
def test_the_exif_of_a_heic_does_not_turn_it_twice(orientation: int) -> None:
    """Its container says how it lies, and what the EXIF repeats must not be undone again."""
    data = formats.encoded(formats.laid(source(), orientation), "heic", exif=formats.exif(orientation))
    turned = data.replace(formats.exif(1), formats.exif(6)) if formats.exif(1) in data else data
    assert distance(read(turned)[1], source()) < 4


def test_turns_and_mirrors_of_a_container_are_those_of_exif() -> None:
    """The combinations of `irot` and `imir` are applied as the standard says and compared with EXIF's."""
    pixels = source()
    for (turns, axis), orientation in heif._ORIENTATIONS.items():
        shown = np.rot90(pixels, turns)
        if axis is not None:
            shown = shown[::-1] if axis == 0 else shown[:, ::-1]
        stored = np.asarray(formats.laid(np.ascontiguousarray(shown), orientation))
        np.testing.assert_array_equal(stored, pixels, err_msg=f"{turns} {axis}")


MODES = ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "I;16", "I;16B", "YCbCr"]


@pytest.mark.parametrize("mode", MODES)
def test_a_tiff_of_every_mode_is_read(mode: str) -> None:
    ramp = np.broadcast_to(np.linspace(0, 65_535, 120).astype(np.uint16), (90, 120))
    if mode.startswith("I;16"):
        image = Image.frombytes(mode, (120, 90), ramp.astype(">u2" if mode.endswith("B") else "<u2").tobytes())
        expected = np.repeat((ramp >> 8).astype(np.uint8)[..., None], 3, axis=2)
    else:
        image = Image.fromarray(source()).convert(mode)
        expected = np.asarray(image.convert("RGB"))
    for compression in (None, "tiff_lzw", "tiff_deflate"):
        if compression and mode == "YCbCr":
            continue
        data = formats.encoded(image, "tiff", compression=compression)
        assert distance(read(data)[1], expected) < 1.5


@pytest.mark.parametrize("name", ["webp", "avif", "heic", "tiff"])
def test_alpha_is_composited_over_white(name: str) -> None:
    clear = np.dstack([source(), np.full((201, 163), 255, np.uint8)])
    clear[:, :80, 3] = 0
    pixels = read(formats.encoded(Image.fromarray(clear), name))[1]
    assert pixels[:, :72].min() > 250
    assert distance(np.ascontiguousarray(pixels[:, 90:]), np.ascontiguousarray(source()[:, 90:])) < 4


def test_a_gif_with_a_clear_colour_is_composited_over_white() -> None:
    image = Image.fromarray(files.quarters()).quantize(4)
    data = formats.encoded(image, "gif", transparency=image.getpixel((0, 0)))
    pixels = read(data)[1]
    assert (pixels[:48, :80] == 255).all()
    assert distance(np.ascontiguousarray(pixels[48:]), np.ascontiguousarray(files.quarters()[48:])) < 1


@pytest.mark.parametrize("name", ["gif", "webp", "avif", "png", "tiff", "heic"])
def test_the_first_of_several_frames_is_read(name: str) -> None:
    later = [Image.new("RGB", (160, 96), colour) for colour in ("black", "white")]
    data = formats.encoded(Image.fromarray(files.quarters()), name, save_all=True, append_images=later)
    assert distance(read(data)[1], files.quarters()) < 4


@pytest.mark.parametrize("name", formats.APART)
def test_aws_s_formats_are_jpeg_and_png_until_more_are_allowed(name: str) -> None:
    data = formats.encoded(Image.fromarray(source()), name)
    with pytest.raises(InvalidImageFormatError, match=AS_AWS):
        read_header(data)
    for names in (name, f" {name.upper()} , gif", "all"):
        assert read_header(data, with_formats(names)).format == name
    others = with_formats("gif" if name != "gif" else "bmp")
    with pytest.raises(InvalidImageFormatError, match=AS_AWS):
        read_header(data, others)


def test_a_format_whose_package_is_missing_cannot_be_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(SetupError, match=r"mien\[heic\]"):
        allowed("webp,heic")
    assert allowed("webp") == with_formats("webp")
    assert allowed("all") == with_formats("all")


def test_a_format_that_does_not_exist_is_named() -> None:
    assert with_formats("") == AWS
    with pytest.raises(SetupError, match="not raw"):
        with_formats("heic,raw")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "The file is empty."),
        (b"\0\0\0\x18ftypmp42" + bytes(200), "one of the videos"),
        (b"Dear diary", "one of the texts"),
        (bytes(300), "beginning is damaged"),
    ],
)
def test_what_is_no_photograph_is_said(data: bytes, words: str) -> None:
    with pytest.raises(InvalidImageFormatError, match=words):
        read_header(data, EVERY)


def test_a_package_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    head = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(100)
    with pytest.raises(InvalidImageFormatError, match=r"pip install 'mien\[heic\]'"):
        read_header(head, EVERY)
    with pytest.raises(InvalidImageFormatError, match=AS_AWS):
        read_header(head, with_formats("heic"))


def claimed(name: str, width: int, height: int) -> bytes:
    """A header that claims these sides, and nothing behind it."""
    if name == "gif":
        return b"GIF89a" + struct.pack("<HH", width, height) + bytes(20)
    if name == "bmp":
        return b"BM" + bytes(12) + struct.pack("<Iii", 40, width, -height) + bytes(40)
    if name == "webp":
        size = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
        return b"RIFF\x40\0\0\0WEBPVP8X\x0a\0\0\0" + bytes(4) + size + bytes(40)
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in ((256, width), (257, height)))
    return b"II*\0" + struct.pack("<IH", 8, 2) + entries + bytes(40)


@pytest.mark.parametrize("name", ["gif", "bmp", "webp", "tiff"])
def test_a_bomb_is_refused_by_its_header(name: str) -> None:
    for accepted in (EVERY, with_formats("all")):
        with pytest.raises(ImageTooLargeError):
            read_header(claimed(name, 65_000, 65_000), accepted)
        with pytest.raises(InvalidParameterError):
            read_header(claimed(name, 79, 200), accepted)
        picture = read_header(claimed(name, 1000, 90), accepted)
        assert (picture.width, picture.height) == (1000, 90)
        with pytest.raises(InvalidImageFormatError):
            picture.rgb(1000)


@pytest.mark.parametrize("name", formats.APART)
def test_a_damaged_file_is_read_or_refused(name: str) -> None:
    """In its own process; every tenth is decoded, since each takes one."""
    whole = formats.encoded(Image.fromarray(source()), name)
    chance = np.random.default_rng(19)
    for number in range(300):
        data = bytearray(whole)
        for place in chance.integers(0, min(len(data), 600 if number % 2 else len(data)), 3):
            data[place] = chance.integers(0, 256)
        cut = bytes(data[: chance.integers(1, len(data))]) if number % 3 == 0 else bytes(data)
        try:
            picture = read_header(cut, EVERY)
            if number % 10 == 0 and picture.width * picture.height < 4_000_000:
                picture.rgb(160)
        except ApiError:
            continue


@pytest.mark.parametrize("name", [each for each in formats.APART if each not in ("gif", "bmp", "tiff")])
def test_a_file_cut_in_its_middle_is_refused(name: str) -> None:
    whole = formats.encoded(Image.fromarray(source()), name)
    with pytest.raises(InvalidImageFormatError):
        read_header(whole[: len(whole) // 2], EVERY).rgb(200)
