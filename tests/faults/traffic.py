"""Clients that use a server as many would at the same time, and note what it acknowledged."""

import random
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Protocol

from tests import photos
from tests.faults.client import PATIENCE, SERVERS_FAULT, Client, RefusedError, Told, UnansweredError, image
from tests.faults.ledger import Doubt, Seen, Share
from tests.live import Live

# A busy machine is no fault here: a change that is given up may happen yet, and nobody could say what should be there.
# And six pictures are sent again and again: a server that remembered them would hardly look at any.
PATIENT = ("--request-timeout", "600", "--queue-timeout", "600", "--image-cache", "0")
COMMON = "common"  # the collection that all clients share
PERSONS = ("astronaut", "hopper")
MOST = 150  # faces a client has in a collection before it rather deletes some
STEP = {"IndexFaces": 8, "DeleteFaces": 3, "AssociateFaces": 3, "DisassociateFaces": 1, "CreateUser": 1,
        "DeleteUser": 1, "SearchFaces": 2, "SearchFacesByImage": 2, "CreateCollection": 1,
        "DeleteCollection": 1}  # fmt: skip


@cache
def pictures() -> dict[str, bytes]:
    """Photographs of one or both persons, small enough to be looked at in milliseconds."""
    astronaut = photos.resized(photos.astronaut().pixels, 0.6)
    hopper = photos.resized(photos.hopper().pixels, 0.5)
    return {
        "astronaut": photos.jpeg(astronaut),
        "astronaut mirrored": photos.jpeg(astronaut[:, ::-1]),
        "astronaut cropped": photos.jpeg(astronaut[10:220, 60:220]),
        "hopper": photos.jpeg(hopper),
        "hopper mirrored": photos.jpeg(hopper[:, ::-1]),
        "both": photos.jpeg(photos.beside(astronaut, hopper)),
    }


@cache
def bodies() -> dict[str, dict[str, str]]:
    return {name: image(data) for name, data in pictures().items()}


def shows(picture: str) -> int:
    return 2 if picture == "both" else 1


def person(picture: str) -> str:
    """The only one on a picture."""
    return picture.split(maxsplit=1)[0]


@dataclass(slots=True)
class Run:
    """What the clients of a server share.

    Attributes:
        gone: every face that is deleted, of whichever client.
        patient: whether an InternalServerError is expected, and lived with.
        stop: set when they are to end.
        failures: what went wrong, of whichever client.
        tell: is told of every call.
    """

    gone: set[str] = field(default_factory=set)
    patient: bool = False
    stop: threading.Event = field(default_factory=threading.Event)
    failures: list[BaseException] = field(default_factory=list)
    tell: Told = lambda *_: None
    acknowledged: int = 0


