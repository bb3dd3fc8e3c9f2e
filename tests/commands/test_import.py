"""`mien import` as a user runs it: of folders, files and buckets, into a store or a server, killed and run again."""

import csv
import signal
import subprocess
import time
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import uuid4

import boto3
from moto.server import ThreadedMotoServer

from mien.operations.context import ACCOUNT
from mien.store import open as stores
from tests import live as servers
from tests import photos
from tests.commands.people import answer, folder, mien, tally, variants
from tests.live import command, environment, interruptible
from tests.locked import Locked

USERS = {"Astronautin": 2, "Grace:20Hopper": 2}


def held(data: Path, collection: str) -> dict[str, Any]:
    """Returns a store's users with their numbers of faces, and the faces' external ids."""
    store = stores.open_store("", str(data))
    with closing(store.database):
        found = store.collections.find(ACCOUNT, collection)
        assert found is not None
        users = {user.name: user.faces for user in store.users.page(found.key, 0, 100)}
        faces = store.faces.page(found.key, None, 10_000)
        return {"users": users, "faces": sorted(face.external_image_id or "" for face in faces), "count": found.faces}


def rows(report: Path) -> list[dict[str, str]]:
    with report.open(newline="") as file:
        return list(csv.DictReader(file))


def test_a_folder_is_imported_twice_and_nothing_changes(packs: str, tmp_path: Path) -> None:
    people, data, report = folder(tmp_path / "people"), tmp_path / "data", tmp_path / "refused.csv"
    into = ("import", people, "--collection", "family", "--data", data, "--report", report)
    first = answer(*into, MIEN_PACKS=packs)
    left_out = {"texts": 1}
    assert first == tally(photographs=5, faces=4, users=2, added=4, refused=1, left_out=left_out)
    before = held(data, "family")
    assert before == {"users": USERS, "faces": ["000.jpg", "000.jpg", "001.jpg", "001.jpg"], "count": 4}
    refused = rows(report)
    assert [(Path(row["image"]).name, row["user"], row["reasons"]) for row in refused] == [
        ("gray.jpg", "Nobody", "No face was found."),
    ]  # fmt: skip
    again = answer(*into, MIEN_PACKS=packs)
    assert again == tally(photographs=5, earlier=5, faces=4, users=2, refused=1, left_out=left_out)
    assert rows(report) == refused
    thorough = answer(*into, "--again", MIEN_PACKS=packs)
    assert thorough == first | {"added": 0}
    assert held(data, "family") == before
    (people / "Astronautin" / "002.jpg").write_bytes(variants("astronaut", 3)[2])
    assert answer(*into, MIEN_PACKS=packs)["added"] == 1
    assert held(data, "family")["users"] == USERS | {"Astronautin": 3}


def test_a_collection_that_was_created_again_is_filled_again(packs: str, tmp_path: Path) -> None:
    """The log of a deleted collection does not apply to a new one of the same name."""
    people, data = folder(tmp_path / "people", each=1), tmp_path / "data"
    into = ("import", people, "--collection", "family", "--data", data)
    answer(*into, MIEN_PACKS=packs)
    store = stores.open_store("", str(data))
    with closing(store.database):
        assert store.collections.delete(ACCOUNT, "family")
    assert answer(*into, MIEN_PACKS=packs)["added"] == 2
    assert held(data, "family")["count"] == 2


def test_an_import_that_was_killed_goes_on(packs: str, tmp_path: Path) -> None:
    people, data = folder(tmp_path / "people", each=20), tmp_path / "data"
    into = ("import", people, "--collection", "family", "--data", data, "--jobs", "1")
    process = subprocess.Popen(
        command(*map(str, into)), stderr=subprocess.DEVNULL, env=environment(MIEN_PACKS=packs), text=True
    )
    until = time.monotonic() + 60
    while time.monotonic() < until and _lines(data) < 5:
        time.sleep(0.01)
    process.kill()
    process.wait(30)
    done = _lines(data)
    assert 5 <= done < 41
    rest = answer(*into, MIEN_PACKS=packs)
    assert rest["photographs"] == 41
    assert done - 1 <= rest["earlier"] <= done
    assert held(data, "family")["users"] == {"Astronautin": 20, "Grace:20Hopper": 20}
    assert held(data, "family")["count"] == 40


