"""The people of a film, with the names that a collection has for them: what `Gallery.watch` and `mien watch` say."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from uuid import UUID

from mien import naming
from mien.face.types import Embedding
from mien.operations.context import Caller, Context
from mien.operations.matching import matches
from mien.operations.shapes import FaceMatch
from mien.packs.analyst import allowed
from mien.store.base import Collection
from mien.video.analysis import Analysis, Sample
from mien.video.film import Film

Progress = Callable[[int], None]  # gets the milliseconds of film that were looked at
APART = 2  # samples within which a person must be seen again for the stretch to go on


@dataclass(slots=True)
class FilmPerson:
    """A person of a film.

    Attributes:
        index: the person's number in the film.
        best_ms: when the person is seen best.
        stretches: when the person is seen, as milliseconds from the film's start: from, to.
        samples: in how many pictures.
        name: as the collection has it; None for someone unknown.
        similarity: to the face that was found, 0–100; 0 for someone unknown.
        face_id: of that face.
    """

    index: int
    best_ms: int = 0
    stretches: list[tuple[int, int]] = field(default_factory=list)
    samples: int = 0
    name: str | None = None
    similarity: float = 0.0
    face_id: UUID | None = None


def samples(context: Context, film: Film, every_ms: int, attributes: str) -> Iterator[Sample]:
    """Yields the samples of a film, their faces measured where attributes are named, and closes it.

    Raises:
        SetupError: there is no attribute of such a name.
        FilmError: the film is damaged or cut off.
    """
    pack, analyst = context.pack, context.analyst
    names = analyst.measurable(allowed(attributes)) if attributes else frozenset[str]()
    measure = partial(analyst.measured, wanted=names) if names else None
    with film:
        yield from Analysis(film, pack.pipeline, pack.calibration.similarity, every_ms=every_ms, measure=measure)


def people(
    context: Context, caller: Caller, film: Film, every_ms: int, *, collection: str | None = None,
    threshold: float, progress: Progress = lambda _: None,
) -> list[FilmPerson]:  # fmt: skip
    """Returns the people of a film, those seen longest first, and closes it.

    Args:
        context: of the operations.
        caller: who owns the collection.
        film: the film.
        every_ms: the stretch of time of which one frame is looked at.
        collection: of the people who are known; None where nobody is.
        threshold: the least similarity to a person, 0–100.
        progress: told how far it is.

    Raises:
        FilmError: the film is damaged or cut off.
        ResourceNotFoundError: there is no such collection.
        InvalidParameterError: the collection was made with another pack.
    """
    known = context.comparable(caller, collection) if collection else None
    seen: dict[int, list[int]] = {}
    with film:
        analysis = Analysis(film, context.pack.pipeline, context.pack.calibration.similarity, every_ms=every_ms)
        for sample in analysis:
            for index, _ in sample.faces:
                seen.setdefault(index, []).append(sample.at_ms)
            progress(sample.at_ms)
    found = {each.index: FilmPerson(each.index, each.at_ms) for each in analysis.people()}
    for index, times in seen.items():
        found[analysis.same(index)].stretches += [(at, at) for at in times]
    for person in found.values():
        person.samples = len(person.stretches)
        person.stretches = joined(person.stretches, APART * every_ms)
    if known:
        for each in analysis.people():
            _name(found[each.index], _found(context, caller, known, each.embedding, threshold))
    return sorted(found.values(), key=lambda person: (-person.samples, person.index))


def joined(stretches: list[tuple[int, int]], apart: int) -> list[tuple[int, int]]:
    """Returns stretches of time in order, those joined that are at most so far apart."""
    kept: list[tuple[int, int]] = []
    for start, end in sorted(stretches):
        if kept and start - kept[-1][1] <= apart:
            kept[-1] = (kept[-1][0], max(end, kept[-1][1]))
        else:
            kept.append((start, end))
    return kept


def _found(
    context: Context, caller: Caller, collection: Collection, probe: Embedding, threshold: float
) -> tuple[FaceMatch, str] | None:
    """Returns the most similar face of a collection, and the name that is shown for it."""
    near = context.in_one_history(caller, collection, partial(matches, context, probe, limit=1, threshold=threshold))
    if not near:
        return None
    face = near[0].face
    if face.user_id is None:
        return near[0], naming.shown(face.external_image_id or face.face_id)
    user = context.store.users.find(collection.key, face.user_id)
    return near[0], (user.display_name if user else None) or naming.shown(face.user_id)


def _name(person: FilmPerson, found: tuple[FaceMatch, str] | None) -> None:
    if found:
        match, person.name = found
        person.similarity, person.face_id = match.similarity, UUID(match.face.face_id)
