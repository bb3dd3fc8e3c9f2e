"""What was acknowledged. Each client changes only what is its own, one call after another, so it knows what is there
but for the one call whose answer it never got; that one has happened as a whole or not at all.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Seen:
    """What a server says is in a collection: whether it is there, its faces by FaceId as listed, its UserIds."""

    exists: bool
    faces: dict[str, Any]
    users: set[str]

    def owner(self, face_id: str) -> str | None:
        """The user of a face that is listed."""
        user: str | None = self.faces[face_id].get("UserId")
        return user


@dataclass(slots=True)
class Face:
    """A face that IndexFaces answered: the picture it is from, the id the client gave that, and whose it is."""

    picture: str
    external: str
    user: str | None = None


@dataclass(slots=True)
class Doubt:
    """A change whose answer never came.

    Attributes:
        operation: what was called.
        external, picture: of an IndexFaces.
        faces: FaceIds it names.
        user: UserId it names.
    """

    operation: str
    external: str = ""
    picture: str = ""
    faces: list[str] = field(default_factory=list)
    user: str = ""


@dataclass(slots=True)
class Share:
    """What one client has in one collection.

    Attributes:
        owner: the client; all its ExternalImageIds and UserIds begin with this and a dash.
        shows: how many faces each picture has.
        faces: FaceId → face.
        gone: FaceIds that are deleted, for ever.
        users: UserIds.
        exists: whether the collection is there (a shared one always is).
        doubt: the change whose answer never came.
    """

    owner: str
    shows: dict[str, int]
    faces: dict[str, Face] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)
    users: set[str] = field(default_factory=set)
    exists: bool = True
    doubt: Doubt | None = None

    def indexed(self, picture: str, external: str, face_ids: Iterable[str]) -> None:
        """Take in the faces of a picture, which must be all that it has."""
        fresh = list(face_ids)
        assert len(fresh) == self.shows[picture], f"a picture of {self.shows[picture]} faces has {len(fresh)}"
        self.faces |= {face_id: Face(picture, external) for face_id in fresh}

    def deleted(self, face_ids: Iterable[str]) -> None:
        for face_id in face_ids:
            del self.faces[face_id]
            self.gone.add(face_id)

    def given(self, user: str | None, face_ids: Iterable[str]) -> None:
        for face_id in face_ids:
            self.faces[face_id].user = user

    def left(self, user: str) -> None:
        """The user is deleted; the faces stay."""
        self.users.remove(user)
        self.given(None, self.of(user))

    def of(self, user: str | None) -> list[str]:
        """The faces of a user, or of nobody."""
        return [face_id for face_id, face in self.faces.items() if face.user == user]

    def emptied(self) -> None:
        """The collection is deleted."""
        self.deleted(list(self.faces))
        self.users.clear()
        self.exists = False

    def settle(self, seen: Seen) -> None:
        """Find out whether the change in doubt happened: wholly or not at all, anything else fails."""
        doubt, self.doubt = self.doubt, None
        if doubt is None:
            return
        match doubt.operation:
            case "CreateCollection":
                self.exists = seen.exists
            case "DeleteCollection" if not seen.exists:
                self.emptied()
            case "IndexFaces":
                fresh = [each for each, face in seen.faces.items() if face["ExternalImageId"] == doubt.external]
                if fresh:
                    self.indexed(doubt.picture, doubt.external, fresh)
            case "DeleteFaces" if self._happened([each not in seen.faces for each in doubt.faces]):
                self.deleted(doubt.faces)
            case "CreateUser" if doubt.user in seen.users:
                self.users.add(doubt.user)
            case "DeleteUser" if doubt.user not in seen.users:
                self.left(doubt.user)
            case "AssociateFaces" if self._happened([seen.owner(each) == doubt.user for each in doubt.faces]):
                self.given(doubt.user, doubt.faces)
            case "DisassociateFaces" if self._happened([seen.owner(each) is None for each in doubt.faces]):
                self.given(None, doubt.faces)

    @staticmethod
    def _happened(each: list[bool]) -> bool:
        assert all(each) or not any(each), f"a change has happened to {sum(each)} of {len(each)} faces"
        return all(each)
