"""`PhotographImport` tells a photograph that is refused from a collection that accepts none, by the error's code."""

from collections.abc import Mapping
from typing import Any

import pytest

from mien.errors import ApiError, SetupError
from mien.transfer.api import refusal
from mien.transfer.importing import PhotographImport
from mien.transfer.photographs import Photograph, Source

INVALID = "InvalidParameterException"


class Server:
    """Answers IndexFaces with these errors: to the photograph, and to the image of one byte."""

    def __init__(self, to_photograph: ApiError, to_one_byte: ApiError) -> None:
        self.errors = {b"photograph": to_photograph, b"\0": to_one_byte}

    def call(self, operation: str, members: Mapping[str, Any]) -> dict[str, Any]:
        if operation == "IndexFaces":
            raise self.errors[members["Image"]["Bytes"]]
        return {"FaceCount": 0, "UserCount": 0}

    def describe(self) -> str:
        return "a server"

    def close(self) -> None: ...


def run(server: Server) -> Any:
    photograph = Photograph("a.jpg", None, "a.jpg", "1", lambda: b"photograph")
    return PhotographImport(server, "people", 1).run(Source("folder", lambda: iter([photograph])))


def test_a_photograph_that_is_refused_does_not_end_the_import() -> None:
    summary = run(Server(refusal(INVALID, "The collection "), refusal("InvalidImageFormatException", None)))
    assert (summary.refused, summary.failed) == (1, 0)


def test_a_collection_that_accepts_no_photograph_ends_the_import() -> None:
    with pytest.raises(SetupError, match="made by another pack"):
        run(Server(refusal(INVALID, "made by another pack"), refusal(INVALID, "made by another pack")))
