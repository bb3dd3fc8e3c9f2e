"""The operations as a client meets them: JSON over HTTP to the live server, every member of an answer in sight."""

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from tests import photos
from tests.live import Live


@dataclass(frozen=True, slots=True)
class Api:
    """Calls operations; answers are plain JSON, so that a member that should be absent cannot hide."""

    live: Live

    def __call__(self, operation: str, **members: Any) -> Any:
        answer = self.live.post(operation, json.dumps(members).encode())
        assert answer.status == 200, answer.body
        assert b"null" not in answer.body
        return answer.json

    def refused(self, operation: str, **members: Any) -> tuple[str, str]:
        """The code and text of the error that a call is answered with."""
        answer = self.live.post(operation, json.dumps(members).encode())
        assert answer.status == 400, answer.body
        body = answer.json
        assert body.get("Code", body["__type"]) == body["__type"]
        return body["__type"], body.get("Message", body.get("message", ""))


def image(data: bytes) -> dict[str, str]:
    return {"Bytes": base64.b64encode(data).decode()}


def singles(value: Any) -> Iterator[float]:
    """Every number with a point in an answer."""
    if isinstance(value, float):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from singles(item)
    elif isinstance(value, list):
        for item in value:
            yield from singles(item)


def all_single(value: Any) -> bool:
    """Whether every number is a float32 widened to double, as AWS sends them."""
    return all(float(np.float32(number)) == number for number in singles(value))


def crowd() -> bytes:
    """Four faces of falling size."""
    hopper, astronaut = photos.hopper().pixels, photos.astronaut().pixels
    return photos.encoded(
        photos.beside(hopper, astronaut, photos.resized(hopper, 0.26), photos.resized(astronaut, 0.7)), "PNG"
    )


ASTRONAUT, HOPPER, PAIR = image(photos.astronaut().data), image(photos.hopper().data), image(photos.pair())
NOBODY, CROWD = image(photos.nobody()), image(crowd())
BOX = {"Width", "Height", "Left", "Top"}
DETAIL = {"BoundingBox", "Confidence", "Landmarks", "Pose", "Quality"}
NO_SUCH_FACE = "11111111-2222-4333-8444-555555555555"
