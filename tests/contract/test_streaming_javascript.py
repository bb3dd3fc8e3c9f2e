"""AWS's own client for streams, unmodified: under Node as it is, and with the handler that it has in a browser."""

import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import streams
from tests.javascript import installed
from tests.live import Live
from tests.locked import Key, Locked
from tests.tls import tls

pytest.importorskip("av", reason="mien[video] is not installed")

PROGRAM = Path(__file__).with_name("stream.mjs")
EVENTS = ["ChallengeEvent", "ServerSessionInformationEvent", "DisconnectionEvent"]
Run = Callable[..., list[Any]]


@pytest.fixture(scope="module")
def client(packs: str, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Streams a film with AWS's client, and returns the events and errors that it saw."""
    node, folder = installed("@aws-sdk/client-rekognitionstreaming", "3", "streaming")
    shutil.copy(PROGRAM, folder / PROGRAM.name)  # a program finds its packages beside itself
    film = tmp_path_factory.mktemp("film") / "film.webm"
    streams.recorded(film)

    def run(address: str, session: str, key: Key, **more: Any) -> list[Any]:
        credentials = {"accessKeyId": key.id, "secretAccessKey": key.secret}
        settings = {"endpoint": address, "region": "us-east-1", "credentials": credentials}
        done = subprocess.run(
            [node, "--experimental-websocket", folder / PROGRAM.name], capture_output=True, text=True, timeout=60,
            input=json.dumps({"client": settings, "session": session, "film": str(film)} | more), cwd=folder,
            check=False, env={"NODE_TLS_REJECT_UNAUTHORIZED": "0"},
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        seen: list[Any] = json.loads(done.stdout)
        return seen

    return run


@pytest.fixture(scope="module")
def proxied(locked: Locked, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The server's address behind TLS, which the client insists on for a WebSocket."""
    with tls(locked.server, tmp_path_factory.mktemp("tls")) as port:
        yield f"https://127.0.0.1:{port}"


def test_over_http_as_node_has_it(client: Run, locked: Locked) -> None:
    key = locked.key("node")
    sessions = locked.client(key)
    session = streams.created(sessions)
    assert client(locked.server.address, session, key) == [session, *EVENTS]
    assert sessions.get_face_liveness_session_results(SessionId=session)["Status"] == "SUCCEEDED"
    [[name, message]] = client(locked.server.address, session, key)
    assert (name, message) == ("ValidationException", "The session has expired, or was used before.")
    [[name, _]] = client(locked.server.address, session, Key(key.id, "wrong"))
    assert name == "InvalidSignatureException"


def test_over_a_websocket_as_a_browser_has_it(client: Run, locked: Locked, proxied: str) -> None:
    key = locked.key("browser")
    sessions = locked.client(key)
    session = streams.created(sessions)
    assert client(proxied, session, key, over="socket") == [session, *EVENTS]
    assert sessions.get_face_liveness_session_results(SessionId=session)["Status"] == "SUCCEEDED"
    *_, [name, _] = client(proxied, session, Key(key.id, "wrong"), over="socket")
    assert name == "InvalidSignatureException"


def test_a_client_that_leaves_once_it_has_sent_all_gets_its_results(client: Run, locked: Locked, proxied: str) -> None:
    key = locked.key("leaves")
    sessions = locked.client(key)
    session = streams.created(sessions)
    assert client(proxied, session, key, over="socket", leaves=True) == [session, *EVENTS[:2]]
    assert streams.ended(sessions, session)["Status"] == "SUCCEEDED"


def test_without_keys_any_credentials_do(client: Run, live: Live) -> None:
    session = streams.created(live.client())
    assert client(live.address, session, Key("any", "any")) == [session, *EVENTS]
