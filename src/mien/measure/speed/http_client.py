"""Sends AWS JSON over a persistent connection, with requests built before the clock starts."""

import base64
import json
import socket
import time
from dataclasses import dataclass

from mien.errors import SetupError

TIMEOUT = 60.0  # seconds for one answer
PART = 1 << 18  # bytes read at a time


@dataclass(frozen=True, slots=True)
class Body:
    """The bodies of the calls of one operation.

    Attributes:
        fixed: the JSON object that all calls share.
        numbered: whether each call has its own ExternalImageId, so that each IndexFaces stores a face.
    """

    fixed: bytes
    numbered: bool = False

    def before(self, number: int) -> bytes:
        """Returns the beginning of a body, which differs between calls."""
        return b'{"ExternalImageId": "image-%d", ' % number if self.numbered else b""

    @property
    def rest(self) -> bytes:
        """Returns the rest of a body, which all calls share."""
        return self.fixed[1:] if self.numbered else self.fixed

    def whole(self, number: int = 0) -> bytes:
        """Returns the body of one call."""
        return self.before(number) + self.rest


def bodies(operation: str, data: bytes, collection: str) -> Body:
    """Returns the bodies of an operation's calls for an image. CompareFaces compares it with itself."""
    image = {"Bytes": base64.b64encode(data).decode()}
    members: dict[str, dict[str, object]] = {
        "DetectFaces": {"Image": image},
        "CompareFaces": {"SourceImage": image, "TargetImage": image},
        "SearchFacesByImage": {"CollectionId": collection, "Image": image},
        "IndexFaces": {"CollectionId": collection, "Image": image},
    }
    return Body(json.dumps(members[operation]).encode(), numbered=operation == "IndexFaces")


def head(host: str, operation: str, length: int) -> bytes:
    """Returns the request line and headers for a body of this length."""
    return (
        f"POST / HTTP/1.1\r\nHost: {host}\r\nX-Amz-Target: RekognitionService.{operation}\r\n"
        f"Content-Type: application/x-amz-json-1.1\r\nContent-Length: {length}\r\n\r\n"
    ).encode()


class Reply:
    """A response that is being received."""

    __slots__ = ("_received", "_whole")

    def __init__(self) -> None:
        self._received = bytearray()
        self._whole = 0

    def add(self, part: bytes | memoryview) -> bool:
        """Adds received bytes; returns whether the response is complete.

        Raises:
            SetupError: there are none, since the server closed the connection.
        """
        if not part:
            raise SetupError("The server closed the connection in the middle of an answer.")
        self._received += part
        if not self._whole and (end := self._received.find(b"\r\n\r\n")) >= 0:
            length = self._received.lower().index(b"\r\ncontent-length: ", 0, end) + 18
            self._whole = end + 4 + int(self._received[length : self._received.index(b"\r", length)])
        return 0 < self._whole <= len(self._received)

    def body(self, operation: str) -> bytes:
        """Returns the body of the response.

        Raises:
            SetupError: the server refused the call.
        """
        head, _, said = bytes(self._received).partition(b"\r\n\r\n")
        status = head[9:12].decode("latin-1")
        if status != "200":
            raise SetupError(f"The server answered {operation} with {status}: {said[:300].decode(errors='replace')}")
        return said


class Client:
    """One persistent connection."""

    def __init__(self, host: str, port: int) -> None:
        self._host = f"{host}:{port}"
        self._socket = connected(host, port)

    def close(self) -> None:
        """Closes the connection."""
        self._socket.close()

    def call(self, operation: str, body: bytes) -> tuple[bytes, float]:
        """Sends a request and reads its response.

        Returns:
            The response's body, and the seconds from the first byte sent to the last received.

        Raises:
            SetupError: the server refused the call or closed the connection.
        """
        request, reply = head(self._host, operation, len(body)) + body, Reply()
        started = time.perf_counter()
        self._socket.sendall(request)
        while not reply.add(self._socket.recv(PART)):
            pass
        took = time.perf_counter() - started
        return reply.body(operation), took


def connected(host: str, port: int) -> socket.socket:
    """Opens a connection with TCP_NODELAY."""
    made = socket.create_connection((host, port), TIMEOUT)
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return made
