"""Describes in a manifest how pixels enter the networks, and by what vectors are corrected: the crowd, the trust."""

from itertools import pairwise
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

Side = Annotated[int, Meta(ge=16, le=4096)]  # pixels of a network's input
Share = Annotated[float, Meta(ge=0, le=1)]
Chance = Annotated[float, Meta(gt=0, lt=1)]
Coordinate = Annotated[float, Meta(ge=-1, le=2)]  # as a share of a crop; a landmark may lie outside
Point = tuple[Coordinate, Coordinate]
Triple = tuple[float, float, float]
Divisor = Annotated[float, Meta(gt=0)]
Divisors = tuple[Divisor, Divisor, Divisor]
Colors = Literal["RGB", "BGR"]
Pairs = tuple[tuple[Share, Chance], ...]  # rising: a score of a detector, and the probability of a face with it


class DetectorSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="canvas"):
    """A detector of one network: canvas sides in pixels, preprocessing, the head of its outputs, thresholds (0–1).

    A face whose score is below `sure` may be turned (`face.turned.Turned`). `certainty` turns scores into probabilities
    (`face.certainty`); without it, the least score counts as probably a face.
    """

    file: str
    head: str
    wide: Side
    narrow: Side
    color: Colors
    least_score: Share
    most_overlap: Share
    sure: Share = 0.0
    mean: Triple = (0.0, 0.0, 0.0)
    scale: Divisors = (1.0, 1.0, 1.0)
    certainty: Pairs = ()

    def __post_init__(self) -> None:
        _check(self.certainty)

    @property
    def files(self) -> tuple[str, ...]:
        """The names of its files."""
        return (self.file,)

    @property
    def bar(self) -> float:
        """The least score of a face."""
        return self.least_score


class CascadeSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="cascade"):
    """A cascade of three networks: sides of the first one's canvas in pixels, preprocessing, thresholds (0–1).

    `least_scores` has the least score of a face for each network; a face whose score is below `sure` may be turned
    (`face.turned.Turned`). `certainty` is that of `DetectorSpec`.
    """

    proposer: str
    refiner: str
    finisher: str
    wide: Side
    narrow: Side
    color: Colors
    least_scores: tuple[Share, Share, Share]
    most_overlap: Share
    sure: Share = 0.0
    mean: Triple = (0.0, 0.0, 0.0)
    scale: Divisors = (1.0, 1.0, 1.0)
    certainty: Pairs = ()

    def __post_init__(self) -> None:
        _check(self.certainty)

    @property
    def files(self) -> tuple[str, ...]:
        """The names of its files."""
        return (self.proposer, self.refiner, self.finisher)

    @property
    def bar(self) -> float:
        """The least score of a face."""
        return self.least_scores[-1]


def _check(certainty: Pairs) -> None:
    if any(one >= other for pairs in zip(*certainty, strict=True) for one, other in pairwise(pairs)):
        raise ValueError("the scores and probabilities of certainty must rise")


class EmbedderSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """An embedder: crop side in pixels, length of the vector, preprocessing, and the landmarks' places in a crop.

    `points` are shares of the crop: left eye, right eye, nose tip, left and right mouth corner as seen in the image.
    `scales` are the sizes of the face, relative to `points`, in the crop and in the crop that is mirrored. `cubic`
    says whether crops are interpolated bicubically or bilinearly; `weight` counts among several embedders
    (`face.embed.Ensemble`). Defaults are left out of the contract, so that an old pack keeps its contract, and its
    collections, when a later mien adds a step that the pack does not use.
    """

    file: str
    size: Annotated[int, Meta(ge=16, le=1024)]
    dimension: Annotated[int, Meta(ge=2, le=4096)]
    color: Colors
    mirror: bool
    points: tuple[Point, Point, Point, Point, Point]
    mean: Triple = (0.0, 0.0, 0.0)
    scale: Divisors = (1.0, 1.0, 1.0)
    scales: tuple[Divisor, Divisor] = (1.0, 1.0)
    cubic: bool = False
    weight: float = 1.0

    def __post_init__(self) -> None:
        if not self.weight > 0:
            raise ValueError(f"the weight of {self.file} must be above 0")


class CrowdSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The crowd that shortens vectors; `face.crowd.Crowd` explains the numbers.

    `files` are NumPy arrays, one for each embedder in order: float16 (1 + N, D), first the mean that is
    subtracted, then the crowd's vectors. `license` names the pictures that they were made from, and their terms.
    `nearer` has, in the order of the vectors, numbers of faces and what is added to their cosines; 0 to the rest.
    """

    files: list[str]
    nearest: int
    usual: float
    strength: float
    license: str
    nearer: list[tuple[Annotated[int, Meta(ge=1)], Annotated[float, Meta(ge=-1, le=1)]]] = []


class TrustSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The trust in a face, which clears and shortens vectors; `face.trust.Trust` explains the numbers.

    `file` is a NumPy array, float16 (1 + 2 K, D): a mean of faces' vectors, then K filters, then K faults. `lengths`
    and `length` have a number for each embedder.
    """

    file: str
    usual: Divisor
    fault: float
    lengths: list[Divisor]
    length: list[float]
    blank: float
    most_blank: Share
    eyes_blank: float
    most_eyes_blank: Share
    allowance: float
