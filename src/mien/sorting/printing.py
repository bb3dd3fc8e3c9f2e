"""Prints who is in photographs, one after another: as lines for people, as JSON, or as CSV."""

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol, TextIO

from mien.sorting.journal import FaceSeen, Seen
from mien.transfer import reasons

COLUMNS = (
    "image", "person", "user", "unknown", "similarity", "left", "top", "width", "height", "reasons",
)  # fmt: skip


class Printed(Protocol):
    """Prints what was seen in photographs."""

    def show(self, seen: Seen) -> None:
        """Prints a photograph."""

    def close(self) -> None:
        """Prints what ends the output."""


class Lines:
    """A line for each photograph, and one for each of its faces."""

    def __init__(self, out: TextIO) -> None:
        self._out = out

    def show(self, seen: Seen) -> None:
        """Prints a photograph."""
        name = reasons.printable(_printable(seen.path))
        if seen.why:
            self._out.write(f"{name}: {seen.why}\n")
            return
        count = len(seen.faces)
        self._out.write(f"{name}: {count or 'no'} {'face' if count == 1 else 'faces'}\n")
        for face in seen.faces:
            left, top, width, height = face.box
            similarity = f"  similarity {face.similarity:.1f}" if face.user else ""
            place = f"left {left:.1%} top {top:.1%} width {width:.1%} height {height:.1%}"
            self._out.write(f"  {_words(face)}{similarity}  {place}\n")

    def close(self) -> None:
        """Ends nothing."""
        self._out.flush()


class Json:
    """An array with an object for each photograph."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._before = "["

    def show(self, seen: Seen) -> None:
        """Prints a photograph."""
        found: dict[str, Any] = {"File": _printable(seen.path)}
        found |= {"Error": seen.why} if seen.why else {"Faces": [_object(face) for face in seen.faces]}
        self._out.write(f"{self._before}\n{json.dumps(found, ensure_ascii=False)}")
        self._before = ","

    def close(self) -> None:
        """Ends the array."""
        self._out.write("\n]\n" if self._before == "," else "[]\n")


class Csv:
    """A line for each face, and one for each photograph without any."""

    def __init__(self, out: TextIO) -> None:
        self._rows = csv.writer(out)
        self._rows.writerow(COLUMNS)

    def show(self, seen: Seen) -> None:
        """Prints a photograph."""
        image = _printable(seen.path)
        if seen.why or not seen.faces:
            self._rows.writerow([image, *[""] * 8, seen.why or reasons.sentence("NO_FACE")])
        for face in seen.faces:
            box = [f"{share:.6f}" for share in face.box]
            similarity = f"{face.similarity:.1f}" if face.user else ""
            self._rows.writerow(
                [
                    image,
                    face.name,
                    face.user,
                    face.stranger or "",
                    similarity,
                    *box,
                    " ".join(map(reasons.sentence, face.reasons)),
                ]
            )

    def close(self) -> None:
        """Ends nothing."""


FORMS: dict[str, Callable[[TextIO], Printed]] = {"lines": Lines, "json": Json, "csv": Csv}


def _object(face: FaceSeen) -> dict[str, Any]:
    box = dict(zip(("Left", "Top", "Width", "Height"), face.box, strict=True))
    if face.user:
        return {"Name": face.name, "UserId": face.user, "Similarity": face.similarity, "BoundingBox": box}
    if face.stranger:
        return {"Unknown": face.stranger, "BoundingBox": box}
    return {"Reasons": list(face.reasons), "BoundingBox": box}


def _words(face: FaceSeen) -> str:
    if face.user:
        return reasons.printable(face.name)
    if face.stranger:
        return f"unknown person {face.stranger}"
    return " ".join(["not clear enough:", *map(reasons.sentence, face.reasons)])


def _printable(path: Path) -> str:
    """Returns a path without what no output can take: bytes that are no UTF-8."""
    return str(path).encode("utf-8", "backslashreplace").decode()
