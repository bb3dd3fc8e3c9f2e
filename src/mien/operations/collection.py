"""CreateCollection, DescribeCollection, ListCollections, DeleteCollection."""

import msgspec

from mien.errors import ResourceAlreadyExistsError, ResourceNotFoundError
from mien.operations.constraints import REQUIRED
from mien.operations.context import Caller, Context, Operation, Operations
from mien.operations.paging import Page
from mien.operations.shapes import CollectionId, PageSize, PaginationToken, Shape, TagMap
from mien.operations.spans import spans
from mien.store.base import Collection

# Collections that one page is looked for among; where a key sees few of many, pages are short rather than slow. More
# than the most that a page shows, so that a key that sees everything never notices.
MOST_LOOKED_AT = 10_000


class CollectionRequest(Shape):
    """A request that names a collection."""

    collection_id: CollectionId = REQUIRED


class CreateCollectionRequest(CollectionRequest):
    """What CreateCollection is asked."""

    tags: TagMap | None = None


class CreateCollectionResponse(Shape):
    """What CreateCollection answers."""

    status_code: int
    collection_arn: str
    face_model_version: str


class DescribeCollectionResponse(Shape):
    """What DescribeCollection answers."""

    face_count: int
    face_model_version: str
    collection_arn: str = msgspec.field(name="CollectionARN")  # here, and only here, in capitals
    creation_timestamp: float
    user_count: int


class DeleteCollectionResponse(Shape):
    """What DeleteCollection answers."""

    status_code: int


class ListCollectionsRequest(Shape):
    """What ListCollections is asked."""

    next_token: PaginationToken | None = None
    max_results: PageSize | None = None


class ListCollectionsResponse(Shape):
    """What ListCollections answers: two lists of one length."""

    collection_ids: list[str]
    face_model_versions: list[str]
    next_token: str | None = None


def create_collection(context: Context, caller: Caller, request: CreateCollectionRequest) -> CreateCollectionResponse:
    """Make a collection, bound to the pack that runs."""
    name, manifest = request.collection_id, context.pack.manifest
    made = context.store.collections.create(
        caller.account, name, manifest.contract, manifest.model_version, request.tags
    )
    if made is None:
        raise ResourceAlreadyExistsError.collection(name)
    # CreateCollection's ARN has no "arn:" before it; DescribeCollection's has (reference 2)
    return CreateCollectionResponse(
        status_code=200, collection_arn=_arn(caller, name), face_model_version=made.model_version
    )


def describe_collection(context: Context, caller: Caller, request: CollectionRequest) -> DescribeCollectionResponse:
    """Say what a collection holds."""
    found = context.collection(caller, request.collection_id)
    return DescribeCollectionResponse(
        face_count=found.faces,
        face_model_version=found.model_version,
        collection_arn=f"arn:{_arn(caller, found.name)}",
        creation_timestamp=found.created,
        user_count=found.users,
    )


def list_collections(context: Context, caller: Caller, request: ListCollectionsRequest) -> ListCollectionsResponse:
    """List collections in order of their names."""
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
    """The name that the page comes after: that of the token's key or, where that is gone by now, the token's own."""
    after = page.after or ""
    whole = context.store.collections.name(caller.account, page.key) if page.key else None
    return whole if whole and whole > after else after


def _visible(context: Context, caller: Caller, after: str, limit: int) -> tuple[list[Collection], Collection | None]:
    """Up to `limit` collections beyond `after` that the caller may see.

    Returns:
        The collections, and the last one that was looked at where `MOST_LOOKED_AT` of them ended the search.
    """
    found: list[Collection] = []
    left, size = MOST_LOOKED_AT, limit
    for span in spans(caller.collections):
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
            after, size = batch[-1].name, 4 * size  # where few are seen, a journey for each few would take long
    return found, None


def delete_collection(context: Context, caller: Caller, request: CollectionRequest) -> DeleteCollectionResponse:
    """Delete a collection with all it holds."""
    found = context.collection(caller, request.collection_id)
    with context.request.writing(found.key):
        deleted = context.store.collections.delete(caller.account, found.name)
    if not deleted:
        raise ResourceNotFoundError.collection(found.name)
    context.galleries.discard(found)
    return DeleteCollectionResponse(status_code=200)


def _arn(caller: Caller, name: str) -> str:
    return f"aws:rekognition:{caller.region}:{caller.account}:collection/{name}"


OPERATIONS: Operations = {
    "CreateCollection": Operation(CreateCollectionRequest, create_collection),
    "DescribeCollection": Operation(CollectionRequest, describe_collection, reads=True),
    "ListCollections": Operation(ListCollectionsRequest, list_collections, reads=True),
    "DeleteCollection": Operation(CollectionRequest, delete_collection),
}
