"""Exports, backups and stores of strangers are refused with a sentence, in full, and in bounded memory."""

import io
import json
import sqlite3
import struct
import subprocess
import sys
import zipfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mien import config
from mien.operations.user_changes import combine
from mien.packs.manifest import catalogue
from mien.store import open as stores
from mien.store.base import NewFace, Origin, Region
from mien.store.tables.judging import Named
from mien.store.tables.likeness import Matching
from mien.store.upkeep.sweep import sweep_all
from mien.transfer import exporting
from mien.transfer.archive import TABLES, VERDICTS, VERSION, schema
from mien.transfer.archive_import import import_archive
from tests import live
from tests.congruence import faces
from tests.locked import mien

ENTRY = catalogue()[config.DEFAULT_PACK]
MATCHING = Matching(combine, lambda *_: 100.0)
MOST_MEMORY = 600 << 20  # bytes that a refusal may take, an interpreter with NumPy and Arrow among them
KEPT = ("collections", "users", "faces", "embeddings", "tags", "verdicts", "judged_faces", "judged_users")
Change = Callable[[dict[str, list[dict[str, Any]]]], None]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Creates a store with a collection of six faces, three of them of a user."""
    folder = tmp_path / "data"
    with closing((store := stores.open_store("", str(folder))).database):
        made = store.collections.create(faces.ACCOUNT, "family", ENTRY.contract, ENTRY.model_version, {"a": "b"})
        assert made
        ids = []
        for number in range(6):
            drawn = np.random.default_rng(number).standard_normal(ENTRY.dimension).astype(np.float32)
            face = NewFace(Region(0.1, 0.1, 0.2, 0.2), 99.5, drawn / np.linalg.norm(drawn))
            ids.append(store.faces.add(made.key, Origin(faces.image(number), f"{number}.jpg"), [face])[0].face_id)
        store.users.create(made.key, "ann", None)
        store.users.associate(made.key, "ann", ids[:3], MATCHING, None)
        store.judging.judge(made.key, "SAME", Named(None, ids[3:5]), None)
        store.judging.judge(made.key, "DIFFERENT", Named("ann"), Named(None, ids[3:5]))
    return folder


@pytest.fixture
def export(data: Path, tmp_path: Path) -> Path:
    with closing((store := stores.open_store("", str(data))).database):
        exporting.write(store, faces.ACCOUNT, None, tmp_path / "whole.mien")
    return tmp_path / "whole.mien"


def changed(export: Path, change: Change, **options: Any) -> Path:
    """Writes the export with other rows, as any program can with pyarrow."""
    tables = {}
    with zipfile.ZipFile(export) as archive:
        for name in (*TABLES, VERDICTS):
            tables[name] = pq.read_table(io.BytesIO(archive.read(f"{name}.parquet")), use_threads=False).to_pylist()
    change(tables)
    members = {}
    for name, rows in tables.items():
        into = io.BytesIO()
        pq.write_table(pa.Table.from_pylist(rows, schema(name)), into, **options)
        members[f"{name}.parquet"] = into.getvalue()
    return packed(export, members, {name: len(rows) for name, rows in tables.items()})


def packed(export: Path, members: dict[str, bytes], counts: dict[str, int], how: int = zipfile.ZIP_STORED) -> Path:
    said = {"format": "mien-export", "version": VERSION, "rows": counts}
    file = export.with_name("hostile.mien")
    with zipfile.ZipFile(file, "w", how) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
        archive.writestr("manifest.json", json.dumps(said))
    return file


def put(table: str, **values: Any) -> Change:
    return lambda tables: tables[table][-1].update(values)


def without(table: str, place: int) -> Change:
    def change(tables: dict[str, list[dict[str, Any]]]) -> None:
        del tables[table][place]

    return change


def twice(table: str) -> Change:
    return lambda tables: tables[table].append(dict(tables[table][-1]))


def embedding(*values: float) -> list[float]:
    return [*values, *[0.0] * (ENTRY.dimension - len(values))]


NAMES: list[tuple[str, Change]] = [
    (f"{table}.{column}={value[:12]}", put(table, **{column: value}))
    for table, column in (("collections", "name"), ("users", "name"), ("faces", "external_image_id"), ("faces", "user"))
    for value in ("../<img src=x>", "", "a" * 100_000, "a" * 256, "with space", "é", "a\nb", "\x1b[2J", "a\0b")
]
ROWS: list[tuple[str, Change]] = [
    *NAMES,
    *(
        (f"users.display_name={text[:12]!r}", put("users", display_name=text))
        for text in ("", "a" * 1001, "a\nb", "\x1b[2J", "a\0b", "a\u2028b")
    ),
    ("short", put("faces", embedding=[1.0, 0.0, 0.0])),
    ("long", put("faces", embedding=[1.0, *[0.0] * 511])),
    ("empty", put("faces", embedding=[])),
    ("infinite", put("faces", embedding=embedding(float("inf")))),
    ("no number", put("faces", embedding=embedding(float("nan"), 1.0))),
    ("zero", put("faces", embedding=embedding())),
    ("twice as long", put("faces", embedding=embedding(2.0))),
    ("an infinite vector", put("users", vector=embedding(float("inf")))),
    ("a vector of another", put("users", vector=embedding(1.0))),
    ("no vector", put("users", vector=None)),
    ("an infinite box", put("faces", left=float("inf"))),
    ("a box of no number", put("faces", height=float("nan"))),
    ("a box of no size", put("faces", width=-1.0)),
    ("a far box", put("faces", top=1e9)),
    ("too sure", put("faces", confidence=100.5)),
    ("surely not", put("faces", confidence=float("nan"))),
    ("no uuid", put("faces", face_id="../../etc/passwd")),
    ("another spelling", put("faces", face_id="{00000000-0000-0000-0000-000000000000}")),
    ("no image", put("faces", image_id="x")),
    ("a stranger's face", put("faces", user="eve")),
    ("another collection", put("faces", collection=7)),
    ("below all collections", put("faces", collection=-1)),
    ("null", put("faces", confidence=None)),
    ("a face twice", twice("faces")),
    ("a user twice", twice("users")),
    ("a collection twice", twice("collections")),
    ("a contract", put("collections", contract="<script>")),
    ("a long contract", put("collections", contract="a" * 65)),
    ("a version", put("collections", model_version="seven")),
    ("long ago", put("collections", created=-1.0)),
    ("never", put("collections", created=float("nan"))),
    ("in a far future", put("collections", created=1e300)),
    ("a tag", put("collections", tags=[("aws:mine", "b")])),
    ("a long tag", put("collections", tags=[("a", "b" * 257)])),
    ("a tag of marks", put("collections", tags=[("<b>", "c")])),
    ("a portrait of nobody", put("users", portrait="00000000-0000-4000-8000-000000000000")),
    ("a portrait of no uuid", put("users", portrait="x")),
    ("a verdict of no kind", put(VERDICTS, kind="MAYBE")),
    ("a verdict on a third side", put(VERDICTS, side=2)),
    ("a verdict on no face", put(VERDICTS, face_id=None)),
    ("a verdict on a face that is not there", put(VERDICTS, face_id="00000000-0000-4000-8000-000000000000")),
    ("a verdict on a stranger", put(VERDICTS, face_id=None, user="eve", side=0)),
    ("a verdict on a face and a user", put(VERDICTS, user="ann")),
    ("a verdict on one side", without(VERDICTS, -3)),
    ("a verdict on one face", without(VERDICTS, 0)),
    ("a verdict of another collection", put(VERDICTS, collection=7)),
    ("many tags", put("collections", tags=[(f"t{number}", "") for number in range(201)])),
]


def refused(*arguments: str | Path) -> str:
    """Runs a command that must refuse, and returns its one sentence."""
    done = mien(*map(str, arguments))
    assert done.returncode == 1, done.stdout + done.stderr
    assert done.stderr.startswith("mien: "), done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr) < 1500
    assert done.stderr.count("\n") == 1
    assert done.stderr.strip().isprintable()
    return done.stderr


HELD = ("collections", "users", "faces", "embeddings", "tags", "verdicts", "judged_faces", "judged_users")


def everything(data: Path) -> dict[str, list[Any]]:
    """Returns every table except for the deletions that hidden collections leave to the server."""
    with closing(sqlite3.connect(data / stores.FILE)) as connection:
        return {name: connection.execute(f"SELECT * FROM {name} ORDER BY 1, 2").fetchall() for name in HELD}


def swept(data: Path) -> dict[str, list[Any]]:
    with closing((store := stores.open_store("", str(data))).database):
        sweep_all(store.database)
    return everything(data)


@pytest.mark.parametrize("change", [change for _, change in ROWS], ids=[name for name, _ in ROWS])
def test_no_row_of_an_export_is_what_the_api_would_not_take(export: Path, tmp_path: Path, change: Change) -> None:
    from mien.errors import SetupError
    from mien.transfer.archive import open_archive

    with closing((store := stores.open_store("", str(tmp_path / "into"))).database):
        import_archive(store, faces.ACCOUNT, open_archive(export), merge=False)
    before = everything(tmp_path / "into")
    for merge, account in ((False, "1" * 12), (True, faces.ACCOUNT)):
        with closing((store := stores.open_store("", str(tmp_path / "into"))).database):
            with pytest.raises(SetupError) as why:
                import_archive(store, account, open_archive(changed(export, change)), merge=merge)
            assert len(str(why.value)) < 1500
            assert str(why.value).isprintable()
            sweep_all(store.database)
        assert everything(tmp_path / "into") == before


@pytest.mark.parametrize("rows", [ROWS[0], ROWS[2], ROWS[len(NAMES)], ROWS[len(NAMES) + 3]], ids=lambda row: row[0])
def test_the_command_refuses_with_a_sentence_and_leaves_nothing(
    export: Path, tmp_path: Path, rows: tuple[str, Change]
) -> None:
    said = refused("import", changed(export, rows[1]), "--data", tmp_path / "into")
    assert "row" in said
    assert not any(swept(tmp_path / "into").values())


def test_what_was_refused_can_be_imported_when_it_is_right_and_a_server_answers_from_it(
    export: Path, packs: str, tmp_path: Path
) -> None:
    into = tmp_path / "into"
    refused("import", changed(export, put("users", name="")), "--data", into)
    assert mien("import", str(export), "--data", str(into)).returncode == 0
    server = live.serve(packs, into)
    try:
        listed = server.post("ListFaces", b'{"CollectionId":"family"}').json["Faces"]
        assert len(listed) == 6
        body = json.dumps({"CollectionId": "family", "FaceId": listed[0]["FaceId"]}).encode()
        assert server.post("SearchFaces", body).status == 200
    finally:
        server.stop()
    assert mien("store", "check", "--data", str(into)).stdout == "The store is consistent.\n"


# ------------------------------------------------------------------------------------------------------ memory


def one_text(export: Path) -> Path:
    """60,000 rows share a text of a megabyte, in a dictionary of one entry."""
    shared = pa.DictionaryArray.from_arrays(pa.array(np.zeros(60_000, np.int32)), pa.array(["a" * 1_000_000]))
    return columns(export, 60_000, {"external_image_id": shared})


def long_lists(export: Path) -> Path:
    """A vector of twenty million zeros."""
    zeros = pa.array(np.zeros(20_000_000, np.float16))
    vector = pa.ListArray.from_arrays(pa.array([0, len(zeros)], pa.int32()), zeros)
    return columns(export, 1, {"embedding": vector})


def large_groups(export: Path) -> Path:
    """A group of two million rows that are all the same."""
    return columns(export, 2_000_000, {"embedding": pa.nulls(2_000_000, pa.list_(pa.float16()))}, 1 << 30)


def columns(export: Path, count: int, given: dict[str, Any], group: int = 4096) -> Path:
    """Writes the export with that many equal faces, except for the given columns."""
    with zipfile.ZipFile(export) as archive:
        members = {name: archive.read(name) for name in archive.namelist() if name != "manifest.json"}
    rows = pq.read_table(io.BytesIO(members["faces.parquet"]), use_threads=False)
    table = rows.take(pa.array(np.zeros(count if count < 100_000 else 1, np.int64)))
    arrays = [given.get(each.name, _spread(table[each.name], count)) for each in schema("faces")]
    fields = [pa.field(each.name, got.type, each.nullable) for each, got in zip(schema("faces"), arrays, strict=True)]
    into = io.BytesIO()
    made = pa.Table.from_arrays(arrays, schema=pa.schema(fields))
    pq.write_table(made, into, compression="zstd", store_schema=False, row_group_size=group,
                   dictionary_pagesize_limit=1 << 30)  # fmt: skip
    members["faces.parquet"] = into.getvalue()
    counts = {"collections": 1, "users": 1, "faces": count}
    return packed(export, members, counts)


def _spread(column: Any, count: int) -> Any:
    """Returns a column's first value, repeated."""
    if len(column) == count:
        return column.combine_chunks()
    if pa.types.is_list(column.type):
        return pa.nulls(count, column.type)
    return pa.repeat(column[0], count)


