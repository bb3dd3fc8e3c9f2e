"""Groups faces in a process of its own, with a low priority, so that requests have the cores and the interpreter.

The server writes calls to its standard input and reads the answers (`serving.grouping_process`); it ends with its
input. All that it holds is gone with it.
"""

import sys

import msgspec
import numpy as np
from numpy.typing import NDArray

from mien.face.similarity import Calibration
from mien.people.grouping import Grouping, Verdicts
from mien.system import low_priority, pipe_messages


class Array(msgspec.Struct, array_like=True):
    """An array as it is sent."""

    kind: str
    shape: tuple[int, ...]
    data: bytes

    @classmethod
    def of(cls, array: NDArray[np.generic]) -> "Array":
        """Packs an array."""
        return cls(array.dtype.str, array.shape, np.ascontiguousarray(array).tobytes())

    def unpacked(self) -> NDArray[np.generic]:
        """Returns the array, read-only."""
        return np.frombuffer(self.data, self.kind).reshape(self.shape)


class Begin(msgspec.Struct, tag=True):
    """Begins a grouping without faces, in place of one with this number."""

    number: int
    dimension: int
    scores: Array
    similarities: Array


class Add(msgspec.Struct, tag=True):
    """Adds faces (see `Grouping.add`)."""

    number: int
    keys: Array
    embeddings: Array
    photographs: Array


class Remove(msgspec.Struct, tag=True):
    """Removes faces (see `Grouping.remove`)."""

    number: int
    keys: Array


class Groups(msgspec.Struct, tag=True):
    """Asks for the groups (see `Grouping.groups`)."""

    number: int
    same: list[Array]
    different: list[tuple[Array, Array]]


class Suggest(msgspec.Struct, tag=True):
    """Asks for suggestions (see `Grouping.suggestions`)."""

    number: int
    labels: Array
    users: Array
    least: float
    most: int


class End(msgspec.Struct, tag=True):
    """Ends a grouping."""

    number: int


Call = Begin | Add | Remove | Groups | Suggest | End
Answer = list[Array]


def answer(groupings: dict[int, Grouping], call: Call) -> list[NDArray[np.generic]]:
    """Does what a call asks for, and returns the arrays of its answer."""
    match call:
        case Begin(number, dimension, scores, similarities):
            calibration = Calibration(_floats(scores), _floats(similarities), is_measured=True)
            groupings[number] = Grouping(dimension, calibration)
        case Add(number, keys, embeddings, photographs):
            faces = np.asarray(embeddings.unpacked(), np.float32)
            groupings[number].add(_keys(keys), faces, _keys(photographs))
        case Remove(number, keys):
            groupings[number].remove(_keys(keys))
        case Groups(number, same, different):
            verdicts = Verdicts([_keys(each) for each in same], [(_keys(one), _keys(rest)) for one, rest in different])
            return [*groupings[number].groups(verdicts)]
        case Suggest(number, labels, users, least, most):
            vectors = np.asarray(users.unpacked(), np.float32)
            found = groupings[number].suggestions(_keys(labels), vectors, least, most)
            return [
                part for each in (found.groups, found.users) for part in (each.ones, each.others, each.similarities)
            ]
        case End(number):
            groupings.pop(number, None)
    return []


def main() -> None:
    """Answers calls until the input ends."""
    low_priority.give_way()
    groupings: dict[int, Grouping] = {}
    calls = msgspec.msgpack.Decoder(Call)
    while (message := pipe_messages.read(sys.stdin.buffer)) is not None:
        found = answer(groupings, calls.decode(message))
        pipe_messages.write(sys.stdout.buffer, msgspec.msgpack.encode([Array.of(each) for each in found]))


def _keys(array: Array) -> NDArray[np.int64]:
    return np.asarray(array.unpacked(), np.int64)


def _floats(array: Array) -> NDArray[np.float64]:
    return np.asarray(array.unpacked(), np.float64)


if __name__ == "__main__":
    main()
