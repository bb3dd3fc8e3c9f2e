"""`mien watch` on cameras, as a user runs it: real streams, a real store or server, a real receiver."""

import json
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from PIL import Image

from tests import photos
from tests.cameras import scenes
from tests.cameras.receiver import Receiver, until
from tests.commands.albums import GRACE, knowing
from tests.live import Live, command, environment
from tests.video.streams import HttpStream, RtspStream, jpegs, noisy

pytest.importorskip("av", reason="PyAV is not here: pip install 'mien[video]'")


NOBODY = "rtsp://viewer:hidden@127.0.0.1:9/none"  # a camera that never answers


@pytest.fixture(scope="module")
def data(packs: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("known")
    knowing(place, packs, "--data", place / "data")
    return place / "data"


class Watch:
    """A running `mien watch`, and what it has said."""

    def __init__(self, packs: str, *arguments: object) -> None:
        self.events: list[dict[str, Any]] = []
        self.said: list[str] = []
        self.process = subprocess.Popen(
            command("watch", *map(str, arguments), "--packs", packs, "--away", "1.5", "--threads", "1"),
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment(),
        )  # fmt: skip
        self._readers = [
            threading.Thread(target=lambda: self.events.extend(map(json.loads, self.process.stdout or ()))),
            threading.Thread(target=lambda: self.said.extend(self.process.stderr or ())),
        ]
        for each in self._readers:
            each.start()

    def __enter__(self) -> "Watch":
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.ended()

    def ended(self) -> int:
        code = self.process.wait(30)
        for each in self._readers:
            each.join(10)
        return code

    def seen(self, event: str, camera: str = "door") -> list[Any]:
        """The people of the events of one kind, in order; None for a camera's own."""
        return [
            each.get("Name", each.get("Unknown"))
            for each in self.events
            if each["Event"] == event and each["Camera"] == camera
        ]


@pytest.fixture(scope="module")
def run(packs: str, data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Watch, Receiver, Path]]:
    """One run on two cameras, in which everything happens; the tests look at what it said."""
    kept = tmp_path_factory.mktemp("kept")
    secret = kept / "secret"
    secret.write_text("a secret of the receiver's")
    rooms = {who: scenes.film(*who) for who in ((), ("grace",), ("grace", "eileen"), ("eileen",))}
    yard_empty, yard_eileen = (jpegs(noisy([scenes.picture(*who)], 5)) for who in ((), ("eileen",)))
    with (
        RtspStream(list(rooms[()]), password="hidden") as door,
        HttpStream(yard_empty, rate=5) as yard,
        Receiver([503]) as receiver,
        Watch(
            packs, f"door={door.address}", f"yard={yard.address}", NOBODY, "--collection", "fam", "--data", data,
            "--webhook", receiver.address, "--webhook-secret", secret, "--portraits", kept / "portraits",
        ) as watch,
    ):  # fmt: skip
        until(lambda: watch.seen("open") and watch.seen("open", "yard"), 60)
        door.units = list(rooms[("grace",)])
        until(lambda: watch.seen("came") == [GRACE])
        door.units = list(rooms[("grace", "eileen")])
        until(lambda: watch.seen("came") == [GRACE, 1])
        door.kill()
        until(lambda: watch.seen("lost"))
        door.units = list(rooms[("eileen",)])
        door.start()  # soon enough for one of both to stay
        until(lambda: len(watch.seen("open")) == 2)
        door.damage = 0.3
        until(lambda: GRACE in watch.seen("went"))
        door.damage, door.jump = 0.0, -3000.0
        yard.units = yard_eileen
        until(lambda: watch.seen("came", "yard") == [1])
        watch.process.terminate()
        watch.code = watch.ended()  # type: ignore[attr-defined]
        yield watch, receiver, kept


