"""Re-indexes a collection with another pack, from its photographs or its portraits: ids and users stay.

A shadow of the collection is filled beside it, and servers keep answering from the original. When the shadow has every
face, it replaces the original in one transaction, after faces that were added, deleted or reassigned meanwhile were
carried over. An interrupted run is resumed by the next one.
"""

import hashlib
from collections import defaultdict, deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from uuid import UUID

from mien.errors import ApiError, SetupError
from mien.face.portrait import decoded
from mien.face.types import Face
from mien.local import Local
from mien.naming import shown
from mien.operations.context import Caller
from mien.operations.image_faces import FoundFaces, embed, find_faces, image_id
from mien.operations.portrait_choice import packed
from mien.operations.present import region
from mien.operations.shapes import Image
from mien.operations.user_changes import combine
from mien.store.base import Collection, CollectionGoneError, StoredFace
from mien.store.tables import vectors
from mien.store.tables.likeness import Matching
from mien.store.upkeep import bulk, shadow
from mien.store.upkeep.bulk import WholeFace, WholeUser
from mien.system.progress import Progress
from mien.transfer import reasons
from mien.transfer.photographs import NoPhotographError, Photograph, Source, UnreadableError

SAME_FACE = 0.3  # least intersection over union of the boxes that two packs draw around one face
AHEAD = 4  # photographs for each thread that are queued or in progress
BATCH = 32  # portraits in memory for each thread
SWITCH_ATTEMPTS = 20  # attempts to replace the collection between two changes of it


@dataclass(frozen=True, slots=True)
class ReindexResult:
    """What a re-indexing has done.

    Attributes:
        faces: how many faces were re-indexed.
        missing: those that were not found.
        switched: whether the collection was replaced.
        faults: photographs and folders that could not be read, each with the reason.
        from_portraits: how many of the faces were embedded from their portraits in this run.
    """

    faces: int
    missing: list[StoredFace]
    switched: bool
    faults: Mapping[str, str]
    from_portraits: int = 0