def test_folders_are_people_unless_they_are_not(packs: str, tmp_path: Path) -> None:
    people, data = folder(tmp_path / "DCIM", each=2), tmp_path / "data"
    into = ("import", str(people), "--collection", "family", "--data", str(data), "--json")
    unnamed = answer(*into, "--unnamed", MIEN_PACKS=packs)
    assert (unnamed["users"], unnamed["unlike"]) == (0, 0)
    assert unnamed["faces"] == held(data, "family")["count"] > 0
    named = answer(*into, MIEN_PACKS=packs)  # is another import, not the rest of that one
    assert named["earlier"] == 0
    assert named["users"] == 2


def test_an_import_that_was_interrupted_says_so_by_its_exit_code(packs: str, tmp_path: Path) -> None:
    people, data = folder(tmp_path / "people", each=20), tmp_path / "data"
    into = interruptible("import", str(people), "--collection", "family", "--data", str(data), "--jobs", "1")
    process = subprocess.Popen(into, stderr=subprocess.PIPE, env=environment(MIEN_PACKS=packs), text=True)
    until = time.monotonic() + 60
    while time.monotonic() < until and not _lines(data):
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    said = process.communicate(timeout=60)[1]
    assert process.returncode == 128 + signal.SIGINT
    assert "Traceback" not in said


def _lines(data: Path) -> int:
    return sum(line.strip() != "" for file in (data / "imports").glob("*.done") for line in file.open())


def test_a_csv_says_users_and_ids(packs: str, tmp_path: Path) -> None:
    folder(tmp_path, each=1)
    listing = tmp_path / "people.csv"
    listing.write_text(
        "image,user,external_image_id\n"
        "Grace Hopper/000.jpg,grace,navy:1\n"
        "Astronautin/000.jpg,,\n"
        "Astronautin/missing.jpg,eileen,\n"
        "Astronautin/000.jpg,two words,\n"
    )
    data, report = tmp_path / "data", tmp_path / "refused.csv"
    into = ("import", listing, "--collection", "crew", "--data", data, "--report", report)
    done = answer(*into, code=1, MIEN_PACKS=packs)
    assert done == tally(photographs=4, faces=2, users=2, added=2, failed=1)
    assert held(data, "crew") == {"users": {"grace": 1, "two:20words": 1}, "faces": ["000.jpg", "navy:1"], "count": 2}
    assert [row["reasons"] for row in rows(report)] == ["It cannot be read: No such file or directory."]
    (tmp_path / "Astronautin" / "missing.jpg").write_bytes(variants("astronaut", 2)[1])
    later = answer(*into, MIEN_PACKS=packs)
    assert (later["earlier"], later["added"], later["failed"]) == (3, 1, 0)
    (tmp_path / "bad.csv").write_text("picture\nx.jpg\n")
    assert "column named image" in mien("import", tmp_path / "bad.csv", "--collection", "crew", code=1).stderr


def test_a_store_that_a_server_has_is_refused_and_the_server_takes_the_import(packs: str, tmp_path: Path) -> None:
    people, data = folder(tmp_path / "people"), tmp_path / "data"
    server = servers.serve(packs, data)
    try:
        into = ("import", people, "--collection", "family")
        refused = mien(*into, "--data", data, code=1, MIEN_PACKS=packs)
        assert "in use by another mien" in refused.stderr
        elsewhere = tmp_path / "elsewhere"
        through = (*into, "--endpoint", server.address, "--data", elsewhere)
        first = answer(*through)
        assert first == tally(photographs=5, faces=4, users=2, added=4, refused=1, left_out={"texts": 1})
        assert answer(*through)["earlier"] == 5
        assert answer(*through, "--again") == first | {"added": 0}
        found = server.client().search_users_by_image(CollectionId="family", Image={"Bytes": photos.pair()})
        assert [match["User"]["UserId"] for match in found["UserMatches"]] == ["Grace:20Hopper"]
    finally:
        server.stop()
    assert held(data, "family")["users"] == USERS
    gone = mien(*into, "--endpoint", server.address, "--data", elsewhere, code=1, AWS_MAX_ATTEMPTS="1")
    assert "does not answer" in gone.stderr


