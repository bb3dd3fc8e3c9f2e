"""The people of a library's gallery: the operations about people, as methods with typed results."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

from mien.face.types import Box, Pixels
from mien.image.decode import read_header
from mien.image.limits import EVERY
from mien.operations.shapes import THRESHOLD


@dataclass(frozen=True, slots=True)
class Person:
    """A person of a gallery.

    Attributes:
        user_id: its id, which stays when it is renamed.
        name: the name that it is shown by.
        faces: how many it has.
        portrait: the face that it is shown by; None without faces.
    """

    user_id: str
    name: str
    faces: int
    portrait: UUID | None


@dataclass(frozen=True, slots=True)
class PersonFace:
    """A face of a person, the name it was added under, and its similarity, 0–100, to the person's other faces."""

    face: UUID
    name: str | None
    similarity: float | None


@dataclass(frozen=True, slots=True)
class Named:
    """A person whose faces were named: those that it gained, and those left out, being somebody else's or deleted."""

    person: Person
    gained: list[UUID]
    left_out: list[UUID]


@dataclass(frozen=True, slots=True)
class Likeness:
    """A person that a face may show: its id, the name that it is shown by, and the similarity, 0–100."""

    user_id: str
    name: str
    similarity: float


@dataclass(frozen=True, slots=True)
class FaceInPicture:
    """A face in a picture: its box in pixels of the upright picture, and who it may show, the likeliest first."""

    box: Box
    people: list[Likeness]


class GalleryPeople:
    """The people of a gallery; `docs/people.md` describes each operation.

    Each change is all or nothing, and raises ConflictError if a name is taken, ResourceNotFoundError if a person does
    not exist, and InvalidParameterError or ValidationError if the call makes no sense.
    """

    def list_people(self, contains: str = "", sort_by: Literal["NAME", "FACES", "NEWEST"] = "NAME") -> list[Person]:
        """Returns the people whose name contains a text."""
        return [_person(each) for each in self._pages("ListPeople", "People", Contains=contains, SortBy=sort_by)]

    def list_person_faces(
        self, user_id: str, sort_by: Literal["UNLIKE_FIRST", "NEWEST", "PHOTOGRAPH"] = "UNLIKE_FIRST"
    ) -> list[PersonFace]:
        """Returns the faces of a person, those first that look unlike the rest."""
        return [
            PersonFace(UUID(each["Face"]["FaceId"]), each["Face"].get("ExternalImageId"), each.get("Similarity"))
            for each in self._pages("ListPersonFaces", "Faces", UserId=user_id, SortBy=sort_by)
        ]

    def search_people_by_image(
        self, image: str | os.PathLike[str] | bytes | Pixels, threshold: float = THRESHOLD, most: int = 1
    ) -> list[FaceInPicture]:
        """Returns everyone in a picture, the largest face first; no person is found on two of its faces.

        Args:
            image: the image.
            threshold: the least similarity, 0–100. More people need a higher one (`docs/accuracy.md`).
            most: the most people for each face, up to 10.
        """
        data = self._encoded(image)
        answer = self._call(
            "SearchPeopleByImage", Image={"Bytes": data}, PersonMatchThreshold=threshold, MaxPeople=most
        )
        picture = read_header(data, EVERY)
        return [_face_in(face, picture.width, picture.height) for face in answer["Faces"]]

    def name_person(
        self,
        name: str | None = None,
        faces: Sequence[UUID] = (),
        user_id: str | None = None,
        same_name: Literal["REFUSE", "JOIN", "ANOTHER"] = "REFUSE",
    ) -> Named:
        """Says who faces are, and makes the person if need be.

        Args:
            name: the person's name.
            faces: the faces; those of others stay theirs.
            user_id: of a person who exists; with a name it is made if it does not.
            same_name: what is meant if somebody has the name.
        """
        answer = self._call("NamePerson", **_given(
            DisplayName=name, FaceIds=_texts(faces) or None, UserId=user_id, SameName=same_name
        ))  # fmt: skip
        left_out = [UUID(each["FaceId"]) for each in answer["UnsuccessfulFaceAssociations"]]
        return Named(_person(answer["Person"]), _ids(answer["AssociatedFaces"]), left_out)

    def update_person(
        self,
        user_id: str,
        name: str | None = None,
        portrait: UUID | None = None,
        same_name: Literal["REFUSE", "ANOTHER"] = "REFUSE",
    ) -> Person:
        """Gives a person another name, another portrait, or both."""
        answer = self._call("UpdatePerson", **_given(
            UserId=user_id, DisplayName=name, Portrait=str(portrait) if portrait else None, SameName=same_name
        ))  # fmt: skip
        return _person(answer["Person"])

    def merge_people(self, user_id: str, others: Sequence[str]) -> Person:
        """Makes several people one, who keeps its name and its id."""
        return _person(self._call("MergePeople", UserId=user_id, Others=list(others))["Person"])

    def split_person(self, user_id: str, faces: Sequence[UUID], name: str | None = None) -> Person:
        """Makes some of a person's faces another person, and returns it."""
        answer = self._call("SplitPerson", **_given(UserId=user_id, FaceIds=_texts(faces), DisplayName=name))
        return _person(answer["Person"])

    def remove_from_person(self, user_id: str, faces: Sequence[UUID]) -> Person:
        """Takes faces out of a person; they are nobody's then."""
        return _person(self._call("RemoveFromPerson", UserId=user_id, FaceIds=_texts(faces))["Person"])

    def judge(
        self,
        verdict: Literal["SAME", "DIFFERENT", "UNSURE", "NONE"],
        *,
        users: Sequence[str] = (),
        faces: Sequence[Sequence[UUID]] = (),
    ) -> None:
        """Keeps what somebody said of one or two users and sets of faces, two sides together (see `docs/people.md`)."""
        user, other_user = (*users, None, None)[:2]
        some, others = (*faces, None, None)[:2]
        self._call("Judge", **_given(
            Verdict=verdict, UserId=user, OtherUserId=other_user,
            FaceIds=None if some is None else _texts(some), OtherFaceIds=None if others is None else _texts(others),
        ))  # fmt: skip

    def _pages(self, operation: str, member: str, **asked: Any) -> Iterator[dict[str, Any]]:
        token: dict[str, Any] = {}
        while True:
            answer = self._call(operation, **asked, **token)
            yield from answer[member]
            if "NextToken" not in answer:
                return
            token = {"NextToken": answer["NextToken"]}

    def _call(self, operation: str, **members: Any) -> dict[str, Any]:
        raise NotImplementedError

    def _encoded(self, image: str | os.PathLike[str] | bytes | Pixels) -> bytes:
        raise NotImplementedError


def _person(shown: dict[str, Any]) -> Person:
    portrait = shown.get("Portrait")
    return Person(shown["UserId"], shown["DisplayName"], shown["FaceCount"], UUID(portrait) if portrait else None)


def _face_in(face: dict[str, Any], width: int, height: int) -> FaceInPicture:
    box = face["FaceDetail"]["BoundingBox"]
    left, top = box["Left"] * width, box["Top"] * height
    return FaceInPicture(
        Box(left, top, left + box["Width"] * width, top + box["Height"] * height),
        [Likeness(each["UserId"], each["DisplayName"], each["Similarity"]) for each in face["People"]],
    )


def _ids(shown: Sequence[dict[str, Any]]) -> list[UUID]:
    return [UUID(each["FaceId"]) for each in shown]


def _texts(faces: Sequence[UUID]) -> list[str]:
    return [str(each) for each in faces]


def _given(**members: Any) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}
