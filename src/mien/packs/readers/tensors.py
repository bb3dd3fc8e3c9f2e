"""Reads the tensors of a PyTorch file, in the form from before version 1.6, without running the pickles in it.

Such a file is four pickles (a magic number, the version of the form, facts of the machine, and the tensors by their
names), a fifth with the keys of the storages, and then each storage: its count of elements in eight bytes, and the
elements. Loading a pickle runs its author's program. Here its instructions are only parsed (`pickletools`) and build
nothing but text, numbers, tuples and tables: the few names of Python objects that a table of tensors needs stand for
themselves, and every other name or instruction is refused.
"""

import io
import math
import pickletools
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

MOST_BYTES = 16 << 20  # of a file; the larger of mien's has 2 MB
MAGIC, VERSION = 0x1950A86A20F9469CFC6C, 1001
TABLE, TENSOR = "collections OrderedDict", "torch._utils _rebuild_tensor_v2"
STORAGES = {"torch FloatStorage": "<f4", "torch LongStorage": "<i8"}
_LITERALS = frozenset({"BINUNICODE", "BININT", "BININT1", "BININT2", "LONG1"})
_CONSTANTS: dict[str, Any] = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False, "EMPTY_TUPLE": ()}
_TUPLES = {"TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}

Tensors = dict[str, NDArray[np.float32]]


class Storage(NamedTuple):
    """A row of elements in the file: the key it is found by, the type of its elements, and how many there are."""

    key: str
    dtype: str
    length: int


class Placed(NamedTuple):
    """A tensor in a storage: the element it begins at, and its shape."""

    storage: Storage
    first: int
    shape: tuple[int, ...]


def read(file: Path) -> Tensors:
    """Returns the float32 tensors of a file by their names.

    Raises:
        ValueError: the file has another form, holds more than tensors, or ends too soon.
    """
    if file.stat().st_size > MOST_BYTES:
        raise ValueError(f"{file.name} has more than {MOST_BYTES >> 20} MiB")
    stream = io.BytesIO(file.read_bytes())
    try:
        if (_parsed(stream), _parsed(stream)) != (MAGIC, VERSION):
            raise ValueError("it is not a PyTorch file from before version 1.6")
        facts, table, keys = _parsed(stream), _parsed(stream), _parsed(stream)
        if facts["little_endian"] is not True:
            raise ValueError("its numbers are not little-endian")
        placed = {name: each for name, each in table.items() if isinstance(each, Placed)}
        storages = _storages(stream, keys, {each.storage.key: each.storage for each in placed.values()})
        floats = {name: each for name, each in placed.items() if each.storage.dtype == "<f4"}
        return {name: _tensor(each, storages[each.storage.key]) for name, each in floats.items()}
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        raise ValueError(f"{file.name} holds no tensors that can be read ({error})") from None


def _storages(stream: io.BytesIO, keys: list[str], known: dict[str, Storage]) -> dict[str, bytes]:
    """Reads the bytes of the storages, which lie in the order of their keys."""
    found = {}
    for key in _text(keys):
        storage = known[key]
        if int.from_bytes(stream.read(8), "little") != storage.length:
            raise ValueError("a storage has another length than its tensors say")
        length = storage.length * np.dtype(storage.dtype).itemsize
        found[key] = stream.read(length)
        if len(found[key]) != length:
            raise ValueError("a storage ends too soon")
    return found


def _tensor(placed: Placed, storage: bytes) -> NDArray[np.float32]:
    count = math.prod(placed.shape)
    if placed.first < 0 or min(placed.shape, default=1) < 1 or placed.first + count > placed.storage.length:
        raise ValueError("a tensor reaches beyond its storage")
    return np.frombuffer(storage, "<f4", count, 4 * placed.first).reshape(placed.shape)


def _parsed(stream: io.BytesIO) -> Any:
    """Returns what the next pickle describes, as text, numbers, tuples, lists, tables, storages and tensors."""
    machine = _Machine()
    for instruction, argument, _ in pickletools.genops(stream):
        if instruction.name == "STOP":
            return machine.stack.pop()
        machine.take(instruction.name, argument)
    raise ValueError("a pickle has no end")


class _Machine:
    """The stack of a pickle, on which nothing is called."""

    def __init__(self) -> None:
        self.stack: list[Any] = []
        self._marks: list[int] = []
        self._memo: dict[int, Any] = {}

    def take(self, name: str, argument: Any) -> None:
        """Takes one instruction.

        Raises:
            ValueError: a table of tensors does not need it.
        """
        if name in _LITERALS:
            self.stack.append(argument)
        elif name in _CONSTANTS:
            self.stack.append(_CONSTANTS[name])
        elif name in _TUPLES:
            self.stack.append(tuple(self._popped(_TUPLES[name])))
        elif name in ("BINPUT", "LONG_BINPUT"):
            self._memo[argument] = self.stack[-1]
        elif name in ("BINGET", "LONG_BINGET"):
            self.stack.append(self._memo[argument])
        elif name == "GLOBAL" and argument in (TABLE, TENSOR, *STORAGES):
            self.stack.append(argument)
        elif name != "PROTO":
            self._build(name)

    def _build(self, name: str) -> None:
        match name:
            case "MARK":
                self._marks.append(len(self.stack))
            case "TUPLE":
                self.stack.append(tuple(self._marked()))
            case "EMPTY_DICT":
                self.stack.append({})
            case "EMPTY_LIST":
                self.stack.append([])
            case "APPENDS":
                items = self._marked()
                self.stack[-1].extend(items)
            case "SETITEM":
                self._set(self._popped(2))
            case "SETITEMS":
                self._set(self._marked())
            case "BINPERSID":
                self.stack.append(_storage(*self.stack.pop()))
            case "REDUCE":
                what, arguments = self._popped(2)
                self.stack.append(_placed(*arguments) if what == TENSOR else _table(what, arguments))
            case "BUILD":
                self.stack.pop()  # the attributes of a table, such as the versions of its modules
            case _:
                raise ValueError(f"it holds more than tensors: {name}")

    def _set(self, items: list[Any]) -> None:
        self.stack[-1].update(zip(_text(items[::2]), items[1::2], strict=True))

    def _popped(self, count: int) -> list[Any]:
        if len(self.stack) < count:
            raise ValueError("its stack is empty")
        items = self.stack[-count:]
        del self.stack[-count:]
        return items

    def _marked(self) -> list[Any]:
        first = self._marks.pop()
        items = self.stack[first:]
        del self.stack[first:]
        return items


def _storage(kind: Any, dtype: Any, key: Any, _: Any, count: Any, view: Any) -> Storage:
    if kind != "storage" or view is not None or not isinstance(count, int):
        raise ValueError("it refers to something else than a storage")
    name, where = _text([dtype, key])
    return Storage(where, STORAGES[name], count)


def _placed(storage: Any, first: Any, shape: Any, strides: Any, *_: Any) -> Placed:
    if not isinstance(storage, Storage) or not all(isinstance(each, int) for each in (first, *shape)):
        raise ValueError("a tensor has no place")
    if strides != tuple(math.prod(shape[axis + 1 :]) for axis in range(len(shape))):
        raise ValueError("a tensor does not lie row by row")
    return Placed(storage, first, shape)


def _text(items: list[Any]) -> list[str]:
    """Returns items that are all text."""
    if not all(isinstance(each, str) for each in items):
        raise ValueError("a name is not text")
    return items


def _table(what: str, arguments: tuple[Any, ...]) -> dict[str, Any]:
    if what != TABLE or arguments:
        raise ValueError("it calls something")
    return {}
