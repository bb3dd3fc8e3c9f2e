"""`mien export` and the import of what it wrote: everything comes back as it was, and nothing half."""

import json
import re
import sqlite3
import subprocess
import sys
import zipfile
from contextlib import closing
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from mien.store.open import FILE
from tests import live as servers
from tests import photos
from tests.commands.people import answer, folder, mien

DOCS = Path(__file__).resolve().parents[2] / "docs"
EVERYTHING = {
    "collections": "SELECT account, name, contract, model_version, created, faces, users FROM collections "
    "ORDER BY name",
    "users": "SELECT c.name, u.name, u.faces, v.vector, u.display_name FROM users u "
    "JOIN collections c ON c.id = u.collection LEFT JOIN user_vectors v ON v.user_key = u.id ORDER BY c.name, u.id",
    "faces": "SELECT c.name, face_id, image_id, external_image_id, box_left, box_top, box_width, box_height, "
    "confidence, u.name, vector FROM faces f JOIN collections c ON c.id = f.collection "
    "JOIN embeddings e ON e.face = f.id LEFT JOIN users u ON u.id = f.user_key ORDER BY c.name, f.id",
    "tags": "SELECT c.name, tag, value FROM tags t JOIN collections c ON c.id = t.collection ORDER BY c.name, tag",
}


def everything(data: Path) -> dict[str, list[tuple[Any, ...]]]:
    """All that is public or compared, bit for bit."""
    with closing(sqlite3.connect(data / FILE)) as connection:
        return {name: connection.execute(statement).fetchall() for name, statement in EVERYTHING.items()}


