"""Faces followed from sample to sample, so that a person has one index, also after leaving and coming back.

At half a second a face may have moved by more than its own width, and a cut of the film may put another person into the
same place. So a face is followed by its place only where it also looks the same pixel by pixel; every other face is
embedded, and compared with those who were seen.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import log10

import numpy as np
from numpy.typing import NDArray

from mien.face.certainty import confidence
from mien.face.types import Embedding, Face
from mien.video import track_state
from mien.video.sightings import look, seen_well
from mien.video.track import NEAR_MS, Best, Track

Embed = Callable[[Sequence[Face]], Embedding]  # faces → float32 (N, D)
Similarity = Callable[[NDArray[np.floating], NDArray[np.floating]], NDArray[np.float64]]  # scores, products of lengths

ALIKE, ALIKE_PLACE = 0.9, 0.4  # look and overlap of a face half a second later; strangers seldom have either
ALIKE_NEARLY = 0.8  # look of a face that turns or moves
ALIKE_UNSURE = 0.5  # look that a face in the same place must have at least where its embedding says little
BETTER = 1.15  # how much better a face must be seen than before to be embedded for that alone
KEPT = 3  # embeddings of a track: of the faces that were seen best
COMPARED = 1_000  # tracks with which a face is compared: those seen last
# The least similarity to be taken for the same: where the face was last seen, elsewhere soon after, and at any time.
HERE, SOON, LATER, SAME_LOOK, HIDDEN = 40.0, 60.0, 80.0, 10.0, 20.0
POORLY = 0.3  # how well a face is seen up to which it may be half hidden or turned away (`sightings.seen_well`)
EVEN = 0.5  # the certainty of a face below which it starts no track
UNNUMBERED = -1  # the index of a face that starts none
FEW = (
    10  # people up to which LATER is enough; with ten times as many it is the next decade of false matches, up to MOST
)
DECADE, MOST = 10.0, 95.0
PLACE = 25.0  # what full overlap is worth, in points of similarity, where several tracks or faces compete
UNSURE = 0.75  # length of an embedding below which it says little (`face.trust`)


@dataclass(frozen=True, slots=True)
class _Seen:
    """A face of the sample at hand."""

    face: Face
    look: NDArray[np.float32]
    well: float


class Tracker:
    """Follows the faces of one film.

    Args:
        embed: embeds faces, as `Pipeline.embed`.
        similarity: 0–100 of scores, as `Calibration.similarity`.

    Attributes:
        tracks: by index; one that turned out to be another is not in it any more.
    """

    def __init__(self, embed: Embed, similarity: Similarity) -> None:
        self.tracks: dict[int, Track] = {}
        self._embed, self._similarity = embed, similarity
        self._became: dict[int, int] = {}
        self._next = 0
        self._cut_ms = 0

    def state(self) -> bytes:
        """Returns all that `restored` needs, but for the looks of the last faces, which are pictures."""
        return track_state.packed(self.tracks.values(), self._became, self._next, self._cut_ms)

    @classmethod
    def restored(cls, state: bytes, embed: Embed, similarity: Similarity) -> "Tracker":
        """Returns the tracker that `state` described."""
        tracker = cls(embed, similarity)
        tracks, tracker._became, tracker._next, tracker._cut_ms = track_state.unpacked(state)
        tracker.tracks = {each.index: each for each in tracks}
        return tracker

    def same(self, index: int) -> int:
        """Returns the index of the person that an index now stands for: two tracks may turn out to be one person."""
        while index in self._became:
            index = self._became[index]
        return index

    @property
    def became(self) -> dict[int, int]:
        """The indices given so far that turned out to be those of earlier people."""
        return {index: self.same(index) for index in self._became}

    def add(self, at_ms: int, faces: Sequence[Face], *, is_cut: bool = False) -> list[int]:
        """Follows the faces of the next sample.

        Args:
            at_ms: its time, later than that of the one before.
            faces: with crops for all embedders, as `Pipeline.find` cuts them.
            is_cut: whether the film shows another scene than in the sample before, where places tell nothing.

        Returns:
            The index of each face; UNNUMBERED for one of a low certainty that is nobody's who was seen.
        """
        self._cut_ms = at_ms if is_cut else self._cut_ms
        seen = [_Seen(face, look(face), seen_well(face)) for face in faces]
        tracks = sorted(self.tracks.values(), key=lambda track: -track.at_ms)[:COMPARED]
        given = self._unmistakable(at_ms, seen, [each for each in tracks if self._is_near(at_ms, each)])
        asked = [place for place, each in enumerate(seen) if place not in given or _better(each, given[place])]
        vectors = dict(zip(asked, self._embed([faces[place] for place in asked]), strict=True)) if asked else {}
        unknown = {place: vectors[place] for place in range(len(seen)) if place not in given}
        given |= self._recognised(at_ms, seen, unknown, [each for each in tracks if each not in given.values()])
        for place, face in enumerate(faces):
            if place not in given and confidence(face) >= EVEN:
                given[place] = Track(self._next, face.box, at_ms)
                self.tracks[self._next] = given[place]
                self._next += 1
        here = {each.index for each in given.values()}
        for place, track in given.items():
            track.beside |= here - {track.index}
            _follow(track, at_ms, seen[place], vectors.get(place), near=self._is_near(at_ms, track))
        for place in vectors.keys() & given.keys():
            self._merge(given[place])
        return [self.same(given[place].index) if place in given else UNNUMBERED for place in range(len(seen))]

    def _is_near(self, at_ms: int, track: Track) -> bool:
        """Returns whether a track was seen so lately, and in the same scene, that its place tells something."""
        return at_ms - track.at_ms <= NEAR_MS and track.at_ms >= self._cut_ms

    def _unmistakable(self, at_ms: int, seen: Sequence[_Seen], tracks: Sequence[Track]) -> dict[int, Track]:
        """Returns the tracks of faces that are where they are expected, alone there, and look as before."""
        places = np.array([[each.expected(at_ms).overlap(one.face.box) for each in tracks] for one in seen])
        found: dict[int, Track] = {}
        if not places.size:
            return found
        for place, one in enumerate(seen):
            column = int(places[place].argmax())
            rivals = np.append(np.delete(places[place], column), np.delete(places[:, column], place))
            alone = places[place, column] >= ALIKE_PLACE and rivals.max(initial=0) < ALIKE_PLACE / 4
            if alone and tracks[column].looks_like(one.look) >= ALIKE:
                found[place] = tracks[column]
        return found

    def _recognised(
        self, at_ms: int, seen: Sequence[_Seen], unknown: dict[int, Embedding], tracks: Sequence[Track]
    ) -> dict[int, Track]:
        """Returns the tracks of faces by their embeddings, the surest first; each track is given once."""
        later = self._bar()
        pairs = []
        for place, vector in unknown.items():
            for track, similarity in zip(tracks, self._similarities(vector, tracks), strict=True):
                near = self._is_near(at_ms, track)
                shared = track.expected(at_ms).overlap(seen[place].face.box) if near else 0.0
                if shared >= ALIKE_PLACE / 2 and _only_placed(seen[place], vector, track):
                    pairs.append((100 + shared, place, track))  # if it is also like another track, both are joined
                elif similarity >= (min(later, _least(seen[place], track, shared)) if near else later):
                    pairs.append((similarity + PLACE * shared, place, track))
        found: dict[int, Track] = {}
        for _, place, track in sorted(pairs, key=lambda pair: -pair[0]):
            if place not in found and track not in found.values():
                found[place] = track
        return found

    def _similarities(self, vector: Embedding, tracks: Sequence[Track]) -> NDArray[np.float64]:
        """Returns for each track the greatest similarity of any of its embeddings."""
        counts = [len(each.embeddings) for each in tracks]
        if not sum(counts):
            return np.zeros(len(tracks))
        known = np.stack([vector for each in tracks for vector in each.embeddings])
        found = self._similarity(known @ vector, np.linalg.norm(known, axis=1) * np.linalg.norm(vector))
        ends = np.cumsum(counts)
        return np.array([found[end - count : end].max(initial=0) for end, count in zip(ends, counts, strict=True)])

    def _bar(self) -> float:
        return min(MOST, LATER + DECADE * max(0.0, log10(max(len(self.tracks), 1) / FEW)))

    def _merge(self, track: Track) -> None:
        """Joins a track that was just seen better with another that turns out to be the same person."""
        if track.index in self._became:
            return
        others = [each for each in self.tracks.values() if each is not track and each.index not in track.beside]
        others = sorted(others, key=lambda each: -each.at_ms)[:COMPARED]
        if not others or not track.best:
            return
        found = self._similarities(track.best[0].embedding, others)
        nearest = int(found.argmax())
        if found[nearest] < self._bar():
            return
        early, late = sorted((track, others[nearest]), key=lambda each: each.index)
        _join(early, late)
        self._became[late.index] = early.index
        del self.tracks[late.index]
        for each in self.tracks.values():
            if late.index in each.beside:
                each.beside.add(early.index)


def _only_placed(seen: _Seen, vector: Embedding, track: Track) -> bool:
    """Returns whether a face where a track was must be judged by its look, because an embedding says too little."""
    said = max((float(np.linalg.norm(each)) for each in track.embeddings), default=0.0)
    return min(said, float(np.linalg.norm(vector))) < UNSURE and track.looks_like(seen.look) >= ALIKE_UNSURE


def _least(seen: _Seen, track: Track, shared: float) -> float:
    """Returns the least similarity at which a face is that of a track that was near, by where it was last."""
    if shared < ALIKE_PLACE / 2:
        return SOON
    if track.looks_like(seen.look) >= ALIKE_NEARLY:
        return SAME_LOOK
    return HIDDEN if seen.well < POORLY else HERE


def _better(seen: _Seen, track: Track) -> bool:
    return not track.best or seen.well > BETTER * track.best[0].seen_well


def _follow(track: Track, at_ms: int, seen: _Seen, vector: Embedding | None, *, near: bool) -> None:
    """Notes where a track's face is now, and keeps its embedding if it is among the best."""
    box, late = seen.face.box, at_ms - track.at_ms
    if late > 0 and near:
        x = (box.x1 + box.x2 - track.box.x1 - track.box.x2) / 2 / late
        y = (box.y1 + box.y2 - track.box.y1 - track.box.y2) / 2 / late
        track.pace = (x, y)
    else:
        track.pace = (0.0, 0.0)
    track.box, track.at_ms, track.look = box, at_ms, seen.look
    if vector is not None:
        track.recent = vector
        track.best = _kept([*track.best, Best(at_ms, seen.well, box, vector)])


def _join(early: Track, late: Track) -> None:
    early.best = _kept([*early.best, *late.best])
    early.beside |= late.beside
    if late.at_ms > early.at_ms:
        early.box, early.at_ms, early.pace, early.look = late.box, late.at_ms, late.pace, late.look
        early.recent = late.recent


def _kept(best: Sequence[Best]) -> list[Best]:
    return sorted(best, key=lambda each: -each.seen_well)[:KEPT]
