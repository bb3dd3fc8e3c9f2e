"""Gives the faces of an import to their users, all faces of a user together, so that a stranger is not the first.

A face is refused if it is unlike the user's others. A user without faces has none to compare with: there the face that
most others are like goes first, with those, since a folder may begin with a photograph of somebody else.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from mien.errors import ApiError
from mien.transfer.reasons import USER_FULL

MOST_AT_ONCE = 100  # faces of one call; reference 2
FULL, DENIED = "ServiceQuotaExceededException", "AccessDeniedException"
# An older server, a key for AWS's operations alone, or another person of this name: the id still tells them apart.
UNNAMED = ("UnknownOperationException", DENIED, "ConflictException")


@dataclass(slots=True)
class Joining:
    """The users of one import.

    Attributes:
        call: calls an operation on the collection.
        threshold: the similarity that a further face of a user must reach, 0–100; 0 to trust the source.
    """

    call: Callable[..., dict[str, Any]]
    threshold: float
    _known: set[str] = field(default_factory=set)  # users with faces

    def join(self, user: str, display_name: str | None, faces: Sequence[str]) -> dict[str, list[str]]:
        """Gives faces to a user, which is created unless it exists, and returns the reasons of those refused.

        Args:
            user: the UserId.
            display_name: the name kept beside it, if any.
            faces: FaceIds, at most MOST_AT_ONCE.
        """
        first = faces
        if self._is_new(user, display_name) and self.threshold > 0 and len(faces) > 1:
            first = self._alike(faces)
        chosen = set(first)
        refused = self._associate(user, first)
        if rest := [face for face in faces if face not in chosen]:
            refused |= self._associate(user, rest)
        self._known.add(user)
        return refused

    def _is_new(self, user: str, display_name: str | None) -> bool:
        """Creates the user unless it exists; returns whether it has no faces."""
        if user in self._known:
            return False
        try:
            self.call("CreateUser", UserId=user)
        except ApiError as error:
            if error.code != "ConflictException":
                raise
            return self._is_empty(user)
        if display_name is not None:
            self._name(user, display_name)
        return True

    def _is_empty(self, user: str) -> bool:
        try:
            return not self.call("ListFaces", UserId=user, MaxResults=1)["Faces"]
        except ApiError as error:
            if error.code != DENIED:
                raise
            return True  # which does no harm: its faces, if it has any, are compared with

    def _name(self, user: str, display_name: str) -> None:
        try:
            self.call("UpdatePerson", UserId=user, DisplayName=display_name)
        except ApiError as error:
            if error.code not in UNNAMED:
                raise

    def _alike(self, faces: Sequence[str]) -> list[str]:
        """Returns the face that is like most of the others, and those; the earliest of several such faces."""
        wanted, best = set(faces), list[str]()
        for face in faces:
            like = self._like(face) & wanted
            if len(like) > len(best):
                best = [each for each in faces if each in like]
            if len(best) > len(faces) // 2:
                break
        return best

    def _like(self, face: str) -> set[str]:
        try:
            matches = self.call("SearchFaces", FaceId=face, FaceMatchThreshold=self.threshold)["FaceMatches"]
        except ApiError as error:
            if error.code not in ("InvalidParameterException", DENIED):  # the former: it was deleted meanwhile
                raise
            return {face}
        return {face, *(each["Face"]["FaceId"] for each in matches)}

    def _associate(self, user: str, faces: Sequence[str]) -> dict[str, list[str]]:
        try:
            answer = self.call("AssociateFaces", UserId=user, FaceIds=list(faces), UserMatchThreshold=self.threshold)
        except ApiError as error:
            if error.code != FULL:
                raise
            if len(faces) == 1:
                return {faces[0]: [USER_FULL]}
            middle = len(faces) // 2
            return self._associate(user, faces[:middle]) | self._associate(user, faces[middle:])
        return {each["FaceId"]: each["Reasons"] for each in answer["UnsuccessfulFaceAssociations"]}
