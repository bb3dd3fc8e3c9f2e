"""A client that costs next to nothing: AWS JSON over a kept connection, with requests made before the clock starts."""

import base64
import itertools
import json
import socket
import threading
import time
from collections.abc import Callable

from mien.errors import SetupError

Body = Callable[[], bytes]
_TIMEOUT = 60.0  # seconds for one answer


class Client:
    """One connection."""

    def __init__(self, host: str, port: int) -> None:
        self._host = f"{host}:{port}"
        self._socket = socket.create_connection((host, port), _TIMEOUT)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def close(self) -> None:
        """Hang up."""
        self._socket.close()

    def call(self, operation: str, body: bytes) -> tuple[bytes, float]:
        """Send a request and read its answer.

        Returns:
            The answer's body, and the seconds from the first byte sent to the last received.

        Raises:
            SetupError: the server refused it or hung up.
        """
        head = (
            f"POST / HTTP/1.1\r\nHost: {self._host}\r\nX-Amz-Target: RekognitionService.{operation}\r\n"
            f"Content-Type: application/x-amz-json-1.1\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        request = head.encode() + body
        started = time.perf_counter()
        self._socket.sendall(request)
        status, answer = self._read()
        took = time.perf_counter() - started
        if status != 200:
            raise SetupError(f"The server answered {operation} with {status}: {answer[:300].decode(errors='replace')}")
        return answer, took

    def _read(self) -> tuple[int, bytes]:
        received = bytearray()
        while (end := received.find(b"\r\n\r\n")) < 0:
            received += self._more()
        lines = bytes(received[:end]).decode("latin-1").split("\r\n")
        headers = dict(line.lower().split(": ", 1) for line in lines[1:])
        wanted = end + 4 + int(headers["content-length"])
        while len(received) < wanted:
            received += self._more()
        return int(lines[0].split()[1]), bytes(received[end + 4 : wanted])

    def _more(self) -> bytes:
        part = self._socket.recv(1 << 18)
        if not part:
            raise SetupError("The server hung up in the middle of an answer.")
        return part


class Crowd:
    """Clients that call at the same time, each again as soon as it is answered."""

    def __init__(self, host: str, port: int, clients: int) -> None:
        self._clients = [Client(host, port) for _ in range(clients)]

    def __len__(self) -> int:
        """How many there are."""
        return len(self._clients)

    def close(self) -> None:
        """Hang up."""
        for client in self._clients:
            client.close()

    def once(self, operation: str, body: bytes) -> bytes:
        """Let one of them call once; the answer's body."""
        return self._clients[0].call(operation, body)[0]

    def call(self, operation: str, body: Body, seconds: float) -> tuple[list[float], float]:
        """Call an operation for a while, at least once each.

        Returns:
            Seconds that each call took, and seconds from the first call to the last answer.
        """
        if len(self._clients) == 1:
            return _repeat(self._clients[0], operation, body, seconds)
        took: list[float] = []
        failed: list[SetupError] = []

        def work(client: Client) -> None:
            try:
                took.extend(_repeat(client, operation, body, seconds)[0])
            except SetupError as error:
                failed.append(error)

        threads = [threading.Thread(target=work, args=(client,)) for client in self._clients]
        started = time.perf_counter()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if failed:
            raise failed[0]
        return took, time.perf_counter() - started


def _repeat(client: Client, operation: str, body: Body, seconds: float) -> tuple[list[float], float]:
    took: list[float] = []
    begun = time.perf_counter()
    while not took or time.perf_counter() - begun < seconds:
        took.append(client.call(operation, body())[1])
    return took, sum(took)


def bodies(operation: str, data: bytes, collection: str) -> Body:
    """What makes the body of each call; an IndexFaces names another ExternalImageId each time, so that all store.

    CompareFaces compares the image with itself.
    """
    image = {"Bytes": base64.b64encode(data).decode()}
    if operation == "IndexFaces":
        fixed = json.dumps({"CollectionId": collection, "Image": image}).encode()
        number = itertools.count()
        return lambda: b'{"ExternalImageId": "image-%d", ' % next(number) + fixed[1:]
    members: dict[str, object] = {
        "DetectFaces": {"Image": image},
        "CompareFaces": {"SourceImage": image, "TargetImage": image},
        "SearchFacesByImage": {"CollectionId": collection, "Image": image},
    }
    body = json.dumps(members[operation]).encode()
    return lambda: body
