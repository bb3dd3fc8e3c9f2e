"""`mien import --from`: photographs of CompreFace, deepface and face_recognition, indexed again.

CompreFace is a server that answers the two requests of its documented REST API, pages and key included.
"""

import json
import pickle
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlparse
from uuid import NAMESPACE_URL, uuid5

import pytest

from tests import photos
from tests.commands.people import answer, folder, mien, tally, variants
from tests.commands.test_import import held, rows

KEY = "00000000-0000-0000-0000-000000000002"


# Three examples with pictures, one without, and many of nobody, so that there are pages.
PICTURES = {
    "Grace Hopper": variants("hopper", 2),
    "Astronautin": variants("astronaut", 1),
    "Lost": [b""],
    "Nobody": [b"-"] * 600,
}
EXAMPLES = [
    (subject, str(uuid5(NAMESPACE_URL, f"{subject}{number}")), data)
    for subject, given in PICTURES.items()
    for number, data in enumerate(given)
]


class CompreFace(BaseHTTPRequestHandler):
    """What its examples are listed and shown by."""

    def do_GET(self) -> None:
        asked = urlparse(self.path)
        steps = asked.path.strip("/").split("/")
        if self.headers["x-api-key"] != KEY:
            self.reply(401, b'{"message": "Unauthorized", "code": 1}')
        elif steps == ["api", "v1", "recognition", "faces"]:
            query = parse_qs(asked.query)
            page, size = int(query.get("page", ["0"])[0]), int(query.get("size", ["20"])[0])
            shown = EXAMPLES[page * size : (page + 1) * size]
            listing = {
                "faces": [{"image_id": image, "subject": subject} for subject, image, _ in shown],
                "page_number": page,
                "page_size": size,
                "total_pages": -(-len(EXAMPLES) // size),
                "total_elements": len(EXAMPLES),
            }
            self.reply(200, json.dumps(listing).encode())
        elif steps[:4] == ["api", "v1", "recognition", "faces"] and steps[5:] == ["img"]:
            self.reply(200, next((data for _, image, data in EXAMPLES if image == steps[4]), b""))
        else:
            self.reply(404, b"")

    def reply(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None: ...


@pytest.fixture(scope="module")
def compreface() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), CompreFace)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_compreface(packs: str, compreface: str, tmp_path: Path) -> None:
    data, report = tmp_path / "data", tmp_path / "refused.csv"
    into = ("import", compreface, "--from", "compreface", "--collection", "crew", "--data", data, "--report", report)
    done = answer(*into, code=1, MIEN_PACKS=packs, COMPREFACE_API_KEY=KEY)
    assert done == tally(photographs=4, faces=3, users=2, added=3, failed=1, left_out={"texts": 600})
    found = held(data, "crew")
    assert found["users"] == {"Astronautin": 1, "Grace:20Hopper": 2}
    assert set(found["faces"]) < {image for _, image, _ in EXAMPLES}
    assert any("stored no image" in row["reasons"] and row["user"] == "Lost" for row in rows(report))
    again = answer(*into, code=1, MIEN_PACKS=packs, COMPREFACE_API_KEY=KEY)
    assert (again["earlier"], again["added"], again["faces"], again["failed"]) == (3, 0, 3, 1)


def test_compreface_with_a_wrong_key_or_none(packs: str, compreface: str, tmp_path: Path) -> None:
    into = ("import", compreface, "--from", "compreface", "--collection", "crew", "--data", tmp_path)
    assert "Set COMPREFACE_API_KEY" in mien(*into, code=1, MIEN_PACKS=packs).stderr
    wrong = mien(*into, code=1, MIEN_PACKS=packs, COMPREFACE_API_KEY="another")
    assert "check the key" in wrong.stderr


class Trap:
    """Pickled, it leaves a file behind when it is opened."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, ...]:
        return (Path.touch, (self.path,))


def test_deepface_and_its_pickles_are_not_opened(packs: str, tmp_path: Path) -> None:
    people, sprung = folder(tmp_path / "db"), tmp_path / "sprung"
    (people / "ds_model_vggface_detector_opencv_aligned_normalization_base_expand_0.pkl").write_bytes(
        pickle.dumps(Trap(sprung))
    )
    data = tmp_path / "data"
    done = answer("import", people, "--from", "deepface", "--collection", "crew", "--data", data, MIEN_PACKS=packs)
    assert done == tally(photographs=5, faces=4, users=2, added=4, refused=1, left_out={"pickles": 1, "texts": 1})
    assert held(data, "crew")["users"] == {"Astronautin": 2, "Grace:20Hopper": 2}
    assert not sprung.exists()
    pickle.loads((next(people.glob("*.pkl"))).read_bytes())
    assert sprung.exists()  # the trap was one


def test_face_recognition(packs: str, tmp_path: Path) -> None:
    known = tmp_path / "known"
    (known / "Astronautin").mkdir(parents=True)
    (known / "Grace Hopper.jpg").write_bytes(photos.hopper().data)
    (known / "Astronautin" / "1.jpg").write_bytes(variants("astronaut", 1)[0])
    data = tmp_path / "data"
    done = answer(
        "import", known, "--from", "face_recognition", "--collection", "crew", "--data", data, MIEN_PACKS=packs
    )
    assert done["faces"] == 2
    assert held(data, "crew") == {
        "users": {"Astronautin": 1, "Grace:20Hopper": 1}, "faces": ["1.jpg", "Grace:20Hopper.jpg"], "count": 2
    }  # fmt: skip
    assert "not a folder" in mien(
        "import", known / "none", "--from", "face_recognition", "--collection", "crew", "--data", data, code=1
    ).stderr  # fmt: skip
