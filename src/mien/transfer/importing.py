"""Imports photographs into a collection through the API: indexes their faces and associates them with users.

Every call is idempotent: IndexFaces returns faces that exist already, an existing user is kept, and a face is
associated with its user once.
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

AHEAD = 4  # photographs for each thread that are queued or in progress
# Errors caused by the photograph or its ids. Others end the import, or are tried again by the next run.
INVALID = "InvalidParameterException"
PHOTOGRAPH_ERRORS = ("InvalidImageFormatException", "ImageTooLargeException", INVALID, "ValidationException")
TRANSIENT_ERRORS = ("ThrottlingException", "ProvisionedThroughputExceededException", "InternalServerError")


@dataclass(slots=True)
class ImportSummary:
    """The numbers that an import reports at its end.

    Attributes:
        photographs: all photographs of the source.
        earlier: photographs that an earlier run had finished.
        faces: faces in the collection from the photographs of this run.
        refused: faces and photographs refused, in this run or earlier ones.
        failed: photographs that could not be read or sent; the next run tries them again.
    """

    photographs: int = 0
    earlier: int = 0
    faces: int = 0
    refused: int = 0
    failed: int = 0

    def as_dict(self) -> dict[str, int]:
        """Returns the numbers for `--json`."""
        return asdict(self)


@dataclass(slots=True)
class PhotographImport:
    """An import of photographs into one collection.

    Attributes:
        api: the server, or the operations in this process.
        collection: the collection's name. It is created if it does not exist.
        jobs: the number of photographs in progress at the same time.
        max_faces: the most faces of a photograph; None for 1 if it shows a user, and for all otherwise.
        quality_filter: the QualityFilter of IndexFaces.
        user_match_threshold: the similarity that a further face of a user must reach, 0–100.
        report: the report of refusals.
        log: the record of earlier runs; None to import every photograph.
    """

    api: Api
    collection: str
    jobs: int
    max_faces: int | None = None
    quality_filter: str = "AUTO"
    user_match_threshold: float = 0.0
    report: RefusalReport | None = None
    log: ImportLog | None = None
    summary: ImportSummary = field(default_factory=ImportSummary)
    _known_users: set[str] = field(default_factory=set)
    _user_lock: threading.Lock = field(default_factory=threading.Lock)

    def run(self, source: Source, progress: Progress | None = None) -> ImportSummary:
        """Imports all photographs of a source.

        Raises:
            SetupError: the import cannot continue; finished photographs stay imported.
        """
        ensure_collection(self.api, self.collection)
        pending: deque[tuple[Photograph, Future[tuple[int, list[Refused]]]]] = deque()
        pool = ThreadPoolExecutor(self.jobs, thread_name_prefix="import")
        try:
            for photograph in source.walk():
                self.summary.photographs += 1
                earlier = self.log.find(photograph) if self.log else None
                if earlier is not None:
                    self.summary.earlier += 1
                    self._count_refused(photograph, earlier)
                    _step(progress, fresh=False)
                    continue
                pending.append((photograph, pool.submit(self._import, photograph)))
                if len(pending) >= AHEAD * self.jobs:
                    self._finish(*pending.popleft())
                    _step(progress)
            while pending:
                self._finish(*pending.popleft())
                _step(progress)
        finally:
            pool.shutdown(cancel_futures=True)
            if progress:
                progress.close()
        return self.summary

    def _finish(self, photograph: Photograph, future: "Future[tuple[int, list[Refused]]]") -> None:
        try:
            faces, refused = future.result()
        except UnreadableError as error:
            self._fail(photograph, f"it cannot be read: {error}")
            return
        except ApiError as error:
            if error.code not in TRANSIENT_ERRORS:
                raise SetupError(f"{error.code}: {error.message or 'the server gives no reason'}") from None
            self._fail(photograph, f"{error.code}; run the import again")
            return
        self.summary.faces += faces
        self._count_refused(photograph, refused)
        if self.log:
            self.log.add(photograph, refused)

    def _fail(self, photograph: Photograph, why: str) -> None:
        self.summary.failed += 1
        if self.report:
            self.report.add(photograph.name, photograph.user, Refused(None, [why]))

    def _count_refused(self, photograph: Photograph, refused: list[Refused]) -> None:
        self.summary.refused += len(refused)
        for each in refused if self.report else ():
            self.report.add(photograph.name, photograph.user, each)  # type: ignore[union-attr]

    def _import(self, photograph: Photograph) -> tuple[int, list[Refused]]:
        """Imports a photograph; returns the number of its faces in the collection, and the refusals."""
        data = photograph.read()
        if len(data) > MOST_OBJECT:
            return 0, [Refused(None, ["ImageTooLargeException: larger than 15 MiB"])]
        try:
            return self._index(photograph, data)
        except ApiError as error:
            if error.code not in PHOTOGRAPH_ERRORS or (error.code == INVALID and self._refuses_any_image()):
                raise
            return 0, [Refused(None, [f"{error.code}: {error.message}"])]

    def _index(self, photograph: Photograph, data: bytes) -> tuple[int, list[Refused]]:
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
            refused += self._associate(photograph.user, boxes)
        return len(boxes), refused

    def _associate(self, user: str, boxes: Mapping[str, tuple[float, float, float, float]]) -> list[Refused]:
        """Associates faces with a user; returns those that were refused."""
        self._ensure_user(user)
        try:
            answer = self._call(
                "AssociateFaces", UserId=user, FaceIds=list(boxes), UserMatchThreshold=self.user_match_threshold
            )
        except ApiError as error:
            if error.code != "ServiceQuotaExceededException":
                raise
            why = "the user has 100 faces already; this face is in the collection without a user"
            return [Refused(box, [why]) for box in boxes.values()]
        return [Refused(boxes[each["FaceId"]], each["Reasons"]) for each in answer["UnsuccessfulFaceAssociations"]]

    def _ensure_user(self, user: str) -> None:
        with self._user_lock:
            if user in self._known_users:
                return
            try:
                self._call("CreateUser", UserId=user)
            except ApiError as error:
                if error.code != "ConflictException":
                    raise
            self._known_users.add(user)

    def _refuses_any_image(self) -> bool:
        """Returns whether the collection, and not the photograph, is at fault, such as one made by another pack.

        IndexFaces checks the collection before the image, so its answer to an image of one byte tells the two apart.
        """
        try:
            self._call("IndexFaces", Image={"Bytes": b"\0"})
        except ApiError as error:
            return error.code == INVALID
        return False

    def _call(self, operation: str, **members: Any) -> dict[str, Any]:
        return self.api.call(operation, {"CollectionId": self.collection} | members)


def ensure_collection(api: Api, collection: str) -> dict[str, Any]:
    """Creates a collection unless it exists, and returns its description.

    Raises:
        SetupError: the collection can be neither created nor described.
    """
    try:
        try:
            api.call("CreateCollection", {"CollectionId": collection})
        except ApiError as error:
            if error.code != "ResourceAlreadyExistsException":
                raise
        return api.call("DescribeCollection", {"CollectionId": collection})
    except ApiError as error:
        raise SetupError(f"The collection {collection} cannot be used: {error.code}, {error.message}") from None


def _ratios(detail: Mapping[str, Any]) -> tuple[float, float, float, float]:
    box = detail["BoundingBox"]
    return box["Left"], box["Top"], box["Width"], box["Height"]


def _step(progress: Progress | None, fresh: bool = True) -> None:
    if progress:
        progress.step(fresh)
