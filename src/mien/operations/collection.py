"""CreateCollection, DescribeCollection, ListCollections and DeleteCollection."""

import msgspec

from mien.errors import ResourceAlreadyExistsError, ResourceNotFoundError, ServiceQuotaExceededError
from mien.operations.constraints import REQUIRED
from mien.operations.context import Caller, Context, Operation, Operations
from mien.operations.name_ranges import name_ranges
from mien.operations.paging import Page
from mien.operations.portrait_choice import chosen, openable
from mien.operations.shapes import CollectionId, PageSize, PaginationToken, Shape, TagMap
from mien.store.base import Collection
from mien.store.tables.tags import TagsFullError

# Collections that are read for one page: a key that sees few of many gets short pages rather than slow ones. It exceeds
# the largest page, so that a key that sees everything gets full pages.
MOST_READ = 10_000


class CollectionRequest(Shape):
    """A request that names a collection."""

    collection_id: CollectionId = REQUIRED


class CreateCollectionRequest(CollectionRequest):
    """The request of CreateCollection."""

    tags: TagMap | None = None


class CreateCollectionResponse(Shape):
    """The response of CreateCollection."""

    status_code: int
    collection_arn: str
    face_model_version: str


class DescribeCollectionResponse(Shape):
    """The response of DescribeCollection."""

    face_count: int
    face_model_version: str
    collection_arn: str = msgspec.field(name="CollectionARN")  # the one member that is not Pascal-cased
    creation_timestamp: float
    user_count: int


class DeleteCollectionResponse(Shape):
    """The response of DeleteCollection."""

    status_code: int


class ListCollectionsRequest(Shape):
    """The request of ListCollections."""

    next_token: PaginationToken | None = None
    max_results: PageSize | None = None


class ListCollectionsResponse(Shape):
    """The response of ListCollections: two lists of the same length."""

    collection_ids: list[str]
    face_model_versions: list[str]
    next_token: str | None = None


def create_collection(context: Context, caller: Caller, request: CreateCollectionRequest) -> CreateCollectionResponse:
    """Creates a collection, bound to the pack that the server runs."""
    name, manifest = request.collection_id, context.pack.manifest
    tags = chosen(context.portraits, request.tags)
    try:
        with openable():
            made = context.store.collections.create(
                caller.account, name, manifest.contract, manifest.model_version, tags
            )
    except TagsFullError:
        raise ServiceQuotaExceededError("The resource would have more than 200 tags.") from None
    if made is None:
        raise ResourceAlreadyExistsError.collection(name)
    # CreateCollection's ARN has no "arn:" before it; DescribeCollection's has (reference 2)
    return CreateCollectionResponse(
        status_code=200, collection_arn=_arn(caller, name), face_model_version=made.model_version
    )


def describe_collection(context: Context, caller: Caller, request: CollectionRequest) -> DescribeCollectionResponse:
    """Describes a collection and counts its faces and users."""
    found = context.collection(caller, request.collection_id)
    return DescribeCollectionResponse(
        face_count=found.faces,
        face_model_version=found.model_version,
        collection_arn=f"arn:{_arn(caller, found.name)}",
        creation_timestamp=found.created,
        user_count=found.users,
    )


def list_collections(context: Context, caller: Caller, request: ListCollectionsRequest) -> ListCollectionsResponse:
    """Lists the collections that the caller's key may see, in order of their names."""
    page = Page(context.store.seals, request.next_token, request.max_results, 4096, "ListCollections", caller.account)
    found, last = _visible(context, caller, _after(context, caller, page), page.limit + 1)
    shown, token = page.cut(found, lambda each: each.name, key=lambda each: each.key)
    if last and token is None:
        token = page.short(shown[-1].name if shown else page.after or "", last.key)
    return ListCollectionsResponse(
        collection_ids=[each.name for each in shown],
        next_token=token,
        face_model_versions=[each.model_version for each in shown],
    )


def _after(context: Context, caller: Caller, page: Page) -> str:
    """Returns the name after which the page begins: of the token's collection or, if it is deleted, from the token."""
    after = page.after or ""
    whole = context.store.collections.name(caller.account, page.key) if page.key else None
    return whole if whole and whole > after else after


def _visible(context: Context, caller: Caller, after: str, limit: int) -> tuple[list[Collection], Collection | None]:
    """Reads up to `limit` collections after a name that the caller may see.

    Returns:
        The collections, and the last one that was read if `MOST_READ` ended the search, or None.
    """
    found: list[Collection] = []
    left, size = MOST_READ, limit
    for span in name_ranges(caller.collections):
        while after < span.high:
            wanted = min(size, left)
            batch = context.store.collections.page(caller.account, after, wanted, span.low, span.high)
            found += [each for each in batch if caller.sees(each.name)]
            left -= len(batch)
            if len(found) >= limit:
                return found[:limit], None
            if left <= 0:
                return found, batch[-1]
            if len(batch) < wanted:
                break
            after, size = batch[-1].name, 4 * size  # where few are visible, small batches would take many round trips
    return found, None


def delete_collection(context: Context, caller: Caller, request: CollectionRequest) -> DeleteCollectionResponse:
    """Deletes a collection with all its faces and users."""
    found = context.collection(caller, request.collection_id)
    with context.request.writing(found.key):
        deleted = context.store.collections.delete(caller.account, found.name)
    if not deleted:
        raise ResourceNotFoundError.collection(found.name)
    context.galleries.discard(found)
    context.groupings.discard(found.key)
    return DeleteCollectionResponse(status_code=200)


def _arn(caller: Caller, name: str) -> str:
    return f"aws:rekognition:{caller.region}:{caller.account}:collection/{name}"


OPERATIONS: Operations = {
    "CreateCollection": Operation(CreateCollectionRequest, create_collection),
    "DescribeCollection": Operation(CollectionRequest, describe_collection, reads=True),
    "ListCollections": Operation(ListCollectionsRequest, list_collections, reads=True),
    "DeleteCollection": Operation(CollectionRequest, delete_collection),
}
