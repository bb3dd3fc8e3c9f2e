"""Living faces of single pictures: what is told, what is refused below the server's bar, and nothing without one."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any, cast

import cv2
import msgspec
import numpy as np
import pytest

from benchmarks.living.retakes import rendered
from mien import app, config, local
from mien.errors import InvalidParameterError, SetupError
from mien.face.living import Likelihood
from mien.face.types import Face, Picture
from mien.operations.table import EVERY
from mien.packs import install, network_set
from mien.packs.living_networks import LivingNetworks
from mien.packs.load import Pack
from mien.packs.manifest import Release
from tests import photos
from tests.packs.test_network_set import nowhere

BAR = 40.0


@pytest.fixture(scope="module")
def opened(packs: str, pack: Pack) -> Iterator[local.Local]:
    """The operations over a store of their own, with an image cache as a server has."""
    if install.find(network_set.catalogue()["living"], packs) is None:
        pytest.skip("the files of the living set are not here; run `mien packs install living`")
    with closing(local.scratch(config.load({"packs": packs, "threads": 1}, {}), pack)) as api:
        api.call("CreateCollection", {"CollectionId": "held"})
        yield api


def call(opened: local.Local, operation: str, bar: float = BAR, **members: Any) -> Any:
    """Calls an operation as a server with this bar does."""
    row = EVERY[operation]
    context = replace(opened.context, require_live=bar)
    return msgspec.to_builtins(row.answer(context, opened.caller, msgspec.convert(members, row.request)))


def living() -> bytes:
    return photos.hopper().data


@cache
def retake(kind: str = "print", seed: int = 2) -> bytes:
    """A rendering of the living one's print or screen, held before a grey wall."""
    wall = np.full((400, 400, 3), 0.4, np.float32)
    photo = np.ascontiguousarray(photos.hopper().pixels[:, :, ::-1])
    picture = rendered(kind, photo, wall, 1.0, np.random.default_rng(seed))
    return cv2.imencode(".png", picture)[1].tobytes()


def changed(work: Any) -> bytes:
    return photos.jpeg(work(photos.hopper().pixels))


def image(data: bytes) -> dict[str, bytes]:
    return {"Bytes": data}


@pytest.mark.parametrize("kind", ["print", "screen"])
def test_a_retake_is_told_less_likely_than_the_person(opened: local.Local, kind: str) -> None:
    (real,) = call(opened, "DetectLivingFaces", Image=image(living()))["Faces"]
    found = call(opened, "DetectLivingFaces", Image=image(retake(kind)))["Faces"]
    assert real["Reasons"] == found[0]["Reasons"] == []
    assert real["LivingConfidence"] >= BAR > found[0]["LivingConfidence"]
    assert {"BoundingBox", "Landmarks", "Pose", "Quality"} < set(real["FaceDetail"])


def test_the_frames_of_films_are_told_apart(opened: local.Local) -> None:
    folder = photos.SHARED / "liveness"
    if not folder.is_dir():
        pytest.skip("the frames in ../shared/liveness are not here")
    told = {
        name: [
            call(opened, "DetectLivingFaces", Image=image(file.read_bytes()))["Faces"][0].get("LivingConfidence")
            for file in sorted((folder / name).glob("*.jpg"))[::3]
        ]
        for name in ("live", "live-video", "attack", "attack-video", "tight-live")
    }
    assert min(told["live"] + told["live-video"]) > 70
    assert max(told["attack"] + told["attack-video"]) < 35
    assert set(told["tight-live"]) == {None}


UNCLEAR = {
    "FACE_TOO_CLOSE": lambda pixels: pixels[100:360, 160:380],
    "SMALL_BOUNDING_BOX": lambda pixels: photos.resized(pixels, 0.2),
    "EXTREME_POSE": lambda pixels: np.ascontiguousarray(np.rot90(pixels)),
    "LOW_SHARPNESS": lambda pixels: cv2.GaussianBlur(pixels, (0, 0), 9),
}


@pytest.mark.parametrize("reason", UNCLEAR)
def test_what_is_not_shown_is_not_told(opened: local.Local, reason: str) -> None:
    (found,) = call(opened, "DetectLivingFaces", Image=image(changed(UNCLEAR[reason])))["Faces"]
    assert reason in found["Reasons"]
    assert "LivingConfidence" not in found


def test_an_image_without_faces_has_none(opened: local.Local) -> None:
    assert call(opened, "DetectLivingFaces", Image=image(photos.nobody())) == {"Faces": []}


def test_below_the_bar_faces_are_left_out_of_an_index(opened: local.Local) -> None:
    for data, reasons in (
        (retake(), ["LOW_CONFIDENCE"]),
        (changed(UNCLEAR["FACE_TOO_CLOSE"]), ["LOW_FACE_QUALITY"]),
    ):
        answer = call(opened, "IndexFaces", CollectionId="held", Image=image(data))
        assert answer["FaceRecords"] == []
        assert [each["Reasons"] for each in answer["UnindexedFaces"]] == [reasons]
    answer = call(opened, "IndexFaces", CollectionId="held", Image=image(living()))
    assert len(answer["FaceRecords"]) == 1
    assert len(call(opened, "IndexFaces", 0.0, CollectionId="held", Image=image(retake()))["FaceRecords"]) == 1


