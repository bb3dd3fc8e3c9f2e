"""The answer of SearchPeopleByImage about a camera's picture, as sights."""

import base64
from typing import Any

import numpy as np

from mien.video.visits import Known, Sight


def sights(answer: dict[str, Any]) -> list[Sight]:
    """Returns the faces of an answer."""
    return [_sight(each) for each in answer["Faces"]]


def _sight(face: dict[str, Any]) -> Sight:
    box, person = face["FaceDetail"]["BoundingBox"], next(iter(face["People"]), None)
    shares = (box["Left"], box["Top"], box["Width"], box["Height"])
    if "Embedding" not in face:
        return Sight(shares)
    embedding = np.frombuffer(base64.b64decode(face["Embedding"]), "<f4")
    if person is None:
        return Sight(shares, embedding)
    return Sight(shares, embedding, Known(person["UserId"], person["DisplayName"]), person["Similarity"])
