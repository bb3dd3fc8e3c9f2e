"""Checks a network's file before an engine opens it: it must not refer to files that the manifest does not name.

An ONNX file may refer to weights in other files (`TensorProto.external_data`), which no digest covers and which may be
any file of the machine. It is parsed as protobuf, by the field numbers of `onnx.proto`; no network is built.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path

_TENSOR, _EXTERNAL, _LOCATION = "tensor", 13, 14  # the message, and its fields that name another file
# message → field number → nested message, for those that lead to a tensor
_FIELDS: dict[str, dict[int, str]] = {
    "model": {7: "graph", 20: "training", 25: "function"},
    "training": {1: "graph", 2: "graph"},
    "function": {7: "node", 11: "attribute"},
    "graph": {1: "node", 5: _TENSOR, 15: "sparse"},
    "node": {5: "attribute"},
    "attribute": {5: _TENSOR, 6: "graph", 10: _TENSOR, 11: "graph", 22: "sparse", 23: "sparse"},
    "sparse": {1: _TENSOR, 2: _TENSOR},
    _TENSOR: {},
}
_DEEPEST = 60  # levels of nested messages; protobuf itself refuses a hundred
_VARINT, _LONG, _MESSAGE, _SHORT = 0, 1, 2, 5  # wire types; groups are not used by ONNX


def check(file: Path, names: Iterable[str]) -> None:
    """Refuses a file that makes an engine read another one that the manifest does not name.

    Args:
        file: ONNX, OpenVINO's IR or TFLite.
        names: the names of the pack's files.

    Raises:
        ValueError: it has another format, or needs another file.
        OSError: it cannot be read.
    """
    if file.suffix == ".xml":
        if file.with_suffix(".bin").name not in names:
            raise ValueError(
                f"the manifest lacks {file.with_suffix('.bin').name}, which has the weights of {file.name}"
            )
    elif file.suffix == ".onnx":
        _check_onnx(file.name, file.read_bytes())
    elif file.suffix != ".tflite":
        raise ValueError(f"{file.name} is not a network that mien reads: .onnx, .xml with .bin, or .tflite")


def _check_onnx(name: str, data: bytes) -> None:
    waiting = [("model", memoryview(data), 0)]
    while waiting:
        message, part, depth = waiting.pop()
        for field, value in _fields(name, part):
            if message == _TENSOR and (field == _EXTERNAL or (field == _LOCATION and value)):
                raise ValueError(f"{name} has weights in another file; save it with all its weights inside")
            inside = _FIELDS[message].get(field)
            if inside is None:
                continue
            if isinstance(value, int) or depth == _DEEPEST:
                raise ValueError(f"{name} is not an ONNX file")
            waiting.append((inside, value, depth + 1))


def _fields(name: str, data: memoryview) -> Iterator[tuple[int, memoryview | int]]:
    """Yields number and value of every field of a message; fixed numbers of four or eight bytes are skipped as 0."""
    place = 0
    while place < len(data):
        key, place = _varint(name, data, place)
        kind, value = key & 7, 0
        if kind == _VARINT:
            value, place = _varint(name, data, place)
            yield key >> 3, value
            continue
        if kind not in (_LONG, _MESSAGE, _SHORT):
            raise ValueError(f"{name} is not an ONNX file")
        length = {_LONG: 8, _SHORT: 4}.get(kind, 0)
        if kind == _MESSAGE:
            length, place = _varint(name, data, place)
        if length > len(data) - place:
            raise ValueError(f"{name} is not an ONNX file, or ends too soon")
        yield key >> 3, data[place : place + length] if kind == _MESSAGE else 0
        place += length


def _varint(name: str, data: memoryview, place: int) -> tuple[int, int]:
    """Returns the varint at an offset, and the offset behind it."""
    number = 0
    for shift in range(0, 70, 7):
        if place + shift // 7 >= len(data):
            break
        byte = data[place + shift // 7]
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            return number, place + shift // 7 + 1
    raise ValueError(f"{name} is not an ONNX file, or ends too soon")
