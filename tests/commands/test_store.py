"""The commands that check, back up, restore and compact a store, run as a user runs them."""

import json
import os
import pty
import shutil
import sqlite3
import stat
import subprocess
import threading
from contextlib import closing
from pathlib import Path

import pytest
from botocore.exceptions import BotoCoreError

from mien.store import open as stores
from mien.store.base import HistoryGoneError, Region
from mien.store.engines.sqlite_migrations import scripts
from mien.store.tables.job_records import Asked
from mien.store.tables.liveness_sessions import LivenessImage, LivenessResult, LivenessSettings
from mien.store.tables.tokens import Token
from tests import live, photos
from tests.congruence import faces
from tests.live import Live
from tests.locked import mien
from tests.store.engines.test_sqlite import older
from tests.store.upkeep.test_check import fill


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data directory with a store that was used."""
    folder = tmp_path / "data"
    with closing((store := stores.open_store("", str(folder))).database):
        fill(store)
    return folder


def run(command: str, data: Path, *arguments: str, code: int = 0) -> str:
    """Run `mien store COMMAND`; what it said, on standard output when it went well."""
    done = mien("store", command, *arguments, "--data", str(data))
    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout if code == 0 else done.stderr


def held(data: Path) -> dict[str, set[str]]:
    """Every collection's faces."""
    with closing((store := stores.open_store("", str(data))).database):
        return {
            each.name: {str(face.face_id) for face in faces.everyone(store, each.key)}
            for each in store.collections.page(faces.ACCOUNT, "", 99)
        }


def write(data: Path, statement: str) -> None:
    with closing(sqlite3.connect(data / stores.FILE)) as beside:
        beside.execute(statement)
        beside.commit()


def damage(file: Path) -> None:
    """Overwrite the first page of the embeddings."""
    with closing(sqlite3.connect(file)) as beside:
        ((page,),) = beside.execute("SELECT rootpage FROM sqlite_master WHERE name = 'embeddings'").fetchall()
        ((size,),) = beside.execute("PRAGMA page_size").fetchall()
    content = bytearray(file.read_bytes())
    content[(page - 1) * size : page * size] = b"\xa5" * size
    file.write_bytes(content)


