"""Degrades pixels as cameras, codecs and light do. Sizes are shares of the distance between the eyes.

Each takes uint8 RGB (H, W, 3), the face, a strength, and a generator, and returns pixels of the same shape.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from mien.face.quality import eye_distance
from mien.face.types import Detection, Pixels

Random = np.random.Generator
_GAMMA = 2.2
_FOG = 190  # luma of a veil
_UPSCALED_QUALITY = 25  # JPEG quality of a picture that is then enlarged


def gaussian_blur(pixels: Pixels, face: Detection, sigma: float, _: Random) -> Pixels:
    """Blurs by a Gaussian."""
    return np.asarray(cv2.GaussianBlur(pixels, (0, 0), sigma * eye_distance(face.landmarks)), np.uint8)


def motion_blur(pixels: Pixels, face: Detection, length: float, random: Random) -> Pixels:
    """Smears along a straight line in some direction."""
    side = max(3, int(length * eye_distance(face.landmarks)) | 1)
    angle, middle = random.uniform(0, np.pi), side // 2
    reach = np.array([np.cos(angle), np.sin(angle)]) * middle
    kernel = np.zeros((side, side), np.float32)
    cv2.line(kernel, _pixel(middle - reach), _pixel(middle + reach), 1.0)
    return _filtered(pixels, kernel)


def gaussian_noise(pixels: Pixels, _: Detection, deviation: float, random: Random) -> Pixels:
    """Adds independent noise to each number."""
    return clipped(pixels + random.normal(0, deviation, pixels.shape))


def few_photons(pixels: Pixels, _: Detection, photons: float, random: Random) -> Pixels:
    """Counts so many photons in a white pixel."""
    return _exposed(random.poisson(_light(pixels) * photons) / photons)


def exposure(pixels: Pixels, _: Detection, gain: float, __: Random) -> Pixels:
    """Multiplies the light, clipping at white."""
    return _exposed(_light(pixels) * gain)


def fog(pixels: Pixels, _: Detection, contrast: float, __: Random) -> Pixels:
    """Leaves a share of the contrast under a grey veil."""
    return clipped(pixels * contrast + (1 - contrast) * _FOG)


def side_light(pixels: Pixels, face: Detection, dark: float, random: Random) -> Pixels:
    """Leaves one half of the face a share of the light."""
    rows, columns = np.mgrid[: pixels.shape[0], : pixels.shape[1]]
    across, nose = face.landmarks[1] - face.landmarks[0], face.landmarks[2]
    place = (columns - nose[0]) * across[0] + (rows - nose[1]) * across[1]
    place = place / eye_distance(face.landmarks) ** 2 * random.choice([-1, 1])
    return _exposed(_light(pixels) * (dark + (1 - dark) / (1 + np.exp(-8 * place)))[:, :, None])


def glare(pixels: Pixels, face: Detection, radius: float, random: Random) -> Pixels:
    """Lays a bright spot over a part of the face."""
    eyes = eye_distance(face.landmarks)
    rows, columns = np.mgrid[: pixels.shape[0], : pixels.shape[1]]
    x, y = face.landmarks.mean(axis=0) + random.normal(0, 0.3, 2) * eyes
    spot = np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / (2 * (radius * eyes) ** 2))
    return clipped(pixels + (255.0 - pixels) * spot[:, :, None])


def grey(pixels: Pixels, _: Detection, gamma: float, __: Random) -> Pixels:
    """Takes the colours out and bends the tones."""
    luma = np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), np.float64) / 255
    return np.repeat(clipped(255 * luma**gamma)[:, :, None], 3, axis=2)


def jpeg(pixels: Pixels, _: Detection, quality: float, __: Random) -> Pixels:
    """Encodes as JPEG of this quality."""
    data = cv2.imencode(".jpg", pixels[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, int(quality)])[1]
    return np.ascontiguousarray(np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)[:, :, ::-1])


def compressed_and_upscaled(pixels: Pixels, face: Detection, width: float, random: Random) -> Pixels:
    """Reduces, encodes as JPEG, and enlarges again."""
    small = jpeg(reduced(pixels, face, width), face, _UPSCALED_QUALITY, random)
    return _enlarged(small, pixels, cv2.INTER_LANCZOS4)


def pixelated(pixels: Pixels, face: Detection, width: float, _: Random) -> Pixels:
    """Reduces to a face of this width in pixels, and enlarges each pixel to a square."""
    return _enlarged(reduced(pixels, face, width), pixels, cv2.INTER_NEAREST)


def reduced(pixels: Pixels, face: Detection, width: float) -> Pixels:
    """Returns the picture reduced to a face of this width in pixels."""
    factor = width / face.box.width
    size = (max(1, round(pixels.shape[1] * factor)), max(1, round(pixels.shape[0] * factor)))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)


def clipped(values: NDArray[np.floating]) -> Pixels:
    """Rounds to whole numbers of 0 to 255."""
    return np.asarray(np.clip(np.round(values), 0, 255), np.uint8)


def _light(pixels: Pixels) -> NDArray[np.float64]:
    return np.asarray((pixels / 255.0) ** _GAMMA)


def _exposed(light: NDArray[np.floating]) -> Pixels:
    return clipped(255 * np.clip(light, 0, 1) ** (1 / _GAMMA))


def _filtered(pixels: Pixels, kernel: NDArray[np.float32]) -> Pixels:
    return np.asarray(cv2.filter2D(pixels, -1, kernel / kernel.sum(), borderType=cv2.BORDER_REFLECT), np.uint8)


def _enlarged(small: Pixels, like: Pixels, method: int) -> Pixels:
    return np.asarray(cv2.resize(small, (like.shape[1], like.shape[0]), interpolation=method), np.uint8)


def _pixel(place: NDArray[np.floating]) -> tuple[int, int]:
    return round(float(place[0])), round(float(place[1]))