def test_below_the_bar_nobody_is_searched_for(opened: local.Local) -> None:
    call(opened, "IndexFaces", CollectionId="held", Image=image(living()))
    held: dict[str, Any] = {"CollectionId": "held", "Image": image(retake())}
    with pytest.raises(InvalidParameterError, match="may show a print or a screen"):
        call(opened, "SearchFacesByImage", **held)
    with pytest.raises(InvalidParameterError, match="does not show whether the face is living"):
        call(opened, "SearchFacesByImage", CollectionId="held", Image=image(changed(UNCLEAR["LOW_SHARPNESS"])))
    users = call(opened, "SearchUsersByImage", **held)
    assert users["UserMatches"] == []
    assert [each["Reasons"] for each in users["UnsearchedFaces"]] == [["LOW_CONFIDENCE"]]
    (found,) = call(opened, "SearchPeopleByImage", **held)["Faces"]
    assert (found["People"], found["Reasons"]) == ([], ["LOW_CONFIDENCE"])
    assert call(opened, "SearchFacesByImage", CollectionId="held", Image=image(living()))["FaceMatches"]
    assert call(opened, "SearchFacesByImage", 0.0, **held)["FaceMatches"]


def test_only_the_source_of_a_comparison_must_reach_the_bar(opened: local.Local) -> None:
    with pytest.raises(InvalidParameterError, match="may show a print or a screen"):
        call(opened, "CompareFaces", SourceImage=image(retake()), TargetImage=image(living()))
    answer = call(opened, "CompareFaces", SourceImage=image(living()), TargetImage=image(retake()))
    assert len(answer["FaceMatches"]) == 1


class Told:
    """Networks that say of the largest face that it is a print, and of the others that they are living."""

    def open(self) -> "Told":
        return self

    def likelihoods(self, _: Picture, faces: Sequence[Face]) -> list[Likelihood]:
        return [Likelihood(20.0 if face is max(faces, key=lambda each: each.box.area) else 75.0) for face in faces]


def test_of_several_faces_those_that_reach_the_bar_are_taken(opened: local.Local) -> None:
    def told(operation: str) -> Any:
        row, members = EVERY[operation], {"CollectionId": "held", "Image": image(photos.pair())}
        context = replace(opened.context, require_live=BAR, living=cast(LivingNetworks, Told()))
        return msgspec.to_builtins(row.answer(context, opened.caller, msgspec.convert(members, row.request)))

    every = call(opened, "DetectLivingFaces", Image=image(photos.pair()))["Faces"]
    largest, other = (each["FaceDetail"]["BoundingBox"] for each in every)
    indexed = told("IndexFaces")
    assert [each["FaceDetail"]["BoundingBox"] for each in indexed["FaceRecords"]] == [other]
    assert [each["FaceDetail"]["BoundingBox"] for each in indexed["UnindexedFaces"]] == [largest]
    assert told("SearchFacesByImage")["SearchedFaceBoundingBox"] == other
    assert told("SearchUsersByImage")["SearchedFace"]["FaceDetail"]["BoundingBox"] == other
    assert [bool(each["Reasons"]) for each in told("SearchPeopleByImage")["Faces"]] == [False, True]


def test_without_a_bar_the_networks_are_not_opened(packs: str, pack: Pack) -> None:
    with closing(local.scratch(config.load({"packs": packs, "threads": 1}, {}), pack)) as api:
        api.call("CreateCollection", {"CollectionId": "held"})
        for operation in ("IndexFaces", "SearchFacesByImage", "SearchUsersByImage"):
            api.call(operation, {"CollectionId": "held", "Image": image(living())})
        assert api.context.living.runtimes() == {}


def test_a_server_with_a_bar_does_not_start_without_the_networks(
    packs: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it could not hold to it must not promise."""

    whole = install.install

    def without(entry: Release, folder: str) -> dict[str, Path]:
        if entry.name == "living":
            raise SetupError("The pack living could not be installed.")
        return whole(entry, folder)

    monkeypatch.setattr(install, "install", without)
    settings = config.load({"packs": packs, "threads": 1, "data": str(tmp_path), "require_live": 50}, {})
    with ExitStack() as until, pytest.raises(SetupError, match="living could not be installed"):
        app.build(settings, until)


def test_where_the_networks_are_not_available_it_says_so(
    packs: str, pack: Pack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nowhere(monkeypatch, tmp_path)
    opening = local.scratch(config.load({"packs": str(tmp_path), "threads": 1}, {}), pack)
    refused = pytest.raises(InvalidParameterError, match="This server cannot tell living faces: The pack living could")
    with closing(opening) as api, refused:
        api.call("DetectLivingFaces", {"Image": image(living())})
