"""Who is before a camera: what single looks show, told as people who came and went.

A look is often wrong about a face that turns, is blurred or half hidden. So a face that is followed gets its name from
several looks, keeps it while nothing contradicts, and a person goes only after some seconds unseen.
"""

from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

import numpy as np

from mien.face.types import Embedding
from mien.people.suggestions import combined
from mien.video.unknown_people import UnknownPeople

AWAY = 10.0  # seconds unseen after which a person has gone
NAMED = 2  # looks that must show a person before the face has the name
RENAMED = 3  # looks that must show another person before a face that has a name changes it
NUMBERED = 4  # clear looks that must show nobody before the face gets a number
NUMBERED_AFTER = 1.0  # seconds that these looks must span at least
RECENT = 8  # clear looks that count

Because = Literal["unseen", "recognised", "still", "lost", "stopped"]


@dataclass(frozen=True, slots=True)
class Known:
    """A person of the collection, the same one under another name."""

    user: str
    name: str = field(compare=False)


Shares = tuple[float, float, float, float]
Who = Known | int  # an unknown person's number


@dataclass(frozen=True, slots=True)
class Sight:
    """A face in a look.

    Attributes:
        box: left, top, width and height as shares of the picture.
        embedding: float32 (D,), of length 1 or less; None where the face was not clear enough to be searched for.
        person: whom the search found.
        similarity: 0–100, to that person.
    """

    box: Shares
    embedding: Embedding | None = None
    person: Known | None = None
    similarity: float = 0.0


@dataclass(frozen=True, slots=True)
class Change:
    """Somebody came or went.

    Attributes:
        event: which of both.
        at: seconds of the clock of the looks; when the person was first or last seen.
        who: the person.
        similarity: the highest to the known person so far; None of unknown people.
        box: the newest place of the face.
        seconds: how long the person was there; None of one who came.
        because: why the person is said to have gone; None of one who came.
        was: the number of an unknown person who turned out to be the one who came.
    """

    event: Literal["came", "went"]
    at: float
    who: Who
    similarity: float | None
    box: Shares
    seconds: float | None = None
    because: Because | None = None
    was: int | None = None


@dataclass(slots=True)
class _Followed:
    """A face that is followed from look to look."""

    first: float
    last: float
    clear: deque[tuple[float, Sight]] = field(default_factory=lambda: deque(maxlen=RECENT))
    looks: int = 0  # clear ones, also those that no longer count
    who: Who | None = None

    def add(self, at: float, sight: Sight) -> None:
        self.last = at
        if sight.embedding is not None:
            self.looks += 1
            self.clear.append((at, sight))

    def named(self) -> Known | None:
        """Returns the person that enough of the recent looks show, unless the face has that name already."""
        votes = Counter(sight.person for _, sight in self.clear if sight.person)
        if not votes:
            return None
        ((person, count),) = votes.most_common(1)
        has = isinstance(self.who, Known)
        return None if person == self.who or count < (RENAMED if has else NAMED) else person

    def since(self, person: Known) -> float:
        """Returns when the person was first seen in this face, which may have been another's before."""
        if not isinstance(self.who, Known):
            return self.first
        return next(at for at, sight in self.clear if sight.person == person)

    def similarity(self, who: Who) -> float | None:
        """Returns the highest similarity to a known person in the recent looks."""
        return max((sight.similarity for _, sight in self.clear if sight.person == who), default=None)

    def is_nobody(self, at: float) -> bool:
        """Returns whether enough looks show somebody whom the search does not find."""
        few = sum(sight.person is not None for _, sight in self.clear) * 4 <= len(self.clear)
        return few and self.looks >= NUMBERED and at - self.first >= NUMBERED_AFTER

    def vector(self) -> Embedding:
        """Returns one vector for the recent clear looks."""
        vectors = np.stack([sight.embedding for _, sight in self.clear if sight.embedding is not None])
        lengths = np.linalg.norm(vectors, axis=1).mean(keepdims=True)
        whole: Embedding = combined(vectors.mean(axis=0, keepdims=True), lengths)[0]
        return whole