class Worker:
    """One client: its ledger, and what it does next.

    Args:
        name: no other client's.
        run: what it shares with the others.
        seed: of its choices.
    """

    def __init__(self, name: str, run: Run, seed: int) -> None:
        self.name = name
        self.own = f"own-{name}"
        self.run = run
        self.random = random.Random(seed)
        self.count = 0
        each = {picture: shows(picture) for picture in pictures()}
        self.shares = {COMMON: Share(name, each), self.own: Share(name, each, exists=False)}
        self.client: Client

    def work(self, server: Live) -> None:
        """Call until told to stop or the server is gone."""
        self.client = Client(server.host, server.port, self.run.tell)
        try:
            while not self.run.stop.is_set():
                self.step()
        except UnansweredError:
            return
        except BaseException as error:  # noqa: BLE001  a thread's failure is the test's
            self.run.failures.append(error)
        finally:
            self.client.close()

    def step(self) -> None:
        """Do one thing."""
        collection = self.random.choice((COMMON, COMMON, self.own))
        share = self.shares[collection]
        operation = self.random.choices([*STEP], [*STEP.values()])[0]
        if not share.exists:
            operation = "CreateCollection"
        elif operation.endswith("Collection") and (collection == COMMON or operation == "CreateCollection"):
            operation = "IndexFaces"
        if operation == "IndexFaces" and len(share.faces) > MOST:
            operation = "DeleteFaces"
        {
            "IndexFaces": self.index,
            "DeleteFaces": self.delete,
            "AssociateFaces": self.associate,
            "DisassociateFaces": self.disassociate,
            "CreateUser": self.create_user,
            "DeleteUser": self.delete_user,
            "SearchFaces": self.search,
            "SearchFacesByImage": self.search_by_image,
            "CreateCollection": self.create_collection,
            "DeleteCollection": self.delete_collection,
        }[operation](collection, share)

    def index(self, collection: str, share: Share) -> None:
        picture = self.random.choice([*pictures()])
        self.count += 1
        external = f"{self.name}-{self.count}"
        doubt = Doubt("IndexFaces", external=external, picture=picture)
        with self.doubted(collection, share, doubt) as change:
            answer = change(Image=bodies()[picture], ExternalImageId=external)
            share.indexed(picture, external, [record["Face"]["FaceId"] for record in answer["FaceRecords"]])

    def delete(self, collection: str, share: Share) -> None:
        free = share.of(None)
        chosen = self.random.sample(free, min(len(free), self.random.choice((1, 2, 30))))
        if not chosen:
            return
        with self.doubted(collection, share, Doubt("DeleteFaces", faces=chosen)) as change:
            answer = change(FaceIds=chosen)
            assert sorted(answer["DeletedFaces"]) == sorted(chosen)
            share.deleted(chosen)
            self.run.gone.update(chosen)

    def create_user(self, collection: str, share: Share) -> None:
        self.count += 1
        user = f"{self.name}-user-{self.count}"
        with self.doubted(collection, share, Doubt("CreateUser", user=user)) as change:
            change(UserId=user)
            share.users.add(user)

    def delete_user(self, collection: str, share: Share) -> None:
        if len(share.users) > 2:
            user = self.random.choice(sorted(share.users))
            with self.doubted(collection, share, Doubt("DeleteUser", user=user)) as change:
                change(UserId=user)
                share.left(user)

    def associate(self, collection: str, share: Share) -> None:
        """Give a user some faces of the person it is: the odd ones are one, the even ones the other."""
        if not share.users:
            return self.create_user(collection, share)
        user = self.random.choice(sorted(share.users))
        who = PERSONS[int(user.rsplit("-", 1)[1]) % 2]
        fit = [each for each in share.of(None) if share.faces[each].picture.startswith(who)]
        chosen = self.random.sample(fit, min(len(fit), self.random.randint(1, 5), 100 - len(share.of(user))))
        if chosen:
            with self.doubted(collection, share, Doubt("AssociateFaces", user=user, faces=chosen)) as change:
                answer = change(UserId=user, FaceIds=chosen)
                assert not answer["UnsuccessfulFaceAssociations"], answer
                share.given(user, chosen)
        return None

    def disassociate(self, collection: str, share: Share) -> None:
        user = self.random.choice([*sorted(share.users), ""])
        theirs = share.of(user)
        if theirs:
            chosen = self.random.sample(theirs, self.random.randint(1, len(theirs)))
            with self.doubted(collection, share, Doubt("DisassociateFaces", user=user, faces=chosen)) as change:
                answer = change(UserId=user, FaceIds=chosen)
                assert not answer["UnsuccessfulFaceDisassociations"], answer
                share.given(None, chosen)

    def create_collection(self, collection: str, share: Share) -> None:
        with self.doubted(collection, share, Doubt("CreateCollection")) as change:
            change()
            share.exists = True

    def delete_collection(self, collection: str, share: Share) -> None:
        if self.random.random() < 0.3:
            with self.doubted(collection, share, Doubt("DeleteCollection")) as change:
                change()
                self.run.gone.update(share.faces)
                share.emptied()

    def search(self, collection: str, share: Share) -> None:
        """Look for the others like a face: all of this client's that are the same person, and none that is gone."""
        alone = [each for each, face in share.faces.items() if face.picture != "both"]
        if alone:
            face_id = self.random.choice(alone)
            self.found(
                collection, share, person(share.faces[face_id].picture), face_id, SearchFaces={"FaceId": face_id}
            )

    def search_by_image(self, collection: str, share: Share) -> None:
        who = self.random.choice(PERSONS)
        self.found(collection, share, who, None, SearchFacesByImage={"Image": bodies()[who]})

    def found(self, collection: str, share: Share, who: str, itself: str | None, **search: dict[str, Any]) -> None:
        ((operation, members),) = search.items()
        gone = self.run.gone.copy()
        try:
            answer = self.client(operation, CollectionId=collection, MaxFaces=4096, **members)
        except RefusedError as error:
            if not self.expected(error):
                raise
            return
        there = {match["Face"]["FaceId"] for match in answer["FaceMatches"]}
        assert not there & gone, "a deleted face is found"
        mine = {each for each, face in share.faces.items() if face.picture.startswith(who)} - {itself}
        assert mine <= there, f"{len(mine - there)} of {len(mine)} faces are not found"

    def expected(self, error: RefusedError) -> bool:
        return self.run.patient and error.status >= SERVERS_FAULT and error.code == "InternalServerError"

    @contextmanager
    def doubted(self, collection: str, share: Share, doubt: Doubt) -> Iterator[Callable[..., Any]]:
        """Make a change, in doubt until it is answered; an error that is expected is looked into."""
        share.doubt = doubt
        try:
            yield lambda **members: self.client(doubt.operation, CollectionId=collection, **members)
        except RefusedError as error:
            if not self.expected(error):
                raise
            self.look_into(collection, share)
        else:
            share.doubt = None
            self.run.acknowledged += 1

    def look_into(self, collection: str, share: Share) -> None:
        """Find out what became of a change that was answered with an InternalServerError."""
        while not self.run.stop.is_set():
            try:
                settle(self.client, collection, [share])
                self.run.gone |= share.gone
                time.sleep(0.05)
                return
            except RefusedError as error:
                if not self.expected(error):
                    raise
                time.sleep(0.05)