def test_people_come_and_go_by_name_or_number(run: tuple[Watch, Receiver, Path]) -> None:
    watch, _, _ = run
    assert watch.code == 0  # type: ignore[attr-defined]
    assert set(watch.seen("came")) == {GRACE, 1}  # the unknown person has one number, after the loss and elsewhere
    assert watch.seen("came", "yard") == [1]
    grace = next(each for each in watch.events if each["Event"] == "came")
    assert grace["Similarity"] > 99
    box = grace["BoundingBox"]
    row, column = scenes.PLACES["grace"]
    assert abs(box["Top"] + box["Height"] / 2 - (row + 110) / scenes.HEIGHT) < 0.1
    assert abs(box["Left"] + box["Width"] / 2 - (column + 90) / scenes.WIDTH) < 0.1
    gone = [each for each in watch.events if each["Event"] == "went"]
    assert all(each["Seconds"] >= 0 for each in gone)
    assert {each["Because"] for each in gone if each["Camera"] == "yard"} == {"stopped"}
    came = [(each["Camera"], each.get("Name", each.get("Unknown"))) for each in watch.events if each["Event"] == "came"]
    went = [(each["Camera"], each.get("Name", each.get("Unknown"))) for each in gone]
    assert sorted(came, key=str) == sorted(went, key=str)  # who came has gone by the end, once


def test_a_camera_that_never_answers_disturbs_no_other(run: tuple[Watch, Receiver, Path]) -> None:
    watch, _, _ = run
    assert [each["Event"] for each in watch.events if each["Camera"] == "127.0.0.1:9"] == ["lost"]
    assert sum("127.0.0.1:9" in each for each in watch.said) == 1  # said once, though it is tried again and again


def test_no_secret_is_shown(run: tuple[Watch, Receiver, Path]) -> None:
    watch, receiver, _ = run
    shown = json.dumps(watch.events) + "".join(watch.said) + "".join(post.body.decode() for post in receiver.posts)
    for secret in ("hidden", "secret-path", "viewer", "none", "receiver's"):
        assert secret not in shown
    assert GRACE not in "".join(watch.said)


def test_the_receiver_has_every_event_once_and_in_order(run: tuple[Watch, Receiver, Path]) -> None:
    watch, receiver, _ = run
    assert receiver.taken == watch.events
    numbers = [int(each["Id"].rpartition("-")[2]) for each in watch.events]
    assert numbers == list(range(1, len(numbers) + 1))
    assert all("webhook-signature" in post.headers for post in receiver.posts)


def test_only_known_people_are_photographed(run: tuple[Watch, Receiver, Path]) -> None:
    watch, _, kept = run
    pictures = list((kept / "portraits").iterdir())
    assert {str(each) for each in pictures} == {each["Portrait"] for each in watch.events if "Portrait" in each}
    assert {each.get("Name") for each in watch.events if "Portrait" in each} == {GRACE}
    assert pictures[0].stat().st_mode & 0o077 == 0
    with Image.open(pictures[0]) as picture:
        assert 100 < picture.width < scenes.WIDTH / 2


def test_a_server_is_asked_instead_of_a_store(packs: str, live: Live, tmp_path: Path) -> None:
    name = f"cameras-{uuid4()}"
    client = live.client()
    client.create_collection(CollectionId=name)
    found = client.index_faces(CollectionId=name, Image={"Bytes": photos.hopper().data})
    client.create_user(CollectionId=name, UserId="grace")
    client.associate_faces(CollectionId=name, UserId="grace", FaceIds=[found["FaceRecords"][0]["Face"]["FaceId"]])
    with RtspStream(list(scenes.film("grace"))) as door:
        asked = ("--collection", name, "--endpoint", live.address)
        with Watch(packs, f"door={door.address}", *asked) as watch:
            until(lambda: watch.seen("came") == ["grace"], 60)
        with Watch(packs, f"door={door.address}", "--collection", "none", "--endpoint", live.address) as watch:
            assert watch.ended() == 1
    assert "The collection none cannot be used" in "".join(watch.said)
