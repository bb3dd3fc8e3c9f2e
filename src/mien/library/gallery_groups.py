"""The groups of a library's gallery: faces that nobody has named, by person, and who they may be."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from mien.library.gallery_people import GalleryPeople

MOST_SUGGESTIONS = 100


@dataclass(frozen=True, slots=True)
class Group:
    """Faces of one person that nobody has named.

    Attributes:
        group_id: its oldest face, which names the group as long as that face is in it.
        faces: how many it has.
        photographs: in how many photographs they are.
        first: its oldest faces, up to 12.
    """

    group_id: UUID
    faces: int
    photographs: int
    first: list[UUID]


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A group, or another user, that may be a user; the similarity is 0–100."""

    user_id: str
    name: str
    similarity: float
    group_id: UUID | None
    other_user_id: str | None


class GalleryGroups(GalleryPeople):
    """The groups of a gallery; `docs/people.md` describes each operation. They are those of now, however long it takes.

    A group is named by any of its faces. Each raises ResourceNotFoundError for a face that is not there or has a name.
    """

    def list_groups(self, hidden: bool = False) -> list[Group]:
        """Returns the groups, the largest first; the hidden ones if these are asked for."""
        return [
            Group(UUID(each["GroupId"]), each["FaceCount"], each["Photographs"], _faces(each["FaceIds"]))
            for each in self._pages("ListGroups", "Groups", Hidden=hidden)
        ]

    def list_group_faces(self, group_id: UUID) -> list[UUID]:
        """Returns the faces of a group, the oldest first."""
        return _faces([each["FaceId"] for each in self._pages("ListGroupFaces", "Faces", GroupId=str(group_id))])

    def hide_group(self, group_id: UUID) -> None:
        """Hides a group that nobody wants to be asked about."""
        self._call("HideGroup", GroupId=str(group_id))

    def show_group(self, group_id: UUID) -> None:
        """Shows a hidden group again."""
        self._call("ShowGroup", GroupId=str(group_id))

    def list_suggestions(self, user_id: str | None = None, most: int = MOST_SUGGESTIONS) -> list[Suggestion]:
        """Returns who may be one person, of one user or of all, the likeliest first; nothing that was judged."""
        asked: dict[str, Any] = {"MaxResults": most} | ({"UserId": user_id} if user_id else {})
        return [
            Suggestion(
                each["UserId"], each["DisplayName"], each["Similarity"],
                UUID(each["GroupId"]) if "GroupId" in each else None, each.get("OtherUserId"),
            )
            for each in self._call("ListSuggestions", **asked)["Suggestions"]
        ]  # fmt: skip


def _faces(texts: Sequence[str]) -> list[UUID]:
    return [UUID(each) for each in texts]
