"""Requests of every kind that brings a picture, for whoever measures what they take."""

import base64
import http.client
import itertools
import json

from mien.measure.speed.server_process import ServerProcess

FILLED, SEARCHED = "indexed", "searched"  # one collection grows; the other is searched, and holds one user's face
KINDS = ("DetectFaces", "IndexFaces", "SearchFacesByImage", "SearchUsersByImage", "CompareFaces")
JSON = "application/x-amz-json-1.1"
_count = itertools.count()


def body(operation: str, data: bytes) -> bytes:
    """The request with this picture, or with this picture twice."""
    if operation == "CompareFaces":
        members: dict[str, object] = {"SourceImage": _image(data), "TargetImage": _image(data)}
    elif operation == "DetectFaces":
        members = {"Image": _image(data)}
    else:
        members = {"Image": _image(data), "CollectionId": FILLED if operation == "IndexFaces" else SEARCHED}
    return json.dumps(members).encode()


def _image(data: bytes) -> dict[str, str]:
    """The picture, with what nobody reads at its end, so that no two are the same file."""
    return {"Bytes": base64.b64encode(data + next(_count).to_bytes(4)).decode()}


def prepared(face: bytes) -> list[tuple[str, bytes]]:
    """Calls that make both collections, a user, and that user's face, which is the only one of its picture."""
    named = {"CollectionId": SEARCHED, "UserId": "somebody"}
    indexed = {"CollectionId": SEARCHED, "MaxFaces": 1, "Image": _image(face)}
    calls: list[tuple[str, object]] = [("CreateCollection", {"CollectionId": name}) for name in (FILLED, SEARCHED)]
    calls += [("IndexFaces", indexed), ("CreateUser", named)]
    return [(name, json.dumps(members).encode()) for name, members in calls]


def associated(indexed: bytes) -> bytes:
    """The AssociateFaces that follows the answer of IndexFaces."""
    face_id = json.loads(indexed)["FaceRecords"][0]["Face"]["FaceId"]
    return json.dumps({"CollectionId": SEARCHED, "UserId": "somebody", "FaceIds": [face_id]}).encode()


class Warm:
    """A server of its own that has answered a small request of every kind.

    Attributes:
        held: megabytes resident then.
    """

    def __init__(self, server: ServerProcess, small: bytes) -> None:
        self._server = server
        answers = [self.post(*call) for call in prepared(small)]
        self.post("AssociateFaces", associated(answers[2]))
        for kind in KINDS:
            self.post(kind, body(kind, small))
        self.held = server.resident()

    def grown(self, kind: str, data: bytes) -> float:
        """The most megabytes that the server holds beyond those, until it has answered.

        Raises:
            SystemExit: the system does not say, or the request was refused.
        """
        self._server.forget_peak()
        self.post(kind, body(kind, data))
        peak = self._server.peak()
        if peak is None:
            raise SystemExit("The system does not say how much memory a process held at most (/proc).")
        return peak - self.held

    def post(self, operation: str, sent: bytes) -> bytes:
        """The answer, over a connection of its own.

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
