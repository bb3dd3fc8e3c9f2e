"""What file a network is read from: of a kind whose reader opens no second file that the manifest does not name.

An ONNX file may say that weights lie in other files (`TensorProto.external_data`), which no digest is over and which
may be any file of the machine. It is walked through as protobuf, by the numbers of `onnx.proto`; nothing is built.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path

_TENSOR, _EXTERNAL, _LOCATION = "tensor", 13, 14  # the message, and its fields that name another file
# message → number of a field → message in it, for those on the way to a tensor
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
_DEEPEST = 60  # messages in messages; protobuf itself refuses a hundred
_VARINT, _LONG, _MESSAGE, _SHORT = 0, 1, 2, 5  # wire types; groups are not used by ONNX


def hold(file: Path, names: Iterable[str]) -> None:
    """Refuse a file from which an engine would read another one that the manifest does not name.

    Args:
        file: ONNX, OpenVINO's IR or TFLite.
        names: of the pack's files.

    Raises:
        ValueError: it is none of these, or needs another file.
        OSError: it cannot be read.
    """
    if file.suffix == ".xml":
        if file.with_suffix(".bin").name not in names:
            raise ValueError(
                f"the manifest lacks {file.with_suffix('.bin').name}, which has the weights of {file.name}"
            )
    elif file.suffix == ".onnx":
        _whole(file.name, file.read_bytes())
    elif file.suffix != ".tflite":
        raise ValueError(f"{file.name} is no network that mien reads: .onnx, .xml with .bin, or .tflite")


def _whole(name: str, data: bytes) -> None:
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
    """Number and value of every field of a message; a number of four or eight bytes is passed over as 0."""
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
    """The number that begins here, and where the next thing begins."""
    number = 0
    for shift in range(0, 70, 7):
        if place + shift // 7 >= len(data):
            break
        byte = data[place + shift // 7]
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            return number, place + shift // 7 + 1
    raise ValueError(f"{name} is not an ONNX file, or ends too soon")
