"""An image that is sent again is answered to the last bit as by a server that remembers nothing."""

import base64
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from PIL.Image import Exif

from mien.operations.image_faces import image_id
from tests import live, photos
from tests.operations.api import ASTRONAUT, CROWD, HOPPER, NOBODY, PAIR, Api, image
from tests.watch.test_metrics import samples, value

DRAWN = {"FaceId", "Logref"}  # at random, for each answer
NONE = {"QualityFilter": "NONE"}
PICTURES = {"hopper": HOPPER, "astronaut": ASTRONAUT, "pair": PAIR, "crowd": CROWD, "nobody": NOBODY}


@pytest.fixture(scope="module")
def remembering(packs: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    server = live.serve(packs, tmp_path_factory.mktemp("remembering") / "data")
    yield Api(server)
    server.stop()


@pytest.fixture(scope="module")
def forgetful(packs: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    server = live.serve(packs, tmp_path_factory.mktemp("forgetful") / "data", "--image-cache", "0")
    yield Api(server)
    server.stop()


@pytest.fixture(scope="module", autouse=True)
def known(remembering: Api, forgetful: Api) -> None:
    """Both servers have the same people to find: faces of pictures that no test sends."""
    for api in (remembering, forgetful):
        api("CreateCollection", CollectionId="known")
        for name, photo in (("astronaut", photos.astronaut()), ("hopper", photos.hopper())):
            for number, factor in enumerate((0.9, 0.7)):
                picture = image(photos.jpeg(photos.resized(photo.pixels, factor)))
                api("IndexFaces", CollectionId="known", Image=picture, ExternalImageId=f"{name}:{number}")
        face = api("ListFaces", CollectionId="known")["Faces"]
        api("CreateUser", CollectionId="known", UserId="hopper")
        ids = [each["FaceId"] for each in face if each["ExternalImageId"].startswith("hopper")]
        api("AssociateFaces", CollectionId="known", UserId="hopper", FaceIds=ids)


def fresh(data: dict[str, str]) -> dict[str, str]:
    """The same picture in bytes that nobody sent before: text behind a JPEG's end, or a PNG's."""
    return image(base64.b64decode(data["Bytes"]) + uuid4().bytes)


def count(api: Api, name: str, **labels: str) -> float:
    return value(samples(api.live), name, **labels)


def hits(api: Api) -> float:
    return count(api, "mien_image_cache_hits_total")


def asked(api: Api, operation: str, picture: dict[str, str]) -> Any:
    """An operation's answer without what is drawn at random, and the boxes that it stored."""
    target = f"into-{uuid4()}"
    api("CreateCollection", CollectionId=target)
    requests: dict[str, dict[str, Any]] = {
        "DetectFaces": {"Image": picture, "Attributes": ["ALL"]},
        "IndexFaces": {"Image": picture, "CollectionId": target, "QualityFilter": "LOW"},
        "IndexFaces, one": {"Image": picture, "CollectionId": target, "MaxFaces": 1},
        "SearchFacesByImage": {"Image": picture, "CollectionId": "known", "FaceMatchThreshold": 0},
        "SearchUsersByImage": {"Image": picture, "CollectionId": "known", "UserMatchThreshold": 0},
        "CompareFaces": {"SourceImage": HOPPER, "TargetImage": picture, "SimilarityThreshold": 0},
        "CompareFaces, back": {"SourceImage": picture, "TargetImage": CROWD, "SimilarityThreshold": 0},
    }
    answer = api.live.post(operation.partition(",")[0], json.dumps(requests[operation]).encode())
    stored = api("ListFaces", CollectionId=target)["Faces"]
    api("DeleteCollection", CollectionId=target)
    boxes = sorted(json.dumps(each["BoundingBox"]) for each in stored)
    return answer.status, comparable(answer.json), boxes


def comparable(answer: Any) -> Any:
    if isinstance(answer, dict):
        return {key: comparable(each) for key, each in answer.items() if key not in DRAWN}
    return [comparable(each) for each in answer] if isinstance(answer, list) else answer


ROUNDS = (
    ("DetectFaces", "IndexFaces", "SearchFacesByImage", "CompareFaces", "SearchUsersByImage", "CompareFaces, back"),
    ("SearchFacesByImage", "IndexFaces, one", "IndexFaces", "DetectFaces"),
    ("CompareFaces", "CompareFaces, back", "SearchUsersByImage", "IndexFaces"),
    ("IndexFaces, one", "CompareFaces", "DetectFaces", "SearchFacesByImage"),
)


@pytest.mark.parametrize("name", PICTURES)
@pytest.mark.parametrize("operations", ROUNDS, ids=lambda each: each[0])
def test_answers_are_those_of_a_server_that_remembers_nothing(
    remembering: Api, forgetful: Api, name: str, operations: tuple[str, ...]
) -> None:
    picture = fresh(PICTURES[name])
    before = hits(remembering)
    for operation in (*operations, *operations):
        assert asked(remembering, operation, picture) == asked(forgetful, operation, picture), operation
    assert hits(remembering) - before >= 2 * len(operations) - 1
    assert hits(forgetful) == count(forgetful, "mien_image_cache_misses_total") == 0


def test_a_picture_that_was_taken_lying_down_is_remembered_upright(remembering: Api, forgetful: Api) -> None:
    exif = Exif()
    exif[0x0112] = 6
    turned = image(photos.jpeg(photos.hopper().pixels.swapaxes(0, 1)[::-1], exif=exif.tobytes()))
    first, again = asked(remembering, "DetectFaces", turned), asked(remembering, "IndexFaces", turned)
    assert first == asked(forgetful, "DetectFaces", turned)
    assert len(first[1]["FaceDetails"]) == 1
    assert again == asked(forgetful, "IndexFaces", turned)


def test_what_is_remembered_is_not_decoded_found_or_embedded_again(remembering: Api) -> None:
    picture = fresh(CROWD)
    stages = ("decode", "detect", "align", "embed")

    def work(operation: str, **members: Any) -> list[float]:
        before = [count(remembering, "mien_stage_seconds_count", stage=stage) for stage in stages]
        pixels = count(remembering, "mien_stage_seconds_count", stage="wait")
        remembering(operation, **members)
        assert (
            count(remembering, "mien_stage_seconds_count", stage="wait") == pixels + 1
        )  # for a thread, not for pixels
        after = [count(remembering, "mien_stage_seconds_count", stage=stage) for stage in stages]
        return [one - other for one, other in zip(after, before, strict=True)]

    first = work("DetectFaces", Image=picture)
    assert first[1:] == [1, 1, 0]
    assert first[0] >= 1
    held = count(remembering, "mien_image_cache_bytes")
    assert work("DetectFaces", Image=picture) == [0, 0, 0, 0]
    assert work("SearchFacesByImage", Image=picture, CollectionId="known") == [0, 0, 0, 1]
    assert work("SearchFacesByImage", Image=picture, CollectionId="known") == [0, 0, 0, 0]
    assert work("CompareFaces", SourceImage=picture, TargetImage=picture, **NONE) == [0, 0, 0, 1]  # the other faces
    assert work("CompareFaces", SourceImage=picture, TargetImage=picture, **NONE) == [0, 0, 0, 0]
    assert count(remembering, "mien_image_cache_bytes") < held - 3 * 90_000  # embeddings in place of crops


def test_the_filter_is_the_requests_own(remembering: Api) -> None:
    picture = fresh(CROWD)
    counts = {}
    for bar in ("NONE", "HIGH", "NONE"):
        answer = remembering("SearchUsersByImage", CollectionId="known", Image=picture, QualityFilter=bar)
        counts[bar] = [each["Reasons"] for each in answer["UnsearchedFaces"]]
    assert counts["NONE"] == [["FACE_NOT_LARGEST"]] * 3
    assert counts["HIGH"] != counts["NONE"]


def test_what_is_no_image_is_refused_again_and_again(remembering: Api) -> None:
    cut = image(photos.hopper().data[:20_000])
    before = hits(remembering), count(remembering, "mien_image_cache_bytes")
    for _ in range(3):
        assert remembering.refused("DetectFaces", Image=cut)[0] == "InvalidImageFormatException"
    assert (hits(remembering), count(remembering, "mien_image_cache_bytes")) == before


def test_clients_at_the_same_time_are_all_answered_alike(remembering: Api, forgetful: Api) -> None:
    pictures = {name: fresh(data) for name, data in PICTURES.items() if name != "nobody"}
    operations = ("DetectFaces", "IndexFaces", "SearchFacesByImage", "CompareFaces, back")
    wanted = {(name, each): asked(forgetful, each, pictures[name]) for name in pictures for each in operations}
    calls = [*wanted] * 4
    with ThreadPoolExecutor(8) as crowd:
        answers = list(crowd.map(lambda call: asked(remembering, call[1], pictures[call[0]]), calls))
    for call, answer in zip(calls, answers, strict=True):
        assert answer == wanted[call], call


def test_the_room_is_that_of_the_setting(packs: str, tmp_path: Path) -> None:
    small = Api(live.serve(packs, tmp_path / "data", "--image-cache", "2"))
    try:
        for _ in range(30):  # 2 faces are 270 kB
            small("DetectFaces", Image=fresh(PAIR))
            assert 0 < count(small, "mien_image_cache_bytes") <= 2 << 20
        assert count(small, "mien_image_cache_bytes") > 1_400_000
        assert count(small, "mien_image_cache_misses_total") == 30
    finally:
        small.live.stop()


def test_the_id_of_an_image_is_of_its_bytes_and_not_of_its_pixels(remembering: Api, forgetful: Api) -> None:
    one, other = image(photos.hopper().data), fresh(HOPPER)
    ids = []
    for api in (remembering, forgetful):
        api("CreateCollection", CollectionId="ids")
        for picture in (one, other, one):
            (record,) = api("IndexFaces", CollectionId="ids", Image=picture)["FaceRecords"]
            ids.append(record["Face"]["ImageId"])
    assert ids[0] == ids[2] != ids[1]
    assert ids[:3] == ids[3:]
    assert ids[0] != str(image_id(""))
