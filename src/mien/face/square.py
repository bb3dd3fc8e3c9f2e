"""Cuts out the square around a face: upright by the line of the eyes, with a margin around the detector's box."""

from dataclasses import dataclass
from math import ceil

import numpy as np
from numpy.typing import NDArray

from mien.face.align import align, similarity
from mien.face.halves import Halves
from mien.face.types import Detection, Pixels


@dataclass(frozen=True, slots=True)
class Square:
    """A way of cutting faces out.

    Attributes:
        side: rows and columns of what is cut out.
        margin: the side of the square in the picture, in longer sides of the detector's box.
        cubic: whether to interpolate bicubically (`align`).
    """

    side: int
    margin: float
    cubic: bool = False

    def corners(self, detection: Detection) -> NDArray[np.float64]:
        """Returns middle, right edge and bottom edge, (3, 2), in pixels of the full-resolution picture."""
        box = detection.box
        middle = np.array([(box.x1 + box.x2) / 2, (box.y1 + box.y2) / 2])
        across = detection.landmarks[1].astype(np.float64) - detection.landmarks[0]
        across *= self.margin / 2 * max(box.width, box.height) / max(float(np.hypot(*across)), 1e-6)
        down = np.array([-across[1], across[0]])
        return np.stack([middle, middle + across, middle + down])

    def cut(self, image: Halves, detection: Detection, scale: float) -> Pixels:
        """Cuts a face out, uint8 RGB (side, side, 3), black beyond the picture.

        Args:
            image: the picture, at any scale.
            detection: the face, in pixels of the full-resolution picture.
            scale: pixels of `image.full` for each pixel of the full-resolution picture.
        """
        there = (self.corners(detection) * scale - 0.5).astype(np.float32)
        # align counts from the middle of the first pixel, and points count from its edge
        return align(image, there, (self._places - 0.5).astype(np.float32), self.side, self.cubic)

    def placing(self, detection: Detection) -> NDArray[np.float64]:
        """Returns the transform, (2, 3), of a point (x, y, 1) of the cut to the full-resolution picture."""
        return similarity(self._places, self.corners(detection))

    def inside(self, detection: Detection) -> NDArray[np.float64]:
        """Returns the transform, (2, 3), of a point (x, y, 1) of the full-resolution picture to the cut."""
        return similarity(self.corners(detection), self._places)

    def needed(self, detection: Detection, full: int) -> int:
        """Returns the picture's longer side at which the face is cut out without enlarging, up to `full`."""
        return min(full, ceil(full * self.side / max(self.margin * max(detection.box.width, detection.box.height), 1)))

    @property
    def _places(self) -> NDArray[np.float64]:
        """The square's middle, right edge and bottom edge, in pixels of the cut."""
        return np.array([[0.5, 0.5], [1.0, 0.5], [0.5, 1.0]]) * self.side
