"""What the client of a liveness session says that it did, and when; and what the server's own clock says of it.

A client may lie, so nothing of it counts in favour of a face: it says where in the film to look.
"""

from dataclasses import dataclass

Rectangle = tuple[float, float, float, float]  # x1, y1, x2, y2 in pixels of the video


@dataclass(frozen=True, slots=True)
class Shown:
    """A colour that the client says it began to show.

    Attributes:
        index: its place in the challenge's `colors`.
        red, green, blue: 0–255.
        at_ms: when, by the client's clock.
    """

    index: int
    red: int
    green: int
    blue: int
    at_ms: int


@dataclass(frozen=True, slots=True)
class Told:
    """What the client says, in ms of its own clock (since 1970), and what the server saw, in ms of the server's.

    A client's time less `video_start_ms` is a time of the film, as `Seen.at_ms` is, to within half a second.

    Attributes:
        video_start_ms: when recording began.
        video_end_ms: when it ended.
        initial_ms: when a face was first detected.
        initial_face: where.
        target_start_ms: when the face was first in the oval.
        target_end_ms: when it was last detected there before the colours.
        target_face: the oval, as the client understood it.
        colors: the colours shown, in the order of their messages.
        asked_ms: when the server sent the challenge; None if it is not known.
        received_ms: when the server received the last of the film; None if it is not known.
    """

    video_start_ms: int | None = None
    video_end_ms: int | None = None
    initial_ms: int | None = None
    initial_face: Rectangle | None = None
    target_start_ms: int | None = None
    target_end_ms: int | None = None
    target_face: Rectangle | None = None
    colors: tuple[Shown, ...] = ()
    asked_ms: int | None = None
    received_ms: int | None = None
