"""The evidence on one face that its attributes are judged by; each piece is computed when it is first asked for.

So a request for open eyes runs the mesh and no other network, and two attributes that need the mesh run it once.
"""

from dataclasses import dataclass
from functools import cached_property
from math import log

import cv2
import numpy as np
from numpy.typing import NDArray

from mien.engine.session import Session
from mien.face.align import align
from mien.face.attributes.closeup import MARGIN, SIDE
from mien.face.attributes.head_pose import head_pose
from mien.face.attributes.mesh import Mesh, run_mesh
from mien.face.attributes.signs import Weights, strength
from mien.face.halves import Halves
from mien.face.types import Closeup, Pixels, Pose

EMOTIONS = ("neutral", "happy", "sad", "surprise", "anger")  # in the network's order

# The places in a chip of dlib with padding 0.2, as shares of its side, of the eyes' corners and the nose's base, and
# the mesh's points that stand for them (dlib's get_face_chip_details for five points).
_DLIB = np.array([(0.8595674, 0.2134981), (0.6460604, 0.2289674), (0.1205750, 0.2137274), (0.3340850, 0.2290642),
                  (0.4901123, 0.6277975)])  # fmt: skip
_PADDING = 0.2
_CHIP = (_DLIB + _PADDING) / (1 + 2 * _PADDING)
_CHIP_POINTS = (263, 362, 33, 133, 2)

_BOX = ((1 - 1 / MARGIN) / 2 * SIDE, (1 + 1 / MARGIN) / 2 * SIDE)  # where the detector's box lies in a closeup
LEAST_PRESENCE = 0.5  # of a mesh; the network says less where something hides the face, and where there is none
_AROUND = 1.8 / MARGIN  # the side of what the mask network sees, in sides of a closeup

_AROUND_EYES = (159, 145, 386, 374, 27, 23, 257, 253, 33, 133, 263, 362, 110, 339, 28, 258)
_CHEEKS = (50, 280, 205, 425, 101, 330)


@dataclass(frozen=True, slots=True)
class Networks:
    """The networks of an attribute set, by their names in its manifest, and the weights of the signs in the mesh's."""

    mesh: Session
    gender: Session
    age: Session
    emotions: Session
    mask: Session
    signs: Weights


class UnclearError(Exception):
    """The picture does not show enough of the face to judge by."""


class Evidence:
    """The evidence on one face, for one thread.

    Args:
        closeup: the face.
        networks: of the attribute set.
    """

    def __init__(self, closeup: Closeup, networks: Networks) -> None:
        self.closeup = closeup
        self._networks = networks
        self._halves = Halves(closeup.pixels)

    @property
    def mesh(self) -> Mesh:
        """The mesh.

        Raises:
            UnclearError: the closeup shows no face whose mesh can be trusted.
        """
        if self._found.presence < LEAST_PRESENCE:
            raise UnclearError
        return self._found

    @cached_property
    def pose(self) -> Pose:
        """The pose of the head by the mesh.

        Raises:
            UnclearError: as `mesh`.
        """
        return head_pose(self.mesh)

    @cached_property
    def darkness(self) -> float:
        """How much darker the eyes and their lids are than the cheeks, as the logarithm of a ratio.

        Raises:
            UnclearError: as `mesh`.
        """
        luma = cv2.GaussianBlur(cv2.cvtColor(self.closeup.pixels, cv2.COLOR_RGB2GRAY), (0, 0), 2.0)
        places = np.clip(np.round(self.mesh.points[:, :2]).astype(int), 0, len(luma) - 1)
        eyes, cheeks = (
            float(luma[places[list(points), 1], places[list(points), 0]].mean()) for points in (_AROUND_EYES, _CHEEKS)
        )
        return log((cheeks + 8) / (eyes + 8))

    @cached_property
    def male(self) -> float:
        """What the gender network gives for male, 0–1, not calibrated."""
        return float(_only(self._networks.gender, self._chip(self._networks.gender))[1])

    @cached_property
    def ages(self) -> NDArray[np.float32]:
        """What the age network gives for each age, float32 (81,), which add up to 1."""
        return _only(self._networks.age, self._chip(self._networks.age))

    @property
    def years(self) -> float:
        """The mean of these ages."""
        return float(self.ages @ np.arange(len(self.ages)))

    @cached_property
    def emotions(self) -> NDArray[np.float32]:
        """What the emotion network gives for each of EMOTIONS, float32 (5,), which add up to 1."""
        low, high = _BOX
        crop = self._halves.cut((low, low, high, high), self._networks.emotions.shape[0], (0, 0, 0))
        return _only(self._networks.emotions, crop)

    @cached_property
    def mask(self) -> tuple[float, float]:
        """What the mask network gives for a masked and for a bare face, 0–1 each, the most at any anchor."""
        side, beyond = self._networks.mask.shape[0], (_AROUND - 1) / 2 * SIDE
        crop = self._halves.cut((-beyond, -beyond, SIDE + beyond, SIDE + beyond), side, (0, 0, 0))
        masked, bare = self._networks.mask.run(crop[None])["cls_branch_concat_1/concat"][0].max(axis=0)
        return float(masked), float(bare)

    @cached_property
    def _found(self) -> Mesh:
        return run_mesh(self._networks.mesh, self.closeup)

    def sign(self, name: str) -> float:
        """Returns how clear a sign is (one of `signs.LOOKS`), as a logit, not calibrated."""
        return strength(name, self._networks.signs, self.mesh)

    def crop(self, points: tuple[int, ...], places: NDArray[np.floating], size: int) -> Pixels:
        """Cuts a part of the closeup out, so that points of the mesh lie at given places.

        Args:
            points: of the mesh, two or more.
            places: (N, 2), where they belong, as shares of the crop.
            size: rows and columns of the crop.

        Returns:
            uint8 RGB (size, size, 3).
        """
        there = self.mesh.points[list(points), :2] - np.float32(0.5)
        return align(self._halves, there, (places * size - 0.5).astype(np.float32), size)

    def _chip(self, session: Session) -> Pixels:
        """Returns the crop that dlib would make for a network."""
        return self.crop(_CHIP_POINTS, _CHIP, session.shape[0])


def _only(session: Session, crop: Pixels) -> NDArray[np.float32]:
    """Returns a network's only output for one crop, as a row."""
    (answer,) = session.run(crop[None]).values()
    return answer.ravel()
