"""The attributes of a face, as a caller requests them; without the attribute set they are answered as unknown."""

from collections.abc import Iterator

import pytest

from mien.face.attributes.measures import NAMES
from mien.packs import install, network_set
from mien.packs.analyst import SET
from tests import live as servers
from tests.operations.api import ASTRONAUT, CROWD, DETAIL, HOPPER, Api, all_single

REQUESTED = [name.upper() for name in NAMES]
MEMBERS = {"".join(word.capitalize() for word in name.split("_")) for name in NAMES}


@pytest.fixture(scope="module", autouse=True)
def sets(packs: str) -> None:
    if install.find(network_set.catalogue()[SET], packs) is None:
        pytest.skip("the files of the attribute set are not here; run `mien packs install attributes`")


@pytest.fixture(scope="module")
def silent(packs: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """A server whose operator lets no attribute be measured."""
    server = servers.serve(packs, tmp_path_factory.mktemp("silent") / "data", "--attributes", "none")
    yield Api(server)
    server.stop()


def test_all_has_every_member_and_thirty_landmarks(api: Api) -> None:
    (detail,) = api("DetectFaces", Image=ASTRONAUT, Attributes=["ALL"])["FaceDetails"]
    assert detail.keys() == DETAIL | MEMBERS
    assert len({each["Type"] for each in detail["Landmarks"]}) == 30
    assert all_single(detail)


@pytest.mark.parametrize("name", REQUESTED)
def test_a_named_attribute_adds_its_member_alone(api: Api, name: str) -> None:
    (detail,) = api("DetectFaces", Image=ASTRONAUT, Attributes=[name])["FaceDetails"]
    member = "".join(word.capitalize() for word in name.lower().split("_"))
    assert detail.keys() == DETAIL | {member}
    assert len(detail["Landmarks"]) == 5


def test_the_answer_is_the_same_from_the_image_cache(api: Api) -> None:
    first = api("DetectFaces", Image=CROWD, Attributes=["ALL"])
    assert api("DetectFaces", Image=CROWD) == api("DetectFaces", Image=CROWD, Attributes=["DEFAULT"])
    assert api("DetectFaces", Image=CROWD, Attributes=["ALL"]) == first
    assert len(first["FaceDetails"]) == 4


def test_landmarks_lie_where_they_belong(api: Api) -> None:
    """By the mesh, not by a mean face: the mouth of the astronaut is open, so that her lips lie apart."""
    (detail,) = api("DetectFaces", Image=ASTRONAUT, Attributes=["ALL"])["FaceDetails"]
    at = {each["Type"]: (each["X"], each["Y"]) for each in detail["Landmarks"]}
    assert at["upperJawlineLeft"][0] < at["leftEyeLeft"][0] < at["leftPupil"][0] < at["leftEyeRight"][0]
    assert at["leftEyeUp"][1] < at["leftPupil"][1] < at["leftEyeDown"][1] < at["nose"][1] < at["mouthUp"][1]
    assert at["mouthUp"][1] < at["mouthDown"][1] < at["chinBottom"][1]


def test_what_the_operator_forbids_is_unknown(silent: Api) -> None:
    (detail,) = silent("DetectFaces", Image=HOPPER, Attributes=["ALL"])["FaceDetails"]
    assert detail.keys() == DETAIL | MEMBERS
    assert len(detail["Landmarks"]) == 30
    for name in ("EyesOpen", "Smile", "Beard", "Mustache"):
        assert detail[name] == {"Value": False, "Confidence": 50.0}
    for name in ("Sunglasses", "Eyeglasses", "FaceOccluded", "MouthOpen"):
        assert detail[name] == {"Value": True, "Confidence": 50.0}
    assert detail["AgeRange"] == {"Low": 0, "High": 100}
    assert detail["Emotions"] == [{"Type": "UNKNOWN", "Confidence": 100.0}]
    assert detail["EyeDirection"] == {"Yaw": 0.0, "Pitch": 0.0, "Confidence": 50.0}


def test_the_start_says_what_is_measured(silent: Api) -> None:
    assert silent.live.process.stdout is not None
    lines = [silent.live.process.stdout.readline() for _ in range(4)]
    assert lines[-1] == "attributes none, as the setting says; all are answered as unknown\n"


def test_the_pose_of_an_indexed_face_is_that_of_its_mesh(api: Api, collection: str) -> None:
    (asked,) = api("DetectFaces", Image=ASTRONAUT, Attributes=["ALL"])["FaceDetails"]
    (default,) = api("DetectFaces", Image=ASTRONAUT)["FaceDetails"]
    (record,) = api("IndexFaces", CollectionId=collection, Image=ASTRONAUT)["FaceRecords"]
    assert record["FaceDetail"]["Pose"] == asked["Pose"] != default["Pose"]
    assert record["FaceDetail"].keys() == DETAIL
