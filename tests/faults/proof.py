"""Everything acknowledged is there and is found; nothing deleted is; nothing is there by half; the counts agree."""

import random
from contextlib import closing
from dataclasses import dataclass, field

from mien.operations.user_changes import combine
from mien.store.engines.sqlite import SqliteDatabase
from mien.store.open import open_store
from mien.store.upkeep.backup import damage
from mien.store.upkeep.check import examine
from tests.faults.client import Client
from tests.faults.ledger import Seen, Share
from tests.faults.traffic import COMMON, PERSONS, Worker, bodies, settle
from tests.live import Live


@dataclass(frozen=True, slots=True)
class Crowd:
    """Faces that were in the common collection from the start and stay; each is like the one beside it alone."""

    faces: list[str] = field(default_factory=list)

    def neighbour(self, number: int) -> str:
        return self.faces[number ^ 1]


def prove(server: Live, workers: list[Worker], crowd: Crowd) -> None:
    """Hold all that a server says against what was acknowledged."""
    client = Client(server.host, server.port)
    shares: dict[str, list[Share]] = {}
    for worker in workers:
        for collection, share in worker.shares.items():
            shares.setdefault(collection, []).append(share)
    collections = set(client.everything("ListCollections", "CollectionIds"))
    for collection, theirs in shares.items():
        seen = settle(client, collection, theirs)
        assert seen.exists == (collection in collections)
        assert all(share.exists == seen.exists for share in theirs), f"{collection} is {seen.exists and 'not'} gone"
        if seen.exists:
            _listed(theirs, seen, set(crowd.faces) if collection == COMMON else set())
            described = client("DescribeCollection", CollectionId=collection)
            assert (described["FaceCount"], described["UserCount"]) == (len(seen.faces), len(seen.users))
            _found(client, collection, theirs)
    _crowd_found(client, crowd)
    with closing(open_store("", str(server.data)).database) as database:  # as `mien store check` does
        assert isinstance(database, SqliteDatabase)
        assert not (damage(database) or examine(database, combine, lambda *_: None))
    workers[0].run.gone.update(*(share.gone for each in shares.values() for share in each))
    client.close()


def _listed(shares: list[Share], seen: Seen, crowd: set[str]) -> None:
    faces = {face_id: face for share in shares for face_id, face in share.faces.items()}
    gone = set().union(*(share.gone for share in shares))
    listed = set(seen.faces)
    assert crowd <= listed, f"{len(crowd - listed)} faces of the crowd are lost"
    assert not gone & listed, f"{len(gone & listed)} deleted faces are listed"
    assert not set(faces) - listed, f"{len(set(faces) - listed)} acknowledged faces are lost"
    assert not listed - crowd - set(faces), f"{len(listed - crowd - set(faces))} faces are there that nobody indexed"
    for face_id, face in faces.items():
        assert seen.faces[face_id]["ExternalImageId"] == face.external
        assert seen.owner(face_id) == face.user, "a face is whose it should not be"
    assert seen.users == set().union(*(share.users for share in shares)), "users are lost, or back"


def _found(client: Client, collection: str, shares: list[Share]) -> None:
    found: set[str] = set()
    members: set[str] = set()
    for who in PERSONS:
        searched = {"CollectionId": collection, "Image": bodies()[who]}
        answer = client("SearchFacesByImage", **searched, MaxFaces=4096)
        found |= {match["Face"]["FaceId"] for match in answer["FaceMatches"]}
        answer = client("SearchUsersByImage", **searched, MaxUsers=500)
        members |= {match["User"]["UserId"] for match in answer["UserMatches"]}
    faces = {face_id: face for share in shares for face_id, face in share.faces.items()}
    assert found == set(faces), f"of {len(faces)} faces {len(set(faces) - found)} are not found, {len(found)} are"
    assert members == {face.user for face in faces.values()} - {None}, "users are not found, or found who are no more"
    for face_id in random.sample(sorted(faces), min(3, len(faces))):
        answer = client("SearchFaces", CollectionId=collection, FaceId=face_id, MaxFaces=4096)
        others = {match["Face"]["FaceId"] for match in answer["FaceMatches"]}
        alike = {each for each, face in faces.items() if face.picture == faces[face_id].picture != "both"} - {face_id}
        assert alike <= others


def _crowd_found(client: Client, crowd: Crowd) -> None:
    for number in random.sample(range(len(crowd.faces)), min(15, len(crowd.faces))):
        answer = client("SearchFaces", CollectionId=COMMON, FaceId=crowd.faces[number], MaxFaces=4)
        assert [match["Face"]["FaceId"] for match in answer["FaceMatches"]] == [crowd.neighbour(number)]
