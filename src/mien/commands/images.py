"""Runs `mien detect`, `compare` and `search`: the API's operations on image files, without a server."""

import argparse
import json
import unicodedata
from contextlib import closing
from pathlib import Path
from typing import Any

from mien import naming
from mien.commands.packs import Command
from mien.config import Settings
from mien.errors import ApiError, SetupError

EVEN = 50.0  # the confidence at which an attribute is not known
FLAGS = {
    "Smile": "smile", "MouthOpen": "open mouth", "EyesOpen": "open eyes", "Eyeglasses": "eyeglasses",
    "Sunglasses": "sunglasses", "Beard": "beard", "Mustache": "mustache", "FaceOccluded": "cover",
}  # fmt: skip


def add_to(command: Command) -> None:
    """Adds the three commands."""
    made = command("detect", detect, "detect the faces in images: boxes, landmarks, pose, quality, attributes")
    made.add_argument("files", metavar="FILE", nargs="+", help="photographs: JPEG, PNG, HEIC, WebP, TIFF, …")
    _outputs(made)
    made = command("compare", compare, "compare the largest face of one image with every face of another")
    made.add_argument("one", metavar="A")
    made.add_argument("other", metavar="B")
    made.add_argument("--threshold", type=_percent, default=80.0, help="least similarity of a match (default 80)")
    _outputs(made)
    made = command("search", search, "search a collection or a folder for the largest face of an image")
    made.add_argument("file", metavar="FILE")
    where = made.add_mutually_exclusive_group(required=True)
    where.add_argument("--collection", metavar="NAME", help="a collection of the store; a server may run on it")
    where.add_argument("--folder", metavar="FOLDER", help="images to search, all of which are read again")
    made.add_argument("--threshold", type=_percent, default=80.0, help="least similarity, 0–100 (default 80)")
    made.add_argument("--max-faces", type=int, default=10, help="the most faces to show (default 10)")
    _outputs(made)


def _outputs(made: argparse.ArgumentParser) -> None:
    made.add_argument("--draw", metavar="FILE", help="draw the result into an image file, .jpg or .png")
    made.add_argument("--json", action="store_true", help="print the API's response as JSON")


def _percent(text: str) -> float:
    value = float(text)
    if not 0 <= value <= 100:
        raise argparse.ArgumentTypeError("must be between 0 and 100")
    return value


def detect(settings: Settings, given: argparse.Namespace) -> None:
    """Detects the faces in images."""
    from mien import app, draw, local

    if given.draw and len(given.files) > 1:
        raise SetupError("--draw takes one image at a time.")
    answers = []
    with closing(local.scratch(settings, app.open_pack(settings))) as api:
        for name in given.files:
            data = read(name)
            answer = call(api, name, "DetectFaces", Image={"Bytes": data}, Attributes=["ALL"])
            details = answer["FaceDetails"]
            answers.append({"File": name, **answer})
            if not given.json:
                print(f"{name}: {len(details)} {'face' if len(details) == 1 else 'faces'}")
                lines = [f"  {position(each)}, {_describe(each)}\n    {_attributes(each)}\n" for each in details]
                print("".join(lines), end="", flush=True)
            if given.draw:
                marks = [draw.Mark(each["BoundingBox"], _describe(each), each["Landmarks"]) for each in details]
                draw.save(draw.marked(data, marks), Path(given.draw))
    if given.json:
        print(json.dumps(answers, indent=2))


def compare(settings: Settings, given: argparse.Namespace) -> None:
    """Compares two images."""
    from mien import app, draw, local

    one, other = read(given.one), read(given.other)
    images = {"SourceImage": {"Bytes": one}, "TargetImage": {"Bytes": other}}
    with closing(local.scratch(settings, app.open_pack(settings))) as api:
        answer = call(api, f"{given.one} and {given.other}", "CompareFaces", **images, SimilarityThreshold=0.0)
    scored = [(each["Similarity"], each["Face"]) for each in answer["FaceMatches"]]
    matches = [each for each in answer["FaceMatches"] if each["Similarity"] >= given.threshold]
    unmatched = [face for similarity, face in scored if similarity < given.threshold]
    if given.json:
        print(json.dumps(answer | {"FaceMatches": matches, "UnmatchedFaces": unmatched}, indent=2))
    else:
        for similarity, face in scored:
            words = "a match" if similarity >= given.threshold else "no match"
            print(f"similarity {similarity:.1f}, {words}: {position(face)}. {meaning(similarity)}")
    if given.draw:
        marks = [
            draw.Mark(face["BoundingBox"], f"{similarity:.1f}", face["Landmarks"], similarity >= given.threshold)
            for similarity, face in scored
        ]
        source = draw.marked(one, [draw.Mark(answer["SourceImageFace"]["BoundingBox"])])
        draw.save(draw.beside(source, draw.marked(other, marks)), Path(given.draw))


