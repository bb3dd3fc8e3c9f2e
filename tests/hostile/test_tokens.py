"""Page tokens, forged, from elsewhere and of long names: refused or good, and never an InternalServerError.

Seen before: forged tokens were answered 500, since their seal was a digest anybody could make, and some began with `-`,
which the AWS CLI takes for an option.
"""

import base64
import hashlib
import json
import random
import re
import string
import uuid
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from mien.store import open as stores
from mien.store.base import NewFace, Origin, Region
from tests import live as servers
from tests.live import Live
from tests.postgres import Postgres
from tests.putback import Copy

TOKEN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_]{0,254}")


def ask(live: Live, operation: str, **members: Any) -> Any:
    answer = live.post(operation, json.dumps(members).encode())
    assert answer.status == 200, answer.body
    return answer.json


def refused(live: Live, operation: str, **members: Any) -> str:
    answer = live.post(operation, json.dumps(members).encode())
    assert answer.status == 400, answer.body
    return str(answer.json["__type"])


@pytest.fixture
def name(live: Live) -> Iterator[str]:
    """A collection of seven users."""
    made = f"tokens-{uuid.uuid4()}"
    ask(live, "CreateCollection", CollectionId=made)
    for number in range(7):
        ask(live, "CreateUser", CollectionId=made, UserId=f"user-{number}")
    yield made
    ask(live, "DeleteCollection", CollectionId=made)


def old(last: bytes, *listing: str) -> str:
    """A token as earlier versions sealed it, without a key."""
    bound = "\0".join(listing).encode()
    return base64.b85encode(hashlib.blake2b(bound + b"\0\0" + last, digest_size=8).digest() + last).decode()


def forgeries(good: str, chance: random.Random) -> Iterator[str]:
    yield from (
        "-",
        "--help",
        "_",
        "0",
        "a",
        "b",
        "1" * 255,
        "9" * 255,
        "a" * 255,
        "b" * 24,
        "\u00e9",
        "\x00",
        " ",
        "'",
    )
    for last in (b"", b"x", b"\xff" * 30, b"99999999999999999999", bytes(8)):
        for operation in ("ListUsers", "ListFaces", "ListCollections"):
            yield old(last, operation, "1", "", "")
    for _ in range(200):
        place = chance.randrange(len(good))
        yield good[:place] + chance.choice(string.ascii_letters + string.digits + "_-+/=") + good[place + 1 :]
        yield good[:place]
        yield good[:place] + good[place + 1 :]
        yield "".join(chance.choice(string.ascii_letters + string.digits) for _ in range(chance.randrange(1, 256)))


def test_a_forged_token_is_refused(live: Live, name: str) -> None:
    good = ask(live, "ListUsers", CollectionId=name, MaxResults=2)["NextToken"]
    for forged in forgeries(good, random.Random(1)):
        if forged not in ("", good):
            for operation in ("ListUsers", "ListFaces"):
                code = refused(live, operation, CollectionId=name, NextToken=forged)
                assert code in {"InvalidPaginationTokenException", "ValidationException"}, (operation, forged)
            code = refused(live, "ListCollections", NextToken=forged)
            assert code in {"InvalidPaginationTokenException", "ValidationException"}, forged
    assert len(ask(live, "ListUsers", CollectionId=name, NextToken=good)["Users"]) == 5


def test_a_token_of_another_listing_is_refused(live: Live, name: str) -> None:
    other = f"{name}-other"
    ask(live, "CreateCollection", CollectionId=other)
    token = ask(live, "ListUsers", CollectionId=name, MaxResults=2)["NextToken"]
    listed = ask(live, "ListCollections", MaxResults=1)["NextToken"]
    for operation, members in (
        ("ListUsers", {"CollectionId": other}),
        ("ListFaces", {"CollectionId": name}),
        ("ListCollections", {}),
    ):
        assert refused(live, operation, NextToken=token, **members) == "InvalidPaginationTokenException"
    assert refused(live, "ListUsers", CollectionId=name, NextToken=listed) == "InvalidPaginationTokenException"
    ask(live, "DeleteCollection", CollectionId=other)
    ask(live, "CreateCollection", CollectionId=other)
    assert refused(live, "ListUsers", CollectionId=other, NextToken=token) == "InvalidPaginationTokenException"
    ask(live, "DeleteCollection", CollectionId=other)


