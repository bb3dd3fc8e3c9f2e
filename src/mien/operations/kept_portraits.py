"""GetPortraits: the portraits of faces, from a collection that keeps them."""

from typing import Annotated
from uuid import UUID

from mien.operations.collection import CollectionRequest
from mien.operations.constraints import REQUIRED, Length
from mien.operations.context import Caller, Context, Operation, Operations
from mien.operations.portrait_choice import openable
from mien.operations.shapes import FaceId, Shape

MOST_PORTRAITS = 100  # in an answer, about 1 MB


class GetPortraitsRequest(CollectionRequest):
    """The request of GetPortraits."""

    face_ids: Annotated[list[FaceId], Length(1, MOST_PORTRAITS)] = REQUIRED


class PortraitShape(Shape):
    """A portrait: a JPEG, and its sides in pixels."""

    face_id: str
    bytes: bytes
    width: int
    height: int


class GetPortraitsResponse(Shape):
    """The response of GetPortraits."""

    portraits: list[PortraitShape]


def get_portraits(context: Context, caller: Caller, request: GetPortraitsRequest) -> GetPortraitsResponse:
    """Returns the portraits of faces, in the order of the request, without those that have none."""
    collection = context.collection(caller, request.collection_id)
    wanted = dict.fromkeys(UUID(each) for each in request.face_ids)
    with openable():
        found = context.store.portraits.of(collection.key, list(wanted))
    return GetPortraitsResponse(
        portraits=[
            PortraitShape(face_id=str(each), bytes=kept.picture, width=kept.side, height=kept.side)
            for each in wanted
            if (kept := found.get(each))
        ]
    )


OPERATIONS: Operations = {"GetPortraits": Operation(GetPortraitsRequest, get_portraits, reads=True)}
