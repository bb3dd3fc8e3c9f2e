"""A collection moved to another pack, from the photographs it was made of: ids and users stay, embeddings are new.

A twin of the collection is filled beside it, so servers go on answering from the one that is there. When the twin has
every face it takes the collection's place in one transaction; what came, went or changed owner meanwhile is taken over
first. A run that was ended is gone on with.
"""

import hashlib
from collections import defaultdict, deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from uuid import UUID

from mien.errors import ApiError, SetupError
from mien.face.types import Face
from mien.local import Local
from mien.operations.context import Caller
from mien.operations.image_faces import FoundFaces, embed, find_faces, image_id
from mien.operations.present import region
from mien.operations.shapes import Image
from mien.operations.user import combine
from mien.store.base import Collection, CollectionGoneError, StoredFace
from mien.store.tables import vectors
from mien.store.tables.likeness import Matching
from mien.store.upkeep import bulk, shadow
from mien.store.upkeep.bulk import WholeFace, WholeUser
from mien.system.progress import Progress
from mien.transfer.photographs import Photograph, Source, UnreadableError

SAME = 0.3  # overlap from which the boxes that two packs draw are of one face
AHEAD = 4  # photographs for each thread that are under way or wait
TRIES = 20  # to take the collection's place between two changes of it


@dataclass(frozen=True, slots=True)
class ReindexResult:
    """What came of it: faces that the twin has, faces that it lacks, and whether it took the collection's place."""

    faces: int
    missing: list[StoredFace]
    switched: bool


class Reindexing:
    """The move of one collection.

    Args:
        local: the new pack over the store.
        collection: the collection.

    Raises:
        SetupError: it was made with this pack.
    """

    def __init__(self, local: Local, collection: Collection) -> None:
        self._local, self._old = local, collection
        self._store = local.context.store
        self._database = self._store.database
        manifest = local.context.pack.manifest
        if collection.contract == manifest.contract:
            raise SetupError(f"The collection {collection.name} was made with the pack {manifest.name} already.")
        self._facts = replace(collection, contract=manifest.contract, model_version=manifest.model_version)
        self._matching = Matching(combine, lambda *_: 0.0)
        begun = self._database.read(lambda cursor: shadow.find(cursor, collection, manifest.contract))
        tags = self._store.tags.of(collection.key)
        self._new = begun if begun is not None else bulk.begin(self._database, self._facts, tags)

    def run(self, source: Source, jobs: int, allow_missing: bool, progress: Progress | None = None) -> ReindexResult:
        """Fill the twin from the photographs, and let it take the collection's place.

        Raises:
            SetupError: the collection was deleted, or does not stop changing. The twin is kept for the next run.
        """
        try:
            self._follow()
            self._fill(source.walk(), jobs, progress)
            named = defaultdict(list)
            for face in self._missing():
                if face.external_image_id:
                    named[face.external_image_id].append(face)
            if named:  # their photographs have other bytes now; their names may be the same
                self._fill((each for each in source.walk() if each.external_image_id in named), jobs, None, named)
            for _ in range(TRIES):
                moved = self._switch(allow_missing)
                if moved is not None:
                    return moved
        except CollectionGoneError:
            raise SetupError(f"The collection {self._old.name} was deleted meanwhile.") from None
        finally:
            if progress:
                progress.close()
        raise SetupError(f"The collection {self._old.name} does not stop changing; run the command again later.")

    def _follow(self) -> int:
        """Take over what changed in the collection; the revision up to which."""
        revision = self._store.faces.revision(self._old.key)
        if revision is None:
            raise CollectionGoneError
        self._database.write(lambda cursor: shadow.follow(cursor, self._old.key, self._new, self._matching))
        return revision

    def _switch(self, allow_missing: bool) -> ReindexResult | None:
        revision = self._follow()
        missing = self._missing()
        faces = self._database.read(
            lambda cursor: cursor.row("SELECT faces FROM collections WHERE id = ?", self._new) or (0,)
        )[0]
        if missing and not allow_missing:
            return ReindexResult(faces, missing, switched=False)
        if bulk.show(self._database, self._new, self._facts, (self._old.key, revision)):
            return ReindexResult(faces, missing, switched=True)
        return None

    def _missing(self) -> list[StoredFace]:
        return self._database.read(lambda cursor: shadow.lacking(cursor, self._old.key, self._new))

    def _fill(
        self,
        photographs: Iterator[Photograph],
        jobs: int,
        progress: Progress | None,
        named: dict[str, list[StoredFace]] | None = None,
    ) -> None:
        waiting: deque[Future[None]] = deque()
        with ThreadPoolExecutor(jobs, thread_name_prefix="reindex") as pool:
            for photograph in photographs:
                waiting.append(pool.submit(self._one, photograph, named))
                if len(waiting) >= AHEAD * jobs:
                    waiting.popleft().result()
                if progress:
                    progress.step()
            for each in waiting:
                each.result()

    def _one(self, photograph: Photograph, named: dict[str, list[StoredFace]] | None) -> None:
        """Give the twin the faces of a photograph that it lacks. What cannot be read stays missing."""
        try:
            data = photograph.read()
            image = image_id(hashlib.sha256(data).hexdigest())
            wanted = (
                self._database.read(lambda cursor: shadow.lacking(cursor, self._old.key, self._new, image))
                if named is None
                else named[photograph.external_image_id]
            )
            if wanted:
                self._add(find_faces(self._local.context, Caller(), Image(bytes=data)), wanted, image)
        except (UnreadableError, ApiError):
            return

    def _add(self, seen: FoundFaces, wanted: Sequence[StoredFace], image: UUID) -> None:
        found = list(pairs(seen, wanted))
        embeddings = embed(self._local.context, (seen, [face for _, face in found]))
        coming = [
            WholeFace(
                replace(
                    old, image_id=image, region=region(face.box, seen.picture),
                    confidence=100 * face.detection.confidence,
                ),
                vectors.pack(embedding),
            )
            for (old, face), embedding in zip(found, embeddings, strict=True)
        ]  # fmt: skip
        names = sorted({old.user for old, _ in found if old.user})
        bulk.add_users(self._database, self._new, [WholeUser(0, name, None) for name in names])
        bulk.add_faces(self._database, self._new, coming, self._matching)


def pairs(seen: FoundFaces, wanted: Sequence[StoredFace]) -> Iterator[tuple[StoredFace, Face]]:
    """Stored faces of an image and what was found where they are, the best overlaps first, each found face once.

    The same image may be stored under several external ids; each of them is matched for itself.
    """
    regions = [(region(face.box, seen.picture), face) for face in seen.faces]
    for external in {old.external_image_id for old in wanted}:
        overlaps = [
            (old.region.overlap(place), number, old)
            for old in wanted
            if old.external_image_id == external
            for number, (place, _) in enumerate(regions)
        ]
        taken: set[int] = set()
        done: set[UUID] = set()
        for overlap, number, old in sorted(overlaps, key=lambda each: -each[0]):
            if overlap >= SAME and number not in taken and old.face_id not in done:
                taken.add(number)
                done.add(old.face_id)
                yield old, regions[number][1]
