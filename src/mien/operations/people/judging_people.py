"""Judge: keeps what people say of faces and users, so that they are asked only once."""

from typing import Annotated
from uuid import UUID

from mien.errors import ConflictError, FaceNotFoundError, InvalidParameterError
from mien.operations.collection import CollectionRequest
from mien.operations.constraints import REQUIRED, Enum, Length
from mien.operations.context import Caller, Context, Operation, Operations
from mien.operations.shapes import FaceId, Shape, UserId
from mien.operations.user_changes import run_change
from mien.store.tables.belonging import MOST_PERSONS_FACES
from mien.store.tables.judgements import Kind
from mien.store.tables.judging import BothSidesError, Named, NothingJudgedError, OwnFaceError

JudgedFaces = Annotated[list[FaceId], Length(1, MOST_PERSONS_FACES)]
SIDES = (
    "A verdict is about UserId and FaceIds, UserId and OtherUserId, or FaceIds and OtherFaceIds; SAME also about the "
    "FaceIds of one person."
)
JOINING = "That faces or users are the same person is said with NamePerson or MergePeople; SAME is for FaceIds alone."


class JudgeRequest(CollectionRequest):
    """The request of Judge."""

    verdict: Annotated[str, Enum(("SAME", "DIFFERENT", "UNSURE", "NONE"))] = REQUIRED
    user_id: UserId | None = None
    other_user_id: UserId | None = None
    face_ids: JudgedFaces | None = None
    other_face_ids: JudgedFaces | None = None


class JudgeResponse(Shape):
    """The response of Judge: the faces of the request that are not in the collection any more."""

    unknown_face_ids: list[str]


def judge(context: Context, caller: Caller, request: JudgeRequest) -> JudgeResponse:
    """Keeps a verdict about faces and users, or withdraws what was said of them."""
    collection = context.collection(caller, request.collection_id)
    one, other = _sides(request)
    kind: Kind | None = None if request.verdict == "NONE" else request.verdict  # type: ignore[assignment]  # an enum
    if kind == "SAME" and (request.user_id or request.other_user_id):
        raise InvalidParameterError(JOINING)
    if other is None and kind not in ("SAME", None):
        raise InvalidParameterError(SIDES)
    try:
        unknown = run_change(
            context, collection, request, lambda: context.store.judging.judge(collection.key, kind, one, other)
        )
    except NothingJudgedError:
        raise FaceNotFoundError from None
    except BothSidesError:
        raise InvalidParameterError("A face or user stands on both sides of the verdict.") from None
    except OwnFaceError:
        raise ConflictError("A face belongs to the user already; take it out with RemoveFromPerson.") from None
    return JudgeResponse(unknown_face_ids=[str(each) for each in unknown])


def _sides(request: JudgeRequest) -> tuple[Named, Named | None]:
    users = [each for each in (request.user_id, request.other_user_id) if each is not None]
    some = [each for each in (request.face_ids, request.other_face_ids) if each is not None]
    sides = [Named(each) for each in users] + [
        Named(None, [UUID(face) for face in dict.fromkeys(each)]) for each in some
    ]
    is_alone = len(sides) == 1 and bool(request.face_ids)
    if not is_alone and len(sides) != 2:
        raise InvalidParameterError(SIDES)
    return sides[0], None if is_alone else sides[1]


OPERATIONS: Operations = {
    "Judge": Operation(JudgeRequest, judge),
}
