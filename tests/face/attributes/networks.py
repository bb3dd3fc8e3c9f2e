"""An attribute set whose networks answer what a test says, and a closeup for them."""

import numpy as np
from numpy.typing import NDArray

from mien.engine.session import Recorded, Runtime, Session
from mien.face.attributes.evidence import Evidence, Networks
from mien.face.attributes.mesh import BLENDSHAPES, CHANNELS, DEPTHS, SEEN
from mien.face.attributes.signs import LOOKS
from mien.face.types import Closeup
from mien.packs.network_set import AttributeSet

PIXELS = np.full((256, 256, 3), 128, np.uint8)
PLACING = np.array([[2.0, 0.0, 100.0], [0.0, 2.0, 50.0]])  # the picture has two pixels for one of the closeup
POINTS = np.column_stack([np.tile(np.linspace(40, 216, 478), 2).reshape(2, 478).T, np.zeros(478)])


class Never:
    """A session that no test may run."""

    shape = (64, 64, 3)
    shapes = (shape,)

    def describe(self) -> Runtime:
        raise AssertionError

    def run(self, pixels: NDArray[np.uint8]) -> dict[str, NDArray[np.float32]]:
        raise AssertionError("this network is not needed")

    def release(self) -> None:
        pass


def mesh(points: NDArray[np.floating] = POINTS, presence: float = 20.0, **shapes: float) -> Session:
    """A mesh network that answers these points, this logit, and these blendshapes."""
    given = np.zeros(52, np.float32)
    for name, value in shapes.items():
        given[BLENDSHAPES.index(name)] = value
    return Recorded(
        (256, 256, 3),
        {
            "points": points.astype(np.float32),
            "presence": np.array([presence], np.float32),
            "blendshapes": given,
            **{depth: np.zeros((len(SEEN), each), np.float32) for depth, each in zip(DEPTHS, CHANNELS, strict=True)},
        },
    )


def signs(**strengths: float) -> dict[str, NDArray[np.float32]]:
    """Weights by which each sign is as strong as given, and else far from shown."""
    return {
        name: np.append(np.zeros(look.size), strengths.get(name, -9.0)).astype(np.float32)
        for name, look in LOOKS.items()
    }


def networks(*, shown: dict[str, float] | None = None, **sessions: Session) -> Networks:
    """The set; a network that is not given may not run."""
    unused: dict[str, Session] = {name: Never() for name in AttributeSet.ROLES}
    return Networks(**{**unused, **sessions}, signs=signs(**(shown or {})))


def closeup(eyes: float = 80.0) -> Closeup:
    return Closeup(PIXELS, PLACING, eyes)


def evidence(eyes: float = 80.0, *, shown: dict[str, float] | None = None, **sessions: Session) -> Evidence:
    return Evidence(closeup(eyes), networks(shown=shown, **sessions))


def answers(*values: float) -> Session:
    """A network with one output."""
    return Recorded((64, 64, 3), {"answer": np.array(values, np.float32)})


def bare(masked: float = 0.01) -> Session:
    """A mask network that finds a mask by this much, and a bare face by the rest."""
    return Recorded((160, 160, 3), {"cls_branch_concat_1/concat": np.array([[masked, 1 - masked]], np.float32)})