def settle(client: Client, collection: str, shares: list[Share]) -> Seen:
    """Ask what is in a collection, and let the clients' doubts be settled by it."""
    try:
        faces = client.everything("ListFaces", "Faces", CollectionId=collection, MaxResults=4096)
        users = client.everything("ListUsers", "Users", CollectionId=collection, MaxResults=500)
        seen = Seen(True, {face["FaceId"]: face for face in faces}, {user["UserId"] for user in users})
        assert (len(seen.faces), len(seen.users)) == (len(faces), len(users)), "something is listed twice"
    except RefusedError as error:
        if error.code != "ResourceNotFoundException":
            raise
        seen = Seen(False, {}, set())
    for share in shares:
        share.settle(seen)
    return seen


class Caller(Protocol):
    """A client: what it shares with the others, and what it does until told to stop."""

    run: Run

    def work(self, server: Live) -> None: ...


@contextmanager
def traffic(server: Live, workers: Sequence[Caller]) -> Iterator[Run]:
    """Let all clients call until the end of the block, or until the server is gone."""
    run = workers[0].run
    run.stop.clear()
    threads = [threading.Thread(target=worker.work, args=(server,)) for worker in workers]
    for thread in threads:
        thread.start()
    try:
        yield run
    finally:
        run.stop.set()
        for thread in threads:
            thread.join(90)
    assert not any(thread.is_alive() for thread in threads), "a call was never answered"
    if run.failures:
        raise run.failures[0]


def until(run: Run, condition: Callable[[], bool]) -> None:
    """Wait for something to come of the traffic; a client's failure ends that too."""
    end = time.monotonic() + PATIENCE
    while not condition() and not run.failures:
        assert time.monotonic() < end, "nothing came of it"
        time.sleep(0.02)
