"""Imports photographs into a collection through the API: indexes their faces and associates them with users.

Every call is idempotent: IndexFaces returns faces that exist already, an existing user is kept, and a face is
associated with its user once. A fault of one photograph is counted and reported, and never ends the import.
"""

from collections import deque
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from mien import naming
from mien.errors import ApiError, SetupError
from mien.image.limits import MOST_FILE
from mien.store.tables.portraits import TAG, wanted
from mien.system.progress import Progress
from mien.transfer import reasons
from mien.transfer.api import Api
from mien.transfer.csv_report import Ratios, RefusalReport, Refused
from mien.transfer.import_log import ImportLog
from mien.transfer.import_summary import ImportSummary
from mien.transfer.joining import MOST_AT_ONCE, Joining
from mien.transfer.photographs import NoPhotographError, Photograph, Source, UnreadableError
from mien.transfer.walking import Skipped

AHEAD = 4  # photographs for each thread that are queued or in progress
WAITING = 1000  # faces that wait for others of their user, at most
MATCH = 75.0  # the API's default of UserMatchThreshold; reference 2.5
# Errors caused by the photograph or its ids. Others end the import, or are tried again by the next run.
INVALID, DAMAGED = "InvalidParameterException", "InvalidImageFormatException"
PHOTOGRAPH_ERRORS = (DAMAGED, "ImageTooLargeException", INVALID, "ValidationException")
TRANSIENT_ERRORS = ("ThrottlingException", "ProvisionedThroughputExceededException", "InternalServerError")


@dataclass(frozen=True, slots=True)
class _Indexed:
    """What IndexFaces said of a photograph: the boxes of its faces by their ids, and what was refused."""

    boxes: dict[str, Ratios]
    refused: list[Refused]


