"""A photograph is answered alike by OpenVINO and by ONNX Runtime: boxes, landmarks, attributes, embeddings."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mien import Faces
from tests import photos

NEAR = 0.001  # of a picture's side
# of percent, and of degrees; OpenVINO calculates the emotions in 8 bits, and a smile is judged by them too
COARSE = {"Confidence": 0.2, "Quality": 0.1, "Pose": 0.1, "EyeDirection": 0.2, "Emotions": 5.0, "Smile": 2.0}


@pytest.fixture(scope="module")
def both(packs: str) -> Iterator[tuple[Faces, Faces]]:
    with (
        Faces(packs=packs, threads=2, engine="openvino", precision="f32") as one,
        Faces(packs=packs, threads=2, engine="onnx", device="cpu", precision="f32") as other,
    ):
        yield one, other


def differences(one: Any, other: Any, name: str = "", near: float = NEAR) -> Iterator[str]:
    """Yields each value that differs by more than is near, with its place."""
    near = max(near, COARSE.get(name.rpartition(".")[2], near))
    if isinstance(one, dict):
        assert one.keys() == other.keys()
        for key in one:
            yield from differences(one[key], other[key], f"{name}.{key}", near)
    elif isinstance(one, list):
        pairs = zip(*(sorted(each, key=lambda item: str(item.get("Type"))) for each in (one, other)), strict=True)
        for first, second in pairs:
            yield from differences(first, second, name, near)
    elif isinstance(one, bool | str):
        if one != other:
            yield f"{name}: {one} and {other}"
    elif abs(one - other) > near:
        yield f"{name}: {one} and {other}"


def alike(both: tuple[Faces, Faces], data: bytes) -> int:
    """Compares the answers for a picture, and returns how many faces it has."""
    request = {"Image": {"Bytes": data}, "Attributes": ["ALL"]}
    one, other = (faces._local.call("DetectFaces", request)["FaceDetails"] for faces in both)
    assert list(differences(one, other)) == []
    first, second = (faces.embed(data) for faces in both)
    lengths = np.linalg.norm(first, axis=1), np.linalg.norm(second, axis=1)
    assert ((first * second).sum(axis=1) / lengths[0] / lengths[1]).min() > 0.9999
    assert np.allclose(*lengths, atol=1e-3)
    return len(one)


@pytest.mark.parametrize("data", [photos.hopper().data, photos.astronaut().data, photos.pair()])
def test_a_photograph_is_answered_alike(both: tuple[Faces, Faces], data: bytes) -> None:
    assert alike(both, data) >= 1


def test_photographs_of_people_are_answered_alike(both: tuple[Faces, Faces], people: Path) -> None:
    files = sorted(people.rglob("*.jpg"))[:6]
    assert sum(alike(both, file.read_bytes()) for file in files) >= len(files)
