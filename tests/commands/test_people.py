"""`mien people`: listed, named, renamed, merged and split, in a data directory and through a server."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from tests import live as servers
from tests.commands.people import answer, folder, mien


@pytest.fixture(params=["data", "server"])
def people(request: pytest.FixtureRequest, packs: str, tmp_path: Path) -> "Iterator[People]":
    """How to ask: a data directory with five photographs of two people whom nobody has named, or its server."""
    photographs = tmp_path / "photographs"
    for place in sorted(folder(tmp_path / "people").glob("[AG]*/*.jpg")):
        photographs.mkdir(exist_ok=True)
        (photographs / f"{place.parent.name[0]}{place.name}").write_bytes(place.read_bytes())
    data = tmp_path / "data"
    mien("import", photographs, "--collection", "club", "--data", data, MIEN_PACKS=packs)
    if request.param == "data":
        yield People(("--data", str(data)), {"MIEN_PACKS": packs})
        return
    server = servers.serve(packs, data)
    try:
        yield People(("--endpoint", server.address), {"AWS_DEFAULT_REGION": "us-east-1"})
    finally:
        server.stop()


class People:
    """`mien people club`, asked in one way or the other."""

    def __init__(self, where: tuple[str, str], variables: dict[str, str]) -> None:
        self.where, self.variables = where, variables

    def __call__(self, *words: object, code: int = 0) -> str:
        done = mien("people", "club", *words, *self.where, code=code, folder=None, **self.variables)
        return done.stderr if code else done.stdout

    def found(self, *words: object) -> Any:
        return answer("people", "club", *words, *self.where, code=0, **self.variables)


def face_ids(data: Path, person: str) -> list[str]:
    """The FaceIds of the photographs whose name begins with this letter, as the store has them."""
    with closing(sqlite3.connect(f"file:{data}/mien.db?mode=ro", uri=True)) as store:
        rows = store.execute("SELECT face_id FROM faces WHERE external_image_id LIKE ? ORDER BY id", (f"{person}%",))
        return [str(UUID(bytes=row[0])) for row in rows]


def test_people_are_named_renamed_merged_and_split(people: People, tmp_path: Path) -> None:
    grace, astronaut = (face_ids(tmp_path / "data", person) for person in "GA")
    assert people() == "There is nobody.\n"
    said = people("name", "Grace Hopper", *grace)
    assert said == "Grace Hopper (Grace:20Hopper)  2 faces; 2 faces added\n"
    people("name", "Анна", *astronaut)
    (anna,) = people.found("list", "--contains", "анна")
    assert (anna["DisplayName"], anna["FaceCount"]) == ("Анна", 2)
    assert people("rename", "Анна", "Eileen") == f"Анна is now Eileen ({anna['UserId']})  2 faces\n"
    assert "Give that UserId" in people("name", "Eileen", grace[0], code=1)
    assert people("name", "Eileen", grace[0], "--join").endswith(
        f"0 faces added\nleft out: {grace[0]} belongs to Grace:20Hopper\n"
    )
    assert people("merge", "Grace Hopper", "Eileen") == "Grace Hopper (Grace:20Hopper)  4 faces\n"
    faces = people.found("faces", "Grace Hopper")
    assert {each["Face"]["FaceId"] for each in faces} == {*grace, *astronaut}
    assert people("faces", "Grace:20Hopper").count("similarity to the rest") == 4
    split = people.found("split", "Grace:20Hopper", *astronaut, "--name", "Eileen")
    assert (split["Person"]["UserId"], split["Person"]["FaceCount"]) == ("Eileen", 2)
    assert people("remove", "Eileen", astronaut[0]) == "Eileen  1 face\n"
    assert people("--sort", "faces") == "Grace Hopper (Grace:20Hopper)  2 faces\nEileen  1 face\n"
    assert people("rename", "Nobody", "x", code=1) == "mien: There is no person 'Nobody' in the collection.\n"
    people("name", "Eileen", astronaut[0], "--another")
    assert "name one by its UserId: Eileen, Eileen-2." in people("merge", "Grace Hopper", "Eileen", code=1)


def test_the_unknown_are_shown_in_groups_and_named_by_them(people: People) -> None:
    one, two = people.found("unknown")
    assert (one["FaceCount"], two["FaceCount"]) == (2, 2)
    people("name", "Ann", "--group", one["GroupId"])
    assert people("unknown") == f"{two['GroupId']}  2 faces in 2 photographs\n"
    people("hide", two["GroupId"])
    assert people("unknown") == "There is nobody unknown.\n"
    assert people("unknown", "--hidden") == f"{two['GroupId']}  2 faces in 2 photographs\n"
    people("show", two["GroupId"])
    assert people("suggest", "Ann") == "There is nothing to suggest.\n"
    people("split", "Ann", one["FaceIds"][0], "--name", "Bea")
    assert people("suggest") == "There is nothing to suggest.\n"  # a split says that they are two people


def test_mistakes_are_sentences(packs: str, tmp_path: Path) -> None:
    missing = mien("people", "club", "--data", tmp_path, code=1, MIEN_PACKS=packs)
    assert missing.stderr == f"mien: There is no store at {tmp_path}/mien.db.\n"
    assert mien("people", "club", "name", "--data", tmp_path, code=2).stderr.endswith("required: NAME, FACE\n")
