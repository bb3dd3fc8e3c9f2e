"""The messages between a server and the process that looks at a film for it, which has no way into the store."""

from typing import Any

import msgspec

from mien.image.source import ObjectFacts, ObjectPlace
from mien.video.film import Metadata


class Begin(msgspec.Struct, tag=True):
    """Begins to look at a film, or continues.

    Attributes:
        settings: of the server, without those of its store.
        place: the film.
        facts: its bytes, and the tag of its content.
        measured: whether attributes of the faces are wanted.
        searched: whether persons are followed, and embedded to be searched.
        state: to continue from; None to begin.
    """

    settings: dict[str, Any]
    place: ObjectPlace
    facts: ObjectFacts
    measured: bool
    searched: bool
    state: bytes | None


class Seen(msgspec.Struct, tag=True):
    """The next faces of the film (see `store.tables.video_faces.Batch`), and the state to continue from after them."""

    metadata: Metadata
    position: int
    count: int
    tracks: bytes
    packed: bytes
    state: bytes


class Ended(msgspec.Struct, tag=True):
    """The end of the film.

    Attributes:
        metadata: what its header says.
        tracks: each person's track, and the embedding of its best-seen face, as the bytes of a float32 array.
        became: tracks that turned out to be those of other persons, and which.
    """

    metadata: Metadata
    tracks: list[tuple[int, bytes]]
    became: dict[int, int]


class Refused(msgspec.Struct, tag=True):
    """The film cannot be analysed, for a reason that is told in a sentence."""

    sentence: str


class Failed(msgspec.Struct, tag=True):
    """The process failed, which is a bug; the class of the error tells which, and holds no data of the film."""

    error: str


Report = Seen | Ended | Refused | Failed
