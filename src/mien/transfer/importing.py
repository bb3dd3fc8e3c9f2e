"""Photographs into a collection, through the API: indexed, and given to their users, on as many threads as asked.

Everything that is called may be called again: IndexFaces answers a face that is there already, a user that exists is
passed over, and a face is given to its user once.
"""

import threading
from collections import deque
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from typing import Any

from mien.errors import ApiError, SetupError
from mien.image.source import MOST_OBJECT
from mien.system.progress import Progress
from mien.transfer.api import Api
from mien.transfer.csv_report import RefusalReport, Refused
from mien.transfer.import_log import ImportLog
from mien.transfer.photographs import Photograph, Source, UnreadableError

AHEAD = 4  # photographs for each thread that are under way or wait
# What is the photograph's own fault, or its names'. All else is not, and ends the import or is tried again.
ITS_OWN = ("InvalidImageFormatException", "ImageTooLargeException", "InvalidParameterException", "ValidationException")
PASSING = ("ThrottlingException", "ProvisionedThroughputExceededException", "InternalServerError")


@dataclass(slots=True)
class ImportSummary:
    """What an import came to.

    Attributes:
        photographs: how many there were.
        earlier: of them, how many were done in an earlier run.
        faces: how many faces the photographs of this run have in the collection.
        refused: faces and photographs refused, in this run or earlier ones.
        failed: photographs that could not be read or sent; the next run tries them again.
    """

    photographs: int = 0
    earlier: int = 0
    faces: int = 0
    refused: int = 0
    failed: int = 0

    def as_dict(self) -> dict[str, int]:
        """For a program."""
        return asdict(self)


