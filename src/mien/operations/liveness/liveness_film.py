"""Looks at the film of a liveness session: what its frames show, as numbers, and pictures of some of them."""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from io import BytesIO

import numpy as np
from numpy.typing import NDArray

from mien.errors import SetupError, ValidationError
from mien.face.attributes.evidence import LEAST_PRESENCE
from mien.face.attributes.mesh import Mesh
from mien.face.living import Living
from mien.face.pipeline import Pipeline
from mien.face.types import Face, Pixels
from mien.liveness.seen import Seen
from mien.liveness.skin import colours
from mien.liveness.stripes import stripes
from mien.liveness.told import Rectangle
from mien.operations.context import Context
from mien.operations.liveness.liveness_results import Shot
from mien.serving.budget import Share
from mien.store.base import Region
from mien.video.film import Film, Frame, open_film
from mien.video.still import Still

EVERY_MS = 100  # between frames that are looked at
CLOSER_MS = 500  # between frames whose face is embedded and shown to the networks that tell a living face
MOST_FRAMES = 600  # a minute
MOST_PIXELS = 1920 * 1080  # of a frame
BYSTANDER = 1 / 3  # least height of a further face that counts, in heights of the largest
_IN_FLIGHT = 3  # frames in memory at the same time: decoded, turned to RGB, and the one that shows the face largest


def look(context: Context, film: bytes) -> list[Seen]:
    """Returns what the film's frames show, ten of them a second.

    Raises:
        FilmError: the film is damaged, or in a format that is not taken.
        ValidationError: it is too long, or its pictures are too large.
        ThrottlingError: other requests held the decoded pixels for too long.
        SetupError: what decodes films is not installed.
    """
    with _opened(film) as opened, _room(context, opened), context.request.stage("film"):
        looking = Looking(context.pack.pipeline, context.analyst.mesh, _living(context))
        return looking.all(_frames(opened), context.request.raise_if_abandoned)


def shots(context: Context, film: bytes, seen: Sequence[Seen], wanted: Collection[int]) -> dict[int, Shot]:
    """Returns those of the frames that show a face, by their index in `seen`."""
    found: dict[int, Shot] = {}
    with _opened(film) as opened, _room(context, opened, len(wanted)), context.request.stage("film"):
        for index, frame in enumerate(_frames(opened)):
            box = seen[index].box
            if index in wanted and box is not None:
                found[index] = Shot(frame.pixels, _region(frame.pixels, box))
            if index >= max(wanted, default=-1):
                break
    return found


class Looking:
    """Looks at the frames of one film.

    Args:
        pipeline: detects and embeds.
        mesh: measures the mesh of a face with a closeup; None where it cannot.
        living: the networks that tell a living face, where they are installed.
    """

    def __init__(self, pipeline: Pipeline, mesh: Callable[[Face], Mesh | None], living: Living | None) -> None:
        self._pipeline = pipeline
        self._mesh = mesh
        self._living = living
        self._seen: list[Seen] = []
        self._due = 0
        self._largest: tuple[float, int, Face, Pixels] | None = None  # area, index, the face, and the frame's pixels

    def all(self, frames: Iterable[Frame], checked: Callable[[], None] = lambda: None) -> list[Seen]:
        """Returns what the frames show; `checked` is called before each, and ends the work where it raises."""
        for frame in frames:
            checked()
            self._add(frame)
        if self._largest is not None:
            _, index, face, pixels = self._largest
            if self._seen[index].embedding is None:
                self._seen[index] = self._closer(self._seen[index], face, pixels)
        return self._seen

    def _add(self, frame: Frame) -> None:
        faces = self._pipeline.find(Still(frame.pixels), closeups=True)
        if not faces:
            self._seen.append(Seen(frame.at_ms))
            return
        face = faces[0]
        mesh = self._mesh(face)
        seen = _seen(frame, faces, mesh)
        if frame.at_ms >= self._due:
            self._due = frame.at_ms + CLOSER_MS
            seen = self._closer(seen, face, frame.pixels)
        if self._largest is None or face.box.area > self._largest[0]:
            self._largest = face.box.area, len(self._seen), face, frame.pixels
        self._seen.append(seen)

    def _closer(self, seen: Seen, face: Face, pixels: Pixels) -> Seen:
        box = face.box
        place = box.x1, box.y1, box.x2, box.y2
        living = None if self._living is None else self._living.probabilities(pixels, place)
        embedding = self._pipeline.embed([face])[0]
        return replace(seen, embedding=embedding, living=living, stripes=stripes(pixels, place))


def _living(context: Context) -> Living | None:
    try:
        return context.living.open()
    except SetupError:  # the networks are not here; what is decided says so
        return None


def _seen(frame: Frame, faces: list[Face], mesh: Mesh | None) -> Seen:
    face, box = faces[0], faces[0].box
    rectangle = box.x1, box.y1, box.x2, box.y2
    placed: NDArray[np.floating] | None = None
    shapes = None
    if mesh is not None and face.closeup is not None and mesh.presence >= LEAST_PRESENCE:
        scale = float(np.sqrt(abs(np.linalg.det(face.closeup.placing[:, :2]))))
        placed = np.column_stack([mesh.placed, mesh.points[:, 2] * scale])
        shapes = mesh.blendshapes
    return Seen(
        frame.at_ms,
        sum(each.box.height >= BYSTANDER * box.height for each in faces),
        rectangle,
        face.detection.landmarks,
        mesh=placed,
        blendshapes=shapes,
        colours=colours(frame.pixels, placed, rectangle),
    )


def _opened(film: bytes) -> Film:
    return open_film(BytesIO(film), "web")


def _room(context: Context, film: Film, more: int = 0) -> Share:
    size = film.metadata.width * film.metadata.height
    if size > MOST_PIXELS:
        raise ValidationError(f"A frame of the video may have {MOST_PIXELS} pixels.")
    return context.request.pixels((_IN_FLIGHT + more) * size)


def _frames(film: Film) -> Iterator[Frame]:
    for count, frame in enumerate(film.frames(EVERY_MS)):
        if count >= MOST_FRAMES:
            raise ValidationError(f"The video may have {MOST_FRAMES * EVERY_MS // 1000} seconds.")
        yield frame


def _region(pixels: Pixels, box: Rectangle) -> Region:
    """Returns a box in pixels as ratios of the frame's sides."""
    (rows, columns), (x1, y1, x2, y2) = pixels.shape[:2], box
    return Region(x1 / columns, y1 / rows, (x2 - x1) / columns, (y2 - y1) / rows)
