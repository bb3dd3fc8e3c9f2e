"""A TCP proxy in front of a database, and what can go wrong with a network: refused, silent, slow, cut."""

import contextlib
import selectors
import socket
import threading
import time
from collections.abc import Iterator

CHUNK = 1 << 16


class Proxy:
    """Passes bytes on between whoever connects to it and a server, as long as nothing is made wrong.

    Args:
        target: a folder with PostgreSQL's socket, or a host; and the port.
    """

    def __init__(self, target: tuple[str, int]) -> None:
        self._target = target
        self._pairs: set[tuple[socket.socket, socket.socket]] = set()
        self._changing = threading.Lock()
        self._silent = False
        self._delay = 0.0
        self._word: bytes | None = None
        self._listening: socket.socket | None = None
        self.port = 0
        self.accept()

    def accept(self) -> None:
        """Take connections, as it does from the beginning."""
        self._silent, self._delay, self._word = False, 0.0, None
        if self._listening is None:
            self._listening = socket.create_server(("127.0.0.1", self.port))
            self.port = self._listening.getsockname()[1]
            threading.Thread(target=self._serve, args=(self._listening,), daemon=True).start()

    def refuse(self) -> None:
        """Refuse new connections and cut the old ones: nobody listens there any more."""
        listening, self._listening = self._listening, None
        if listening is not None:
            listening.shutdown(socket.SHUT_RDWR)
            listening.close()
        self.cut()

    def silence(self) -> None:
        """Pass nothing on, and say nothing about it: the network swallows what is sent."""
        self._silent = True

    def slow(self, delay: float) -> None:
        """Hold every piece back for `delay` seconds."""
        self._delay = delay

    def cut(self) -> None:
        """Cut every connection there is; new ones are welcome."""
        with self._changing:
            for pair in self._pairs:
                for end in pair:
                    with contextlib.suppress(OSError):
                        end.shutdown(socket.SHUT_RDWR)

    def cut_at(self, word: bytes) -> None:
        """Cut a connection once, when its client has sent `word`: the server gets it, the client no answer."""
        self._word = word

    def lead_to(self, target: tuple[str, int]) -> None:
        """Lead new connections to another server; the old ones are cut."""
        self._target = target
        self.cut()

    def close(self) -> None:
        self.refuse()

    def _serve(self, listening: socket.socket) -> None:
        while True:
            try:
                client, _ = listening.accept()
            except OSError:
                return
            threading.Thread(target=self._pass_on, args=(client,), daemon=True).start()

    def _pass_on(self, client: socket.socket) -> None:
        with contextlib.suppress(OSError), client, self._connected() as server:
            pair = (client, server)
            with self._changing:
                self._pairs.add(pair)
            try:
                for source in self._readable(client, server):
                    self._hand_over(source, server if source is client else client, source is client)
            finally:
                with self._changing:
                    self._pairs.discard(pair)

    def _hand_over(self, source: socket.socket, sink: socket.socket, from_client: bool) -> None:
        data = source.recv(CHUNK)
        time.sleep(self._delay)
        while self._silent:
            time.sleep(0.05)
        if not data:
            raise ConnectionError
        sink.sendall(data)
        if from_client and self._word is not None and self._word in data:
            self._word = None
            time.sleep(0.2)  # so that the server does what it was told
            raise ConnectionError

    def _connected(self) -> socket.socket:
        host, port = self._target
        if not host.startswith("/"):
            return socket.create_connection((host, port))
        server = socket.socket(socket.AF_UNIX)
        server.connect(f"{host}/.s.PGSQL.{port}")
        return server

    @staticmethod
    def _readable(*ends: socket.socket) -> Iterator[socket.socket]:
        with selectors.DefaultSelector() as selector:
            for end in ends:
                selector.register(end, selectors.EVENT_READ)
            while True:
                for key, _ in selector.select(1.0):
                    if isinstance(key.fileobj, socket.socket):
                        yield key.fileobj