def deflated(export: Path) -> Path:
    return packed(export, dict.fromkeys(("collections.parquet", "users.parquet", "faces.parquet"), b"\0" * 100_000_000),
                  {"collections": 1, "users": 1, "faces": 1}, zipfile.ZIP_DEFLATED)  # fmt: skip


def a_long_manifest(export: Path) -> Path:
    with zipfile.ZipFile(export) as archive:
        members = {name: archive.read(name) for name in archive.namelist() if name != "manifest.json"}
    with zipfile.ZipFile(export.with_name("hostile.mien"), "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
        archive.writestr("manifest.json", b"[" * 50_000_000)
    return export.with_name("hostile.mien")


def a_deep_manifest(export: Path) -> Path:
    with zipfile.ZipFile(export.with_name("hostile.mien"), "w") as archive:
        for name in ("collections", "users", "faces"):
            archive.writestr(f"{name}.parquet", b"")
        archive.writestr("manifest.json", b'{"rows":' + b"[" * 60_000)
    return export.with_name("hostile.mien")


def many_members(export: Path) -> Path:
    """A directory of two million members that are all the same."""
    entry = struct.pack("<4s6H3L5H2L", b"PK\1\2", 20, 20, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0) + b"a"
    directory = entry * 2_000_000
    file = export.with_name("hostile.mien")
    end64 = struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, 0, 0, 2_000_000, 2_000_000, len(directory), 0)
    locator = struct.pack("<4sLQL", b"PK\6\7", 0, len(directory), 1)
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)
    file.write_bytes(directory + end64 + locator + end)
    return file


