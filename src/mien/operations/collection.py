"""CreateCollection, DescribeCollection, ListCollections, DeleteCollection."""

import msgspec

from mien.errors import ResourceAlreadyExistsError, ResourceNotFoundError
from mien.operations.constraints import REQUIRED
from mien.operations.context import Caller, Context, Operation, Operations
from mien.operations.paging import Page
from mien.operations.shapes import CollectionId, PageSize, PaginationToken, Shape, TagMap
from mien.store.base import Collection


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
    found = _visible(context, caller, _after(context, caller, page), page.limit + 1)
    shown, token = page.cut(found, lambda each: each.name, key=lambda each: each.key)
    return ListCollectionsResponse(
        collection_ids=[each.name for each in shown],
        next_token=token,
        face_model_versions=[each.model_version for each in shown],
    )


def _after(context: Context, caller: Caller, page: Page) -> str:
    """The name that the page comes after; of one too long for a token, and gone by now, what the token has of it."""
    after = page.after or ""
    whole = context.store.collections.name(caller.account, page.key) if page.key else None
    return whole if whole and whole.startswith(after) else after


def _visible(context: Context, caller: Caller, after: str, limit: int) -> list[Collection]:
    """Up to `limit` collections beyond `after` that the caller may see."""
    found: list[Collection] = []
    while len(found) < limit:
        batch = context.store.collections.page(caller.account, after, limit)
        found += [each for each in batch if caller.sees(each.name)]
        if len(batch) < limit:
            break
        after = batch[-1].name
    return found[:limit]


def delete_collection(context: Context, caller: Caller, request: CollectionRequest) -> DeleteCollectionResponse:
    """Delete a collection with all it holds."""
    found = context.collection(caller, request.collection_id)
    with context.job.writing(found.key):
        deleted = context.store.collections.delete(caller.account, found.name)
    if not deleted:
        raise ResourceNotFoundError.collection(found.name)
    context.galleries.forget(found)
    return DeleteCollectionResponse(status_code=200)


def _arn(caller: Caller, name: str) -> str:
    return f"aws:rekognition:{caller.region}:{caller.account}:collection/{name}"


OPERATIONS: Operations = {
    "CreateCollection": Operation(CreateCollectionRequest, create_collection),
    "DescribeCollection": Operation(CollectionRequest, describe_collection, reads=True),
    "ListCollections": Operation(ListCollectionsRequest, list_collections, reads=True),
    "DeleteCollection": Operation(CollectionRequest, delete_collection),
}