def test_paging_goes_on_after_ordinary_writes(live: Live, name: str) -> None:
    first = ask(live, "ListUsers", CollectionId=name, MaxResults=3)
    assert TOKEN.fullmatch(first["NextToken"])
    ask(live, "CreateUser", CollectionId=name, UserId="late")
    ask(live, "DeleteUser", CollectionId=name, UserId="user-4")
    rest = ask(live, "ListUsers", CollectionId=name, NextToken=first["NextToken"])["Users"]
    assert [user["UserId"] for user in rest] == ["user-3", "user-5", "user-6", "late"]


def test_names_of_every_length_are_listed_a_page_at_a_time(live: Live) -> None:
    """255 letters do not fit into a token of 255 beside its seal, nor do names that differ in the last ones only."""
    chance, mark = random.Random(3), uuid.uuid4().hex
    letters = string.ascii_letters + string.digits + "_.-"
    names = {
        mark + "".join(chance.choice(letters) for _ in range(length)) for length in (1, 118, 119, 150, 223, 223, 223)
    }
    names |= {mark + "x" * 220 + f"{number:03}" for number in range(6)}
    for each in names:
        ask(live, "CreateCollection", CollectionId=each)
    seen: list[str] = []
    token: dict[str, str] = {}
    while True:
        page = ask(live, "ListCollections", MaxResults=1, **token)
        seen += page["CollectionIds"]
        if "NextToken" not in page:
            break
        assert TOKEN.fullmatch(page["NextToken"])
        token = {"NextToken": page["NextToken"]}
    assert seen == sorted(set(seen), key=str.encode)
    assert {each for each in seen if each.startswith(mark)} == names
    for each in names:
        ask(live, "DeleteCollection", CollectionId=each)


def test_long_names_deleted_while_they_are_listed_end_the_listing(live: Live) -> None:
    names = [f"{'z' * 250}{number:03}" for number in range(5)]
    for each in names:
        ask(live, "CreateCollection", CollectionId=each)
    seen: list[str] = []
    token: dict[str, str] = {}
    for _ in range(200):
        page = ask(live, "ListCollections", MaxResults=1, **token)
        seen += page["CollectionIds"]
        if page["CollectionIds"][0] in names:
            ask(live, "DeleteCollection", CollectionId=page["CollectionIds"][0])
        if "NextToken" not in page:
            break
        token = {"NextToken": page["NextToken"]}
    assert [each for each in seen if each in names] == names


def test_tokens_outlive_restarts_and_are_good_at_every_server_but_not_in_another_history(
    packs: str, postgres: Postgres, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with postgres.schema() as address:
        data = tmp_path_factory.mktemp("tokens") / "data"
        server = servers.serve(packs, data, "--store", address, "--threads", "1")
        try:
            ask(server, "CreateCollection", CollectionId="people")
            fill(address, 3)
            copy = Copy(address)
            fill(address, 6)
            token = ask(server, "ListFaces", CollectionId="people", MaxResults=2)["NextToken"]
            server.stop()
            server = servers.serve(packs, data, "--store", address, "--threads", "1")
            fill(address, 7)
            assert len(ask(server, "ListFaces", CollectionId="people", NextToken=token)["Faces"]) >= 4
            copy.put_back()
            fill(address, 9)
            code = refused(server, "ListFaces", CollectionId="people", NextToken=token)
            assert code == "InvalidPaginationTokenException"
            copy.drop()
        finally:
            server.stop()


def fill(address: str, number: int) -> None:
    """Keep a few faces, each of an image of its own."""
    store = stores.open_store(address, "")
    found = store.collections.find("000000000000", "people")
    assert found
    vector = np.eye(256, dtype=np.float32)[number]
    for place in range(3):
        face = NewFace(Region(0.1, 0.1, 0.1, 0.1), 99.0, vector)
        store.faces.add(found.key, Origin(uuid.UUID(int=100 * number + place), None), [face])
    store.database.close()