def beyond_the_end(export: Path) -> Path:
    content = bytearray(export.read_bytes())
    at = content.index(b"PK\1\2")
    struct.pack_into("<2L", content, at + 20, 2**31, 2**31)  # sizes of the first member
    export.with_name("hostile.mien").write_bytes(content)
    return export.with_name("hostile.mien")


@pytest.mark.parametrize(
    "make",
    [one_text, long_lists, large_groups, deflated, a_long_manifest, a_deep_manifest, many_members, beyond_the_end],
    ids=lambda each: each.__name__,
)
def test_no_export_takes_more_memory_than_mien_would_need(
    export: Path, tmp_path: Path, make: Callable[[Path], Path]
) -> None:
    file = make(export)
    assert peak(["import", str(file), "--data", str(tmp_path / "into")]) < MOST_MEMORY
    if (tmp_path / "into" / stores.FILE).exists():
        assert not any(swept(tmp_path / "into").values())


MEASURE = """import json, resource, subprocess, sys
done = subprocess.run(sys.argv[1:], capture_output=True, text=True)
print(json.dumps([done.returncode, done.stderr, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss]))"""


def peak(arguments: list[str]) -> int:
    """Run a command that must refuse; the most memory it held, in bytes.

    It is a grandchild, since the system counts what a process had before it became the command.
    """
    measure = [sys.executable, "-c", MEASURE, *live.command(*arguments)]
    done = subprocess.run(measure, capture_output=True, text=True, env=live.environment(), check=True)
    code, said, kilobytes = json.loads(done.stdout)
    assert code == 1, said
    assert said.startswith("mien: "), said
    assert said.count("\n") == 1
    return int(kilobytes) << 10