def search(settings: Settings, given: argparse.Namespace) -> None:
    """Searches for the largest face of an image."""
    from mien import app, draw, local
    from mien.transfer import photographs
    from mien.transfer.importing import PhotographImport

    data = read(given.file)
    pack = app.open_pack(settings)
    opened = local.of_store(settings, pack, alone=False) if given.collection else local.scratch(settings, pack)
    with closing(opened) as api:
        if given.folder:
            PhotographImport(api, "folder", settings.cores, user_match_threshold=0.0).run(
                photographs.of_folder(Path(given.folder))
            )
        answer = call(
            api, given.file, "SearchFacesByImage", CollectionId=given.collection or "folder", Image={"Bytes": data},
            FaceMatchThreshold=given.threshold, MaxFaces=given.max_faces,
        )  # fmt: skip
        matches = answer["FaceMatches"]
        names = [_name(api, given.collection or "folder", each["Face"]) for each in matches]
    if given.json:
        print(json.dumps(answer, indent=2))
    else:
        lines = [f"{each['Similarity']:5.1f}  {name}" for each, name in zip(matches, names, strict=True)]
        print("\n".join(lines) or "no match")
    if given.draw:
        words = f"{_ascii(names[0])} {matches[0]['Similarity']:.1f}" if matches else "unknown"
        mark = draw.Mark(answer["SearchedFaceBoundingBox"], words, strong=bool(matches))
        draw.save(draw.marked(data, [mark]), Path(given.draw))


def meaning(similarity: float) -> str:
    """Describes a similarity by how rarely two strangers reach it."""
    bars = ((99, "1,000,000"), (90, "100,000"), (80, "10,000"), (60, "1,000"), (40, "100"), (20, "10"))
    for bar, pairs in bars:
        if similarity >= bar:
            return f"Fewer than one pair of strangers in {pairs} scores as high."
    return "More than one pair of strangers in 10 scores as high."


def read(name: str) -> bytes:
    """Returns a file's bytes.

    Raises:
        SetupError: it cannot be read.
    """
    try:
        return Path(name).read_bytes()
    except OSError as error:
        raise SetupError(f"{name} cannot be read: {error.strerror}.") from None


def call(api: Any, name: str, operation: str, **members: Any) -> dict[str, Any]:
    """Calls an operation.

    Raises:
        SetupError: the operation failed, in a sentence about the file.
    """
    try:
        answer: dict[str, Any] = api.call(operation, members)
        return answer
    except ApiError as error:
        raise SetupError(f"{name}: {_sentence(error)}") from None


def _sentence(error: ApiError) -> str:
    if error.code == "InvalidParameterException" and error.message == error.default:
        return "there is no face, or the image is smaller than 80 pixels."
    if error.code == "InvalidImageFormatException" and error.message == error.default:
        return "the photograph is damaged or cut short."
    return f"{error.message or error.code}"


def position(face: dict[str, Any]) -> str:
    """Describes where a face is."""
    box = face["BoundingBox"]
    return f"left {box['Left']:.1%} top {box['Top']:.1%} width {box['Width']:.1%} height {box['Height']:.1%}"


def _describe(detail: dict[str, Any]) -> str:
    quality, pose = detail["Quality"], detail["Pose"]
    return (
        f"{detail['Confidence']:.1f}% sharp {quality['Sharpness']:.0f} bright {quality['Brightness']:.0f} "
        f"yaw {pose['Yaw']:.0f}"
    )


def _attributes(detail: dict[str, Any]) -> str:
    """Lists the attributes that are known, in words with their confidence."""
    age, gender, (emotion, *_) = detail["AgeRange"], detail["Gender"], detail["Emotions"]
    words = [f"{age['Low']} to {age['High']} years"] if (age["Low"], age["High"]) != (0, 100) else []
    words += [f"{gender['Value'].lower()} {gender['Confidence']:.0f}%"] if gender["Confidence"] > EVEN else []
    if emotion["Type"] != "UNKNOWN":
        words.append(f"{emotion['Type'].lower()} {emotion['Confidence']:.0f}%")
    for member, word in FLAGS.items():
        flag = detail[member]
        if flag["Confidence"] > EVEN:
            words.append(f"{'' if flag['Value'] else 'no '}{word} {flag['Confidence']:.0f}%")
    return ", ".join(words) or "attributes not known"


def _name(api: Any, collection: str, face: dict[str, Any]) -> str:
    """Returns the name of a face's user or photograph, as it is shown."""
    user: str | None = face.get("UserId")
    if user is None:
        return naming.shown(face.get("ExternalImageId") or face["FaceId"])
    key = api.context.collection(api.caller, collection).key
    found = api.context.store.users.find(key, user)
    return (found.display_name if found else None) or naming.shown(user)


def _ascii(name: str) -> str:
    """Returns a name in the letters that can be drawn, or "match" if it has others; accents are left out."""
    plain = "".join(each for each in unicodedata.normalize("NFD", name) if not unicodedata.combining(each))
    return plain if plain.isascii() else "match"
