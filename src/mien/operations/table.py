"""Lists every operation of the API by its name."""

from mien.operations import analyze, collection, face, search, tag, user
from mien.operations.context import Operations

OPERATIONS: Operations = {
    **analyze.OPERATIONS,
    **collection.OPERATIONS,
    **face.OPERATIONS,
    **search.OPERATIONS,
    **tag.OPERATIONS,
    **user.OPERATIONS,
}
