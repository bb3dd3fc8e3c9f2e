"""The examples: their files run unchanged against a live server."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import get_type_hints

import msgspec
import pytest

from mien.operations import kept_portraits
from mien.operations.people import judging_people, people_in_image, person, person_changes, person_groups, suggesting
from tests import photos
from tests.javascript import installed
from tests.live import Live

EXAMPLES = Path(__file__).resolve().parents[2] / "docs" / "examples"
NO_FACE = "There are no faces in the image. Should be at least 1."
Done = subprocess.CompletedProcess[str]
Run = Callable[..., Done]


def python() -> list[str]:
    return [sys.executable, str(EXAMPLES / "who.py")]


def javascript() -> list[str]:
    node, folder = installed()
    return [node, shutil.copy(str(EXAMPLES / "who.mjs"), str(folder))]  # a program finds its packages beside itself


def shell() -> list[str]:
    if not Path(sys.executable).with_name("aws").exists():
        pytest.skip("the AWS command line is not installed beside Python")
    return ["sh", str(EXAMPLES / "who.sh")]


@pytest.fixture(params=[python, javascript, shell], ids=lambda each: each.__name__)
def who(request: pytest.FixtureRequest, live: Live, tmp_path: Path) -> Run:
    """Asks who is in the first photograph."""
    start: list[str] = request.param()
    (tmp_path / "hopper.jpg").write_bytes(photos.hopper().data)
    (tmp_path / "astronaut.jpg").write_bytes(photos.jpeg(photos.astronaut().pixels))
    (tmp_path / "pair.jpg").write_bytes(photos.pair())
    (tmp_path / "nobody.jpg").write_bytes(photos.nobody())
    mine = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")} | {
        "AWS_ENDPOINT_URL_REKOGNITION": live.address, "AWS_REGION": "us-east-1", "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "any", "AWS_SECRET_ACCESS_KEY": "any", "AWS_CONFIG_FILE": str(tmp_path / "none"),
        "AWS_PAGER": "", "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    }  # fmt: skip

    def run(*files: str) -> Done:
        return subprocess.run(
            [*start, *files], cwd=tmp_path, env=mine, capture_output=True, text=True, timeout=120, check=False
        )

    return run


def test_who_is_told(who: Run, live: Live) -> None:
    done = who("pair.jpg", "hopper.jpg")
    name, similarity = done.stdout.split()
    assert (name, done.returncode) == ("hopper", 0), done.stderr
    assert float(similarity) > 99
    assert not [each for each in live.client().list_collections()["CollectionIds"] if each.startswith("who-")]


def test_a_stranger_is_unknown(who: Run) -> None:
    done = who("astronaut.jpg", "hopper.jpg")
    assert (done.stdout, done.returncode) == ("unknown\n", 0), done.stderr


def test_a_picture_without_a_face_is_told_in_a_sentence(who: Run) -> None:
    done = who("nobody.jpg", "hopper.jpg")
    assert NO_FACE in done.stdout + done.stderr


def test_the_quick_start(live: Live, tmp_path: Path) -> None:
    (program,) = re.findall(r"```python\n(.*?)```", (EXAMPLES.parent / "index.md").read_text(), re.DOTALL)
    (tmp_path / "me.jpg").write_bytes(photos.hopper().data)
    (tmp_path / "us.jpg").write_bytes(photos.pair())
    here = program.replace("http://127.0.0.1:6436", live.address).replace('"family"', '"quick-start"')
    done = subprocess.run(
        [sys.executable, "-c", here], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=True
    )
    assert "'ExternalImageId': 'me'" in done.stdout
    live.client().delete_collection(CollectionId="quick-start")


def test_people(live: Live, tmp_path: Path, packs: str) -> None:
    """The examples of the page on people run one after the other, as one program."""
    page = (EXAMPLES.parent / "people.md").read_text()
    *calls, library = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    client = live.client()
    client.create_collection(CollectionId="club", Tags={"mien:portraits": "true"})
    for name, photo in (("ann", photos.astronaut()), ("bea", photos.hopper())):
        (tmp_path / f"{name}.jpg").write_bytes(photos.jpeg(photo.pixels))
        for size in (1.0, 0.7):
            data = photos.jpeg(photos.resized(photo.pixels, size))
            client.index_faces(CollectionId="club", Image={"Bytes": data}, ExternalImageId=name)
    faces = client.list_faces(CollectionId="club")["Faces"]
    given = {name: [face["FaceId"] for face in faces if face["ExternalImageId"] == name] for name in ("ann", "bea")}
    program = "".join((calls[0], *(f"{name} = {some}\n" for name, some in given.items()), *calls[1:], calls[1]))
    here = program.replace("http://127.0.0.1:6436", live.address)
    done = run_python(here, tmp_path)
    assert done == "['Анна']\nBea 2\nАнна 2\n"
    assert {path.stem for path in tmp_path.glob("*-*.jpg")} == set(given["ann"])  # their portraits
    alone = run_python(library.replace("Faces()", f"Faces(packs={packs!r})"), tmp_path)
    assert re.fullmatch(r"Anna Kim 1 \[PersonFace\(.*\)\]\n", alone)
    if shutil.which("curl"):
        (command,) = re.findall(r"```sh\n(curl .*?)```", page, re.DOTALL)
        run = ["sh", "-c", command.replace("http://127.0.0.1:6436", live.address)]
        answer = subprocess.run(run, capture_output=True, text=True, timeout=60, check=True)
        assert '"DisplayName":"Bea"' in answer.stdout
    client.delete_collection(CollectionId="club")


def run_python(program: str, folder: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=folder, capture_output=True, text=True,
        timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize(
    "family",
    [kept_portraits, person, person_changes, judging_people, people_in_image, person_groups, suggesting],
    ids=lambda family: family.__name__,
)
def test_the_page_on_people_names_every_member(family: ModuleType) -> None:
    page = (EXAMPLES.parent / "people.md").read_text()
    for name, operation in family.OPERATIONS.items():
        (section,) = re.findall(rf"### {name}\n(.*?)(?=\n##|$)", page, re.DOTALL)
        answered = get_type_hints(operation.answer)["return"]
        for shape in (operation.request, answered):
            for field in msgspec.structs.fields(shape):
                assert f"`{field.encode_name}`" in section, (name, field.encode_name)


def test_health(live: Live) -> None:
    if shutil.which("curl") is None:
        pytest.skip("curl is not here")
    start = ["sh", str(EXAMPLES / "health.sh")]
    done = subprocess.run([*start, live.address], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == 'ok\n{"ready":true}\n'
    away = subprocess.run([*start, "http://127.0.0.1:9"], capture_output=True, timeout=60, check=False)
    assert away.returncode != 0


def test_the_page_shows_every_one() -> None:
    page = (EXAMPLES / "index.md").read_text()
    files = {each.name for each in EXAMPLES.iterdir() if each.suffix != ".md"}
    assert set(re.findall(r'^--8<-- "examples/(.*)"$', page, re.MULTILINE)) == files
