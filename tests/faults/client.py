"""A client that says exactly what became of a call: answered, refused by name, or never answered."""

import base64
import http.client
import json
import time
from collections.abc import Callable
from typing import Any

from tests import live

PATIENCE = 180.0  # seconds for one answer; compiling the scan takes long on a busy machine
SERVERS_FAULT = 500
STOPPING = "mien is stopping."  # what it was asked may happen yet

# operation, HTTP status or 0 when there was no answer, error code or "", seconds
Told = Callable[[str, int, str, float], None]


class UnansweredError(Exception):
    """The connection ended before the answer was whole; the call may have happened or not."""


class RefusedError(Exception):
    """The server answered with an error."""

    def __init__(self, operation: str, status: int, code: str, message: str) -> None:
        super().__init__(f"{operation}: {status} {code}: {message}")
        self.status, self.code, self.message = status, code, message


def image(data: bytes) -> dict[str, str]:
    return {"Bytes": base64.b64encode(data).decode()}


class Client:
    """One kept connection.

    Args:
        host, port: of the server.
        tell: is told of every call.
    """

    def __init__(self, host: str, port: int, tell: Told = lambda *_: None) -> None:
        self._connection = http.client.HTTPConnection(host, port, timeout=PATIENCE)
        self._tell = tell

    def __call__(self, operation: str, **members: Any) -> Any:
        return self.send(operation, json.dumps(members).encode())

    def send(self, operation: str, body: bytes) -> Any:
        """Send a body as it is; the answer, from JSON.

        Raises:
            UnansweredError, RefusedError.
        """
        headers = {"Content-Type": live.JSON, "X-Amz-Target": f"RekognitionService.{operation}"}
        started = time.perf_counter()
        try:
            self._connection.request("POST", "/", body, headers)
            response = self._connection.getresponse()
            said = response.read()
        except (OSError, http.client.HTTPException) as error:
            self._connection.close()
            self._tell(operation, 0, type(error).__name__, time.perf_counter() - started)
            raise UnansweredError(f"{operation}: {type(error).__name__}") from None
        took = time.perf_counter() - started
        answer = json.loads(said) if said else {}
        code = "" if response.status == 200 else answer.get("__type", "")
        self._tell(operation, response.status, code, took)
        message = answer.get("Message", answer.get("message", ""))
        if message == STOPPING:
            raise UnansweredError(f"{operation}: {message}")
        if response.status != 200:
            raise RefusedError(operation, response.status, code, message)
        return answer

    def everything(self, operation: str, member: str, **members: Any) -> list[Any]:
        """All pages of a listing."""
        found: list[Any] = []
        token: dict[str, str] = {}
        while True:
            page = self(operation, **members, **token)
            found += page[member]
            if "NextToken" not in page:
                return found
            token = {"NextToken": page["NextToken"]}

    def close(self) -> None:
        self._connection.close()
