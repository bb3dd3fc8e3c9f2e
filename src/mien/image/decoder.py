"""The program that decodes one picture for `isolated.py`: a file on standard input, rows of RGB on standard output.

It is run by its path, as `decoder.py FORMAT WIDTH HEIGHT EIGHTHS MEMORY SECONDS`, and imports nothing of mien. All it
needs is imported before it confines itself; from then on it can open nothing.
"""

import importlib
import io
import resource
import sys
from collections.abc import Iterator
from typing import BinaryIO

from PIL import Image

BAND = 256  # rows at a time; a multiple of 8
_MODULES = {
    "heic": "pillow_heif",
    "avif": "PIL.AvifImagePlugin",
    "webp": "PIL.WebPImagePlugin",
    "tiff": "PIL.TiffImagePlugin",
    "gif": "PIL.GifImagePlugin",
    "bmp": "PIL.BmpImagePlugin",
    "jxl": "pillow_jxl",
}
_LATER = ("copy", "warnings", "PIL.ImageOps", "PIL.ImagePalette", "PIL.TiffImagePlugin")  # imported when first used
_FAILED = 1


def main(arguments: list[str]) -> int:
    """Decodes, and returns the exit code."""
    name, (width, height, eighths, memory, seconds) = arguments[0], map(int, arguments[1:])
    module, *_ = [importlib.import_module(each) for each in (_MODULES[name], *_LATER)]
    Image.preinit()
    data = sys.stdin.buffer.read()
    confine(memory, seconds)
    Image.MAX_IMAGE_PIXELS = None  # the sides have been checked
    rows = _of_heif(module, data) if name == "heic" else _of_pillow(module, name, data)
    write(rows, (width, height), eighths, sys.stdout.buffer)
    return 0


def confine(memory: int, seconds: int) -> None:
    """Bounds what this process may use: bytes besides those in use, seconds of a processor, and no further files."""
    with open("/proc/self/statm", encoding="ascii") as file:  # noqa: PTH123  pathlib need not be imported
        used = int(file.read().split()[0]) * resource.getpagesize()
    for kind, most in (
        (resource.RLIMIT_AS, used + memory),
        (resource.RLIMIT_CPU, seconds),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NOFILE, 3),
    ):
        resource.setrlimit(kind, (most, most))


def write(bands: Iterator[Image.Image], sides: tuple[int, int], eighths: int, out: BinaryIO) -> None:
    """Writes bands of a picture as RGB at a scale.

    Raises:
        ValueError: the picture has other sides than its header said.
    """
    seen, columns = 0, sides[0] * eighths // 8
    for band in bands:
        seen += band.height
        if band.width != sides[0] or seen > sides[1]:
            raise ValueError("other sides")
        rows = band.height * eighths // 8
        rgb = over_white(band)
        if rows:
            out.write((rgb if eighths == 8 else rgb.resize((columns, rows), Image.Resampling.BOX)).tobytes())
    if seen != sides[1]:
        raise ValueError("other sides")
    out.flush()


def over_white(image: Image.Image) -> Image.Image:
    """Returns an image as RGB: 16 bits as their high bytes, alpha over white."""
    if image.mode.startswith("I;16"):
        high = 0 if image.mode == "I;16B" else 1
        image = Image.frombytes("L", image.size, image.tobytes()[high::2])
    if image.mode in ("I", "F"):
        raise ValueError("32 bits")  # which range they have is not said
    if image.has_transparency_data:
        image = image.convert("RGBA")
        white = Image.new("RGB", image.size, "white")
        white.paste(image, mask=image.getchannel("A"))
        return white
    return image if image.mode == "RGB" else image.convert("RGB")


def _of_pillow(module: object, name: str, data: bytes) -> Iterator[Image.Image]:
    """Yields the first frame in bands, as stored; of a TIFF and a JPEG XL upright."""
    if name == "avif":
        module.DEFAULT_MAX_THREADS = 1  # type: ignore[attr-defined]
    with Image.open(io.BytesIO(data), formats=[{"jxl": "jxl"}.get(name, name.upper())]) as image:
        if name == "tiff":
            image.info.pop("xmp", None)  # by which Pillow would turn it
        image.load()
        for top in range(0, image.height, BAND):
            yield _cut(image, top)


def _cut(image: Image.Image, top: int) -> Image.Image:
    band = image.crop((0, top, image.width, min(image.height, top + BAND)))
    if "transparency" in image.info:
        band.info["transparency"] = image.info["transparency"]
    return band


def _of_heif(module: object, data: bytes) -> Iterator[Image.Image]:
    """Yields the primary picture in bands, turned by the container's own turns."""
    module.options.DECODE_THREADS = 1  # type: ignore[attr-defined]
    for extra in ("THUMBNAILS", "DEPTH_IMAGES", "AUX_IMAGES"):
        setattr(module.options, extra, False)  # type: ignore[attr-defined]
    file = module.open_heif(data, convert_hdr_to_8bit=True)  # type: ignore[attr-defined]
    pixels = memoryview(file.data)
    (width, height), stride, mode = file.size, file.stride, file.mode
    for top in range(0, height, BAND):
        rows = min(BAND, height - top)
        part = bytes(pixels[top * stride : (top + rows) * stride])
        yield Image.frombuffer(mode, (width, rows), part, "raw", mode, stride, 1)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except Exception:  # noqa: BLE001  a decoder's fault of any kind is a damaged picture; the traceback helps nobody
        sys.exit(_FAILED)