# ---------------------------------------------------------------------------------------------- backups and stores

STATEMENTS = {
    "trigger": "CREATE TRIGGER t AFTER INSERT ON faces BEGIN DELETE FROM collections; END",
    "trigger on tokens": "CREATE TRIGGER t AFTER DELETE ON tokens BEGIN UPDATE collections SET name = 'x'; END",
    "view": "CREATE VIEW v AS SELECT * FROM access_keys",
    "table": "CREATE TABLE mine (a)",
    "index": "CREATE INDEX i ON faces (confidence)",
    "generated": "ALTER TABLE users ADD COLUMN g TEXT AS (name || '!') VIRTUAL",
    "column": "ALTER TABLE users ADD COLUMN more TEXT DEFAULT 'x'",
    "lost index": "DROP INDEX faces_by_image",
    "statistics": "ANALYZE",
}
VALUES = {
    "a name": "UPDATE collections SET name = '../<img src=x>'",
    "no name": "UPDATE users SET name = ''",
    "a long name": f"UPDATE faces SET external_image_id = '{'a' * 100_000}'",
    "a name of bytes": "UPDATE users SET name = x'ff00'",
    "no text": "UPDATE collections SET name = CAST(x'ff' AS TEXT)",
    "a tag": "UPDATE tags SET value = '<b>'",
    "an account": "UPDATE collections SET account = 'everyone'",
    "a short embedding": "UPDATE embeddings SET vector = x'003c00000000'",
    "an odd embedding": "UPDATE embeddings SET vector = x'003c00'",
    "a text for an embedding": "UPDATE embeddings SET vector = 'abc'",
    "a large embedding": "UPDATE embeddings SET vector = zeroblob(1000000)",
    "an infinite box": "UPDATE faces SET box_left = 9e999",
    "a box of words": "UPDATE faces SET box_left = 'left'",
    "a confidence": "UPDATE faces SET confidence = 101",
    "a face's id": "UPDATE faces SET face_id = x'00' WHERE id = 1",
    "a far key": "UPDATE faces SET revision = 9223372036854775807",
    "a last key": "UPDATE sqlite_sequence SET seq = 9223372036854775807",
    "a time": "UPDATE collections SET created = -9e999",
}


