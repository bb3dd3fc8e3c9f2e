"""Rewrites an ONNX file whose weights are 8-bit integers scaled block by block, with float32 weights.

Neither OpenVINO nor an ONNX Runtime before opset 21 reads such a `DequantizeLinear`. Each one is replaced by what it
computes from constants, y = (x − zero) · scale, and all else is copied byte for byte. Inputs that no node reads, which
the quantiser leaves behind, are dropped as well.

An ONNX file is a protocol buffer (onnx.proto): a message is a row of fields, each a varint with number and kind, then
a varint, eight bytes, four bytes, or a length and so many bytes. Nothing of it is executed, and what is written is at
most four times as long as what was read.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

_VARINT, _EIGHT, _BYTES, _FOUR = 0, 1, 2, 5  # kinds of fields
_GRAPH = 7  # of a model
_NODE, _INITIALIZER, _INPUT = 1, 5, 11  # of a graph
_TYPES = {1: "<f4", 2: "u1", 3: "i1"}  # of a tensor's elements: float, uint8, int8
_FLOAT = 1


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a message.

    Attributes:
        number: which field.
        value: of a varint, or of a row of bytes what lies in it; empty for a number of fixed length.
        whole: the field as it lies in the file, to be copied.
    """

    number: int
    value: int | memoryview
    whole: memoryview


def read(file: Path) -> bytes:
    """Returns an ONNX file with its weights as float32.

    Raises:
        ValueError: the file is not ONNX, or scales its weights in a way that is not known here.
    """
    try:
        return b"".join(
            _field(_GRAPH, _graph(_content(field))) if field.number == _GRAPH else field.whole
            for field in _fields(memoryview(file.read_bytes()))
        )
    except (IndexError, KeyError, StopIteration, UnicodeDecodeError) as error:
        raise ValueError(f"{file.name} is not an ONNX file that can be read ({error!r})") from None


def _graph(graph: memoryview) -> bytes:
    fields = list(_fields(graph))
    tensors = {_name(each, 8): each for each in (_content(field) for field in fields if field.number == _INITIALIZER)}
    nodes = [_content(field) for field in fields if field.number == _NODE]
    written = {_text(node, 2)[0]: node for node in nodes if _block(node)}
    used = {name for node in nodes if not _block(node) for name in _text(node, 1)}
    sources = {name for node in written.values() for name in _text(node, 1)}
    kept = [field.whole for field in fields if _is_kept(field, used, sources)]
    for name, node in written.items():
        kept.append(memoryview(_field(_INITIALIZER, _tensor(name, _scaled(node, tensors)))))
    return b"".join(kept)


def _is_kept(field: Field, used: set[str], sources: set[str]) -> bool:
    """Returns whether a field of the graph stays: neither a replaced node, nor read by such nodes alone."""
    if field.number == _NODE:
        return not _block(_content(field))
    if field.number == _INITIALIZER:
        name = _name(_content(field), 8)
        return name in used or name not in sources
    return field.number != _INPUT or _name(_content(field), 1) in used


def _block(node: memoryview) -> int:
    """Returns how many values share a scale in a node that scales block by block; 0 for other nodes."""
    return _whole_numbers(node).get("block_size", 0) if _text(node, 4) == ["DequantizeLinear"] else 0


def _scaled(node: memoryview, tensors: dict[str, memoryview]) -> NDArray[np.float32]:
    """Returns the node's output: (x − zero) · scale, each scale for a block of values along one axis."""
    parts = [_array(tensors[name]) for name in _text(node, 1)]
    values, scales, zeros = parts if len(parts) == 3 else (*parts, np.zeros_like(parts[1]))
    block, axis = _block(node), _whole_numbers(node).get("axis", 1)
    if block < 1 or not -values.ndim <= axis < values.ndim:
        raise ValueError("its blocks do not lie along an axis of its weights")
    axis %= values.ndim
    blocks = -(-values.shape[axis] // block)
    if scales.shape != (*values.shape[:axis], blocks, *values.shape[axis + 1 :]) or zeros.shape != scales.shape:
        raise ValueError("its scales do not fit its weights")
    places = np.arange(values.shape[axis]) // block
    gains, offsets = (np.take(each, places, axis).astype(np.float32) for each in (scales, zeros))
    return np.asarray((values.astype(np.float32) - offsets) * gains, np.float32)


def _array(tensor: memoryview) -> NDArray[np.generic]:
    """Returns a tensor's elements in its shape."""
    fields = list(_fields(tensor))
    kind = next(field.value for field in fields if field.number == 2)
    raw = next((field.value for field in fields if field.number == 9), b"")
    if kind not in _TYPES or isinstance(raw, int):
        raise ValueError("its weights are of a type that is not known here")
    elements = np.frombuffer(raw, _TYPES[int(kind)])
    return elements.reshape([size for field in fields if field.number == 1 for size in _sizes(field)])


def _sizes(field: Field) -> list[int]:
    """Returns the sizes of a tensor, which lie in a field each or all in one."""
    if isinstance(field.value, int):
        return [field.value]
    sizes, at = [], 0
    while at < len(field.value):
        size, at = _varint(field.value, at)
        sizes.append(size)
    return sizes


def _tensor(name: str, elements: NDArray[np.float32]) -> bytes:
    sizes = b"".join(_tag(1, _VARINT) + _number(size) for size in elements.shape)
    kind = _tag(2, _VARINT) + _number(_FLOAT)
    return sizes + kind + _field(8, name.encode()) + _field(9, elements.astype("<f4").tobytes())


def _whole_numbers(node: memoryview) -> dict[str, int]:
    """Returns the node's attributes that are whole numbers."""
    attributes = [list(_fields(_content(field))) for field in _fields(node) if field.number == 5]
    return {
        bytes(_content(name)).decode(): field.value
        for fields in attributes
        for name in fields
        if name.number == 1
        for field in fields
        if field.number == 3 and isinstance(field.value, int)
    }


def _text(message: memoryview, number: int) -> list[str]:
    return [bytes(_content(field)).decode() for field in _fields(message) if field.number == number]


def _name(message: memoryview, number: int) -> str:
    return next(iter(_text(message, number)), "")


def _content(field: Field) -> memoryview:
    if isinstance(field.value, int):
        raise ValueError("a number lies where a message should")
    return field.value


def _fields(message: memoryview) -> Iterator[Field]:
    at = 0
    while at < len(message):
        first = at
        head, at = _varint(message, at)
        value: int | memoryview = message[at:at]
        if head & 7 == _VARINT:
            value, at = _varint(message, at)
        elif head & 7 == _BYTES:
            length, at = _varint(message, at)
            value, at = message[at : at + length], at + length
        else:
            at += {_EIGHT: 8, _FOUR: 4}[head & 7]
        if at > len(message):
            raise ValueError("the file ends too soon")
        yield Field(head >> 3, value, message[first:at])


def _varint(message: memoryview, at: int) -> tuple[int, int]:
    """Decodes a number of seven bits a byte, lowest first, with the sign of 64 bits; also returns the next place."""
    value = 0
    for shift in range(0, 70, 7):
        byte = message[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            value &= (1 << 64) - 1
            return (value - (1 << 64) if value >> 63 else value), at
    raise ValueError("a number has no end")


def _number(value: int) -> bytes:
    written = bytearray()
    while value > 0x7F:
        written.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*written, value])


def _tag(number: int, kind: int) -> bytes:
    return _number(number << 3 | kind)


def _field(number: int, content: bytes) -> bytes:
    return _tag(number, _BYTES) + _number(len(content)) + content