@dataclass(slots=True)
class _Visit:
    came: float
    last: float
    similarity: float | None
    box: Shares


class Presence:
    """The people before one camera. Used by one thread at a time.

    Args:
        unknown: the unknown people, whom several cameras have in common.
        away: seconds unseen after which a person has gone.
    """

    def __init__(self, unknown: UnknownPeople, away: float = AWAY) -> None:
        self._unknown, self._away = unknown, away
        self._followed: dict[int, _Followed] = {}
        self._visits: dict[Who, _Visit] = {}

    @property
    def there(self) -> Sequence[Who]:
        """The people who are there, in the order in which they came."""
        return list(self._visits)

    def look(self, at: float, sights: Sequence[Sight], tracks: Sequence[int], day: date) -> list[Change]:
        """Takes in a look, and returns who came and went.

        Args:
            at: seconds, of any clock that never goes back.
            sights: the faces.
            tracks: of each face, the number of the track that it continues.
            day: the date where the camera is.
        """
        for sight, track in zip(sights, tracks, strict=True):
            self._followed.setdefault(track, _Followed(at, at)).add(at, sight)
        changes = []
        for sight, track in zip(sights, tracks, strict=True):
            changes += self._told(at, sight, self._followed[track], day)
        return changes + self.pass_time(at, "unseen", day)

    def pass_time(self, at: float, because: Because, day: date) -> list[Change]:
        """Returns who went by now, unseen for whatever reason."""
        gone = [who for who, visit in self._visits.items() if at - visit.last > self._away]
        changes = [self._went(who, because) for who in gone]
        for track, followed in list(self._followed.items()):
            if at - followed.last > self._away:
                if isinstance(followed.who, int) and followed.clear:
                    self._unknown.learn(followed.who, followed.vector(), day)
                del self._followed[track]
        return changes

    def end(self, because: Because) -> list[Change]:
        """Returns everyone as gone, and forgets them."""
        changes = [self._went(who, because) for who in list(self._visits)]
        self._followed.clear()
        return changes

    def _told(self, at: float, sight: Sight, followed: _Followed, day: date) -> list[Change]:
        changes, was = [], None
        person = followed.named()
        came = followed.first
        if person:
            if isinstance(followed.who, int):
                was = followed.who
                changes += self._recognised(was)
            came, followed.who = followed.since(person), person
        elif followed.who is None and followed.is_nobody(at):
            others = {each.who for each in self._followed.values() if each.last == at and isinstance(each.who, int)}
            followed.who = self._unknown.number(followed.vector(), day, others)
        if followed.who is not None:
            similarity = followed.similarity(followed.who)
            if self._seen(at, followed.who, similarity, sight.box):
                self._visits[followed.who].came = came
                changes.append(Change("came", came, followed.who, similarity, sight.box, was=was))
        return changes

    def _seen(self, at: float, who: Who, similarity: float | None, box: Shares) -> bool:
        """Notes that a person is there; returns whether the person has just come."""
        visit = self._visits.get(who)
        if visit is None:
            self._visits[who] = _Visit(at, at, similarity, box)
            return True
        visit.last, visit.box = at, box
        visit.similarity = max(filter(None, (visit.similarity, similarity)), default=None)
        return False

    def _recognised(self, number: int) -> list[Change]:
        """Ends the visit of an unknown person who turned out to be known, and forgets the number's face."""
        self._unknown.forget(number)
        for each in self._followed.values():
            if each.who == number:
                each.who = None
        return [self._went(number, "recognised")] if number in self._visits else []

    def _went(self, who: Who, because: Because) -> Change:
        visit = self._visits.pop(who)
        return Change(
            "went", visit.last, who, visit.similarity, visit.box, seconds=visit.last - visit.came, because=because
        )
