"""`PhotographImport` tells a photograph that is refused from a collection that accepts none, by the error's code."""

from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from mien.errors import ApiError, SetupError
from mien.transfer.api import refusal
from mien.transfer.csv_report import RefusalReport
from mien.transfer.import_log import ImportLog
from mien.transfer.import_summary import ImportSummary
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


class Collection:
    """Takes every photograph: of its faces two are good, one is doubtful; users are joined unless there is an error."""

    def __init__(self, error: ApiError | None = None) -> None:
        self.error = error
        self.most: Any = None

    def call(self, operation: str, members: Mapping[str, Any]) -> dict[str, Any]:
        if operation == "IndexFaces":
            if members["Image"]["Bytes"] == b"\0":
                raise refusal("InvalidImageFormatException", None)
            self.most = members.get("MaxFaces", 2)
            better = [("LOW_CONFIDENCE",)] + [("EXCEEDS_MAX_FACES",)] * (2 - self.most)
            return {
                "FaceRecords": [{"Face": {"FaceId": str(face)}, "FaceDetail": DETAIL} for face in range(self.most)],
                "UnindexedFaces": [{"Reasons": [*reasons], "FaceDetail": DETAIL} for reasons in better],
            }
        if operation == "AssociateFaces":
            if self.error:
                raise self.error
            return {"UnsuccessfulFaceAssociations": []}
        return {"FaceCount": 2, "UserCount": 1}

    def describe(self) -> str:
        return "a server"

    def close(self) -> None: ...


DETAIL = {"BoundingBox": {"Left": 0.1, "Top": 0.1, "Width": 0.1, "Height": 0.1}}


def imported(collection: Collection, user: str | None, **options: Any) -> ImportSummary:
    photograph = Photograph("a.jpg", user, "a.jpg", "1", lambda: b"photograph", user)
    source = Source("folder", lambda: iter([photograph]))
    return PhotographImport(collection, "people", 1, user_match_threshold=0, **options).run(source)


@pytest.mark.parametrize(
    ("user", "options", "refused", "bystanders"),
    [("ann", {}, 0, 2), (None, {}, 1, 0), (None, {"max_faces": 1}, 0, 2), ("ann", {"max_faces": 2}, 0, 1)],
)
def test_who_is_not_wanted_is_a_bystander_however_doubtful(
    user: str | None, options: dict[str, int], refused: int, bystanders: int
) -> None:
    summary = imported(Collection(), user, **options)
    assert (summary.refused, summary.bystanders, summary.failed) == (refused, bystanders, 0)


def test_a_face_is_counted_though_its_user_is_refused(tmp_path: Path) -> None:
    """The face is in the collection by then, and the numbers say so."""
    report = RefusalReport(tmp_path / "report.csv")
    summary = imported(Collection(refusal("ValidationException", "The user is wrong")), "ann", report=report)
    report.close()
    assert (summary.faces, summary.users, summary.refused, summary.failed) == (2, 1, 1, 0)
    assert "The user is wrong. The face is in the collection without a user." in (tmp_path / "report.csv").read_text()


def test_a_busy_server_is_asked_again_by_the_next_run(tmp_path: Path) -> None:
    with closing(ImportLog(tmp_path, "one")) as log:
        summary = imported(Collection(refusal("ThrottlingException", None)), "ann", log=log)
        assert summary.failed == 1
        assert summary.faults == ["a.jpg: The server was too busy; run the import again."]
    with closing(ImportLog(tmp_path, "one")) as log:
        assert imported(Collection(), "ann", log=log).earlier == 0
        assert imported(Collection(), "ann", log=log).failed == 0


def run(server: Server) -> Any:
    photograph = Photograph("a.jpg", None, "a.jpg", "1", lambda: b"photograph")
    return PhotographImport(server, "people", 1).run(Source("folder", lambda: iter([photograph])))


def test_a_photograph_that_is_refused_does_not_end_the_import() -> None:
    summary = run(Server(refusal(INVALID, "The collection "), refusal("InvalidImageFormatException", None)))
    assert (summary.refused, summary.failed) == (1, 0)


def test_a_collection_that_accepts_no_photograph_ends_the_import() -> None:
    with pytest.raises(SetupError, match="made by another pack"):
        run(Server(refusal(INVALID, "made by another pack"), refusal(INVALID, "made by another pack")))