@pytest.fixture(scope="module")
def data(packs: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with a collection of people, one with tags and a user without faces, and an empty one."""
    place = tmp_path_factory.mktemp("exported")
    data = place / "data"
    server = servers.serve(packs, data)
    client = server.client()
    mien("import", folder(place / "people"), "--collection", "family", "--endpoint", server.address, "--data", place)
    client.create_collection(CollectionId="crew", Tags={"ship": "été 1", "port": ""})
    client.index_faces(CollectionId="crew", Image={"Bytes": photos.pair()})
    client.create_user(CollectionId="crew", UserId="nobody-yet")
    client.create_collection(CollectionId="empty")
    server.stop()
    with closing(sqlite3.connect(data / FILE)) as connection, connection:
        connection.execute("UPDATE users SET display_name = 'Ещё никто' WHERE name = 'nobody-yet'")
    return data


def test_a_round_trip_is_exact(packs: str, data: Path, tmp_path: Path) -> None:
    file, copy = tmp_path / "all.mien", tmp_path / "copy"
    wrote = answer("export", file, "--data", data)
    (program,) = re.findall(r"```python\n(.*?)```", (DOCS / "export.md").read_text(), re.DOTALL)
    shown = subprocess.run(
        [sys.executable, "-c", program + "print(len(faces))"], cwd=tmp_path, capture_output=True, check=True
    )
    assert shown.stdout == b"6\n"
    assert wrote == {"file": str(file), "collections": 3, "users": 3, "faces": 6, "verdicts": 0}
    assert file.stat().st_mode & 0o077 == 0
    assert answer("import", file, "--data", copy) == {"collections": 3, "users": 3, "faces": 6}
    before = everything(data)
    assert everything(copy) == before
    assert (len(before["faces"]), len(before["users"]), len(before["tags"])) == (6, 3, 2)
    server = servers.serve(packs, copy)
    try:
        client = server.client()
        found = client.search_users_by_image(CollectionId="family", Image={"Bytes": photos.pair()})
        assert [match["User"]["UserId"] for match in found["UserMatches"]] == ["Grace:20Hopper"]
        assert client.list_collections()["CollectionIds"] == ["crew", "empty", "family"]
    finally:
        server.stop()


def test_collections_of_few_and_of_many_users_come_back(packs: str, tmp_path: Path) -> None:
    server = servers.serve(packs, tmp_path / "data")
    client = server.client()
    for collection, count in (("few", 1), ("many", 12)):
        client.create_collection(CollectionId=collection)
        for number in range(count):
            image = {"Bytes": photos.jpeg(photos.hopper().pixels, quality=60 + number)}
            (record,) = client.index_faces(CollectionId=collection, Image=image)["FaceRecords"]
            client.create_user(CollectionId=collection, UserId=f"user-{number}")
            faces = [record["Face"]["FaceId"]]
            client.associate_faces(CollectionId=collection, UserId=f"user-{number}", FaceIds=faces)
    server.stop()
    mien("export", tmp_path / "all.mien", "--data", tmp_path / "data")
    imported = answer("import", tmp_path / "all.mien", "--data", tmp_path / "copy")
    assert imported == {"collections": 2, "users": 13, "faces": 13}
    assert everything(tmp_path / "copy") == everything(tmp_path / "data")


def test_it_is_written_while_a_server_runs_and_read_when_none_does(packs: str, data: Path, tmp_path: Path) -> None:
    server = servers.serve(packs, data)
    try:
        assert answer("export", tmp_path / "one.mien", "--data", data, "--collection", "crew")["faces"] == 2
        assert "in use" in mien("import", tmp_path / "one.mien", "--data", data, code=1).stderr
    finally:
        server.stop()


def test_a_collection_that_is_there_is_merged_only_when_asked(data: Path, tmp_path: Path) -> None:
    whole, half = tmp_path / "whole.mien", tmp_path / "half"
    mien("export", whole, "--data", data)
    mien("import", whole, "--data", half)
    before = everything(half)
    refused = mien("import", whole, "--data", half, code=1)
    assert "--merge" in refused.stderr
    assert everything(half) == before
    assert answer("import", whole, "--data", half, "--merge") == {"collections": 3, "users": 0, "faces": 0}
    assert everything(half) == before
    with closing(sqlite3.connect(half / FILE)) as connection:  # as if one had been deleted
        (key,) = connection.execute("SELECT id FROM faces WHERE external_image_id = '001.jpg' LIMIT 1").fetchone()
        for statement in ("DELETE FROM embeddings WHERE face = ?", "DELETE FROM faces WHERE id = ?"):
            connection.execute(statement, (key,))
        connection.execute("UPDATE collections SET faces = faces - 1 WHERE name = 'family'")
        connection.commit()
    assert answer("import", whole, "--data", half, "--merge") == {"collections": 3, "users": 0, "faces": 1}
    after = everything(half)
    assert sorted(after["faces"]) == sorted(before["faces"])
    assert sorted(after["users"]) == sorted(before["users"])


def test_another_packs_collection_comes_in_and_is_not_searched(packs: str, data: Path, tmp_path: Path) -> None:
    file, copy = tmp_path / "old.mien", tmp_path / "copy"
    older = tmp_path / "older"
    mien("export", file, "--data", data)
    mien("import", file, "--data", older)
    with closing(sqlite3.connect(older / FILE)) as connection:
        connection.execute("UPDATE collections SET contract = ?, model_version = '7.1'", ("0" * 64,))
        connection.commit()
    mien("export", tmp_path / "other.mien", "--data", older)
    mien("import", tmp_path / "other.mien", "--data", copy)
    assert "cannot be compared" in mien("import", file, "--data", copy, "--merge", code=1).stderr
    probe = tmp_path / "probe.jpg"
    probe.write_bytes(photos.pair())
    refused = mien("search", probe, "--collection", "family", "--data", copy, code=1, MIEN_PACKS=packs)
    assert "a pack that is not known here (7.1)" in refused.stderr
    assert "cannot be compared" in refused.stderr


def test_what_is_damaged_or_newer_or_nonsense_leaves_nothing(data: Path, tmp_path: Path) -> None:
    whole = tmp_path / "whole.mien"
    mien("export", whole, "--data", data)
    with zipfile.ZipFile(whole) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    manifest = json.loads(members["manifest.json"])
    assert (manifest["format"], manifest["version"]) == ("mien-export", 2)
    assert manifest["rows"] == {"collections": 3, "users": 3, "faces": 6, "verdicts": 0}
    flipped = bytearray(whole.read_bytes())
    flipped[len(flipped) // 2] ^= 255
    faces = pq.read_table(tmp_path / "faces.parquet") if _put(tmp_path, members) else None
    assert faces is not None
    doubled = faces.to_pylist()
    doubled[-1]["embedding"] = [2.0] * len(doubled[0]["embedding"])
    cases = {
        "damaged": bytes(flipped),
        "version 3": _zip(members | {"manifest.json": json.dumps(manifest | {"version": 3}).encode()}),
        "version 0": _zip(members | {"manifest.json": json.dumps(manifest | {"version": 0}).encode()}),
        "not an export": _zip({"a.txt": b"a"}),
        "of a length between 0.1 and 1": _zip(members | {"faces.parquet": _table(faces, doubled, tmp_path)}),
        "other columns": _zip(members | {"faces.parquet": members["users.parquet"]}),
    }
    for number, (words, content) in enumerate(cases.items()):
        bad, copy = tmp_path / f"{number}.mien", tmp_path / f"copy{number}"
        bad.write_bytes(content)
        assert words in mien("import", bad, "--data", copy, code=1).stderr
        if (copy / FILE).exists():
            assert everything(copy)["collections"] == []


def test_an_export_of_the_first_version_is_read(data: Path, tmp_path: Path) -> None:
    whole, old = tmp_path / "whole.mien", tmp_path / "old.mien"
    mien("export", whole, "--data", data)
    with zipfile.ZipFile(whole) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    _put(tmp_path, members)
    users = pq.read_table(tmp_path / "users.parquet").drop_columns(["display_name", "portrait"])
    manifest = json.loads(members["manifest.json"]) | {"version": 1}
    del members["verdicts.parquet"], manifest["rows"]["verdicts"]
    members["users.parquet"] = _table(users, users.to_pylist(), tmp_path)
    old.write_bytes(_zip(members | {"manifest.json": json.dumps(manifest).encode()}))
    assert answer("import", old, "--data", tmp_path / "copy") == {"collections": 3, "users": 3, "faces": 6}
    before, after = everything(data), everything(tmp_path / "copy")
    assert [row[:4] for row in after["users"]] == [row[:4] for row in before["users"]]
    assert {row[4] for row in after["users"]} == {None}


def test_an_export_is_not_written_over_and_needs_a_store(data: Path, tmp_path: Path) -> None:
    file = tmp_path / "a.mien"
    mien("export", file, "--data", data)
    assert "--force" in mien("export", file, "--data", data, code=1).stderr
    mien("export", file, "--data", data, "--force")
    assert (
        "no collection missing"
        in mien("export", tmp_path / "b", "--data", data, "--collection", "missing", code=1).stderr
    )
    assert "There is no store" in mien("export", tmp_path / "b", "--data", tmp_path / "none", code=1).stderr
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_file()) == ["a.mien"]


def _put(place: Path, members: dict[str, bytes]) -> bool:
    for name, content in members.items():
        (place / name).write_bytes(content)
    return True


def _zip(members: dict[str, bytes]) -> bytes:
    import io

    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return file.getvalue()


def _table(like: Any, rows: list[dict[str, Any]], place: Path) -> bytes:
    import pyarrow as pa

    pq.write_table(pa.Table.from_pylist(rows, like.schema), place / "changed.parquet")
    return (place / "changed.parquet").read_bytes()


def test_a_store_on_postgresql_is_filled_moved_and_left(packs: str, schema: str, tmp_path: Path) -> None:
    """Photographs into PostgreSQL while a server runs on it, and from there through an export into SQLite."""
    people, file, copy = folder(tmp_path / "people"), tmp_path / "all.mien", tmp_path / "copy"
    server = servers.serve(packs, tmp_path / "data", "--store", schema)
    try:
        into = ("import", people, "--collection", "family", "--store", schema, "--data", tmp_path / "data")
        assert answer(*into, MIEN_PACKS=packs)["faces"] == 4
        assert answer(*into, MIEN_PACKS=packs)["earlier"] == 5
        found = server.client().search_users_by_image(CollectionId="family", Image={"Bytes": photos.pair()})
        assert [match["User"]["UserId"] for match in found["UserMatches"]] == ["Grace:20Hopper"]
    finally:
        server.stop()
    assert answer("export", file, "--store", schema, "--data", tmp_path / "data")["faces"] == 4
    assert answer("import", file, "--data", copy) == {"collections": 1, "users": 2, "faces": 4}
    assert [(row[1], row[5], row[6]) for row in everything(copy)["collections"]] == [("family", 4, 2)]
    assert "There is no store" in mien("export", file, "--force", "--data", tmp_path / "none", code=1).stderr
