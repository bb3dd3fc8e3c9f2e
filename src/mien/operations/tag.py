"""TagResource, UntagResource and ListTagsForResource, which name a collection by its ARN."""

import re
from typing import Annotated

from mien.errors import InvalidParameterError, ResourceNotFoundError, ServiceQuotaExceededError
from mien.operations.constraints import REQUIRED, Length
from mien.operations.context import Caller, Context, Operation, Operations
from mien.operations.portrait_choice import refuse_change
from mien.operations.shapes import EmptyResponse, Shape, TagKey, TagMap
from mien.store.base import Collection, CollectionGoneError
from mien.store.tables.tags import TagsFullError

# CreateCollection answers ARNs without "arn:" before them, DescribeCollection with it; both name the collection
ARN = re.compile(r"(?:arn:)?aws[a-z-]*:rekognition:[a-z0-9-]+:(\d{12}):collection/([a-zA-Z0-9_.\-]{1,255})")


class ResourceRequest(Shape):
    """A request that names a resource; all that ListTagsForResource takes."""

    resource_arn: Annotated[str, Length(20, 2048)] = REQUIRED


class TagResourceRequest(ResourceRequest):
    """The request of TagResource."""

    tags: TagMap = REQUIRED


class UntagResourceRequest(ResourceRequest):
    """The request of UntagResource."""

    tag_keys: Annotated[list[TagKey], Length(0, 200)] = REQUIRED


class TagsResponse(Shape):
    """The response of ListTagsForResource."""

    tags: dict[str, str]


def tag_resource(context: Context, caller: Caller, request: TagResourceRequest) -> EmptyResponse:
    """Adds tags to a collection; an existing tag gets the new value."""
    collection = _collection(context, caller, request.resource_arn)
    refuse_change(collection.portraits, request.tags)
    try:
        with context.request.writing(collection.key):
            context.store.tags.put(collection.key, request.tags)
    except CollectionGoneError:
        raise ResourceNotFoundError.collection(collection.name) from None
    except TagsFullError:
        raise ServiceQuotaExceededError("The resource would have more than 200 tags.") from None
    return EmptyResponse()


def untag_resource(context: Context, caller: Caller, request: UntagResourceRequest) -> EmptyResponse:
    """Removes tags from a collection; unknown names are ignored."""
    collection = _collection(context, caller, request.resource_arn)
    refuse_change(collection.portraits, removed=request.tag_keys)
    with context.request.writing(collection.key):
        context.store.tags.remove(collection.key, request.tag_keys)
    return EmptyResponse()


def list_tags_for_resource(context: Context, caller: Caller, request: ResourceRequest) -> TagsResponse:
    """Returns a collection's tags."""
    return TagsResponse(tags=context.store.tags.of(_collection(context, caller, request.resource_arn).key))


def _collection(context: Context, caller: Caller, arn: str) -> Collection:
    match = ARN.fullmatch(arn)
    if match is None:
        raise InvalidParameterError
    account, name = match.groups()
    found = context.store.collections.find(account, name) if account == caller.account else None
    if found is None:
        raise ResourceNotFoundError.collection(name)
    return found


OPERATIONS: Operations = {
    "TagResource": Operation(TagResourceRequest, tag_resource),
    "UntagResource": Operation(UntagResourceRequest, untag_resource),
    "ListTagsForResource": Operation(ResourceRequest, list_tags_for_resource, reads=True),
}
