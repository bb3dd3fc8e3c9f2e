"""Sends requests over a bare socket: in pieces, slowly, or incomplete."""

import base64
import json
import socket
from functools import cache

import numpy as np

from tests import photos
from tests.live import JSON, Live


def body(data: bytes, **members: object) -> bytes:
    return json.dumps({"Image": {"Bytes": base64.b64encode(data).decode()}} | members).encode()


def head(operation: str, length: int, **headers: str) -> bytes:
    lines = {
        "Host": "localhost",
        "Content-Type": JSON,
        "X-Amz-Target": f"RekognitionService.{operation}",
        "Content-Length": str(length),
    } | headers
    return b"POST / HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in lines.items()).encode() + b"\r\n"


def connect(live: Live, timeout: float = 30) -> socket.socket:
    return socket.create_connection((live.host, live.port), timeout=timeout)


def answered(raw: socket.socket) -> bytes:
    """Returns the bytes received until a response is complete or the connection is closed."""
    received = b""
    try:
        while not _whole(received) and (part := raw.recv(65536)):
            received += part
    except ConnectionResetError:
        pass
    return received


def _whole(received: bytes) -> bool:
    start, _, rest = received.partition(b"\r\n\r\n")
    for line in start.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return len(rest) >= int(line.partition(b":")[2])
    return False


@cache
def huge() -> bytes:
    """Returns the largest image that is accepted, with a face in a corner; decoding it takes about a second."""
    image = np.full((10_000, 10_000, 3), 255, np.uint8)
    face = photos.resized(photos.hopper().pixels, 2)
    image[: len(face), : face.shape[1]] = face
    data = photos.encoded(image, "PNG")
    assert len(data) <= 5 * 2**20
    return data