def test_a_key_is_asked_for_and_its_rate_is_kept_to(locked: Locked, tmp_path: Path) -> None:
    """Six requests in a burst, then two a second: the import waits as the server tells it to."""
    people, name = folder(tmp_path / "people"), f"rated-{uuid4()}"
    into = ("import", people, "--collection", name, "--endpoint", locked.server.address, "--data", tmp_path)
    refused = mien(*into, code=1)
    assert "UnrecognizedClientException" in refused.stderr
    key = locked.key(f"import-{uuid4()}", rate=4.0)
    assert answer(*into, AWS_ACCESS_KEY_ID=key.id, AWS_SECRET_ACCESS_KEY=key.secret)["faces"] == 4
    assert locked.client(locked.admin).describe_collection(CollectionId=name)["FaceCount"] == 4


def test_a_bucket_is_read_page_by_page(packs: str, tmp_path: Path) -> None:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    address = f"http://{host}:{port}"
    try:
        s3 = boto3.client(
            "s3", endpoint_url=address, region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b"
        )
        s3.create_bucket(Bucket="album")
        s3.put_object(Bucket="album", Key="2024/Grace Hopper/navy.jpg", Body=photos.hopper().data)
        s3.put_object(Bucket="album", Key="2024/crew.png", Body=photos.astronaut().data)
        s3.put_object(Bucket="album", Key="2023/other.png", Body=photos.astronaut().data)
        for number in range(1100):  # a page has a thousand
            s3.put_object(Bucket="album", Key=f"2024/Nobody/{number:04d}.txt", Body=b"-")
        data = tmp_path / "data"
        into = ("import", "s3://album/2024/", "--collection", "family", "--data", data, "--s3-endpoint", address)
        keys = ("--s3-access-key", "a", "--s3-secret-key", "b")
        done = answer(*into, *keys, MIEN_PACKS=packs)
        assert done == tally(photographs=2, faces=2, users=1, added=2, left_out={"texts": 1100})
        assert held(data, "family") == {"users": {"Grace:20Hopper": 1}, "faces": ["crew.png", "navy.jpg"], "count": 2}
        nowhere = ("import", "s3://nowhere/", "--collection", "family", "--data", data, "--s3-endpoint", address)
        assert "cannot be listed" in mien(*nowhere, *keys, code=1, MIEN_PACKS=packs).stderr
    finally:
        server.stop()


def test_bad_usage_is_exit_code_2_and_what_cannot_be_is_1(packs: str, tmp_path: Path) -> None:
    assert "SOURCE" in mien("import", code=2).stderr
    mien("import", tmp_path, "--collection", "x", "--jobs", "0", code=2)
    assert "--collection" in mien("import", tmp_path, "--data", tmp_path, code=1).stderr
    missing = mien("import", tmp_path / "none", "--collection", "x", "--data", tmp_path, code=1)
    assert "neither a folder" in missing.stderr
    bad = mien("import", tmp_path, "--collection", "two words", "--data", tmp_path, code=1, MIEN_PACKS=packs)
    assert "ValidationException" in bad.stderr


def test_plain_lines_without_a_terminal(packs: str, tmp_path: Path) -> None:
    people = folder(tmp_path / "people", each=1)
    ran = mien("import", people, "--collection", "family", "--data", tmp_path / "data", MIEN_PACKS=packs)
    assert "\x1b" not in ran.stderr
    assert "photographs 4 of 4" in ran.stderr
    assert "Nobody/gray.jpg: No face was found." in ran.stderr
    assert ran.stdout == (
        "3 photographs; 2 faces added. The collection family has 2 faces and 2 users.\n"
        "Left out, since they are no photographs: texts (1).\n1 face or photograph refused.\n"
    )
