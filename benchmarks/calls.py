"""Builds requests of every operation that takes an image, for the memory benchmarks."""

import base64
import http.client
import itertools
import json
import time

from mien.measure.speed.server_process import ServerProcess

FILLED, SEARCHED = "indexed", "searched"  # one collection grows; the other is searched and has one user's face
KINDS = ("DetectFaces", "IndexFaces", "SearchFacesByImage", "SearchUsersByImage", "CompareFaces")
JSON = "application/x-amz-json-1.1"
RESTED, LEFT = 15.0, 10.0  # seconds in which what is free has gone back to the system, but for so many MB
_count = itertools.count()


def body(operation: str, data: bytes) -> bytes:
    """Returns the request body with this image, twice for CompareFaces."""
    if operation == "CompareFaces":
        members: dict[str, object] = {"SourceImage": _image(data), "TargetImage": _image(data)}
    elif operation == "DetectFaces":
        members = {"Image": _image(data)}
    else:
        members = {"Image": _image(data), "CollectionId": FILLED if operation == "IndexFaces" else SEARCHED}
    return json.dumps(members).encode()


def _image(data: bytes) -> dict[str, str]:
    """Returns the image with unread bytes at its end, so that no two files are the same."""
    return {"Bytes": base64.b64encode(data + next(_count).to_bytes(4)).decode()}


def prepared(face: bytes) -> list[tuple[str, bytes]]:
    """Returns calls that create both collections, a user, and the user's face, the only one in its image."""
    named = {"CollectionId": SEARCHED, "UserId": "somebody"}
    indexed = {"CollectionId": SEARCHED, "MaxFaces": 1, "Image": _image(face)}
    calls: list[tuple[str, object]] = [("CreateCollection", {"CollectionId": name}) for name in (FILLED, SEARCHED)]
    calls += [("IndexFaces", indexed), ("CreateUser", named)]
    return [(name, json.dumps(members).encode()) for name, members in calls]


def associated(indexed: bytes) -> bytes:
    """Returns the body of the AssociateFaces that follows an IndexFaces response."""
    face_id = json.loads(indexed)["FaceRecords"][0]["Face"]["FaceId"]
    return json.dumps({"CollectionId": SEARCHED, "UserId": "somebody", "FaceIds": [face_id]}).encode()


class Warm:
    """A server that has answered a small request of every kind.

    Attributes:
        held: its resident memory in MB then.
    """

    def __init__(self, server: ServerProcess, small: bytes) -> None:
        self._server = server
        answers = [self.post(*call) for call in prepared(small)]
        self.post("AssociateFaces", associated(answers[2]))
        for kind in KINDS:
            self.post(kind, body(kind, small))
        self.held = server.resident()

    def grown(self, kind: str, data: bytes) -> float:
        """Returns the peak memory in MB above `held` while the server answers a request.

        Raises:
            SystemExit: the system does not report it, or the request was refused.
        """
        self._server.forget_peak()
        self.post(kind, body(kind, data))
        peak = self._server.peak()
        if peak is None:
            raise SystemExit("The system does not report the peak memory of a process (/proc).")
        return peak - self.held

    def grown_rested(self, kind: str, data: bytes, bar: float) -> float:
        """Returns `grown`, measured again once the server has rested where the first time reaches a bar in MB.

        What earlier requests have freed goes back to the system seconds after their answers, and counts until then.

        Raises:
            SystemExit: as `grown`.
        """
        grown = self.grown(kind, data)
        if grown < bar:
            return grown
        until = time.monotonic() + RESTED
        while self._server.resident() > self.held + LEFT and time.monotonic() < until:
            time.sleep(0.2)
        return self.grown(kind, data)

    def post(self, operation: str, sent: bytes) -> bytes:
        """Sends a request over a new connection and returns the response body.

        Raises:
            SystemExit: the request was refused.
        """
        connection = http.client.HTTPConnection(self._server.host, self._server.port, timeout=120)
        try:
            target = f"RekognitionService.{operation}"
            connection.request("POST", "/", sent, {"Content-Type": JSON, "X-Amz-Target": target})
            response = connection.getresponse()
            answer = response.read()
        finally:
            connection.close()
        if response.status != 200:
            raise SystemExit(f"{operation} was answered with {response.status}: {answer[:300]!r}")
        return answer
