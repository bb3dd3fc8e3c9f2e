"""A webhook's receiver, over real HTTP, that may fail, refuse or be slow."""

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any


@dataclass
class Post:
    """A request that came."""

    headers: dict[str, str]
    body: bytes

    @property
    def event(self) -> Any:
        return json.loads(self.body)


@dataclass
class Receiver:
    """Answers posts with the statuses given, then with 204; use it as a context.

    Attributes:
        statuses: for the posts that come next.
        headers: of those answers.
        pause: seconds before each answer.
    """

    statuses: list[int] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    pause: float = 0.0
    posts: list[Post] = field(default_factory=list)
    taken: list[Any] = field(default_factory=list)
    port: int = 0

    def __enter__(self) -> "Receiver":
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook?token=hidden"

    def start(self) -> None:
        """Listens, on the port that it had before if there was one."""
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                receiver.posts.append(Post({name.lower(): value for name, value in self.headers.items()}, body))
                time.sleep(receiver.pause)
                failing = bool(receiver.statuses)
                status = receiver.statuses.pop(0) if failing else 204
                if 200 <= status < 300:
                    receiver.taken.append(json.loads(body))
                self.send_response(status)
                for name, value in receiver.headers.items() if failing else ():
                    self.send_header(name, value)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def until(done: Callable[[], object], seconds: float = 20.0) -> None:
    """Waits for something to be true."""
    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end, "it did not come true in time"
        time.sleep(0.02)