def spoiled(data: Path, tmp_path: Path, statement: str) -> Path:
    """Copies the store and runs a statement on the copy."""
    file = tmp_path / "backup.db"
    with closing(sqlite3.connect(data / stores.FILE)) as source, closing(sqlite3.connect(file)) as target:
        source.backup(target)
        target.execute("PRAGMA journal_mode = DELETE")
        target.execute(statement)
        target.commit()
    return file


@pytest.mark.parametrize("statement", [*STATEMENTS.values(), *VALUES.values()], ids=[*STATEMENTS, *VALUES])
def test_a_strangers_backup_is_refused_and_nothing_of_it_runs(data: Path, tmp_path: Path, statement: str) -> None:
    file, before = spoiled(data, tmp_path, statement), everything(data)
    refused("store", "restore", file, "--data", data, "--force")
    assert everything(data) == before
    assert not [each.name for each in data.iterdir() if "restore" in each.name]


@pytest.mark.parametrize("name", ["trigger", "view", "a name", "a short embedding", "an infinite box", "a last key"])
def test_a_strangers_store_is_not_copied(data: Path, tmp_path: Path, name: str) -> None:
    file = spoiled(data, tmp_path, (STATEMENTS | VALUES)[name])
    before, target = _made_by(file), tmp_path / "to" / "store.db"
    refused("store", "copy", f"sqlite:///{file}", f"sqlite:///{target}")
    assert _made_by(file) == before
    if target.exists():
        assert not any(_rows(target).values())


def _made_by(file: Path) -> list[Any]:
    with closing(sqlite3.connect(file)) as connection:
        return [*connection.execute("SELECT type, name, sql FROM sqlite_master"), *sorted(_rows(file).items())]


def _rows(file: Path) -> dict[str, int]:
    with closing(sqlite3.connect(file)) as connection:
        return {name: connection.execute(f"SELECT COUNT(*) FROM {name}").fetchone()[0] for name in HELD}


def test_what_is_mien_s_own_is_restored_and_copied(data: Path, tmp_path: Path) -> None:
    """The same command accepts a valid file."""
    file = spoiled(data, tmp_path, "SELECT 1")
    assert mien("store", "restore", str(file), "--data", str(tmp_path / "new")).returncode == 0
    assert everything(tmp_path / "new") == everything(data)
    target = tmp_path / "to" / stores.FILE
    assert mien("store", "copy", f"sqlite:///{file}", f"sqlite:///{target}").returncode == 0
    assert everything(target.parent) == everything(data)