@dataclass(slots=True)
class PhotographImport:
    """An import.

    Attributes:
        api: what is called.
        collection: its name; made if it is not there.
        jobs: photographs at the same time.
        max_faces: of a photograph, the best ones; None for one where it shows a user, and all where not.
        quality_filter: of IndexFaces.
        threshold: similarity that a further face of a user must reach, 0–100.
        report: where refusals are written.
        log: what earlier runs did; None to do everything.
    """

    api: Api
    collection: str
    jobs: int
    max_faces: int | None = None
    quality_filter: str = "AUTO"
    threshold: float = 0.0
    report: RefusalReport | None = None
    log: ImportLog | None = None
    tally: ImportSummary = field(default_factory=ImportSummary)
    _users: set[str] = field(default_factory=set)
    _making: threading.Lock = field(default_factory=threading.Lock)

    def run(self, source: Source, progress: Progress | None = None) -> ImportSummary:
        """Import everything of a source.

        Raises:
            SetupError: it cannot go on; what was done stays done.
        """
        made(self.api, self.collection)
        waiting: deque[tuple[Photograph, Future[tuple[int, list[Refused]]]]] = deque()
        pool = ThreadPoolExecutor(self.jobs, thread_name_prefix="import")
        try:
            for photograph in source.walk():
                self.tally.photographs += 1
                before = self.log.find(photograph) if self.log else None
                if before is not None:
                    self.tally.earlier += 1
                    self._note(photograph, before)
                    _step(progress, fresh=False)
                    continue
                waiting.append((photograph, pool.submit(self._one, photograph)))
                if len(waiting) >= AHEAD * self.jobs:
                    self._settle(*waiting.popleft())
                    _step(progress)
            while waiting:
                self._settle(*waiting.popleft())
                _step(progress)
        finally:
            pool.shutdown(cancel_futures=True)
            if progress:
                progress.close()
        return self.tally

    def _settle(self, photograph: Photograph, done: "Future[tuple[int, list[Refused]]]") -> None:
        try:
            faces, refused = done.result()
        except UnreadableError as error:
            self._fail(photograph, f"it cannot be read: {error}")
            return
        except ApiError as error:
            if error.code not in PASSING:
                raise SetupError(f"{error.code}: {error.message or 'the server gives no reason'}") from None
            self._fail(photograph, f"{error.code}; the next run tries again")
            return
        self.tally.faces += faces
        self._note(photograph, refused)
        if self.log:
            self.log.keep(photograph, refused)

    def _fail(self, photograph: Photograph, why: str) -> None:
        self.tally.failed += 1
        if self.report:
            self.report.add(photograph.name, photograph.user, Refused(None, [why]))

    def _note(self, photograph: Photograph, refused: list[Refused]) -> None:
        self.tally.refused += len(refused)
        for each in refused if self.report else ():
            self.report.add(photograph.name, photograph.user, each)  # type: ignore[union-attr]

    def _one(self, photograph: Photograph) -> tuple[int, list[Refused]]:
        """Import a photograph: how many of its faces are in the collection, and what was refused."""
        data = photograph.read()
        if len(data) > MOST_OBJECT:
            return 0, [Refused(None, ["ImageTooLargeException: larger than 15 MiB"])]
        try:
            return self._indexed(photograph, data)
        except ApiError as error:
            if error.code not in ITS_OWN or (error.message or "").startswith("The collection "):
                raise
            return 0, [Refused(None, [f"{error.code}: {error.message}"])]

    def _indexed(self, photograph: Photograph, data: bytes) -> tuple[int, list[Refused]]:
        most = self.max_faces or (1 if photograph.user else None)
        answer = self._call(
            "IndexFaces", Image={"Bytes": data}, ExternalImageId=photograph.external_image_id,
            QualityFilter=self.quality_filter, **({"MaxFaces": most} if most else {}),
        )  # fmt: skip
        boxes = {each["Face"]["FaceId"]: _ratios(each["FaceDetail"]) for each in answer["FaceRecords"]}
        refused = [Refused(_ratios(each["FaceDetail"]), each["Reasons"]) for each in answer["UnindexedFaces"]]
        if not (boxes or refused):
            refused.append(Refused(None, ["NO_FACE"]))
        if photograph.user and boxes:
            refused += self._given(photograph.user, boxes)
        return len(boxes), refused

    def _given(self, user: str, boxes: Mapping[str, tuple[float, float, float, float]]) -> list[Refused]:
        """Give faces to a user; those that were not."""
        self._make_user(user)
        try:
            answer = self._call("AssociateFaces", UserId=user, FaceIds=list(boxes), UserMatchThreshold=self.threshold)
        except ApiError as error:
            if error.code != "ServiceQuotaExceededException":
                raise
            return [
                Refused(box, ["the user has its 100 faces; this one is in the collection"]) for box in boxes.values()
            ]
        return [Refused(boxes[each["FaceId"]], each["Reasons"]) for each in answer["UnsuccessfulFaceAssociations"]]

    def _make_user(self, user: str) -> None:
        with self._making:
            if user in self._users:
                return
            try:
                self._call("CreateUser", UserId=user)
            except ApiError as error:
                if error.code != "ConflictException":
                    raise
            self._users.add(user)

    def _call(self, operation: str, **members: Any) -> dict[str, Any]:
        return self.api.call(operation, {"CollectionId": self.collection} | members)


def made(api: Api, collection: str) -> dict[str, Any]:
    """Make a collection unless it is there; its description.

    Raises:
        SetupError: it cannot be had.
    """
    try:
        try:
            api.call("CreateCollection", {"CollectionId": collection})
        except ApiError as error:
            if error.code != "ResourceAlreadyExistsException":
                raise
        return api.call("DescribeCollection", {"CollectionId": collection})
    except ApiError as error:
        raise SetupError(f"The collection {collection} cannot be had: {error.code}, {error.message}") from None


def _ratios(detail: Mapping[str, Any]) -> tuple[float, float, float, float]:
    box = detail["BoundingBox"]
    return box["Left"], box["Top"], box["Width"], box["Height"]


def _step(progress: Progress | None, fresh: bool = True) -> None:
    if progress:
        progress.step(fresh)
