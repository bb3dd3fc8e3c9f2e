"""Looks at photographs: finds everyone in each through the API, on several threads, and keeps it in the journal."""

import base64
from collections import Counter, deque
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from mien.errors import ApiError, InvalidParameterError, SetupError
from mien.image.decode import read_header
from mien.image.limits import EVERY
from mien.sorting.journal import FaceSeen, Journal, Seen
from mien.system.progress import Progress
from mien.transfer import reasons
from mien.transfer.api import Api
from mien.transfer.importing import AHEAD, PHOTOGRAPH_ERRORS, TRANSIENT_ERRORS
from mien.transfer.photographs import NoPhotographError, UnreadableError, read_photograph, version
from mien.transfer.walking import Skipped

TURNED_BY_CONTAINER = ("heic", "avif")  # their stored picture is what the container shows, whatever EXIF says


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of each photograph.

    Attributes:
        api: the server, or the operations in this process.
        collection: the collection of the people.
        threshold: the least similarity to a person, 0–100.
        quality_filter: which faces are looked for, as the QualityFilter of IndexFaces.
    """

    api: Api
    collection: str
    threshold: float = 80.0
    quality_filter: str = "AUTO"

    def people(self, data: bytes) -> dict[str, Any]:
        """Returns the answer of SearchPeopleByImage, with embeddings, about a picture in any format.

        Raises:
            ApiError, SetupError: as `Api.call`.
        """
        return self.api.call(
            "SearchPeopleByImage",
            {
                "CollectionId": self.collection, "Image": {"Bytes": data}, "Embeddings": True,
                "PersonMatchThreshold": self.threshold, "QualityFilter": self.quality_filter,
            },
        )  # fmt: skip


@dataclass(slots=True)
class Counts:
    """What a run looked at.

    Attributes:
        photographs: all photographs.
        earlier: photographs that an interrupted run had looked at.
        failed: photographs that could not be read or understood.
        others: how many files of each other kind there were.
        unread: folders that could not be read, each with the reason.
    """

    photographs: int = 0
    earlier: int = 0
    failed: int = 0
    others: Counter[str] = field(default_factory=Counter)
    unread: list[tuple[str, str]] = field(default_factory=list)

    def skip(self, skipped: Skipped) -> None:
        """Counts what a walk has skipped."""
        if skipped.why:
            self.unread.append((skipped.name, skipped.why.removesuffix(".")))
        else:
            self.others[skipped.kind] += 1


def look(
    question: Question, files: Iterable[Path | Skipped], journal: Journal, jobs: int, progress: Progress
) -> Counts:
    """Looks at all photographs among some files; the journal has what was seen.

    Raises:
        SetupError: the run cannot continue; what it saw is kept.
    """
    counts = Counts()
    pending: deque[tuple[Path, str, Future[Seen]]] = deque()

    def finish(seen: Seen | str) -> None:
        progress.step()
        if isinstance(seen, str):
            counts.others[seen] += 1
            return
        counts.photographs += 1
        counts.failed += bool(seen.why)
        journal.add(seen)

    pool = ThreadPoolExecutor(jobs, thread_name_prefix="look")
    try:
        for path in files:
            if isinstance(path, Skipped):
                counts.skip(path)
                continue
            stamp = version(path)
            if journal.find(path, stamp):
                counts.photographs += 1
                counts.earlier += 1
                progress.step(fresh=False)
                continue
            pending.append((path, stamp, pool.submit(_look, question, path, stamp)))
            if len(pending) >= AHEAD * jobs:
                finish(_seen(*pending.popleft()))
        while pending:
            finish(_seen(*pending.popleft()))
    finally:
        pool.shutdown(cancel_futures=True)
        progress.close()
    return counts


def _seen(path: Path, stamp: str, future: "Future[Seen]") -> Seen | str:
    """Returns what a thread has seen, or why it could not look, or the word for what the file is instead.

    Raises:
        SetupError: the fault is not the photograph's.
    """
    try:
        return future.result()
    except NoPhotographError as error:
        return error.kind
    except UnreadableError as error:
        return Seen(path, stamp, str(error))
    except ApiError as error:
        if error.code not in (*PHOTOGRAPH_ERRORS, *TRANSIENT_ERRORS) or is_other_packs(error):
            raise SetupError(error.message or f"The server answers {error.code}.") from None
        return Seen(path, stamp, reasons.of_error(error))


def _look(question: Question, path: Path, stamp: str) -> Seen:
    """Returns what is seen in a photograph.

    Raises:
        NoPhotographError, UnreadableError: it is none, or cannot be read.
        ApiError: it is damaged, or it is not the photograph's fault.
    """
    data = read_photograph(path)
    picture = read_header(data, EVERY)
    answer = question.people(data)
    faces = tuple(_face(each) for each in answer["Faces"])
    if picture.format in TURNED_BY_CONTAINER:
        return Seen(path, stamp, "", (picture.width, picture.height), 1, faces)
    return Seen(path, stamp, "", (picture.file.width, picture.file.height), picture.orientation, faces)


def _face(face: dict[str, Any]) -> FaceSeen:
    box, person = face["FaceDetail"]["BoundingBox"], next(iter(face["People"]), None)
    where = (box["Left"], box["Top"], box["Width"], box["Height"])
    if person:
        return FaceSeen(where, person["UserId"], person["DisplayName"], person["Similarity"])
    if "Embedding" not in face:
        return FaceSeen(where, reasons=tuple(face["Reasons"]))
    return FaceSeen(where, embedding=np.frombuffer(base64.b64decode(face["Embedding"]), "<f4"))


def is_other_packs(error: ApiError) -> bool:
    """Returns whether an error says that another pack made the collection, so that no photograph can be searched."""
    return error.code == InvalidParameterError.code and error.message != InvalidParameterError.default