class Reindexing:
    """Re-indexes one collection.

    Args:
        local: the new pack, with the store.
        collection: the collection.

    Raises:
        SetupError: the collection was made with this pack.
    """

    def __init__(self, local: Local, collection: Collection) -> None:
        self._local, self._old = local, collection
        self._store = local.context.store
        self._database = self._store.database
        manifest = local.context.pack.manifest
        if collection.contract == manifest.contract:
            raise SetupError(f"The collection {collection.name} was already made with the pack {manifest.name}.")
        self._target = replace(collection, contract=manifest.contract, model_version=manifest.model_version)
        self._faults: dict[str, str] = {}
        self._matching = Matching(combine, lambda *_: 0.0)
        unfinished = self._database.read(lambda cursor: shadow.find(cursor, collection, manifest.contract))
        tags = self._store.tags.of(collection.key)
        self._new = unfinished if unfinished is not None else bulk.begin(self._store.portraits, self._target, tags)
        self._from_portraits = 0

    def run(
        self, source: Source | None, jobs: int, allow_missing: bool, progress: Progress | None = None
    ) -> ReindexResult:
        """Fills the shadow from the photographs, then from portraits, and replaces the collection by it.

        Args:
            source: the photographs; None for none.
            jobs: photographs or portraits processed in parallel.
            allow_missing: whether to drop the faces that are found in neither.
            progress: counts photographs.

        Raises:
            SetupError: the collection was deleted or keeps changing. The shadow is kept for the next run.
        """
        try:
            self._follow()
            if source:
                self._fill_from(source, jobs, progress)
            for _ in range(SWITCH_ATTEMPTS):
                if self._old.portraits:
                    self._fill_from_portraits(jobs)
                result = self._switch(allow_missing)
                if result is not None:
                    return result
        except CollectionGoneError:
            raise SetupError(f"The collection {self._old.name} was deleted meanwhile.") from None
        finally:
            if progress:
                progress.close()
        raise SetupError(f"The collection {self._old.name} keeps changing; run the command again later.")

    def person(self, user: str) -> str:
        """Returns the name that a user is shown by, by its id."""
        found = self._store.users.find(self._new, user)
        return (found.display_name if found else None) or shown(user)

    def _readable(self, source: Source) -> Iterator[Photograph]:
        """Yields the photographs of a source, and keeps which of its folders cannot be read."""
        for each in source.walk():
            if isinstance(each, Photograph):
                yield each
            elif each.why:
                self._faults[each.name] = each.why

    def _fill_from(self, source: Source, jobs: int, progress: Progress | None) -> None:
        self._fill(self._readable(source), jobs, progress)
        by_name = defaultdict(list)
        for face in self._missing():
            if face.external_image_id:
                by_name[shown(face.external_image_id)].append(face)
        if by_name:  # these photographs have changed, but may have kept their names
            again = (each for each in source.photographs() if shown(each.external_image_id) in by_name)
            self._fill(again, jobs, None, by_name)

    def _fill_from_portraits(self, jobs: int) -> None:
        """Adds the faces that the shadow lacks and that have a portrait."""
        missing = self._missing()
        batches = [missing[start : start + BATCH] for start in range(0, len(missing), BATCH)]
        with ThreadPoolExecutor(jobs, thread_name_prefix="reindex") as pool:
            self._from_portraits += sum(pool.map(self._reindex_portraits, batches))

    def _reindex_portraits(self, wanted: Sequence[StoredFace]) -> int:
        kept = self._store.portraits.of(self._old.key, [face.face_id for face in wanted])
        pipeline, coming = self._local.context.pack.pipeline, []
        for old in wanted:
            portrait = kept.get(old.face_id)
            with suppress(ValueError, ArithmeticError):  # what is no picture of a face stays missing
                if portrait:
                    face = pipeline.of_portrait(decoded(portrait.picture, portrait.landmarks))
                    coming.append(WholeFace(old, vectors.pack(pipeline.embed([face])[0]), portrait))
        self._keep(coming)
        return len(coming)

    def _follow(self) -> int:
        """Applies changes of the collection to the shadow; returns the revision that it now reflects."""
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
            return ReindexResult(faces, missing, False, self._faults, self._from_portraits)
        if bulk.show(self._database, self._new, self._target, (self._old.key, revision)):
            return ReindexResult(faces, missing, True, self._faults, self._from_portraits)
        return None

    def _missing(self) -> list[StoredFace]:
        return self._database.read(lambda cursor: shadow.lacking(cursor, self._old.key, self._new))

    def _fill(
        self,
        photographs: Iterator[Photograph],
        jobs: int,
        progress: Progress | None,
        by_name: dict[str, list[StoredFace]] | None = None,
    ) -> None:
        pending: deque[Future[None]] = deque()
        with ThreadPoolExecutor(jobs, thread_name_prefix="reindex") as pool:
            for photograph in photographs:
                pending.append(pool.submit(self._reindex, photograph, by_name))
                if len(pending) >= AHEAD * jobs:
                    pending.popleft().result()
                if progress:
                    progress.step()
            for each in pending:
                each.result()

    def _reindex(self, photograph: Photograph, by_name: dict[str, list[StoredFace]] | None) -> None:
        """Adds the missing faces of a photograph to the shadow. Faces of an unreadable photograph stay missing."""
        try:
            data = photograph.read()
            image = image_id(hashlib.sha256(data).hexdigest())
            wanted = (
                self._database.read(lambda cursor: shadow.lacking(cursor, self._old.key, self._new, image))
                if by_name is None
                else by_name[shown(photograph.external_image_id)]
            )
            if wanted:
                sent, portraits = Image(bytes=data), self._old.portraits
                self._add(find_faces(self._local.context, Caller(), sent, portraits=portraits), wanted, image)
        except NoPhotographError:
            return
        except UnreadableError as error:
            self._faults[photograph.name] = str(error)
        except ApiError as error:
            self._faults[photograph.name] = reasons.of_error(error)

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
                packed(face.portrait) if face.portrait else None,
            )
            for (old, face), embedding in zip(found, embeddings, strict=True)
        ]  # fmt: skip
        self._keep(coming)

    def _keep(self, coming: Sequence[WholeFace]) -> None:
        names = sorted({each.face.user for each in coming if each.face.user})
        bulk.add_users(self._database, self._new, [WholeUser(0, name, None) for name in names])
        bulk.add_faces(self._store.portraits, self._new, coming, self._matching)


def pairs(seen: FoundFaces, wanted: Sequence[StoredFace]) -> Iterator[tuple[StoredFace, Face]]:
    """Yields stored faces of an image with the detected faces in their place, by falling overlap, each at most once.

    An image may be stored under several external ids; each of them is matched separately.
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
            if overlap >= SAME_FACE and number not in taken and old.face_id not in done:
                taken.add(number)
                done.add(old.face_id)
                yield old, regions[number][1]
