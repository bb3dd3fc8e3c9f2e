"""Runs `mien live`: how likely the faces of photographs are living ones, and no prints or screens."""

import argparse
import json
from contextlib import closing
from typing import Any

from mien.commands.images import call, position, read
from mien.commands.packs import Command
from mien.config import Settings

WHY = {
    "FACE_TOO_CLOSE": "the face fills too much of the picture",
    "SMALL_BOUNDING_BOX": "the face is too small",
    "EXTREME_POSE": "the face is turned too far away",
    "LOW_SHARPNESS": "the face is not sharp",
}


def add_to(command: Command) -> None:
    """Adds the command."""
    made = command("live", run, "tell how likely the faces in photographs are living ones, not prints or screens")
    made.add_argument("files", metavar="FILE", nargs="+", help="photographs: JPEG, PNG, HEIC, WebP, TIFF, …")
    made.add_argument("--json", action="store_true", help="print a JSON object for each photograph, one a line")


def run(settings: Settings, given: argparse.Namespace) -> None:
    """Judges the faces of photographs."""
    from mien import app, local

    with closing(local.scratch(settings, app.open_pack(settings))) as api:
        for name in given.files:
            faces = call(api, name, "DetectLivingFaces", Image={"Bytes": read(name)})["Faces"]
            if given.json:
                print(json.dumps({"File": name, "Faces": faces}), flush=True)
                continue
            print(f"{name}: {len(faces)} {'face' if len(faces) == 1 else 'faces'}")
            lines = [f"  {_likelihood(each)}: {position(each['FaceDetail'])}\n" for each in faces]
            print("".join(lines), end="", flush=True)


def _likelihood(face: dict[str, Any]) -> str:
    sure = face.get("LivingConfidence")
    if sure is None:
        return f"cannot be told, {' and '.join(WHY[reason] for reason in face['Reasons'])}"
    return f"living {sure:.0f} of 100"