@dataclass(slots=True)
class PhotographImport:
    """An import of photographs into one collection.

    Attributes:
        api: the server, or the operations in this process.
        collection: the collection's name. It is created if it does not exist.
        jobs: the number of photographs in progress at the same time.
        max_faces: the most faces of a photograph; None for 1 if it shows a user, and for all otherwise.
        quality_filter: the QualityFilter of IndexFaces.
        user_match_threshold: the similarity that a further face of a user must reach, 0–100; 0 to trust the source.
        report: the report of refusals.
        log: the record of earlier runs; None to import every photograph.
    """

    api: Api
    collection: str
    jobs: int
    max_faces: int | None = None
    quality_filter: str = "AUTO"
    user_match_threshold: float = MATCH
    report: RefusalReport | None = None
    log: ImportLog | None = None
    summary: ImportSummary = field(default_factory=ImportSummary)
    _waiting: dict[str, list[tuple[Photograph, _Indexed]]] = field(default_factory=dict)  # by user

    def run(self, source: Source, progress: Progress | None = None) -> ImportSummary:
        """Imports all photographs of a source.

        Raises:
            SetupError: the import cannot continue; finished photographs stay imported.
        """
        before = ensure_collection(self.api, self.collection)["FaceCount"]
        self._refuse_another_pack()
        joining = Joining(self._call, self.user_match_threshold)
        pool = ThreadPoolExecutor(self.jobs, thread_name_prefix="import")
        try:
            for photograph, future in self._ahead(source, pool, progress):
                if source.by_user:
                    self._join_all(joining, but=photograph.user)
                self._finish(photograph, future, joining)
                if progress:
                    progress.step()
            self._join_all(joining)
        finally:
            pool.shutdown(cancel_futures=True)
            if progress:
                progress.close()
        about = ensure_collection(self.api, self.collection)
        self.summary.faces, self.summary.users = about["FaceCount"], about["UserCount"]
        self.summary.added = max(0, about["FaceCount"] - before)
        return self.summary

    def _ahead(
        self, source: Source, pool: ThreadPoolExecutor, progress: Progress | None
    ) -> "Iterator[tuple[Photograph, Future[_Indexed]]]":
        """Begins photographs ahead of those that it yields; skips what an earlier run finished or is no photograph."""
        pending: deque[tuple[Photograph, Future[_Indexed]]] = deque()
        for photograph in source.walk():
            if isinstance(photograph, Skipped):
                self._skip(photograph)
                continue
            earlier = self.log.find(photograph) if self.log else None
            if earlier is not None:
                self.summary.photographs += 1
                self.summary.earlier += 1
                self._tell_refused(photograph, earlier)
                if progress:
                    progress.step(fresh=False)
                continue
            pending.append((photograph, pool.submit(self._index, photograph)))
            if len(pending) >= AHEAD * self.jobs:
                yield pending.popleft()
        yield from pending

    def _skip(self, skipped: Skipped) -> None:
        if skipped.why:
            self._fail(skipped.name, None, skipped.why)
        else:
            self.summary.leave_out(skipped.kind)

    def _finish(self, photograph: Photograph, future: "Future[_Indexed]", joining: Joining) -> None:
        try:
            indexed = future.result()
        except NoPhotographError as error:
            self.summary.leave_out(error.kind)
            return
        except UnreadableError as error:
            self.summary.photographs += 1
            self._fail(photograph.name, photograph.person, str(error))
            return
        except ApiError as error:
            self.summary.photographs += 1
            self._fail(photograph.name, photograph.person, self._temporary(error))
            return
        self.summary.photographs += 1
        user = photograph.user
        if user is None or not indexed.boxes:
            self._done(photograph, indexed.refused)
            return
        theirs = self._waiting.setdefault(user, [])
        if sum(len(each.boxes) for _, each in theirs) + len(indexed.boxes) > MOST_AT_ONCE:
            self._join(user, joining)
            theirs = self._waiting.setdefault(user, [])
        theirs.append((photograph, indexed))
        if sum(map(len, self._waiting.values())) >= WAITING:
            self._join(next(iter(self._waiting)), joining)

    def _join_all(self, joining: Joining, but: str | None = None) -> None:
        for user in [each for each in self._waiting if each != but]:
            self._join(user, joining)

    def _join(self, user: str, joining: Joining) -> None:
        """Gives the faces that wait for a user to it."""
        theirs = self._waiting.pop(user)
        faces = list(dict.fromkeys(face for _, indexed in theirs for face in indexed.boxes))
        person = theirs[0][0].person
        try:
            beside = naming.kept_beside(person, user) if person else None
            refused = joining.join(user, beside, faces[:MOST_AT_ONCE])
            for start in range(MOST_AT_ONCE, len(faces), MOST_AT_ONCE):
                refused |= joining.join(user, beside, faces[start : start + MOST_AT_ONCE])
        except ApiError as error:
            if error.code in PHOTOGRAPH_ERRORS:
                why = f"{reasons.of_error(error)} The face is in the collection without a user."
                refused = {face: [why] for face in faces}
            else:
                for photograph, _ in theirs:
                    self._fail(photograph.name, photograph.person, self._temporary(error))
                return
        for photograph, indexed in theirs:
            here = [Refused(box, refused[face]) for face, box in indexed.boxes.items() if face in refused]
            self._done(photograph, indexed.refused + here)

    def _done(self, photograph: Photograph, refused: list[Refused]) -> None:
        self._tell_refused(photograph, refused)
        if self.log:
            self.log.add(photograph, refused)

    def _fail(self, name: str, person: str | None, why: str) -> None:
        self.summary.fail(name, why)
        if self.report:
            self.report.add(name, person, Refused(None, [why]))

    def _tell_refused(self, photograph: Photograph, refused: list[Refused]) -> None:
        for each in refused:
            if self.summary.refuse(photograph.name, each.reasons) and self.report:
                self.report.add(photograph.name, photograph.person, each)

    def _temporary(self, error: ApiError) -> str:
        """Returns an error that the next run may not meet as a sentence.

        Raises:
            SetupError: every further photograph would meet it.
        """
        if error.code not in TRANSIENT_ERRORS:
            raise SetupError(f"{error.code}: {error.message or 'the server gives no reason'}") from None
        return reasons.of_error(error)

    def _index(self, photograph: Photograph) -> _Indexed:
        """Indexes a photograph.

        Raises:
            NoPhotographError, UnreadableError: it is none, or is damaged or cannot be read.
            ApiError: the fault is not the photograph's.
        """
        data = photograph.read()
        if len(data) > MOST_FILE:
            return _Indexed({}, [Refused(None, [f"The photograph is larger than {MOST_FILE >> 20} MiB."])])
        most = self.max_faces or (1 if photograph.user else None)
        try:
            answer = self._call(
                "IndexFaces", Image={"Bytes": data}, ExternalImageId=photograph.external_image_id,
                QualityFilter=self.quality_filter, **({"MaxFaces": most} if most else {}),
            )  # fmt: skip
        except ApiError as error:
            if error.code == DAMAGED:
                raise UnreadableError(reasons.of_error(error)) from None
            if error.code not in PHOTOGRAPH_ERRORS:
                raise
            if error.code == INVALID:
                self._refuse_another_pack()  # it may have come since the import began
            return _Indexed({}, [Refused(None, [reasons.of_error(error)])])
        boxes = {each["Face"]["FaceId"]: _ratios(each["FaceDetail"]) for each in answer["FaceRecords"]}
        wanted = most is None or len(boxes) < most  # a face beyond is a bystander, however good or bad
        refused = [
            Refused(_ratios(each["FaceDetail"]), each["Reasons"] if wanted else [reasons.BYSTANDER])
            for each in answer["UnindexedFaces"]
        ]
        if not (boxes or refused):
            refused.append(Refused(None, ["NO_FACE"]))
        return _Indexed(boxes, refused)

    def _refuse_another_pack(self) -> None:
        """Raises if the collection takes no photograph at all, such as one made by another pack.

        IndexFaces checks the collection before the image, so its answer to an image of one byte tells the two apart.

        Raises:
            SetupError: it takes none.
        """
        try:
            self._call("IndexFaces", Image={"Bytes": b"\0"})
        except ApiError as error:
            if error.code == INVALID:
                raise SetupError(reasons.of_error(error)) from None

    def _call(self, operation: str, **members: Any) -> dict[str, Any]:
        return self.api.call(operation, {"CollectionId": self.collection} | members)


def ensure_collection(api: Api, collection: str, portraits: bool = False) -> dict[str, Any]:
    """Creates a collection unless it exists, and returns its description.

    Args:
        api: the server, or the operations in this process.
        collection: the collection's name.
        portraits: whether it must keep portraits.

    Raises:
        SetupError: the collection can be neither created nor described, or keeps no portraits and should.
    """
    try:
        try:
            api.call("CreateCollection", {"CollectionId": collection} | ({"Tags": {TAG: "true"}} if portraits else {}))
        except ApiError as error:
            if error.code != "ResourceAlreadyExistsException":
                raise
        about = api.call("DescribeCollection", {"CollectionId": collection})
        if portraits and not wanted(api.call("ListTagsForResource", {"ResourceArn": about["CollectionARN"]})["Tags"]):
            raise SetupError(
                f"The collection {collection} is there already and keeps no portraits, as chosen when it was made: "
                "import without --portraits, or into another collection."
            )
        return about
    except ApiError as error:
        raise SetupError(f"The collection {collection} cannot be used: {error.code}, {error.message}") from None


def _ratios(detail: Mapping[str, Any]) -> Ratios:
    box = detail["BoundingBox"]
    return box["Left"], box["Top"], box["Width"], box["Height"]