def spoil(file: Path, fault: str) -> None:
    """Makes a backup newer than this mien, damaged, or torn."""
    if fault == "newer":
        with closing(sqlite3.connect(file)) as beside:
            beside.execute(f"PRAGMA user_version = {len(scripts()) + 1}")
    elif fault == "damaged":
        damage(file)
    elif fault == "torn":
        os.truncate(file, file.stat().st_size // 2)


# ------------------------------------------------------------------------------------------------------------- check


def test_check_says_that_all_is_well(data: Path) -> None:
    assert run("check", data) == "The store is consistent.\n"
    assert json.loads(run("check", data, "--json")) == {"findings": []}


def test_check_ends_with_1_and_a_line_for_each_finding(data: Path) -> None:
    write(data, "UPDATE collections SET faces = 99 WHERE name = 'people'")
    write(data, "DELETE FROM embeddings WHERE face = 4")
    done = mien("store", "check", "--data", str(data))
    assert done.returncode == 1
    assert done.stdout.splitlines() == [
        "The collection people counts 99 faces and has 12.",
        "1 faces have no embedding (such as id 4).",
    ]
    assert len(json.loads(mien("store", "check", "--data", str(data), "--json").stdout)["findings"]) == 2


def test_check_finds_a_damaged_file(data: Path) -> None:
    with closing(sqlite3.connect(data / stores.FILE)) as beside:
        beside.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    damage(data / stores.FILE)
    done = mien("store", "check", "--data", str(data))
    assert done.returncode == 1
    assert "SQLite" in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("command", ["check", "compact"])
def test_where_there_is_no_store_none_is_made(tmp_path: Path, command: str) -> None:
    assert "There is no store at" in run(command, tmp_path / "data", code=1)
    assert not (tmp_path / "data" / stores.FILE).exists()


# ------------------------------------------------------------------------------------------------ backup and restore


def test_a_backup_made_while_a_server_indexes_has_all_that_was_acknowledged_before_it(
    packs: str, tmp_path: Path
) -> None:
    server = live.serve(packs, tmp_path / "data")
    server.client().create_collection(CollectionId="people")
    acknowledged: list[str] = []
    stopping, failures = threading.Event(), list[str]()
    writers = [threading.Thread(target=index, args=(server, n, acknowledged, stopping, failures)) for n in range(3)]
    for writer in writers:
        writer.start()
    try:
        while len(acknowledged) < 30 and not failures:
            stopping.wait(0.05)
        before = set(acknowledged)
        said = run("backup", tmp_path / "data", str(tmp_path / "first.db"))
        assert "master key" in said
        assert run("check", tmp_path / "data") == "The store is consistent.\n"  # beside the same writers
    finally:
        stopping.set()
        for writer in writers:
            writer.join(30)
    assert not failures, failures[0]
    assert len(acknowledged) > len(before)
    for command, file in (("restore", str(tmp_path / "first.db")), ("compact", "")):
        assert f"process {server.process.pid}" in run(command, tmp_path / "data", *filter(None, [file]), code=1)
    assert server.stop() == 0

    (tmp_path / "data" / "snapshots").mkdir(exist_ok=True)
    (tmp_path / "data" / "snapshots" / "1").write_text("of another history")
    run("restore", tmp_path / "data", str(tmp_path / "first.db"))
    assert not (tmp_path / "data" / "snapshots").exists()
    server = live.serve(packs, tmp_path / "data")
    try:
        found = found_in(server)
        assert before <= found
        assert len(found) < len(acknowledged)  # what came after the backup is not in it
    finally:
        server.stop()
    aside = tmp_path / "aside"
    aside.mkdir()
    (tmp_path / "data" / (stores.FILE + ".before-restore")).rename(aside / stores.FILE)
    assert set(acknowledged) <= held_there(aside)  # and nothing of the store before it is lost


def held_there(data: Path) -> set[str]:
    with closing((store := stores.open_store("", str(data))).database):
        (key,) = [each.key for each in store.collections.page(faces.ACCOUNT, "", 9)]
        return {str(face.face_id) for face in faces.everyone(store, key)}


def index(server: Live, writer: int, acknowledged: list[str], stopping: threading.Event, failures: list[str]) -> None:
    client = server.client()
    for number in range(100_000):
        if stopping.is_set():
            return
        try:
            answer = client.index_faces(
                CollectionId="people", Image={"Bytes": photos.hopper().data}, ExternalImageId=f"{writer}-{number}"
            )
        except BotoCoreError as error:
            failures.append(str(error))
            return
        acknowledged += [record["Face"]["FaceId"] for record in answer["FaceRecords"]]


def found_in(server: Live) -> set[str]:
    """What a search by image finds; every one must be listed."""
    client = server.client()
    pages = client.get_paginator("list_faces").paginate(CollectionId="people")
    listed = {face["FaceId"] for page in pages for face in page["Faces"]}
    answer = client.search_faces_by_image(
        CollectionId="people", Image={"Bytes": photos.hopper().data}, MaxFaces=4096, FaceMatchThreshold=99
    )
    found = {match["Face"]["FaceId"] for match in answer["FaceMatches"]}
    assert found == listed or len(listed) > 4096
    assert all(match["Similarity"] == 100 for match in answer["FaceMatches"])
    return listed


def test_a_backup_is_one_file_of_its_owners_and_the_store_is_left_alone(data: Path, tmp_path: Path) -> None:
    before = held(data)
    target = tmp_path / "copies" / "first.db"
    assert "does not exist" in run("backup", data, str(target), code=1)
    target.parent.mkdir()
    answer = json.loads(run("backup", data, str(target), "--json"))
    assert answer == {"file": str(target), "bytes": target.stat().st_size, "findings": []}
    assert list(target.parent.iterdir()) == [target]
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert held(data) == before


def test_a_backup_has_no_session(data: Path, tmp_path: Path) -> None:
    """Not even in the pages that its deletion left free."""
    with closing((store := stores.open_store("", str(data))).database):
        picture = LivenessImage(Region(0, 0, 1, 1), os.urandom(100_000))
        session = store.liveness.create(faces.ACCOUNT, LivenessSettings())
        store.liveness.begin(faces.ACCOUNT, session)
        store.liveness.finish(faces.ACCOUNT, session, "SUCCEEDED", LivenessResult(99.0, picture))
        (row,) = store.database.read(lambda cursor: cursor.rows("SELECT session, result FROM liveness_sessions"))
    run("backup", data, str(tmp_path / "copy.db"))
    copied = (tmp_path / "copy.db").read_bytes()
    assert bytes(row[1])[50_000:50_100] in (data / stores.FILE).read_bytes()
    assert bytes(row[1])[50_000:50_100] not in copied
    assert bytes(row[0]) not in copied


def test_a_backup_has_no_video_job_and_a_restore_takes_none(data: Path, tmp_path: Path) -> None:
    film = Asked(bucket="films", name="secret.mp4", version=None, etag="e", size=1)
    with closing((store := stores.open_store("", str(data))).database):
        store.video_jobs.create(faces.ACCOUNT, "StartFaceDetection", film, None, token=None, most=1)
    run("backup", data, str(tmp_path / "copy.db"))
    assert b"secret.mp4" in (data / stores.FILE).read_bytes()
    assert b"secret.mp4" not in (tmp_path / "copy.db").read_bytes()
    shutil.copy(data / stores.FILE, tmp_path / "foreign.db")
    run("restore", tmp_path / "put-back", str(tmp_path / "foreign.db"))
    with closing((store := stores.open_store("", str(tmp_path / "put-back"))).database):
        assert faces.count(store, "video_jobs") == 0


def test_a_backup_replaces_no_file_unless_forced(data: Path, tmp_path: Path) -> None:
    target = tmp_path / "first.db"
    target.write_text("precious")
    assert "--force" in run("backup", data, str(target), code=1)
    assert target.read_text() == "precious"
    run("backup", data, str(target), "--force")
    assert target.read_bytes()[:15] == b"SQLite format 3"
    assert "is there already" in run("backup", data, str(data / stores.FILE), "--force", code=1)


def test_what_does_not_hold_together_is_backed_up_and_said(data: Path, tmp_path: Path) -> None:
    write(data, "DELETE FROM embeddings WHERE face = 4")
    done = mien("store", "backup", str(tmp_path / "first.db"), "--data", str(data))
    assert done.returncode == 1
    assert "1 faces have no embedding" in done.stderr
    before = held(data)
    assert "nothing was changed" in run("restore", data, str(tmp_path / "first.db"), code=1)
    assert held(data) == before
    run("restore", data, str(tmp_path / "first.db"), "--force")
    assert mien("store", "check", "--data", str(data)).returncode == 1


def test_a_restored_store_is_what_it_was(data: Path, tmp_path: Path) -> None:
    before = held(data)
    run("backup", data, str(tmp_path / "first.db"))
    with closing((store := stores.open_store("", str(data))).database):
        faces.add(store, faces.make(store, "later"), 1, [faces.face()])
        store.collections.delete(faces.ACCOUNT, "people")
    after = held(data)
    said = json.loads(run("restore", data, str(tmp_path / "first.db"), "--json"))
    assert held(data) == before != after
    assert run("check", data) == "The store is consistent.\n"
    aside = Path(said["aside"])
    assert "earlier restore" in run("restore", data, str(tmp_path / "first.db"), code=1)
    assert aside.exists()
    run("restore", data, str(aside), "--force")  # and back
    assert held(data) == after


def test_a_restore_into_an_empty_directory_needs_no_store_there(data: Path, tmp_path: Path) -> None:
    run("backup", data, str(tmp_path / "first.db"))
    said = json.loads(run("restore", tmp_path / "new", str(tmp_path / "first.db"), "--json"))
    assert said["aside"] is None
    assert held(tmp_path / "new") == held(data)


@pytest.mark.parametrize("content", [b"", b"certainly no database " * 500, "empty", "newer", "damaged", "torn"])
def test_what_is_no_sound_backup_changes_nothing(data: Path, tmp_path: Path, content: bytes | str) -> None:
    file, before = tmp_path / "first.db", held(data)
    if isinstance(content, bytes):
        file.write_bytes(content)
    elif content == "empty":
        sqlite3.connect(file).execute("CREATE TABLE others (a)")
    else:
        run("backup", data, str(file))
        spoil(file, content)
    said = run("restore", data, str(file), code=1)
    assert said.startswith("mien: ")
    assert said.count("\n") == 1
    assert held(data) == before
    assert not [path for path in data.iterdir() if "restore" in path.name or path.name.startswith(".")]


def test_a_sound_backup_is_verified_and_nothing_is_changed(data: Path, tmp_path: Path) -> None:
    run("backup", data, str(tmp_path / "first.db"))
    before = (tmp_path / "first.db").read_bytes()
    said = run("verify", tmp_path / "new", str(tmp_path / "first.db"))
    counted = json.loads(run("verify", data, str(tmp_path / "first.db"), "--folder", str(tmp_path), "--json"))
    everyone = held(data)
    assert counted["findings"] == []
    assert (counted["collections"], counted["faces"]) == (len(everyone), sum(len(each) for each in everyone.values()))
    assert f"is sound: {counted['collections']} collections, {counted['faces']} faces" in said
    assert (tmp_path / "first.db").read_bytes() == before
    assert not list((tmp_path / "new").iterdir())
    assert {each.name for each in tmp_path.iterdir()} == {"data", "first.db", "new"}


def test_any_flipped_bit_of_an_embedding_in_a_backup_is_found(data: Path, tmp_path: Path) -> None:
    run("backup", data, str(tmp_path / "first.db"))
    with closing(sqlite3.connect(tmp_path / "first.db")) as beside:
        ((whole,),) = beside.execute("SELECT vector FROM embeddings WHERE face = 3").fetchall()
    for place in (0, len(whole) // 2, len(whole) - 1):
        torn = bytearray(whole)
        torn[place] ^= 4
        with closing(sqlite3.connect(tmp_path / "first.db")) as beside:
            beside.execute("UPDATE embeddings SET vector = ? WHERE face = 3", (bytes(torn),))
            beside.commit()
        done = mien("store", "verify", str(tmp_path / "first.db"), "--data", str(data))
        assert done.returncode == 1, place
        assert "1 embeddings are " in done.stdout
        assert "(such as that of face 3)." in done.stdout


@pytest.mark.parametrize("fault", ["no file", "no store", "newer", "damaged", "torn", "dump"])
def test_what_is_no_sound_backup_is_said_in_a_line(data: Path, tmp_path: Path, fault: str) -> None:
    file = tmp_path / "first.db"
    if fault == "no store":
        file.write_bytes(b"certainly no database " * 500)
    elif fault == "dump":
        file.write_bytes(b"PGDMP" + bytes(5000))
    elif fault != "no file":
        run("backup", data, str(file))
        spoil(file, fault)
    done = mien("store", "verify", str(file), "--data", str(tmp_path / "new"))
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert done.stdout.count("\n") + done.stderr.count("\n") == 1
    assert not list((tmp_path / "new").iterdir())
    if fault == "dump":
        assert "pg_restore" in done.stderr


def test_a_backup_replaces_a_damaged_store(data: Path, tmp_path: Path) -> None:
    before = held(data)
    run("backup", data, str(tmp_path / "first.db"))
    (data / stores.FILE).write_bytes(b"certainly no database " * 500)
    (data / (stores.FILE + "-wal")).write_bytes(b"nor this")
    run("restore", data, str(tmp_path / "first.db"))
    assert held(data) == before
    assert (data / (stores.FILE + ".before-restore")).read_bytes().startswith(b"certainly no database ")
    assert sorted(path.name for path in data.iterdir()) == [
        "lock",
        stores.FILE,
        stores.FILE + ".before-restore",
        stores.FILE + ".made",
    ]


@pytest.mark.parametrize("seen", range(1, len(scripts())))
def test_a_store_of_an_older_mien_is_backed_up_as_it_is_and_migrates_when_restored(tmp_path: Path, seen: int) -> None:
    data, file = tmp_path / "data", tmp_path / "first.db"
    data.mkdir()
    older(data / stores.FILE, seen)
    run("backup", data, str(file))
    for copy in (data / stores.FILE, file):
        with closing(sqlite3.connect(copy)) as beside:
            assert beside.execute("PRAGMA user_version").fetchone() == (seen,)
    run("restore", tmp_path / "new", str(file))
    assert list(held(tmp_path / "new")) == ["older"]
    assert len(held(tmp_path / "new")["older"]) == 2
    assert run("check", tmp_path / "new") == "The store is consistent.\n"


# ----------------------------------------------------------------------------------------------------------- compact


def test_compacting_gives_back_space_and_trims_history_and_loses_no_face(data: Path) -> None:
    with closing((store := stores.open_store("", str(data))).database):
        key = faces.make(store, "many")
        for number in range(400):
            kept = faces.add(store, key, number, [faces.face(place) for place in range(10)])
            store.faces.delete(key, [each.face_id for each in kept[1:]])
        store.users.create(key, "ann", Token(faces.ACCOUNT, "CreateUser", "old", b""))
        store.users.create(key, "bob", Token(faces.ACCOUNT, "CreateUser", "new", b""))
        store.liveness.create(faces.ACCOUNT, LivenessSettings())
    write(data, "UPDATE tokens SET created = 1 WHERE token = 'old'")
    write(data, "UPDATE liveness_sessions SET created = 1")
    before = held(data)
    freed = json.loads(run("compact", data, "--json"))
    assert freed["removals"] >= 3600
    assert freed["tokens"] == 1
    assert freed["after"] == (data / stores.FILE).stat().st_size < freed["before"]
    assert held(data) == before
    assert run("check", data) == "The store is consistent.\n"
    with closing((store := stores.open_store("", str(data))).database):
        assert faces.count(store, "removals") == faces.count(store, "sweeps") == 0
        assert faces.count(store, "tokens") == 1
        assert faces.count(store, "liveness_sessions") == 0
        now = store.faces.revision(key)
        assert now is not None
        with pytest.raises(HistoryGoneError):
            store.faces.changes(key, now - 1, 100)
        with pytest.raises(HistoryGoneError):
            store.users.changes(key, 1, 100)
        assert len(store.faces.changes(key, now, 100).added) == 0
        whole, known = set[int](), 0
        while known < now:  # in steps that are all below the floor
            step = store.faces.changes(key, known, 50, now)
            whole, known = whole | set(step.added.tolist()), step.revision
        assert len(whole) == len(before["many"]) == 400


def test_compacting_says_what_it_did(data: Path) -> None:
    said = run("compact", data)
    assert "MiB" in said
    assert said.count("\n") == 1


def test_compacting_needs_room(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from mien.errors import SetupError
    from mien.store.upkeep import compact

    monkeypatch.setattr("mien.store.upkeep.compact._SPARE", 2**60)
    before = held(data)
    with pytest.raises(SetupError, match=r"needs \d+ MiB for a while"):
        compact.compact(data / stores.FILE, lambda *_: None)
    assert held(data) == before


# ------------------------------------------------------------------------------------------------------- all of them


@pytest.mark.parametrize("command", [("backup", "x.db"), ("restore", "x.db"), ("compact",)])
def test_a_store_on_postgresql_has_tools_of_its_own(tmp_path: Path, command: tuple[str, ...]) -> None:
    done = mien("store", *command, "--store", "postgresql://scott:tiger@host/db", "--data", str(tmp_path))
    assert done.returncode == 1
    assert "PostgreSQL" in done.stderr
    assert "tiger" not in done.stderr


@pytest.mark.parametrize("arguments", [(), ("backup",), ("restore",), ("verify",), ("check", "more"), ("unknown",)])
def test_wrong_usage_ends_with_2(arguments: tuple[str, ...]) -> None:
    assert mien("store", *arguments).returncode == 2


def test_on_a_terminal_a_line_shows_how_far_it_is(data: Path, tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    arguments = live.command("store", "backup", str(tmp_path / "first.db"), "--data", str(data))
    done = subprocess.run(arguments, stderr=theirs, stdout=subprocess.PIPE, env=live.environment(), check=True)
    os.close(theirs)
    shown = os.read(ours, 10_000).decode()
    os.close(ours)
    assert "\r" in shown
    assert " of " in shown
    assert b"first.db" in done.stdout


def test_check_lists_rows_that_the_api_would_not_accept(data: Path) -> None:
    write(data, "UPDATE faces SET external_image_id = 'a name with spaces' WHERE id = (SELECT MIN(id) FROM faces)")
    (found,) = json.loads(run_failing_check(data))["findings"]
    assert found.startswith("The row ")
    assert " of the table faces: " in found


def run_failing_check(data: Path) -> str:
    """Run `mien store check --json` on a store with findings; its standard output."""
    done = mien("store", "check", "--json", "--data", str(data))
    assert done.returncode == 1, done.stdout + done.stderr
    return done.stdout
