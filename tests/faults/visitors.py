"""Clients that change nothing that is counted: large pictures, listings, tags, users looked for, and bad requests."""

import json
import random
from functools import cache
from typing import Any

from tests import photos
from tests.contract.bad import bodies as malformed
from tests.contract.bad import constraints, meaning
from tests.contract.bad.row import ARN, HERE, USED_TOKEN, USER, VALID
from tests.faults.client import Client, RefusedError, UnansweredError, image
from tests.faults.traffic import COMMON, Run, bodies
from tests.live import Live

ROWS = constraints.ROWS + meaning.ROWS + malformed.ROWS


@cache
def large() -> tuple[dict[str, str], ...]:
    """A picture of 12 megapixels, one of 48, and a PNG of 4."""
    hopper = photos.hopper().pixels
    twelve = photos.resized(hopper, 3000 / hopper.shape[1])
    return (
        image(photos.jpeg(twelve, quality=85)),
        image(photos.jpeg(twelve.repeat(2, axis=0).repeat(2, axis=1), quality=50)),
        image(photos.encoded(photos.resized(hopper, 1800 / hopper.shape[1]), "PNG", compress_level=6)),
    )


def furnish(server: Live) -> None:
    """Make what the bad requests are about; nothing where it is there."""
    client = Client(server.host, server.port)
    if HERE not in client("ListCollections")["CollectionIds"]:
        client("CreateCollection", CollectionId=HERE, Tags={"kept": "as it is"})
        client("IndexFaces", CollectionId=HERE, Image=bodies()["hopper"])
        client("CreateUser", CollectionId=HERE, UserId=USER, ClientRequestToken=USED_TOKEN)
    client.close()


class Visitor:
    """One client.

    Args:
        name: no other client's.
        run: what it shares with the others.
        seed: of its choices.
    """

    def __init__(self, name: str, run: Run, seed: int) -> None:
        self.name = name
        self.run = run
        self.random = random.Random(seed)

    def work(self, server: Live) -> None:
        """Call until told to stop or the server is gone."""
        client = Client(server.host, server.port, self.run.tell)
        try:
            while not self.run.stop.is_set():
                self.random.choice((self.ask, self.ask, self.bad, self.bad, self.tag))(client)
        except UnansweredError:
            return
        except BaseException as error:  # noqa: BLE001  a thread's failure is the test's
            self.run.failures.append(error)
        finally:
            client.close()

    def ask(self, client: Client) -> None:
        """Something that is answered, whatever the others do."""
        picture = self.random.choice([*bodies().values(), *large()])
        place = {"CollectionId": COMMON}
        asked: tuple[tuple[str, dict[str, Any]], ...] = (
            ("DetectFaces", {"Image": picture, "Attributes": ["ALL"]}),
            ("CompareFaces", {"SourceImage": picture, "TargetImage": bodies()["both"]}),
            ("SearchFacesByImage", place | {"Image": picture, "MaxFaces": 5}),
            ("SearchUsersByImage", place | {"Image": picture}),
            ("SearchUsers", {"CollectionId": HERE, "UserId": USER}),
            ("ListFaces", place | {"MaxResults": 100}),
            ("ListUsers", place),
            ("ListCollections", {"MaxResults": 2}),
            ("DescribeCollection", place),
            ("ListTagsForResource", {"ResourceArn": ARN}),
        )
        operation, members = self.random.choice(asked)
        answer = client(operation, **members)
        if "NextToken" in answer:
            client(operation, **members, NextToken=answer["NextToken"])

    def tag(self, client: Client) -> None:
        client("TagResource", ResourceArn=ARN, Tags={self.name: "here"})
        client("UntagResource", ResourceArn=ARN, TagKeys=[self.name])

    def bad(self, client: Client) -> None:
        """One of the bad requests, with its one answer."""
        row = self.random.choice(ROWS)
        members = None if isinstance(row.body, bytes) else VALID.get(row.operation, {}) | row.body
        body = row.body if members is None else {name: each for name, each in members.items() if each is not None}
        try:
            client.send(row.operation, body if isinstance(body, bytes) else json.dumps(body).encode())
            raise AssertionError(f"answered: {row.operation}: {row.name}")
        except RefusedError as error:
            assert (error.status, error.code) == (row.status, row.code), f"{row.operation}: {row.name}: {error}"
